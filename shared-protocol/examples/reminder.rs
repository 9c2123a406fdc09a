//! Answers `!remind SECONDS TEXT` when the time has come: `reminder '#general'`. It keeps nothing: what is not due yet is not
//! done yet, so after a restart it comes again.
use std::{collections::BTreeMap, time::Duration};

use echopulse_protocol::client::{Client, ClientError, PostMessage, SessionEvent, Start};
use echopulse_protocol::{destination::Topic, event::EventBody, event::Message, id::Seq, id::Timestamp};

/// When a reminder is due, and what it says.
fn asked(message: &Message) -> Option<(Timestamp, String)> {
    let (seconds, text) = message.content.strip_prefix("!remind ")?.split_once(' ')?;
    let seconds: u32 = seconds.parse().ok()?;
    Some((Timestamp(message.created_at.0 + i64::from(seconds) * 1000), text.to_owned()))
}

#[tokio::main]
async fn main() -> Result<(), ClientError> {
    let bot = Client::bot_from_env()?;
    let channel = bot.channel(&std::env::args().nth(1).unwrap_or_default()).await?.id;
    let (session, mut events) = bot.session();
    session.subscribe(Topic::Channel(channel), Start::Stored).await;
    let mut waiting: BTreeMap<Seq, (Timestamp, PostMessage)> = BTreeMap::new();
    let mut seen = None;
    loop {
        let now = Timestamp::now();
        let next = waiting.iter().min_by_key(|(_, (due, _))| *due).map(|(seq, (due, _))| (*seq, *due));
        let pause = next.map_or(3_600_000, |(_, due)| (due.0 - now.0).max(0));
        tokio::select! {
            event = events.recv() => match event {
                Some(SessionEvent::Event { envelope, .. }) => {
                    if let EventBody::MessageCreated { message, .. } = &envelope.body
                        && let Some((due, text)) = asked(message)
                    {
                        let mut answer = PostMessage::new(channel, format!("remind-{}", message.id), text);
                        answer.reply_to = Some(message.id);
                        waiting.insert(message.seq, (due, answer));
                    }
                    seen = envelope.seq.or(seen);
                }
                Some(_) => continue,
                None => return Ok(()),
            },
            () = tokio::time::sleep(Duration::from_millis(u64::try_from(pause).unwrap_or(0))) => {
                if let Some((_, answer)) = next.and_then(|(seq, _)| waiting.remove(&seq)) {
                    session.post(answer).await.outcome().await;
                }
            }
        }
        // Done is everything in front of the first reminder that still waits.
        let first = waiting.keys().next().map(|seq| Seq(seq.0 - 1));
        if let Some(done) = first.or(seen) {
            session.done(channel, done).await;
        }
    }
}
