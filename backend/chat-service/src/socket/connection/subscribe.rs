//! SUBSCRIBE and its end.

use std::sync::Arc;

use echopulse_core::chat::port::inbound::Follow;
use echopulse_http::ApiError;
use echopulse_protocol::{
    destination::Topic,
    stomp::{Frame, server::close},
};

use super::{Connection, Decision};
use crate::socket::topics::{Subscription, start_of, stream_of};

impl Connection {
    pub(super) fn subscribe(&mut self, name: String, destination: &str, frame: &Frame) {
        let Some(topic) = Topic::parse(destination) else {
            let text = "there is no such destination to SUBSCRIBE to";
            return self.session.fail_request(None, close::PROTOCOL, "unknown-destination", text);
        };
        let Some(caller) = &self.caller else { return };
        let actor = caller.actor;
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
        let following = Arc::clone(&self.app.ports.following);
        self.deciding = Some(Box::pin(async move {
            let command = Follow { actor, stream, start, follower, subscription: number };
            let followed = following.follow(command).await;
            subscription.follows = followed.as_ref().ok().map(|followed| (stream, followed.id));
            Decision::Subscription { subscription, followed: followed.map_err(ApiError::from) }
        }));
    }

    pub(super) fn decide(&mut self, decision: Decision) {
        match decision {
            Decision::Admission(admitted) => self.admit(admitted),
            Decision::Subscription { subscription, followed: Ok(followed) } => {
                let headers = vec![("epoch", followed.epoch.to_string()), ("seq", followed.head.to_string())];
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
        if let Some((stream, id)) = subscription.follows {
            self.app.ports.following.unfollow(stream, id);
        }
        self.outbox.forget(subscription.number);
    }
}
