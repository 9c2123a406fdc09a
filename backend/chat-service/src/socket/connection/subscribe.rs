//! SUBSCRIBE and its end.

use std::sync::Arc;

use echopulse_core::{
    chat::{
        model::{Delivery, EndCode, Item},
        port::{
            inbound::{Follow, Followed},
            outbound::Follower,
        },
    },
    common::limit::Bucket,
};
use echopulse_http::{ApiError, limits};
use echopulse_protocol::{
    destination::Topic,
    stomp::{Frame, server::close},
};

use super::{Connection, Decision};
use crate::socket::topics::{Follows, Subscription, start_of, stream_of};

impl Connection {
    pub(super) fn subscribe(&mut self, name: String, destination: &str, frame: &Frame) {
        let Some(topic) = Topic::parse(destination) else {
            let text = "there is no such destination to SUBSCRIBE to";
            return self.session.fail_request(None, close::PROTOCOL, "unknown-destination", text);
        };
        let Some(caller) = &self.caller else { return };
        let (caller, actor) = (caller.clone(), caller.actor);
        let number = self.topics.next_number();
        let mut subscription = Subscription { name, number, topic, follows: None };
        let Some(stream) = stream_of(topic, actor.user) else {
            self.session.accept_subscription();
            return self.topics.add(subscription);
        };
        let start = match start_of(frame) {
            Ok(start) => start,
            Err(error) => {
                let receipt = self.session.refuse_subscription();
                return self.refuse(receipt, &error);
            }
        };
        let follower = Arc::clone(&self.outbox) as _;
        let app = self.app.clone();
        self.deciding = Some(Box::pin(async move {
            let command = Follow { actor, stream, start, follower, subscription: number };
            let (followed, standings) = match app.limiting.take(&caller, &[Bucket::Subscribe], None).await {
                Ok(standings) => {
                    (app.ports.following.follow(command).await.map_err(ApiError::from), standings)
                }
                Err(refusal) => (Err(refusal), Vec::new()),
            };
            let follows = |followed: &Followed| Follows { stream, id: followed.id, epoch: followed.epoch };
            subscription.follows = followed.as_ref().ok().map(follows);
            Decision::Subscription { subscription, followed, standings }
        }));
    }

    pub(super) fn decide(&mut self, decision: Decision) {
        match decision {
            Decision::Admission(admitted) => self.admit(admitted),
            Decision::Subscription { subscription, followed: Ok(followed), standings } => {
                let mut headers =
                    vec![("epoch", followed.epoch.to_string()), ("seq", followed.head.to_string())];
                headers.extend(limits::header(&standings));
                self.session.accept_subscription_at(headers);
                self.outbox.open(subscription.number, &subscription.name);
                self.topics.add(subscription);
                self.flush();
                self.catching_up.spawn(followed.catch_up);
            }
            Decision::Subscription { followed: Err(error), .. } => {
                let receipt = self.session.refuse_subscription();
                self.refuse(receipt, &error);
            }
        }
    }

    pub(super) fn unfollow(&self, subscription: &Subscription) {
        if let Some(follows) = subscription.follows {
            self.app.ports.following.unfollow(follows.stream, follows.id);
        }
        self.outbox.forget(subscription.number);
    }

    /// Drops every subscription, and what still waits for it.
    pub(super) fn drop_subscriptions(&mut self) {
        for subscription in self.topics.take() {
            self.unfollow(&subscription);
        }
    }

    /// Ends every subscription with a last event. What still waits for them is not written.
    pub(super) fn end_subscriptions(&mut self, code: EndCode) {
        for subscription in self.topics.take() {
            let Some(follows) = subscription.follows else { continue };
            self.app.ports.following.unfollow(follows.stream, follows.id);
            let last = Delivery::new(follows.stream, follows.epoch, Item::Ended(code));
            self.outbox.deliver(subscription.number, Arc::new(last));
        }
    }
}
