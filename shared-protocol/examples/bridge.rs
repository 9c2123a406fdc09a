//! Copies one channel to another, each message once, whatever crashes in between: `bridge '#from' '#to'`.
use std::env::args;

use echopulse_protocol::client::{Client, ClientError, PostMessage, SendOutcome, SessionEvent, Start};
use echopulse_protocol::{destination::Topic, event::EventBody};

#[tokio::main]
async fn main() -> Result<(), ClientError> {
    let bot = Client::bot_from_env()?;
    let [from, to] = [1, 2].map(|at| args().nth(at).unwrap_or_default());
    let (from, to) = (bot.channel(&from).await?, bot.channel(&to).await?);
    let me = bot.rest().me().await?.id;
    let (session, mut events) = bot.session();
    session.subscribe(Topic::Channel(from.id), Start::Stored).await;
    while let Some(event) = events.recv().await {
        let SessionEvent::Event { envelope, .. } = event else { continue };
        if let EventBody::MessageCreated { message, .. } = &envelope.body
            && message.author.id != me
            && !message.is_deleted()
        {
            let copy: String =
                format!("{}: {}", message.author.name, message.content).chars().take(4000).collect();
            let mut copied = SendOutcome::Unknown;
            while copied == SendOutcome::Unknown {
                // The same nonce for every try, also for one after a restart.
                let post = PostMessage::new(to.id, format!("bridge-{}", message.id), copy.clone());
                copied = session.post(post).await.outcome().await;
            }
        }
        if let Some(seq) = envelope.seq {
            session.done(from.id, seq).await;
        }
    }
    Ok(())
}
