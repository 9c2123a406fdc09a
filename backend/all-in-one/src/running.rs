//! From a configuration to something that runs, and back to a closed folder.

use std::sync::Arc;

use anyhow::{Context, Result, bail};
use echopulse_issuer::Issuer;
use tokio::{
    net::TcpListener,
    task::{JoinError, JoinHandle, JoinSet},
};
use tokio_util::sync::CancellationToken;

use crate::{
    Config,
    listen::{Listen, Names},
    site,
    wiring::{self, World},
};

/// Records that may wait for the chat service; a fuller queue holds the relays back.
const BUS_CAPACITY: usize = 1024;

/// A deployment that runs in this process. Dropping it stops everything without waiting.
#[derive(Debug)]
pub struct Running {
    /// Its address for clients.
    pub url: String,
    issuer: Issuer,
    stop: CancellationToken,
    supervisor: JoinHandle<Result<()>>,
}

/// Opens the folder and serves it. Errors say what is wrong with which file, folder or address.
pub async fn start(mut config: Config) -> Result<Running> {
    let listen = std::mem::replace(&mut config.listen, Listen::Address(([127, 0, 0, 1], 0).into()));
    let listener = listen.bind().await?;
    let address = listener.local_addr().context("the listener has no address")?;
    let names = Names::of(address, config.public_url.take())?;
    let world = Arc::new(wiring::open(&config, &names).await?);
    let stop = CancellationToken::new();
    let issuer = world.issuer.clone();
    let supervisor = tokio::spawn(supervise(world, listener, names.clone(), stop.clone()));
    Ok(Running { url: names.url, issuer, stop, supervisor })
}

impl Running {
    /// Its issuer, for whoever administers it: passwords, bots, locks.
    #[must_use]
    pub const fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    /// Stops: sockets are told to go away, what was accepted is committed, the databases are closed.
    pub async fn shutdown(mut self) -> Result<()> {
        self.stop.cancel();
        self.wait().await
    }

    /// Waits for the end: after [`Running::shutdown`] from elsewhere, or when something that must run has broken.
    pub async fn wait(&mut self) -> Result<()> {
        (&mut self.supervisor).await.context("the backend broke down")?
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// A task that should have run for ever did not.
fn tell(ended: Option<Result<(), JoinError>>) -> bool {
    let error = ended.and_then(Result::err);
    let error = error.as_ref().map(|error| error as &dyn std::error::Error);
    tracing::error!(error, "a part of the backend ended by itself");
    true
}

/// Owns everything that runs, until it is stopped or one of its parts breaks.
async fn supervise(
    world: Arc<World>,
    listener: TcpListener,
    names: Names,
    stop: CancellationToken,
) -> Result<()> {
    let mut server = world.server.spawn();
    let mut chat = world.chat.spawn(world.bus.consumer(BUS_CAPACITY));
    let mut serving = JoinSet::new();
    serving.spawn(echopulse_http::serve(
        listener,
        site::router(&world, &names),
        stop.clone().cancelled_owned(),
    ));
    let broken = tokio::select! {
        // A listener that ends because it was told to has not broken.
        biased;
        () = stop.cancelled() => false,
        ended = server.join_next() => tell(ended),
        ended = chat.join_next() => tell(ended),
        ended = serving.join_next() => tell(ended),
    };
    stop.cancel();
    // Sockets first: what they accepted still has to be committed.
    world.chat_app.close_sockets().await;
    while serving.join_next().await.is_some() {}
    world.chat.stop();
    world.server.stop();
    while chat.join_next().await.is_some() {}
    while server.join_next().await.is_some() {}
    world.server_store.close().await;
    world.chat_store.close().await;
    world.issuer.shutdown().await;
    if broken {
        bail!("a part of the backend ended by itself; the log says which");
    }
    Ok(())
}
