//! Messages that wait to be acknowledged ("ACK", "NACK").

use std::collections::VecDeque;

use super::{
    AckMode, Delivered, Delivery, Demand, Output, Relayed, ServerSession, Settlement, Verdict,
    frames::{Subscription, owned},
};
use crate::stomp::codec::{Command, Frame, Version, encode};

/// A message that waits.
struct Waiting {
    delivery: Delivery,
    subscription: String,
    /// How clients before 1.2 name it.
    message_id: String,
}

/// All messages of a session that wait, oldest first.
#[derive(Default)]
pub(super) struct Deliveries {
    waiting: VecDeque<Waiting>,
    issued: u64,
}

/// An ACK or NACK that named a message which waits.
pub(super) struct Claim {
    delivery: Delivery,
    verdict: Verdict,
    pub(super) frame: Frame,
}

impl Deliveries {
    fn find(&self, delivery: Delivery) -> Option<&Waiting> {
        // Numbers ascend along the queue.
        let at = self.waiting.binary_search_by_key(&delivery, |waiting| waiting.delivery).ok()?;
        self.waiting.get(at)
    }

    /// Takes what an ACK or NACK of this message means out of the queue.
    fn take(&mut self, delivery: Delivery, subscription: &Subscription) -> Vec<Delivery> {
        let up_to = subscription.ack == AckMode::Client;
        let mut taken = Vec::new();
        self.waiting.retain(|waiting| {
            let meant = waiting.delivery == delivery || (up_to && waiting.delivery < delivery);
            let meant = meant && waiting.subscription == subscription.id;
            if meant {
                taken.push(waiting.delivery);
            }
            !meant
        });
        taken
    }

    /// Forgets what a subscription that ended did not acknowledge.
    pub(super) fn forget(&mut self, subscription: &str) {
        self.waiting.retain(|waiting| waiting.subscription != subscription);
    }
}

/// The `ack` header of a delivery.
fn ack_id(delivery: Delivery) -> String {
    format!("ack-{}", delivery.0)
}

/// The number at the end of a `message-id` or `ack`. What stands in front of it is compared by who asks.
fn number(id: &str) -> Option<Delivery> {
    id.rsplit_once('-')?.1.parse().ok().map(Delivery)
}

impl ServerSession {
    /// Sends a message to a subscription. `redelivered`: somebody had it before and did not take it.
    ///
    /// Every delivery has a `message-id` of its own, because clients before 1.2 name in ACK what they had, and at 1.2 an `ack`
    /// of its own if it is to be acknowledged ("MESSAGE").
    pub fn deliver(&mut self, subscription: &str, message: &Relayed, redelivered: bool) -> Delivered {
        let known = self.subscriptions.iter().find(|known| known.id == subscription);
        let Some(mode) = known.map(|known| known.ack).filter(|_| !self.is_over()) else {
            return Delivered::Nowhere;
        };
        self.deliveries.issued += 1;
        let delivery = Delivery(self.deliveries.issued);
        let message_id = format!("{}-{}", message.id, delivery.0);
        let ack = (mode != AckMode::Auto && self.version == Version::V12).then(|| ack_id(delivery));
        // An id that no header can hold is left out: it is that of a 1.0 subscription without one.
        let mut headers = vec![
            ("subscription", subscription),
            ("message-id", &message_id),
            ("destination", &message.destination),
        ];
        headers.extend(ack.as_deref().map(|ack| ("ack", ack)));
        headers.extend(redelivered.then_some(("redelivered", "true")));
        headers.extend(message.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let frame = encode(Command::Message, &headers, Some(&message.body), self.version);
        self.output.push_back(Output::Frame(frame));
        if mode == AckMode::Auto {
            return Delivered::Sent;
        }
        let subscription = subscription.to_owned();
        self.deliveries.waiting.push_back(Waiting { delivery, subscription, message_id });
        Delivered::Awaiting(delivery)
    }

    /// How many messages of a subscription may wait to be acknowledged; `None` if none ever does.
    #[must_use]
    pub fn window(&self, subscription: &str) -> Option<usize> {
        let known = self.subscriptions.iter().find(|known| known.id == subscription)?;
        (known.ack != AckMode::Auto).then_some(known.window)
    }

    pub(super) fn take_ack(&mut self, frame: Frame, verdict: Verdict) -> Option<Demand> {
        let named = match self.version {
            Version::V12 => owned(&frame, "id").map(|id| (id, None)),
            Version::V11 => owned(&frame, "message-id").zip(owned(&frame, "subscription").map(Some)),
            Version::V10 => owned(&frame, "message-id").map(|id| (id, None)),
        };
        let Some((id, subscription)) = named else {
            return self.malformed(&frame, "the frame does not say which message it is about");
        };
        let Some(delivery) = self.awaited(&id, subscription.as_deref()) else {
            return self.fail_frame(&frame, "unknown-delivery", "no such message waits to be acknowledged");
        };
        if let Some(transaction) = owned(&frame, "transaction") {
            let receipt = owned(&frame, "receipt");
            let claim = Claim { delivery, verdict, frame: frame.detached() };
            return self.transact(&frame, &transaction, receipt, claim);
        }
        let ticket = owned(&frame, "receipt").map(|receipt| self.receipts.issue(receipt));
        let settlement = self.settle_claim(Claim { delivery, verdict, frame });
        Some(Demand::Settle { settlement, ticket })
    }

    /// The message that waits under this name.
    fn awaited(&self, id: &str, subscription: Option<&str>) -> Option<Delivery> {
        let waiting = self.deliveries.find(number(id)?)?;
        let named = match self.version {
            Version::V12 => ack_id(waiting.delivery) == id,
            Version::V10 | Version::V11 => waiting.message_id == id,
        };
        let meant = named && subscription.is_none_or(|subscription| waiting.subscription == subscription);
        meant.then_some(waiting.delivery)
    }

    /// Takes what waits out of the session. What was settled meanwhile, or went with its subscription, is not there any more.
    pub(super) fn settle_claim(&mut self, claim: Claim) -> Settlement {
        let Claim { delivery, verdict, frame } = claim;
        let waiting = self.deliveries.find(delivery);
        let subscription = waiting
            .and_then(|waiting| self.subscriptions.iter().find(|known| known.id == waiting.subscription));
        let deliveries = match subscription {
            Some(subscription) => self.deliveries.take(delivery, subscription),
            None => Vec::new(),
        };
        Settlement { deliveries, verdict, frame }
    }
}
