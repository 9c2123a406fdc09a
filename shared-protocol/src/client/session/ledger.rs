//! What a session has to remember over reconnects: what is followed and how far, and what was sent without an answer.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use tokio::sync::oneshot;

use super::{SendOutcome, SessionEvent, Start, StreamPosition};
use crate::{
    destination::{SendTo, Topic},
    event::{EndCode, Envelope, EventBody},
    id::{Seq, Stream},
    problem::{ProblemCode, Reply},
    rest::Receipt,
    stomp::{Frame, client::ClientSession},
};

/// The subscription on which refusals come; it is always there.
const REPLIES: &str = "replies";
/// How much may wait for an answer; beyond it a send is not taken.
const UNANSWERED: usize = 1024;
/// How often something is sent that the service had no time for.
const TRIES: u32 = 5;
/// The longest wait before something is said again, whatever the service asks for.
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// Something sent without an answer yet.
#[derive(Debug)]
struct Unanswered {
    receipt: String,
    destination: String,
    nonce: Option<String>,
    body: Vec<u8>,
    answer: oneshot::Sender<SendOutcome>,
    tries: u32,
    again_at: Option<Instant>,
}

#[derive(Debug, Default)]
struct Followed {
    id: String,
    position: Option<StreamPosition>,
    /// The services know how far it was dealt with, which is never further than `position`: what comes twice was had.
    stored: bool,
    /// The service knows the subscription.
    open: bool,
    tries: u32,
    again_at: Option<Instant>,
}

/// A session's memory.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    topics: BTreeMap<Topic, Followed>,
    unanswered: Vec<Unanswered>,
    /// Subscriptions that ended here before the service answered them.
    unwanted: BTreeSet<String>,
    next: u64,
}

impl Ledger {
    fn number(&mut self, prefix: char) -> String {
        self.next += 1;
        format!("{prefix}{}", self.next)
    }

    /// Says everything again on a fresh connection.
    pub(super) fn resume(&mut self, session: &mut ClientSession) {
        self.unwanted.clear();
        session.subscribe(REPLIES, &Topic::Replies.to_string(), &[("receipt", REPLIES)]);
        let topics: Vec<_> = self.topics.keys().copied().collect();
        for topic in topics {
            self.say_subscribe(topic, session);
        }
        for sent in &mut self.unanswered {
            say_send(sent, session);
        }
    }

    /// When something is to be said again.
    pub(super) fn due(&self) -> Option<Instant> {
        let topics = self.topics.values().filter_map(|followed| followed.again_at);
        topics.chain(self.heads().filter_map(|at| self.unanswered[at].again_at)).min()
    }

    /// The oldest of each destination: what was said later is not said again in front of it.
    fn heads(&self) -> impl Iterator<Item = usize> {
        let mut seen = BTreeSet::new();
        let sent = self.unanswered.iter().enumerate();
        sent.filter(move |(_, sent)| seen.insert(&sent.destination)).map(|(at, _)| at)
    }

    /// Says again what is due.
    pub(super) fn repeat(&mut self, now: Instant, session: &mut ClientSession) {
        let is_due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        let topics = self.topics.iter().filter(|(_, followed)| is_due(followed.again_at));
        let topics: Vec<_> = topics.map(|(topic, _)| *topic).collect();
        for topic in topics {
            self.say_subscribe(topic, session);
        }
        let due: Vec<_> = self.heads().filter(|at| is_due(self.unanswered[*at].again_at)).collect();
        for at in due {
            say_send(&mut self.unanswered[at], session);
        }
    }

    /// Whether somebody waits for an answer.
    pub(super) fn awaits_answers(&self) -> bool {
        !self.unanswered.is_empty()
    }

    /// Follows a topic from now on, beginning at `start`; `session` is the connection, if there is one.
    pub(super) fn subscribe(&mut self, topic: Topic, start: Start, session: Option<&mut ClientSession>) {
        if topic == Topic::Replies || self.topics.contains_key(&topic) {
            return;
        }
        let position = if let Start::Behind(position) = start { Some(position) } else { None };
        let stored = start == Start::Stored;
        self.topics.insert(topic, Followed { position, stored, ..Followed::default() });
        if let Some(session) = session {
            self.say_subscribe(topic, session);
        }
    }

    fn say_subscribe(&mut self, topic: Topic, session: &mut ClientSession) {
        let id = self.number('t');
        let Some(followed) = self.topics.get_mut(&topic) else { return };
        followed.id.clone_from(&id);
        (followed.open, followed.again_at) = (false, None);
        let place = followed
            .position
            .filter(|_| !followed.stored)
            .map(|place| (place.epoch.to_string(), place.after.to_string()));
        let mut headers = vec![("receipt", id.as_str())];
        if let Some((epoch, after)) = &place {
            headers.extend([("epoch", epoch.as_str()), ("after", after.as_str())]);
        } else if followed.stored {
            headers.push(("after", "read"));
        }
        session.subscribe(&id, &topic.to_string(), &headers);
    }

