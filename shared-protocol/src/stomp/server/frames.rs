//! What each frame of a client asks for, and the table of subscriptions.

use std::mem;

use super::{AckMode, Demand, Phase, Request, ServerSession, Verdict, transactions::Work};
use crate::stomp::codec::{Command, Frame, Version};

/// How many subscriptions are remembered that the server refused or ended.
const ENDED: usize = 64;

/// A subscription of a session.
#[derive(Debug)]
pub(super) struct Subscription {
    pub(super) id: String,
    destination: String,
    pub(super) ack: AckMode,
    /// How many of its messages may wait to be acknowledged.
    pub(super) window: usize,
}

impl Subscription {
    /// Whether an UNSUBSCRIBE means this one.
    fn is_named_by(&self, name: &Name) -> bool {
        match name {
            Name::Id(id) => self.id == *id,
            Name::Destination(destination) => self.destination == *destination,
        }
    }
}

/// How an UNSUBSCRIBE names a subscription; by destination only at 1.0.
enum Name {
    Id(String),
    Destination(String),
}

pub(super) fn owned(frame: &Frame, name: &str) -> Option<String> {
    frame.header(name).map(|value| value.into_owned())
}

impl ServerSession {
    pub(super) fn take(&mut self, frame: Frame) -> Option<Demand> {
        match (&self.phase, frame.command()) {
            (Phase::New(_), Command::Connect | Command::Stomp) => {
                self.take_connect(frame).map(Demand::Request)
            }
            (Phase::New(_), _) => {
                self.fail_frame(&frame, "not-connected", "the first frame has to be CONNECT")
            }
            (_, Command::Connect | Command::Stomp) => {
                self.malformed(&frame, "the session is connected already")
            }
            (_, Command::Send) => self.take_send(frame),
            (_, Command::Subscribe) => self.take_subscribe(frame).map(Demand::Request),
            (_, Command::Unsubscribe) => self.take_unsubscribe(&frame).map(Demand::Request),
            (_, Command::Disconnect) => {
                self.settle_now(owned(&frame, "receipt"), Vec::new());
                self.phase = Phase::Over;
                Some(Request::Disconnect.into())
            }
            (_, Command::Nack) if self.version == Version::V10 => {
                self.malformed(&frame, "there is no such command")
            }
            (_, Command::Ack | Command::Nack) if self.config.broker.is_none() => {
                self.malformed(&frame, "acknowledgements and transactions are not offered")
            }
            (_, Command::Ack) => self.take_ack(frame, Verdict::Taken),
            (_, Command::Nack) => self.take_ack(frame, Verdict::Refused),
            (_, Command::Begin | Command::Commit | Command::Abort) => self.take_transaction(&frame),
            (_, Command::Connected | Command::Message | Command::Receipt | Command::Error) => {
                self.malformed(&frame, "there is no such command")
            }
        }
    }

    pub(super) fn malformed<T>(&mut self, frame: &Frame, text: &str) -> Option<T> {
        self.fail_frame(frame, "malformed-frame", text)
    }

    fn take_send(&mut self, frame: Frame) -> Option<Demand> {
        let Some(destination) = owned(&frame, "destination") else {
            return self.malformed(&frame, "SEND has no destination");
        };
        if let Some(transaction) = owned(&frame, "transaction") {
            let receipt = owned(&frame, "receipt");
            let work = Work::Send { destination, frame: frame.detached() };
            return self.transact(&frame, &transaction, receipt, work);
        }
        let ticket = owned(&frame, "receipt").map(|receipt| self.receipts.issue(receipt));
        Some(Request::Send { destination, frame, ticket }.into())
    }

