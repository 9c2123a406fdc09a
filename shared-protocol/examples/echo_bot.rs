//! Answers `ping` with `pong` in #general of the server that `ECHOPULSE_SERVER` names, at `ECHOPULSE_URL`. A bot is
//! `ECHOPULSE_BOT_ID` with `ECHOPULSE_BOT_SECRET`; `ECHOPULSE_NAME` with the folder's `ECHOPULSE_KEY_FILE` does too.

use std::{env::var, error::Error, sync::Arc};

use echopulse_protocol::client::{Client, Credentials, Deployed, LocalFolder, TokenSource};
use echopulse_protocol::client::{PostMessage, SessionEvent, StreamPosition};
use echopulse_protocol::{destination::Topic, event::EventBody};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let place = Arc::new(Deployed::new(&var("ECHOPULSE_URL")?)?);
    let tokens: Arc<dyn TokenSource> = match var("ECHOPULSE_KEY_FILE") {
        Ok(key) => Arc::new(LocalFolder::new(place.clone(), key.into(), var("ECHOPULSE_NAME")?)),
        Err(_) => {
            let (id, secret) = (var("ECHOPULSE_BOT_ID")?, var("ECHOPULSE_BOT_SECRET")?);
            Arc::new(Credentials::new(place.clone(), id, secret))
        }
    };
    let client = Client::new(place, tokens)?;
    let (rest, name) = (client.rest(), var("ECHOPULSE_SERVER")?);
    let server =
        rest.servers().await?.into_iter().find(|one| one.name == name).ok_or("not in that server")?;
    let channels = rest.server(server.id).await?.channels;
    let general = channels.iter().find(|one| one.name == "general").ok_or("it has no #general")?.id;
    let (me, newest) = (rest.me().await?.id, rest.history(general, None, 1).await?);
    let (session, mut events) = client.session();
    let position = StreamPosition { epoch: newest.epoch, after: newest.head };
    session.subscribe(Topic::Channel(general), Some(position)).await;
    while let Some(event) = events.recv().await {
        let SessionEvent::Event { envelope, .. } = event else { continue };
        let EventBody::MessageCreated { message, .. } = envelope.body else { continue };
        if message.content == "ping" && message.author.id != me {
            // Made of what it answers: a ping that is seen twice is not answered twice.
            let (nonce, content) = (format!("pong-{}", message.id), "pong".to_owned());
            session.post(PostMessage::new(general, nonce, content)).await;
        }
    }
    Err("the session is over".into())
}
