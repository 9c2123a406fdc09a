//! What a session has to remember over reconnects: what is followed and how far, and what was sent without an answer.

use std::collections::BTreeMap;

use tokio::sync::oneshot;

use super::{SendOutcome, SessionEvent, StreamPosition};
use crate::{
    destination::Topic,
    event::{Envelope, EventBody},
    id::Seq,
    problem::Reply,
    rest::Receipt,
    stomp::{Frame, client::ClientSession},
};

/// The subscription on which refusals come; it is always there.
const REPLIES: &str = "replies";

/// Something sent without an answer yet.
#[derive(Debug)]
struct Unanswered {
    receipt: String,
    destination: String,
    nonce: Option<String>,
    body: Vec<u8>,
    answer: oneshot::Sender<SendOutcome>,
}

#[derive(Debug)]
struct Followed {
    id: String,
    position: Option<StreamPosition>,
}

/// A session's memory.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    topics: BTreeMap<Topic, Followed>,
    unanswered: Vec<Unanswered>,
    next: u64,
}

impl Ledger {
    fn number(&mut self, prefix: char) -> String {
        self.next += 1;
        format!("{prefix}{}", self.next)
    }

    /// Says everything again on a fresh connection.
    pub(super) fn resume(&mut self, session: &mut ClientSession) {
        session.subscribe(REPLIES, &Topic::Replies.to_string(), &[("receipt", REPLIES)]);
        let topics: Vec<_> = self.topics.keys().copied().collect();
        for topic in topics {
            self.say_subscribe(topic, session);
        }
        for sent in &self.unanswered {
            say_send(sent, session);
        }
    }

    /// Follows a topic from now on, behind `position`; `session` is the connection, if there is one.
    pub(super) fn subscribe(
        &mut self,
        topic: Topic,
        position: Option<StreamPosition>,
        session: Option<&mut ClientSession>,
    ) {
        if topic == Topic::Replies || self.topics.contains_key(&topic) {
            return;
        }
        self.topics.insert(topic, Followed { id: String::new(), position });
        if let Some(session) = session {
            self.say_subscribe(topic, session);
        }
    }

    fn say_subscribe(&mut self, topic: Topic, session: &mut ClientSession) {
        let id = self.number('t');
        let Some(followed) = self.topics.get_mut(&topic) else { return };
        followed.id.clone_from(&id);
        let place = followed.position.map(|place| (place.epoch.to_string(), place.after.to_string()));
        let mut headers = vec![("receipt", id.as_str())];
        if let Some((epoch, after)) = &place {
            headers.extend([("epoch", epoch.as_str()), ("after", after.as_str())]);
        }
        session.subscribe(&id, &topic.to_string(), &headers);
    }

    pub(super) fn unsubscribe(&mut self, topic: Topic, session: Option<&mut ClientSession>) {
        if let (Some(followed), Some(session)) = (self.topics.remove(&topic), session) {
            session.unsubscribe(&followed.id);
        }
    }

    /// Sends something that wants an answer.
    pub(super) fn send(
        &mut self,
        destination: String,
        nonce: Option<String>,
        body: Vec<u8>,
        answer: oneshot::Sender<SendOutcome>,
        session: Option<&mut ClientSession>,
    ) {
        let receipt = self.number('s');
        let sent = Unanswered { receipt, destination, nonce, body, answer };
        if let Some(session) = session {
            say_send(&sent, session);
        }
        self.unanswered.push(sent);
    }

    fn topic_of(&self, id: &str) -> Option<Topic> {
        self.topics.iter().find(|(_, followed)| followed.id == id).map(|(topic, _)| *topic)
    }

    fn take_unanswered(&mut self, receipt: &str) -> Option<Unanswered> {
        let at = self.unanswered.iter().position(|sent| sent.receipt == receipt)?;
        Some(self.unanswered.remove(at))
    }

    /// A RECEIPT came.
    pub(super) fn receipt(&mut self, id: &str, frame: &Frame) -> Option<SessionEvent> {
        if let Some(sent) = self.take_unanswered(id) {
            let outcome = receipt_of(frame).map_or(SendOutcome::Unknown, SendOutcome::Done);
            // Who does not wait any more does not want to know.
            let _ = sent.answer.send(outcome);
            return None;
        }
        let topic = self.topic_of(id)?;
        let followed = self.topics.get_mut(&topic)?;
        let said = place_of(frame);
        followed.position = followed.position.or(said);
        Some(SessionEvent::Subscribed { topic, position: followed.position })
    }

    /// A refusal came.
    pub(super) fn refusal(&mut self, reply: Reply) -> Option<SessionEvent> {
        let receipt = reply.receipt_id.clone()?;
        if let Some(sent) = self.take_unanswered(&receipt) {
            let _ = sent.answer.send(SendOutcome::Refused(reply));
            return None;
        }
        let topic = self.topic_of(&receipt)?;
        self.topics.remove(&topic);
        Some(SessionEvent::SubscribeRefused { topic, code: reply.code })
    }

    /// A MESSAGE of a followed stream came. What was had before tells nothing.
    pub(super) fn event(&mut self, subscription: &str, envelope: Envelope) -> Option<SessionEvent> {
        let topic = self.topic_of(subscription)?;
        let followed = self.topics.get_mut(&topic)?;
        let had = followed.position.filter(|place| Some(place.epoch) == envelope.epoch);
        let mut move_to = |seq: Seq| {
            if let Some(epoch) = envelope.epoch {
                followed.position = Some(StreamPosition { epoch, after: seq });
            }
        };
        match envelope.body {
            EventBody::Gap { from, to, reason } => {
                move_to(to);
                Some(SessionEvent::Gap { topic, from, to, reason })
            }
            EventBody::Skip { from, to } => {
                move_to(to);
                Some(SessionEvent::Skip { topic, from, to })
            }
            EventBody::Ended { code } => {
                self.topics.remove(&topic);
                Some(SessionEvent::Ended { topic, code })
            }
            EventBody::SessionExpiring { expires_at } => Some(SessionEvent::Expiring(expires_at)),
            _ => {
                if let Some(seq) = envelope.seq {
                    if had.is_some_and(|place| seq <= place.after) {
                        return None;
                    }
                    move_to(seq);
                }
                Some(SessionEvent::Event { topic, envelope: Box::new(envelope) })
            }
        }
    }
}

fn say_send(sent: &Unanswered, session: &mut ClientSession) {
    let mut headers = vec![("receipt", sent.receipt.as_str())];
    headers.extend(sent.nonce.as_deref().map(|nonce| ("nonce", nonce)));
    session.send(&sent.destination, &headers, &sent.body);
}

fn place_of(frame: &Frame) -> Option<StreamPosition> {
    let epoch = frame.header("epoch")?.parse().ok()?;
    Some(StreamPosition { epoch, after: frame.header("seq")?.parse().ok()? })
}

fn receipt_of(frame: &Frame) -> Option<Receipt> {
    let StreamPosition { epoch, after } = place_of(frame)?;
    Some(Receipt { message_id: frame.header("message-id")?.parse().ok()?, epoch, seq: after })
}
