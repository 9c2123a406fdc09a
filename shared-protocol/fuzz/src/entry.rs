//! What is fuzzed, for the fuzzer and for the tests that replay what it found.
//!
//! Both functions panic if something is not as it has to be, whatever the octets.

#![allow(dead_code, unreachable_pub, reason = "each target uses one of them")]

use std::time::Duration;

use bytes::Bytes;
use echopulse_protocol::stomp::{
    Command, Decoder, Frame, Limits, Version, encode,
    server::{BrokerLimits, Config, Delivered, Demand, Output, Relayed, Request, ServerSession, Ticket},
};

/// Small, so that the fuzzer comes to them.
const LIMITS: Limits = Limits { header_line: 64, headers: 6, body: 96, frame: 256 };

/// What octets come to: frames, and the error at the end if there is one.
type Read = (Vec<Frame>, Option<&'static str>);

fn read<'a>(chunks: impl Iterator<Item = &'a [u8]>, version: Version) -> Read {
    let mut decoder = Decoder::new(LIMITS);
    decoder.set(version, LIMITS);
    let mut frames = Vec::new();
    for chunk in chunks {
        decoder.feed(Bytes::copy_from_slice(chunk));
        loop {
            match decoder.next() {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(error) => {
                    assert_eq!(decoder.next().err(), Some(error.clone()), "an error stays");
                    assert_eq!(decoder.pending(), 0, "nothing is kept behind an error");
                    return (frames, Some(error.text));
                }
            }
        }
        assert!(decoder.pending() <= LIMITS.frame, "what is kept is bounded");
    }
    (frames, None)
}

/// The first octet chooses the version and how the rest is cut.
pub fn codec(octets: &[u8]) {
    let Some((choice, octets)) = octets.split_first() else { return };
    let version = Version::ALL[usize::from(choice % 3)];
    let size = usize::from(choice / 3) + 1;
    let whole = read(std::iter::once(octets), version);
    assert_eq!(read(octets.chunks(size), version), whole, "chunks make no difference");
    for frame in &whole.0 {
        goes_round(frame, version);
    }
}

/// What was decoded can be encoded, and reads back the same.
fn goes_round(frame: &Frame, version: Version) {
    let pairs: Vec<_> = frame.headers().filter(|(name, _)| name != "content-length").collect();
    // A raw CR inside a line is refused, so every name and value that was read can be written, but for what 1.0 and unescaped
    // frames cannot say.
    let headers: Vec<_> = pairs.iter().map(|(name, value)| (&**name, &**value)).collect();
    let body = frame.command().has_body().then_some(&**frame.body());
    let mut decoder = Decoder::new(Limits::CONNECTED);
    decoder.set(version, Limits::CONNECTED);
    decoder.feed(encode(frame.command(), &headers, body, version));
    let again = decoder.next().expect("it can be read").expect("it is whole");
    let back: Vec<_> = again.headers().filter(|(name, _)| name != "content-length").collect();
    assert_eq!((again.command(), &back, again.body()), (frame.command(), &pairs, frame.body()));
    assert_eq!(decoder.pending(), 0, "it is one frame");
}

/// The first octet chooses the version and whether there is a broker; then come steps: an octet that says what is done, and for
/// octets of the client a length and as many.
pub fn session(octets: &[u8]) {
    let Some((choice, mut rest)) = octets.split_first() else { return };
    let broker = (choice & 4 != 0).then_some(BrokerLimits {
        transactions: 2,
        transaction_frames: 3,
        transaction_octets: 128,
        unacknowledged: 4,
    });
    let config = Config { broker, limits: LIMITS, subscriptions: 3, ..Config::default() };
    let mut run = Run {
        session: ServerSession::new(config, Duration::ZERO),
        now: Duration::ZERO,
        tickets: Vec::new(),
        subscriptions: Vec::new(),
        closed: false,
    };
    let version = Version::ALL[usize::from(choice % 3)];
    if choice & 8 != 0 {
        run.hear(
            format!("CONNECT\naccept-version:{}\nheart-beat:5000,5000\n\n\0", version.as_str()).as_bytes(),
        );
    }
    while let Some((step, after)) = rest.split_first() {
        rest = after;
        match step % 8 {
            0..=3 => {
                let length = rest.first().map_or(0, |length| usize::from(*length)).min(rest.len());
                let (chunk, after) = rest.split_at(length);
                rest = after;
                run.hear(chunk.get(1..).unwrap_or_default());
            }
            4 => run.settle(usize::from(*step / 8), true),
            5 => run.settle(usize::from(*step / 8), false),
            6 => run.deliver(usize::from(*step / 8)),
            _ => run.wait(Duration::from_millis(u64::from(*step) * 40)),
        }
    }
    run.wait(Duration::from_secs(1000));
}

