//! What the session says, as the model's events.

use echopulse_protocol::{
    client::{EndReason, SessionEvent},
    destination::Topic,
    event::EventBody,
    id::{Stream, UserId},
};
use tokio::sync::mpsc;

use super::cache::Cache;
use crate::app::event::Event;

/// Passes on what the session says, until it or the loop ends.
pub(super) async fn run(
    me: UserId,
    mut session: mpsc::Receiver<SessionEvent>,
    events: mpsc::Sender<Event>,
    cache: Cache,
) {
    while let Some(said) = session.recv().await {
        if let SessionEvent::Event { envelope, .. } = &said {
            cache.keep_event(envelope).await;
        }
        let Some(event) = translate(me, said) else { continue };
        if events.send(event).await.is_err() {
            return;
        }
    }
}

fn stream(me: UserId, topic: Topic) -> Option<Stream> {
    match topic {
        Topic::Channel(channel) => Some(Stream::Channel(channel)),
        Topic::Server(server) => Some(Stream::Server(server)),
        Topic::UserEvents => Some(Stream::User(me)),
        Topic::Replies => None,
    }
}

fn translate(me: UserId, said: SessionEvent) -> Option<Event> {
    Some(match said {
        SessionEvent::Connecting => Event::Connecting,
        SessionEvent::Connected => Event::Connected,
        SessionEvent::Lost { retry_in, reason } => Event::Lost { retry_in, reason },
        SessionEvent::Event { topic, envelope } => {
            let stream = stream(me, topic)?;
            match envelope.body {
                EventBody::Skip { from, to } => Event::Skip { stream, from, to },
                _ => Event::Live { stream, envelope },
            }
        }
        SessionEvent::Gap { topic, to, reason, .. } => Event::Gap { stream: stream(me, topic)?, to, reason },
        SessionEvent::Ended { topic, code } => {
            Event::Ended { stream: stream(me, topic)?, code: code.as_str().to_owned() }
        }
        SessionEvent::SubscribeRefused { topic, code } => {
            Event::Ended { stream: stream(me, topic)?, code: code.as_str().to_owned() }
        }
        SessionEvent::Over(EndReason::SignIn(reason) | EndReason::Forbidden(reason)) => {
            Event::Fatal { reason }
        }
        SessionEvent::Subscribed { .. } | SessionEvent::Expiring(_) => return None,
    })
}
