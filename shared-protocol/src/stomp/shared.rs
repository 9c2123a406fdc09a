//! A MESSAGE for many subscribers: encoded once for each distinct subscription id, then only cloned.

use std::{
    fmt,
    sync::{Mutex, OnceLock, PoisonError},
};

use bytes::{BufMut, Bytes, BytesMut};
use smallvec::SmallVec;

use super::codec::{Command, Version, put_header};

/// Whole frames kept for one message; subscription ids repeat (`sub-0`, `sub-1`, …), so few are needed.
const KEPT: usize = 32;

/// A MESSAGE but for its subscription.
pub struct SharedMessage {
    headers: Vec<(&'static str, String)>,
    body: Bytes,
    /// Everything behind the subscription, for each version that was asked for.
    tails: [OnceLock<Bytes>; 3],
    kept: Mutex<SmallVec<[(Version, String, Bytes); 2]>>,
}

impl SharedMessage {
    /// A message with these headers, `destination` and `message-id` among them, and this body.
    #[must_use]
    pub fn new(headers: Vec<(&'static str, String)>, body: Bytes) -> Self {
        Self { headers, body, tails: Default::default(), kept: Mutex::default() }
    }

    /// The whole frame for one subscription. An id that no header can hold is left out: that is what the server's session calls a
    /// 1.0 subscription without an id.
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

    /// The server's headers come first, so that a reader that takes the first of a name cannot be deceived.
    fn encode(&self, subscription: &str, version: Version) -> Bytes {
        let tail = self.tail(version);
        let mut out = BytesMut::with_capacity(32 + 2 * subscription.len() + tail.len());
        out.put_slice(b"MESSAGE\n");
        put_header(&mut out, Command::Message, "subscription", subscription, version);
        out.put_slice(tail);
        out.freeze()
    }

    fn tail(&self, version: Version) -> &Bytes {
        self.tails[version as usize].get_or_init(|| {
            let mut out = BytesMut::with_capacity(256 + self.body.len());
            for (name, value) in &self.headers {
                put_header(&mut out, Command::Message, name, value, version);
            }
            out.put_slice(format!("content-length:{}\n\n", self.body.len()).as_bytes());
            out.put_slice(&self.body);
            out.put_u8(0);
            out.freeze()
        })
    }
}

/// Shows the length of the body alone: it is somebody's text.
impl fmt::Debug for SharedMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedMessage").field("body_length", &self.body.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message() -> SharedMessage {
        let headers = vec![
            ("destination", "/channels/x".to_owned()),
            ("message-id", "1".to_owned()),
            ("title", "a:b".to_owned()),
        ];
        SharedMessage::new(headers, Bytes::from_static("é".as_bytes()))
    }

    fn text(frame: &Bytes) -> &str {
        std::str::from_utf8(frame).unwrap()
    }

    /// Checklist 43, 46, 92, 117.
    #[test]
    fn headers_of_the_server_come_first() {
        assert_eq!(
            text(&message().frame("a:1", Version::V12)),
            "MESSAGE\nsubscription:a\\c1\ndestination:/channels/x\nmessage-id:1\ntitle:a\\cb\ncontent-length:2\n\né\0"
        );
    }

    /// Checklist 41, 100.
    #[test]
    fn each_version_gets_its_own_escaping() {
        let message = message();
        assert!(text(&message.frame("1", Version::V11)).contains("\ntitle:a\\cb\n"));
        assert!(text(&message.frame("1", Version::V10)).contains("subscription:1\n"));
        let nameless = message.frame("\0/channels/x", Version::V10);
        assert!(text(&nameless).starts_with("MESSAGE\ndestination:/channels/x\n"));
        assert!(text(&nameless).contains("\ntitle:a:b\n"));
    }

    /// Checklist 103.
    #[test]
    fn subscribers_with_one_id_share_one_frame_and_others_have_their_own() {
        let message = message();
        let (first, second) = (message.frame("sub-0", Version::V12), message.frame("sub-0", Version::V12));
        assert_eq!(first.as_ptr(), second.as_ptr(), "it was cloned, not encoded again");
        assert!(text(&message.frame("sub-1", Version::V12)).contains("subscription:sub-1\n"));
    }

    #[test]
    fn ids_beyond_those_that_are_kept_are_served_all_the_same() {
        let message = message();
        for id in 0..2 * KEPT {
            assert!(
                text(&message.frame(&id.to_string(), Version::V12)).contains(&format!("subscription:{id}\n"))
            );
        }
        assert_eq!(message.kept.lock().unwrap().len(), KEPT);
    }
}
