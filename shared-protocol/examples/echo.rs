//! Answers every `ping` with `pong`, also those that came while it was down: `echo '#general'`.
use echopulse_protocol::client::{Client, ClientError, PostMessage, SessionEvent, Start};
use echopulse_protocol::{destination::Topic, event::EventBody};

#[tokio::main]
async fn main() -> Result<(), ClientError> {
    let bot = Client::bot_from_env()?;
    let channel = bot.channel(&std::env::args().nth(1).unwrap_or_default()).await?.id;
    let me = bot.rest().me().await?.id;
    let (session, mut events) = bot.session();
    session.subscribe(Topic::Channel(channel), Start::Stored).await;
    while let Some(event) = events.recv().await {
        let SessionEvent::Event { envelope, .. } = event else { continue };
        if let EventBody::MessageCreated { message, .. } = &envelope.body
            && message.content == "ping"
            && message.author.id != me
        {
            // The nonce names what is answered, so that nothing is answered twice.
            let mut pong = PostMessage::new(channel, format!("pong-{}", message.id), "pong");
            pong.reply_to = Some(message.id);
            session.post(pong).await.outcome().await;
        }
        if let Some(seq) = envelope.seq {
            session.done(channel, seq).await;
        }
    }
    Ok(())
}
