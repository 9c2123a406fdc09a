//! Serving the data folder from this process, whenever nobody else does.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use echopulse_all_in_one::{Config, Limits, Listen, Running};
use tokio::sync::{Mutex, oneshot};

use super::{
    config,
    folder::{Address, Folder, ServeLock},
};

/// How often a folder whose lock is taken is asked whether it is served.
const GLANCE: Duration = Duration::from_millis(50);
/// How long a process may take from the lock to its first answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// This process's part in serving the folder: it serves, or waits to.
pub(crate) struct Host {
    state: Arc<Mutex<State>>,
    heir: Option<tokio::task::JoinHandle<()>>,
}

#[derive(Default)]
struct State {
    serving: Option<Serving>,
    closed: bool,
}

struct Serving {
    running: Running,
    _lock: ServeLock,
}

impl Host {
    /// Makes sure that the folder is served: by this process if nobody has the lock, else by whoever has it. Then this
    /// process waits to be the next.
    pub(crate) async fn open(folder: &Folder) -> anyhow::Result<Self> {
        let state = Arc::new(Mutex::new(State::default()));
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            if let Some(lock) = folder.try_lock()? {
                state.lock().await.serving = Some(serve(folder, lock).await?);
                return Ok(Self { state, heir: None });
            }
            if answers(folder).await {
                let heir = Some(tokio::spawn(inherit(folder.clone(), Arc::clone(&state))));
                return Ok(Self { state, heir });
            }
            if tokio::time::Instant::now() > deadline {
                let holder = folder.lock_holder().map_or_else(String::new, |pid| format!(" (process {pid})"));
                anyhow::bail!("another process has the data folder{holder}, but does not answer");
            }
            tokio::time::sleep(GLANCE).await;
        }
    }

    /// Stops serving: sockets are drained, and the next process takes over.
    pub(crate) async fn close(self) -> anyhow::Result<()> {
        if let Some(heir) = self.heir {
            heir.abort();
        }
        let mut state = self.state.lock().await;
        state.closed = true;
        match state.serving.take() {
            Some(serving) => serving.running.shutdown().await,
            None => Ok(()),
        }
    }
}

/// Waits for the lock and serves then.
async fn inherit(folder: Folder, state: Arc<Mutex<State>>) {
    let (told, lock) = oneshot::channel();
    let waiting = folder.clone();
    // A thread of its own: it may wait for ever, and must not keep the runtime from ending.
    let started = std::thread::Builder::new().name("heir".to_owned()).spawn(move || {
        let _ = told.send(waiting.wait_for_lock());
    });
    if started.is_err() {
        return;
    }
    let Ok(Ok(lock)) = lock.await else { return };
    let mut state = state.lock().await;
    if state.closed {
        return;
    }
    match serve(&folder, lock).await {
        Ok(serving) => state.serving = Some(serving),
        Err(error) => tracing::error!(error = format!("{error:#}"), "taking over failed"),
    }
}

/// Whether somebody answers at the folder's address.
async fn answers(folder: &Folder) -> bool {
    use echopulse_protocol::client::{Deployed, Place};
    let Some(place) = folder.address().and_then(|address| Deployed::new(&address.url).ok()) else {
        return false;
    };
    place.find().await.is_ok()
}

/// Serves the folder on loopback: at the port it had last, if that is free, so that others find it at once.
async fn serve(folder: &Folder, lock: ServeLock) -> anyhow::Result<Serving> {
    let listener = match last_port(folder) {
        Some(port) => match tokio::net::TcpListener::bind(("127.0.0.1", port)).await {
            Ok(listener) => listener,
            Err(_) => tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?,
        },
        None => {
            tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.context("no port on loopback is free")?
        }
    };
    let limits = folder.limits.clone().into();
    let config = Config { listen: Listen::Bound(listener), limits, ..Config::new(folder.path()) };
    let running = echopulse_all_in_one::start(config).await?;
    publish(folder, &running)?;
    Ok(Serving { running, _lock: lock })
}

impl From<config::Limits> for Limits {
    fn from(limits: config::Limits) -> Self {
        Self { percent: limits.percent, proxies: limits.proxies }
    }
}

/// Says where the folder is served.
pub(crate) fn publish(folder: &Folder, running: &Running) -> anyhow::Result<()> {
    folder.write("serve.json", &Address { url: running.url.clone(), pid: std::process::id() })
}

fn last_port(folder: &Folder) -> Option<u16> {
    let url = folder.address()?.url;
    let (_, port) = url.strip_prefix("http://127.0.0.1")?.split_once(':')?;
    port.parse().ok()
}
