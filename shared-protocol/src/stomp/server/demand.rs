//! What a client may want of a broker besides: messages that wait to be acknowledged, and transactions.

use std::fmt;

use bytes::Bytes;

use super::{Request, Ticket};
use crate::stomp::codec::Frame;

/// What a session allows that offers acknowledgements and transactions; see [`Config::broker`](super::Config::broker).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BrokerLimits {
    /// Transactions that are open at a time.
    pub transactions: usize,
    /// Frames of one transaction.
    pub transaction_frames: usize,
    /// Octets of the frames of one transaction.
    pub transaction_octets: usize,
    /// Messages of one subscription that wait to be acknowledged. A client may ask for fewer with `prefetch-count`.
    pub unacknowledged: usize,
}

impl Default for BrokerLimits {
    fn default() -> Self {
        Self {
            transactions: 16,
            transaction_frames: 1000,
            transaction_octets: 8 * 1024 * 1024,
            unacknowledged: 1000,
        }
    }
}

/// How the messages of a subscription are acknowledged ("SUBSCRIBE ack Header").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AckMode {
    /// A message counts as taken once it was sent.
    Auto,
    /// An ACK takes the message and all before it of the same subscription.
    Client,
    /// An ACK takes the message alone. 1.0 does not have it, but clients ask for it there too.
    ClientIndividual,
}

impl AckMode {
    /// The mode a SUBSCRIBE asks for; absent means [`AckMode::Auto`], and `None` that there is no such mode.
    #[must_use]
    pub fn of(subscribe: &Frame) -> Option<Self> {
        match subscribe.header("ack").as_deref() {
            None | Some("auto") => Some(Self::Auto),
            Some("client") => Some(Self::Client),
            Some("client-individual") => Some(Self::ClientIndividual),
            Some(_) => None,
        }
    }
}

/// What a client wants: a [`Request`], or something that only a broker has.
#[derive(Debug)]
pub enum Demand {
    /// What every session has.
    Request(Request),
    /// To acknowledge messages, or to refuse them. If there is a ticket, settle it.
    Settle {
        /// Which messages, and how.
        settlement: Settlement,
        /// The receipt asked for.
        ticket: Option<Ticket>,
    },
    /// To do all of a transaction, in order and with nothing in between. If there is a ticket, settle it.
    Commit {
        /// What was buffered since BEGIN.
        steps: Vec<Step>,
        /// The receipt asked for.
        ticket: Option<Ticket>,
    },
}

impl From<Request> for Demand {
    fn from(request: Request) -> Self {
        Self::Request(request)
    }
}

/// One frame of a transaction.
#[derive(Debug)]
pub enum Step {
    /// To send.
    Send {
        /// Where to.
        destination: String,
        /// The frame.
        frame: Frame,
    },
    /// To acknowledge messages, or to refuse them.
    Settle(Settlement),
}

/// What became of messages. The session has forgotten them already.
#[derive(Debug)]
pub struct Settlement {
    /// The deliveries, oldest first; more than one only in the mode [`AckMode::Client`].
    pub deliveries: Vec<Delivery>,
    /// Whether they were taken.
    pub verdict: Verdict,
    /// The ACK or NACK.
    pub frame: Frame,
}

/// Whether a message was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// ACK: the client has it.
    Taken,
    /// NACK: the client does not want it.
    Refused,
}

/// The number of a MESSAGE among those of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Delivery(pub(super) u64);

/// What became of a message that was to be delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivered {
    /// The session is over, or has no such subscription: nothing was sent.
    Nowhere,
    /// It is in the output, and nobody will acknowledge it.
    Sent,
    /// It is in the output, and waits to be acknowledged under this number.
    Awaiting(Delivery),
}

/// A message on its way from one client to others.
#[derive(Clone)]
pub struct Relayed {
    /// What it is called; each delivery of it has a `message-id` of its own all the same.
    pub id: String,
    /// Where it was sent to.
    pub destination: String,
    /// The headers of the SEND that are passed on: see [`Relayed::new`].
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Bytes,
}

/// Headers of a SEND that are for the server alone, or that only the server may write in a MESSAGE.
const NOT_RELAYED: [&str; 12] = [
    "destination",
    "message-id",
    "subscription",
    "ack",
    "redelivered",
    "content-length",
    "receipt",
    "transaction",
    "login",
    "passcode",
    "Authorization",
    "authorization",
];

impl Relayed {
    /// The message of a SEND. Its headers are passed on, the first of each name, but for what is the server's own
    /// business. The body is copied, so that a small message never keeps the large chunk alive that it came in.
    #[must_use]
    pub fn new(id: String, destination: String, send: &Frame) -> Self {
        let mut headers: Vec<(String, String)> = Vec::new();
        for (name, value) in send.headers() {
            let known = NOT_RELAYED.contains(&&*name) || headers.iter().any(|(known, _)| *known == name);
            if !known {
                headers.push((name.into_owned(), value.into_owned()));
            }
        }
        Self { id, destination, headers, body: Bytes::copy_from_slice(send.body()) }
    }
}

/// Shows no headers and no body: they are what people say.
impl fmt::Debug for Relayed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Relayed")
            .field("id", &self.id)
            .field("body_length", &self.body.len())
            .finish_non_exhaustive()
    }
}
