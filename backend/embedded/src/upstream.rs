//! What the chat service asks the server service, when both live in one process: a call.

use std::sync::Arc;

use echopulse_core::{
    chat::port::outbound::Upstream,
    common::{
        BoxFuture, ChannelId, Seq, ServerId, StoreError,
        actor::{Actor, Identity},
        event::ServerEvent,
    },
    server::{
        error::ServerError,
        port::inbound::{Accounts, Catalogue},
    },
};

/// The server service of this process.
#[derive(Clone)]
pub struct InProcessUpstream {
    accounts: Arc<dyn Accounts>,
    catalogue: Arc<dyn Catalogue>,
}

impl InProcessUpstream {
    /// Asks these.
    #[must_use]
    pub const fn new(accounts: Arc<dyn Accounts>, catalogue: Arc<dyn Catalogue>) -> Self {
        Self { accounts, catalogue }
    }
}

impl Upstream for InProcessUpstream {
    fn sign_in(&self, identity: Identity) -> BoxFuture<'_, Result<Actor, StoreError>> {
        let signed_in = self.accounts.sign_in(identity);
        Box::pin(async move {
            signed_in.await.map_err(|error| match error {
                ServerError::Store(error) => error,
                refused @ ServerError::Refused(_) => StoreError::new(refused),
            })
        })
    }

    fn events(
        &self,
        server: ServerId,
        after: Seq,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<ServerEvent>, StoreError>> {
        self.catalogue.events(server, after, limit)
    }

    fn server_of(&self, channel: ChannelId) -> BoxFuture<'_, Result<Option<ServerId>, StoreError>> {
        self.catalogue.server_of_channel(channel)
    }
}
