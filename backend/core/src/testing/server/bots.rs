//! An issuer in memory, as far as bots are its clients.

use std::{collections::BTreeMap, sync::Mutex};

use crate::{
    common::{BoxFuture, StoreError, actor::Identity, community::UserKind, name::Username, sync::lock},
    server::port::{
        inbound::{SignOutNews, SignOuts},
        outbound::{BotClient, BotIssuer, ClientSecret},
    },
};

/// The end of sign-ins, where a test has none.
#[derive(Default)]
pub struct NoSignOuts;

impl SignOuts for NoSignOuts {
    fn end(&self, _: SignOutNews) -> BoxFuture<'_, Result<bool, StoreError>> {
        Box::pin(async { Ok(true) })
    }
}

/// The clients of an issuer, with the secret that holds.
#[derive(Default)]
pub struct MemoryBotIssuer(Mutex<Clients>);

#[derive(Default)]
struct Clients {
    secrets: BTreeMap<String, ClientSecret>,
    drawn: u32,
}

impl Clients {
    fn draw(&mut self) -> ClientSecret {
        self.drawn += 1;
        ClientSecret(format!("secret-{}", self.drawn))
    }
}

impl MemoryBotIssuer {
    /// The secret that opens a client now. `None`: there is no such client.
    #[must_use]
    pub fn secret(&self, client_id: &str) -> Option<ClientSecret> {
        lock(&self.0).secrets.get(client_id).cloned()
    }
}

impl BotIssuer for MemoryBotIssuer {
    fn make(&self, name: Username) -> BoxFuture<'_, Result<Option<BotClient>, StoreError>> {
        Box::pin(async move {
            let mut clients = lock(&self.0);
            let client_id = format!("bot-{}", name.as_str());
            if clients.secrets.contains_key(&client_id) {
                return Ok(None);
            }
            let secret = clients.draw();
            clients.secrets.insert(client_id.clone(), secret.clone());
            let identity = Identity {
                iss: "https://issuer.example".to_owned(),
                // Another client of the same name is another account.
                sub: format!("{client_id}-{}", clients.drawn),
                preferred_username: name.into_string(),
                name: None,
                kind: UserKind::Bot,
                admin: false,
            };
            Ok(Some(BotClient { client_id, identity, secret }))
        })
    }

    fn rotate(&self, client_id: String) -> BoxFuture<'_, Result<Option<ClientSecret>, StoreError>> {
        Box::pin(async move {
            let mut clients = lock(&self.0);
            if !clients.secrets.contains_key(&client_id) {
                return Ok(None);
            }
            let secret = clients.draw();
            clients.secrets.insert(client_id, secret.clone());
            Ok(Some(secret))
        })
    }

    fn remove(&self, client_id: String) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            lock(&self.0).secrets.remove(&client_id);
            Ok(())
        })
    }
}
