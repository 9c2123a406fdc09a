//! Instances of a test's own, beside those of the world: they can be killed, and told of parts that are not there.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::{TempDir, tempdir};
use tokio::{
    io::copy_bidirectional,
    net::TcpStream,
    task::JoinSet,
    time::{Duration, Instant, sleep},
};

use super::world::variable;
use crate::support::{Answer, answer};

const PATIENCE: Duration = Duration::from_secs(60);

/// Nobody listens there.
pub(crate) const NOWHERE: &str = "127.0.0.1:1";

/// Which program.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Server,
    Chat,
    /// The browser client, of which the world has one.
    Web,
}

impl Kind {
    const fn program(self) -> &'static str {
        match self {
            Self::Server => "echopulse-server-service",
            Self::Chat => "echopulse-chat-service",
            Self::Web => "echopulse-web",
        }
    }

    /// What the first of it is called in the world.
    const fn first(self) -> &'static str {
        match self {
            Self::Server => "server-1",
            Self::Chat => "chat-1",
            Self::Web => "web",
        }
    }
}

/// An instance of a test's own. It is ended when this is dropped.
pub(crate) struct Extra {
    child: Child,
    log: TempDir,
    metrics: String,
    pub(crate) url: String,
}

/// A port that was free a moment ago.
pub(crate) fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

/// One thing that the first instance of a service of the world was told: `DATABASE__URL`, for example.
pub(crate) fn told(kind: Kind, name: &str) -> String {
    environment(kind).remove(&format!("ECHOPULSE_{name}")).unwrap_or_else(|| panic!("{name} is told"))
}

/// All that it was told.
pub(crate) fn environment(kind: Kind) -> BTreeMap<String, String> {
    let world = variable("ECHOPULSE_TEST_WORLD");
    let folder = Path::new(&world).parent().expect("the world has a folder");
    let told = fs::read_to_string(folder.join(format!("{}.pid", kind.first()))).expect("the instance runs");
    let pid = told.split_whitespace().next().expect("it has a pid");
    let environ = fs::read(format!("/proc/{pid}/environ")).expect("it is ours");
    let variables = environ.split(|octet| *octet == 0).filter_map(|variable| {
        let (name, value) = std::str::from_utf8(variable).ok()?.split_once('=')?;
        name.starts_with("ECHOPULSE_").then(|| (name.to_owned(), value.to_owned()))
    });
    variables.filter(|(name, _)| !name.starts_with("ECHOPULSE_TEST_")).collect()
}

impl Extra {
    /// Starts one at an address, told the same as the first of the world but for these variables.
    pub(crate) fn start(kind: Kind, address: &str, other: &[(&str, &str)]) -> Self {
        let mut told = environment(kind);
        told.insert("ECHOPULSE_LISTEN__ADDRESS".to_owned(), address.to_owned());
        let metrics = free_address();
        told.insert("ECHOPULSE_LISTEN__METRICS".to_owned(), metrics.clone());
        for (name, value) in other {
            told.insert(format!("ECHOPULSE_{name}"), (*value).to_owned());
        }
        let program = echopulse_tests::program().with_file_name(kind.program());
        let log = tempdir().expect("a folder");
        let lines = File::create(log.path().join("log")).expect("it can be written");
        let child = Command::new(program)
            .envs(told)
            .stdin(Stdio::null())
            .stdout(lines)
            .spawn()
            .expect("the service is built");
        Self { child, log, metrics, url: format!("http://{address}") }
    }

    /// Waits until its health says this status, and answers what else it says.
    pub(crate) async fn health(&self, status: u16, wanted: impl Fn(&Value) -> bool) -> Answer {
        let http = reqwest::Client::new();
        let deadline = Instant::now() + PATIENCE;
        loop {
            let request = http.get(format!("{}/health/ready", self.url));
            if http.get(format!("{}/health/live", self.url)).send().await.is_ok() {
                let found = answer(request).await;
                if found.status.as_u16() == status && wanted(&found.body) {
                    return found;
                }
                assert!(Instant::now() < deadline, "{found:?}");
            }
            assert!(Instant::now() < deadline, "it never came up");
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// Waits until it is ready, whatever is missing that it can do without.
    pub(crate) async fn ready(&self) -> Answer {
        self.health(200, |_| true).await
    }

    /// What it has logged.
    pub(crate) fn logged(&self) -> String {
        fs::read_to_string(self.log.path().join("log")).expect("it logs")
    }

    /// Waits until a figure is at least so large.
    pub(crate) async fn counts(&self, figure: &str, least: f64) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let page = reqwest::get(format!("http://{}/metrics", self.metrics)).await.expect("it answers");
            let page = page.text().await.expect("it is text");
            let found = page.lines().find_map(|line| line.strip_prefix(figure)?.trim().parse::<f64>().ok());
            if found.is_some_and(|found| found >= least) {
                return;
            }
            assert!(Instant::now() < deadline, "{figure} is {found:?}");
            sleep(Duration::from_millis(100)).await;
        }
    }

    /// Tells it to stop, as whoever restarts a service does.
    pub(crate) fn tell_to_stop(&self) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).expect("it has a pid");
        kill_process(pid, Signal::TERM).expect("it is ours");
    }

    /// Waits until it has ended, and answers its exit code.
    pub(crate) async fn ended(&mut self) -> Option<i32> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("it is ours") {
                return status.code();
            }
            assert!(Instant::now() < deadline, "it does not end");
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Ends it at once, as a power cut does.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("it is ours");
        self.child.wait().expect("it is ours");
    }
}

impl Drop for Extra {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A way to a part of the world that can be cut.
pub(crate) struct Way {
    pub(crate) address: String,
    carrying: JoinSet<()>,
}

impl Way {
    /// A way to where this address leads.
    pub(crate) async fn to(target: String) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("there is a port");
        let address = listener.local_addr().expect("it has an address").to_string();
        let mut carrying = JoinSet::new();
        carrying.spawn(async move {
            // Dropped together with the listener when the way is cut.
            let mut carried = JoinSet::new();
            while let Ok((mut near, _)) = listener.accept().await {
                let target = target.clone();
                carried.spawn(async move {
                    let Ok(mut far) = TcpStream::connect(target).await else { return };
                    // Either side may end it, and neither has to be polite.
                    let _ = copy_bidirectional(&mut near, &mut far).await;
                });
            }
        });
        Self { address, carrying }
    }

    /// Ends every connection, and takes no more.
    pub(crate) async fn cut(mut self) {
        self.carrying.shutdown().await;
    }
}
