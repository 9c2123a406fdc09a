//! A record's value and headers, and what may be believed of a record that comes in.
//!
//! ```json
//! {"type":"message.created","version":1,"stream":"channel/…","epoch":"…","seq":7,"at":"…","actor_id":"…","body":{…}}
//! ```
//!
//! Fields are only ever added within a version. In all versions `version`, `stream` and `seq` mean what they mean here. A record
//! `sign-out` has no stream: what its body names is the issuer's, and may be of somebody who never came.

use echopulse_core::{
    chat::model::Record,
    common::{Seq, StreamKey},
};
use echopulse_protocol::{
    event::{Envelope, EventBody},
    id, internal,
};
use echopulse_wire::Published;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::{KafkaOptions, Topic, route};

/// The header with the signature.
pub const SIGNATURE: &str = "signature";
/// The header with the W3C trace context.
pub const TRACEPARENT: &str = "traceparent";

/// The version written, and the newest one read.
const VERSION: u32 = 1;
/// The type of a record that says that a sign-in ended.
const SIGN_OUT: &str = "sign-out";
/// Where the protocol's event bodies hold their kind.
const KIND: &str = "event";

/// A record ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    /// Where to.
    pub topic: String,
    /// Records of one key stay in order.
    pub key: String,
    /// The JSON text.
    pub value: Vec<u8>,
    /// The header `signature`: of sign-outs, and of everything on the signed topics, under the key that the options hold.
    pub signature: Option<String>,
}

/// Why a record was not taken as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Skipped {
    /// It is no record of ours, or lacks what its kind must have.
    #[error("it cannot be read")]
    Malformed,
    /// Its version or kind is of a newer release.
    #[error("it is of a newer version")]
    TooNew,
    /// It is a record of another topic, or of another key.
    #[error("it does not belong here")]
    Foreign,
    /// It has to be signed, and has no right signature.
    #[error("it has no right signature")]
    Unsigned,
}

/// What a record comes to.
#[derive(Debug, Clone, PartialEq)]
pub enum Decoded {
    /// It may be believed.
    Record(Record),
    /// It says no more than that a stream may go up to `seq`: the database knows.
    Nudge {
        /// Which stream.
        stream: StreamKey,
        /// How far.
        seq: Seq,
        /// Why nothing else is believed.
        reason: Skipped,
    },
    /// It says nothing.
    Skipped(Skipped),
}

#[derive(Serialize, Deserialize)]
struct Value {
    #[serde(rename = "type")]
    kind: String,
    version: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stream: Option<id::Stream>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    epoch: Option<id::Epoch>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    seq: Option<id::Seq>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at: Option<id::Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    actor_id: Option<id::UserId>,
    /// Only profiles have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    revision: Option<u64>,
    #[serde(default)]
    body: Map<String, Json>,
}

/// What is read of a value whose version is not known.
#[derive(Deserialize)]
struct Version {
    version: u32,
}

/// Writes a record.
#[must_use]
pub fn encode(options: &KafkaOptions, record: Record) -> Encoded {
    let (topic, key) = route(&record);
    let name = options.name_of(topic);
    let value = match echopulse_wire::record(record) {
        Published::Event(envelope, revision) => Value::of(*envelope, revision),
        Published::SignOut(it) => Value::of_sign_out(&it),
    };
    let signing = options.hmac_key.as_ref().filter(|_| value.is_signed_on(topic));
    // Serialising plain values to memory cannot fail; an empty value would be skipped as malformed.
    let value = serde_json::to_vec(&value).unwrap_or_default();
    let signature = signing.map(|with| with.sign(&name, key.as_bytes(), &value));
    Encoded { topic: name, key, value, signature }
}