    pub(super) fn unsubscribe(&mut self, topic: Topic, session: Option<&mut ClientSession>) {
        let (Some(followed), Some(session)) = (self.topics.remove(&topic), session) else { return };
        if followed.open {
            session.unsubscribe(&followed.id);
        } else if followed.again_at.is_none() {
            // To unsubscribe from what may be refused would be a protocol error.
            self.unwanted.insert(followed.id);
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
        if self.unanswered.len() >= UNANSWERED {
            // Who does not wait any more does not want to know.
            let _ = answer.send(SendOutcome::Unknown);
            return;
        }
        let receipt = self.number('s');
        // Behind something that waits for its time this waits as well: what was said first comes first.
        let mut waiting = self.unanswered.iter().filter(|sent| sent.destination == destination);
        let again_at = waiting.find_map(|sent| sent.again_at);
        let mut sent = Unanswered { receipt, destination, nonce, body, answer, tries: 0, again_at };
        if let Some(session) = session
            && again_at.is_none()
        {
            say_send(&mut sent, session);
        }
        self.unanswered.push(sent);
    }

    fn topic_of(&self, id: &str) -> Option<Topic> {
        self.topics.iter().find(|(_, followed)| followed.id == id).map(|(topic, _)| *topic)
    }

    fn unanswered(&self, receipt: &str) -> Option<usize> {
        self.unanswered.iter().position(|sent| sent.receipt == receipt)
    }

    /// A RECEIPT came.
    pub(super) fn receipt(
        &mut self,
        id: &str,
        frame: &Frame,
        session: &mut ClientSession,
    ) -> Option<SessionEvent> {
        if let Some(at) = self.unanswered(id) {
            let sent = self.unanswered.remove(at);
            let outcome = match receipt_of(frame) {
                Some(receipt) => SendOutcome::Done(receipt),
                None if matches!(SendTo::parse(&sent.destination), Some(SendTo::Read(_))) => {
                    SendOutcome::Noted
                }
                None => SendOutcome::Unknown,
            };
            let _ = sent.answer.send(outcome);
            return None;
        }
        if self.unwanted.remove(id) {
            session.unsubscribe(id);
            return None;
        }
        let topic = self.topic_of(id)?;
        let followed = self.topics.get_mut(&topic)?;
        (followed.open, followed.tries) = (true, 0);
        // The receipt tells the stream's head; what is kept here begins somewhere before it, and is known with its first event.
        if !followed.stored {
            followed.position = followed.position.or_else(|| place_of(frame));
        }
        Some(SessionEvent::Subscribed { topic, position: followed.position })
    }

    /// A refusal came. What the service had no time for is said again.
    pub(super) fn refusal(&mut self, reply: Reply, now: Instant) -> Option<SessionEvent> {
        let receipt = reply.receipt_id.clone()?;
        if let Some(at) = self.unanswered(&receipt) {
            self.refuse_send(at, reply, now);
            return None;
        }
        if self.unwanted.remove(&receipt) {
            return None;
        }
        let topic = self.topic_of(&receipt)?;
        if let Some(followed) = self.topics.get_mut(&topic)
            && (is_passing(reply.code) || reply.code == ProblemCode::RateLimited)
        {
            followed.again_at = Some(now + wait(&reply, followed.tries));
            followed.tries += 1;
            return None;
        }
        self.topics.remove(&topic);
        Some(SessionEvent::SubscribeRefused { topic, code: reply.code })
    }

    fn refuse_send(&mut self, at: usize, reply: Reply, now: Instant) {
        let passing = is_passing(reply.code);
        let sent = &mut self.unanswered[at];
        if reply.code == ProblemCode::RateLimited {
            // It is only too early, however often.
            sent.again_at = Some(now + wait(&reply, 0));
            return;
        }
        sent.tries += 1;
        if passing && sent.tries < TRIES {
            sent.again_at = Some(now + wait(&reply, sent.tries));
            return;
        }
        let outcome = if passing { SendOutcome::Unknown } else { SendOutcome::Refused(reply) };
        let _ = self.unanswered.remove(at).answer.send(outcome);
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
            // All of them end with the sign-in: whoever signs in again goes on from where they were.
            EventBody::Ended { code: EndCode::SessionEnded } => None,
            EventBody::Ended { code } => {
                self.topics.remove(&topic);
                Some(SessionEvent::Ended { topic, code })
            }
            EventBody::SessionExpiring { expires_at } => Some(SessionEvent::Expiring(expires_at)),
            _ => {
                let skipped = if let EventBody::Skip { to, .. } = envelope.body { Some(to) } else { None };
                if let Some(seq) = envelope.seq.or(skipped) {
                    if had.is_some_and(|place| seq <= place.after) {
                        return None;
                    }
                    move_to(seq);
                }
                Some(SessionEvent::Event { topic, envelope: Box::new(envelope) })
            }
        }
    }

    /// A MESSAGE came that cannot be read. It counts as had: it is told as a place that is skipped.
    pub(super) fn unreadable(&mut self, subscription: &str, frame: &Frame) -> Option<SessionEvent> {
        let place = place_of(frame)?;
        let stream = match self.topic_of(subscription)? {
            Topic::Channel(channel) => Stream::Channel(channel),
            Topic::Server(server) => Stream::Server(server),
            Topic::UserEvents | Topic::Replies => return None,
        };
        let envelope = Envelope {
            body: EventBody::Skip { from: place.after, to: place.after },
            version: 1,
            stream,
            epoch: Some(place.epoch),
            seq: None,
            at: None,
            actor_id: None,
        };
        self.event(subscription, envelope)
    }
}

/// Whether nothing is known to have come of it, and another try makes sense.
const fn is_passing(code: ProblemCode) -> bool {
    matches!(code, ProblemCode::Unavailable | ProblemCode::NotReady | ProblemCode::Overloaded)
}

fn wait(reply: &Reply, tries: u32) -> Duration {
    let asked = Duration::from_secs(reply.retry_after.unwrap_or(0));
    asked.max(Duration::from_secs(1 << tries.min(5))).min(LONGEST_WAIT)
}

fn say_send(sent: &mut Unanswered, session: &mut ClientSession) {
    sent.again_at = None;
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

#[cfg(test)]
mod tests;