    fn take_subscribe(&mut self, frame: Frame) -> Option<Request> {
        let Some(destination) = owned(&frame, "destination") else {
            return self.malformed(&frame, "SUBSCRIBE has no destination");
        };
        let id = match owned(&frame, "id") {
            Some(id) => id,
            // An id that no header can hold, so that no client can choose it and none is ever told it.
            None if self.version == Version::V10 => format!("\0{destination}"),
            None => return self.malformed(&frame, "SUBSCRIBE has no id"),
        };
        if self.subscriptions.iter().any(|known| known.id == id) {
            return self.fail_frame(&frame, "duplicate-subscription", "the subscription's id is in use");
        }
        if self.subscriptions.len() >= self.config.subscriptions {
            let text = "the session has as many subscriptions as it may";
            return self.fail_frame(&frame, "too-many-subscriptions", text);
        }
        let Some(ack) = AckMode::of(&frame) else {
            return self.malformed(&frame, "there is no such ack mode");
        };
        if ack != AckMode::Auto && self.config.broker.is_none() {
            return self.malformed(&frame, "only ack:auto is offered");
        }
        self.ended.retain(|ended| ended.id != id);
        let window = self.asked_window(&frame);
        let subscription = Subscription { id: id.clone(), destination: destination.clone(), ack, window };
        self.phase = Phase::Subscribing(subscription, owned(&frame, "receipt"));
        Some(Request::Subscribe { id, destination, frame })
    }

    /// The `prefetch-count` of a SUBSCRIBE, within the limit. One that is no number, or zero, asks for nothing.
    fn asked_window(&self, subscribe: &Frame) -> usize {
        let most = self.config.broker.map_or(0, |limits| limits.unacknowledged);
        let asked = subscribe.header("prefetch-count").and_then(|count| count.parse().ok());
        asked.filter(|count| *count > 0).map_or(most, |count: usize| count.min(most))
    }

    fn take_unsubscribe(&mut self, frame: &Frame) -> Option<Request> {
        let name = match (owned(frame, "id"), owned(frame, "destination")) {
            (Some(id), _) => Name::Id(id),
            (None, Some(destination)) if self.version == Version::V10 => Name::Destination(destination),
            _ => return self.malformed(frame, "UNSUBSCRIBE has no id"),
        };
        let receipt = owned(frame, "receipt");
        if let Some(at) = self.subscriptions.iter().position(|known| known.is_named_by(&name)) {
            let Subscription { id, .. } = self.subscriptions.remove(at);
            self.deliveries.forget(&id);
            self.settle_now(receipt, Vec::new());
            return Some(Request::Unsubscribe { id });
        }
        let Some(at) = self.ended.iter().position(|ended| ended.is_named_by(&name)) else {
            return self.malformed(frame, "there is no subscription with that id");
        };
        self.ended.remove(at);
        self.settle_now(receipt, Vec::new());
        None
    }

    /// Accepts the SUBSCRIBE at hand. Its RECEIPT, if one was asked for, is in the output before this returns, unless earlier
    /// receipts are still owed: write it before any message of the subscription. `headers` say where the subscription begins.
    pub fn accept_subscription_at(&mut self, headers: Vec<(&'static str, String)>) {
        if let Some((subscription, receipt)) = self.decided() {
            self.subscriptions.push(subscription);
            self.settle_now(receipt, headers);
        }
    }

    /// Like [`ServerSession::accept_subscription_at`], for what begins nowhere.
    pub fn accept_subscription(&mut self) {
        self.accept_subscription_at(Vec::new());
    }

    /// Refuses the SUBSCRIBE at hand: no RECEIPT, and its id is free again. Answers the `receipt` it asked for.
    pub fn refuse_subscription(&mut self) -> Option<String> {
        let (subscription, receipt) = self.decided()?;
        self.remember_ended(subscription);
        receipt
    }

    /// The SUBSCRIBE at hand, with its receipt, unless the session ended meanwhile.
    fn decided(&mut self) -> Option<(Subscription, Option<String>)> {
        match mem::replace(&mut self.phase, Phase::Ready) {
            Phase::Subscribing(subscription, receipt) => Some((subscription, receipt)),
            other => {
                self.phase = other;
                None
            }
        }
    }

    /// Forgets a subscription that ended from the server's side; its id is free again.
    pub fn forget_subscription(&mut self, id: &str) {
        if let Some(at) = self.subscriptions.iter().position(|known| known.id == id) {
            let subscription = self.subscriptions.remove(at);
            self.deliveries.forget(id);
            self.remember_ended(subscription);
        }
    }

    fn remember_ended(&mut self, subscription: Subscription) {
        if self.ended.len() >= ENDED {
            self.ended.pop_front();
        }
        self.ended.push_back(subscription);
    }
}