/// Reads what came from the topic named `topic`. Never fails: what cannot be used is said to be so.
#[must_use]
pub fn decode(
    options: &KafkaOptions,
    topic: &str,
    key: Option<&[u8]>,
    value: Option<&[u8]>,
    signature: Option<&[u8]>,
) -> Decoded {
    let Some(found) = options.topic_of(topic) else { return Decoded::Skipped(Skipped::Foreign) };
    let (Some(key), Some(octets)) = (key, value) else { return Decoded::Skipped(Skipped::Malformed) };
    let value = match Value::read(octets) {
        Ok(value) => value,
        Err(reason) => return Decoded::Skipped(reason),
    };
    let signed = match (&options.hmac_key, signature) {
        _ if !value.is_signed_on(found) => true,
        (Some(with), Some(signature)) => with.verifies(signature, topic, key, octets),
        _ => false,
    };
    let nudge = value.nudge(found, key);
    let read = if signed { value.believe(found, key) } else { Err(Skipped::Unsigned) };
    match (read, nudge) {
        (Ok(record), _) => Decoded::Record(record),
        (Err(reason @ (Skipped::Unsigned | Skipped::TooNew)), Some((stream, seq))) => {
            Decoded::Nudge { stream, seq, reason }
        }
        (Err(reason), _) => Decoded::Skipped(reason),
    }
}

impl Value {
    fn of(envelope: Envelope, revision: Option<u64>) -> Self {
        let kind = envelope.body.name().to_owned();
        let mut body = match serde_json::to_value(envelope.body) {
            Ok(Json::Object(body)) => body,
            _ => Map::new(),
        };
        body.remove(KIND);
        Self {
            kind,
            version: VERSION,
            stream: Some(envelope.stream),
            epoch: envelope.epoch,
            seq: envelope.seq,
            at: envelope.at,
            actor_id: envelope.actor_id,
            revision,
            body,
        }
    }

    fn of_sign_out(it: &internal::SignOut) -> Self {
        let body = match serde_json::to_value(it) {
            Ok(Json::Object(body)) => body,
            _ => Map::new(),
        };
        Self {
            kind: SIGN_OUT.to_owned(),
            version: VERSION,
            stream: None,
            epoch: None,
            seq: None,
            at: None,
            actor_id: None,
            revision: None,
            body,
        }
    }

    /// Whether it counts only with a signature: what its topic carries is shown to people, or it would lock somebody out.
    fn is_signed_on(&self, topic: Topic) -> bool {
        topic.is_signed() || self.kind == SIGN_OUT
    }

    fn read(octets: &[u8]) -> Result<Self, Skipped> {
        serde_json::from_slice(octets).map_err(|_| match serde_json::from_slice(octets) {
            Ok(Version { version }) if version > VERSION => Skipped::TooNew,
            _ => Skipped::Malformed,
        })
    }

    /// The place that it names, if its stream is one that the topic carries under this key.
    fn nudge(&self, topic: Topic, key: &[u8]) -> Option<(StreamKey, Seq)> {
        let stream = echopulse_wire::stream_from(self.stream?);
        let own = match (topic, stream) {
            (Topic::ChannelsSendMessage, StreamKey::Channel(channel)) => channel.to_string(),
            (Topic::UsersEvents, StreamKey::User(user)) => user.to_string(),
            _ => return None,
        };
        let seq = echopulse_wire::seq_from(self.seq?);
        (own.as_bytes() == key).then_some((stream, seq))
    }

    fn believe(self, topic: Topic, key: &[u8]) -> Result<Record, Skipped> {
        match self.version {
            0 => return Err(Skipped::Malformed),
            VERSION => {}
            _ => return Err(Skipped::TooNew),
        }
        let record = if self.kind == SIGN_OUT { self.sign_out()? } else { self.event()? };
        let (home, own) = route(&record);
        if home == topic && own.as_bytes() == key { Ok(record) } else { Err(Skipped::Foreign) }
    }

    fn sign_out(self) -> Result<Record, Skipped> {
        let it = serde_json::from_value(Json::Object(self.body)).map_err(|_| Skipped::Malformed)?;
        Ok(Record::SignOut(echopulse_wire::sign_out_from(it)))
    }

    fn event(mut self) -> Result<Record, Skipped> {
        self.body.insert(KIND.to_owned(), Json::String(self.kind));
        let body = serde_json::from_value(Json::Object(self.body)).map_err(|_| Skipped::Malformed)?;
        if matches!(body, EventBody::Unknown) {
            return Err(Skipped::TooNew);
        }
        let envelope = Envelope {
            body,
            version: self.version,
            stream: self.stream.ok_or(Skipped::Malformed)?,
            epoch: self.epoch,
            seq: self.seq,
            at: self.at,
            actor_id: self.actor_id,
        };
        echopulse_wire::record_from(envelope, self.revision).ok_or(Skipped::Malformed)
    }
}

#[cfg(test)]
mod tests;
