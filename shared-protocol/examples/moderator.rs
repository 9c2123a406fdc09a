//! Deletes messages that contain a word of a list, and says so in another channel: `moderator '#general' '#staff' WORD…`. Without
//! MANAGE_MESSAGES it only reports.
use std::env::args;

use echopulse_protocol::client::{Client, ClientError, PostMessage, SendOutcome, SessionEvent, Start};
use echopulse_protocol::{destination::Topic, event::EventBody};

#[tokio::main]
async fn main() -> Result<(), ClientError> {
    let bot = Client::bot_from_env()?;
    let [watched, staff] = [1, 2].map(|at| args().nth(at).unwrap_or_default());
    let (watched, staff) = (bot.channel(&watched).await?, bot.channel(&staff).await?);
    let words: Vec<String> = args().skip(3).map(|word| word.to_lowercase()).collect();
    let (session, mut events) = bot.session();
    session.subscribe(Topic::Channel(watched.id), Start::Stored).await;
    while let Some(event) = events.recv().await {
        let SessionEvent::Event { envelope, .. } = event else { continue };
        // An edit can bring a word in as well.
        if let EventBody::MessageCreated { message, .. } | EventBody::MessageUpdated { message, .. } =
            &envelope.body
            && let Some(word) = words.iter().find(|word| message.content.to_lowercase().contains(*word))
        {
            let deleted = session.delete(watched.id, message.id).await.outcome().await;
            let done = if matches!(deleted, SendOutcome::Done(_)) { "deleted" } else { "seen, not deleted" };
            let report =
                format!("<@{}> wrote \u{201c}{word}\u{201d} in <#{}>: {done}", message.author.id, watched.id);
            let nonce = format!("mod-{}-{}", message.id, message.revision);
            session.post(PostMessage::new(staff.id, nonce, report)).await.outcome().await;
        }
        if let Some(seq) = envelope.seq {
            session.done(watched.id, seq).await;
        }
    }
    Ok(())
}
