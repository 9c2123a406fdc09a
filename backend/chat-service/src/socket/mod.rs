//! The socket: `GET /ws`, from the upgrade to the last Close frame.
//!
//! One task reads and decides ([`connection`]), one writes ([`writer`]); between them stands a bounded queue ([`outbox`]), which is
//! also where core delivers to. What a client SENDs is worked on in [`lanes`].

mod connection;
mod encode;
mod expiry;
mod lanes;
mod outbox;
mod topics;
mod typing;
mod upgrade;
mod work;
mod writer;

use std::time::Duration;

use tokio::time::timeout;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
pub(crate) use upgrade::upgrade;

/// How long a stopping service waits for its sockets.
const PARTING: Duration = Duration::from_secs(3);

/// Every open socket, so that somebody waits for them.
#[derive(Clone, Default)]
pub(crate) struct Sockets {
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Sockets {
    /// Tells every socket to close, and waits until they have. Clients that do not answer are not waited for longer than [`PARTING`].
    pub(crate) async fn close(&self) {
        self.stop.cancel();
        self.tasks.close();
        if timeout(PARTING, self.tasks.wait()).await.is_err() {
            tracing::warn!("sockets did not close in time and are left behind");
        }
    }
}
