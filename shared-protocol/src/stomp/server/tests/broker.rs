//! A session with all that a broker has, for the tests of that.

use super::*;

pub(super) struct Broker {
    pub(super) session: ServerSession,
}

pub(super) fn message(id: &str) -> Relayed {
    Relayed {
        id: id.to_owned(),
        destination: "/queue/a".to_owned(),
        headers: vec![("key".to_owned(), "a:b".to_owned())],
        body: Bytes::from_static(b"hi"),
    }
}

impl Broker {
    pub(super) fn connected(version: &str) -> Self {
        Self::with(version, BrokerLimits::default())
    }

    pub(super) fn with(version: &str, limits: BrokerLimits) -> Self {
        let config = Config { broker: Some(limits), ..Config::default() };
        let mut broker = Self { session: ServerSession::new(config, T0) };
        broker.feed(&format!("CONNECT\naccept-version:{version}\n\n\0"));
        assert!(matches!(broker.session.next_demand(), Some(Demand::Request(Request::Connect(_)))));
        broker.session.accept("s1", "ada", T0);
        broker.written();
        broker
    }

    pub(super) fn feed(&mut self, text: &str) {
        feed(&mut self.session, text);
    }

    pub(super) fn written(&mut self) -> Vec<String> {
        written(&mut self.session)
    }

    pub(super) fn subscribe(&mut self, id: &str, headers: &str) {
        self.feed(&format!("SUBSCRIBE\nid:{id}\ndestination:/queue/a\n{headers}\n\0"));
        let demand = self.session.next_demand();
        assert!(matches!(demand, Some(Demand::Request(Request::Subscribe { .. }))));
        self.session.accept_subscription();
    }

    pub(super) fn deliver(&mut self, subscription: &str, id: &str) -> Option<Delivery> {
        match self.session.deliver(subscription, &message(id), false) {
            Delivered::Awaiting(delivery) => Some(delivery),
            Delivered::Sent => None,
            Delivered::Nowhere => panic!("there is no such subscription"),
        }
    }

    pub(super) fn settled(&mut self) -> (Vec<Delivery>, Verdict) {
        let Some(Demand::Settle { settlement, .. }) = self.session.next_demand() else { panic!() };
        (settlement.deliveries, settlement.verdict)
    }
}