struct Run {
    session: ServerSession,
    now: Duration,
    tickets: Vec<Ticket>,
    subscriptions: Vec<String>,
    closed: bool,
}

impl Run {
    fn hear(&mut self, chunk: &[u8]) {
        self.session.receive(Bytes::copy_from_slice(chunk), self.now);
        while let Some(demand) = self.session.next_demand() {
            self.take(demand);
        }
        self.write();
    }

    fn take(&mut self, demand: Demand) {
        let ticket = match demand {
            Demand::Request(Request::Connect(_)) => {
                self.session.accept("s", "u", self.now);
                None
            }
            Demand::Request(Request::Send { ticket, .. }) => ticket,
            Demand::Request(Request::Subscribe { id, destination, .. }) => {
                if destination.ends_with('!') {
                    self.session.refuse_subscription();
                } else {
                    self.session.accept_subscription();
                    self.subscriptions.push(id);
                }
                None
            }
            Demand::Request(Request::Unsubscribe { id }) => {
                self.subscriptions.retain(|known| *known != id);
                None
            }
            Demand::Request(Request::Disconnect) => {
                assert!(self.session.is_over());
                None
            }
            Demand::Settle { ticket, settlement } => {
                assert!(settlement.deliveries.is_sorted());
                ticket
            }
            Demand::Commit { ticket, steps } => {
                assert!(steps.len() <= 3, "transactions are bounded");
                ticket
            }
        };
        self.tickets.extend(ticket);
    }

    fn settle(&mut self, which: usize, done: bool) {
        if self.tickets.is_empty() {
            return;
        }
        let ticket = self.tickets.remove(which % self.tickets.len());
        self.session.settle(ticket, done.then(Vec::new));
        assert_eq!(self.session.settle(ticket, done.then(Vec::new)), None, "once");
        self.write();
    }

    fn deliver(&mut self, which: usize) {
        let Some(id) = self.subscriptions.get(which % self.subscriptions.len().max(1)) else { return };
        let message = Relayed {
            id: "m".to_owned(),
            destination: "/a".to_owned(),
            headers: vec![("k:\n".to_owned(), "v:\r\\".to_owned())],
            body: Bytes::from_static(b"\0\xff"),
        };
        let over = self.session.is_over();
        let delivered = self.session.deliver(id, &message, which % 2 == 1);
        assert_eq!(over, delivered == Delivered::Nowhere);
        self.write();
    }

    fn wait(&mut self, span: Duration) {
        self.now += span;
        self.session.tick(self.now);
        self.write();
    }

    /// Everything that is written is a frame of a server, or a beat, and nothing stands behind the end.
    fn write(&mut self) {
        let mut last = None;
        while let Some(output) = self.session.next_output(self.now) {
            assert!(!self.closed, "nothing stands behind the end");
            match output {
                Output::Close(code, reason) => {
                    assert!(self.session.is_over() && reason.len() <= 123);
                    assert!(last == Some(Command::Error) || code == 1000, "an end says why");
                    self.closed = true;
                }
                Output::Frame(frame) if frame.as_ref() == b"\n" => last = None,
                Output::Frame(frame) => last = Some(self.check(frame)),
            }
        }
    }

    fn check(&mut self, octets: Bytes) -> Command {
        let mut decoder = Decoder::new(Limits::CONNECTED);
        decoder.set(self.session.version(), Limits::CONNECTED);
        decoder.feed(octets);
        let frame = decoder.next().expect("it can be read").expect("it is whole");
        assert!(!frame.command().is_from_client() && decoder.pending() == 0);
        frame.command()
    }
}
