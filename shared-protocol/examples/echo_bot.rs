//! Answers every `ping` in one channel with `pong`, over every restart of whoever serves it.
use std::{env::args, path::PathBuf, sync::Arc};

use echopulse_protocol::client::{Client, ClientError, Deployed, LocalFolder, PostMessage, SessionEvent};
use echopulse_protocol::{destination::Topic, event::EventBody};

#[tokio::main]
async fn main() -> Result<(), ClientError> {
    let [url, folder, name, wanted] = std::array::from_fn(|at| args().nth(at + 1).unwrap_or_default());
    let place = Arc::new(Deployed::new(&url)?);
    let tokens = LocalFolder::new(place.clone(), PathBuf::from(folder).join("folder.key"), name);
    let client = Client::new(place, Arc::new(tokens))?;
    let me = client.rest().me().await?.id;
    let (session, mut events) = client.session();
    for server in client.rest().servers().await? {
        for channel in client.rest().server(server.id).await?.channels {
            if channel.name == wanted.trim_start_matches('#') {
                session.subscribe(Topic::Channel(channel.id), None).await;
            }
        }
    }
    while let Some(event) = events.recv().await {
        let SessionEvent::Event { envelope, .. } = event else { continue };
        let EventBody::MessageCreated { message, .. } = envelope.body else { continue };
        if message.content == "ping" && message.author.id != me {
            let (channel, content, reply_to) = (message.channel_id, "pong".to_owned(), Some(message.id));
            // The nonce names what is answered, so that nothing is answered twice.
            let nonce = format!("pong-{}", message.id);
            session.post(PostMessage { channel, nonce, content, reply_to, mention_author: None }).await;
        }
    }
    Ok(())
}
