//! A MESSAGE for many subscribers: encoded once for each distinct subscription id, then only cloned.

use std::sync::{Mutex, PoisonError};

use bytes::{BufMut, Bytes, BytesMut};
use smallvec::SmallVec;

use super::codec::{Command, Version, put_header};

/// Encoded frames kept for one message; subscription ids repeat (`sub-0`, `sub-1`, …), so few are needed.
const KEPT: usize = 32;

/// A MESSAGE but for its subscription.
#[derive(Debug)]
pub struct SharedMessage {
    headers: Vec<(&'static str, String)>,
    body: Bytes,
    kept: Mutex<SmallVec<[(Version, String, Bytes); 2]>>,
}

impl SharedMessage {
    /// A message with these headers, `destination` and `message-id` among them, and this body.
    #[must_use]
    pub fn new(headers: Vec<(&'static str, String)>, body: Bytes) -> Self {
        Self { headers, body, kept: Mutex::default() }
    }

    /// The whole frame for one subscription.
    #[must_use]
    pub fn frame(&self, subscription: &str, version: Version) -> Bytes {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((.., frame)) = kept.iter().find(|(of, id, _)| *of == version && id == subscription) {
            return frame.clone();
        }
        let frame = self.encode(subscription, version);
        if kept.len() < KEPT {
            kept.push((version, subscription.to_owned(), frame.clone()));
        }
        frame
    }

    /// Octets of the body: what a queue counts.
    #[must_use]
    pub fn body_length(&self) -> usize {
        self.body.len()
    }

    /// The headers of the server come first, so that a reader that takes the first of a name cannot be deceived.
    fn encode(&self, subscription: &str, version: Version) -> Bytes {
        let mut out = BytesMut::with_capacity(256 + self.body.len());
        out.put_slice(b"MESSAGE\n");
        put_header(&mut out, Command::Message, "subscription", subscription, version);
        for (name, value) in &self.headers {
            put_header(&mut out, Command::Message, name, value, version);
        }
        out.put_slice(format!("content-length:{}\n\n", self.body.len()).as_bytes());
        out.put_slice(&self.body);
        out.put_u8(0);
        out.freeze()
    }
}
