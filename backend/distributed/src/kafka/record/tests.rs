use echopulse_core::{
    chat::model::{EventBody, PurgeReason, Signal, StreamEvent},
    common::{
        ChannelId, Epoch, ServerId, Timestamp, UserId,
        event::{ServerChange, ServerEvent},
        sign_out::{Ended, SignOut},
    },
};

use super::{super::SigningKey, *};

const CHANNEL: ChannelId = ChannelId::from_u128(1);
const STREAM: StreamKey = StreamKey::Channel(CHANNEL);

fn options() -> KafkaOptions {
    let hmac_key = Some(SigningKey::new(&[7; 32]).unwrap());
    KafkaOptions { hmac_key, topic_prefix: "t.".to_owned(), ..KafkaOptions::new("nowhere", "test") }
}

fn event(seq: u64) -> Record {
    let body = EventBody::HistoryPurged { through: Seq(1), reason: PurgeReason::Purge };
    let (epoch, at) = (Epoch(9), Timestamp::from_millis(5));
    Record::Stream(StreamEvent { stream: STREAM, epoch, seq: Seq(seq), at, actor: None, body })
}

fn server_event() -> Record {
    let server = ServerId::from_u128(3);
    let (epoch, at, change) = (Epoch(9), Timestamp::from_millis(5), ServerChange::ServerDeleted(server));
    Record::Server(ServerEvent { server, epoch, seq: Seq(4), at, actor: None, change })
}

fn typing() -> Record {
    Record::Signal { stream: STREAM, signal: Signal::Typing(UserId::from_u128(2)) }
}

fn sign_out(ended: Ended) -> Record {
    let (at, until) = (Timestamp::from_millis(5), Timestamp::from_millis(9));
    Record::SignOut(SignOut { iss: "https://issuer.example".to_owned(), ended, at, until })
}

fn read(it: &Encoded) -> Decoded {
    let signature = it.signature.as_ref().map(String::as_bytes);
    decode(&options(), &it.topic, Some(it.key.as_bytes()), Some(&it.value), signature)
}

/// The same value with one text put for another, signed anew as the topic asks.
fn changed(it: &Encoded, from: &str, to: &str) -> Encoded {
    let text = String::from_utf8(it.value.clone()).unwrap();
    assert!(text.contains(from), "{text}");
    let value = text.replacen(from, to, 1).into_bytes();
    let key = options().hmac_key.unwrap();
    let signature = it.signature.as_ref().map(|_| key.sign(&it.topic, it.key.as_bytes(), &value));
    Encoded { value, signature, ..it.clone() }
}

fn skipped(reason: Skipped) -> Decoded {
    Decoded::Skipped(reason)
}

fn nudge(seq: u64, reason: Skipped) -> Decoded {
    Decoded::Nudge { stream: STREAM, seq: Seq(seq), reason }
}

#[test]
fn records_go_round() {
    for record in [event(7), server_event(), typing()] {
        assert_eq!(read(&encode(&options(), record.clone())), Decoded::Record(record));
    }
}

#[test]
fn a_value_says_what_it_is() {
    let it = encode(&options(), event(7));
    let value: Json = serde_json::from_slice(&it.value).unwrap();
    assert_eq!((it.topic.as_str(), it.key), ("t.channels.send-message", CHANNEL.to_string()));
    assert_eq!((&value["type"], &value["version"]), (&"history.purged".into(), &1.into()));
    assert_eq!((&value["epoch"], &value["seq"]), (&"0000000000000009".into(), &7.into()));
    assert_eq!(value["body"], serde_json::json!({"through": 1, "reason": "purge"}));
}

#[test]
fn only_the_topics_that_are_shown_without_a_look_are_signed() {
    assert!(encode(&options(), event(7)).signature.is_some());
    assert!(encode(&options(), typing()).signature.is_some());
    assert!(encode(&options(), server_event()).signature.is_none());
}

#[test]
fn without_a_right_signature_a_record_is_a_nudge() {
    let right = encode(&options(), event(7));
    let none = Encoded { signature: None, ..right.clone() };
    assert_eq!(read(&none), nudge(7, Skipped::Unsigned));
    let forged = Encoded { value: changed(&right, "\"seq\":7", "\"seq\":8").value, ..right.clone() };
    assert_eq!(read(&forged), nudge(8, Skipped::Unsigned));
    let signal = Encoded { signature: None, ..encode(&options(), typing()) };
    assert_eq!(read(&signal), skipped(Skipped::Unsigned));
    let keyless = KafkaOptions { hmac_key: None, ..options() };
    let signature = right.signature.as_ref().map(String::as_bytes);
    let it = decode(&keyless, &right.topic, Some(right.key.as_bytes()), Some(&right.value), signature);
    assert_eq!(it, nudge(7, Skipped::Unsigned), "without a key nobody can tell");
}

#[test]
fn a_true_record_copied_elsewhere_is_not_believed() {
    let right = encode(&options(), event(7));
    let elsewhere = Encoded { topic: "t.users.events".to_owned(), ..right.clone() };
    assert_eq!(read(&elsewhere), skipped(Skipped::Unsigned));
    let other_key = Encoded { key: ChannelId::from_u128(2).to_string(), ..right };
    assert_eq!(read(&other_key), skipped(Skipped::Unsigned));
}

#[test]
fn what_a_newer_release_wrote_is_a_nudge_where_the_database_knows() {
    let right = encode(&options(), event(7));
    let newer = changed(&right, "\"version\":1", "\"version\":2");
    assert_eq!(read(&newer), nudge(7, Skipped::TooNew));
    let unknown = changed(&right, "history.purged", "moon.risen");
    assert_eq!(read(&unknown), nudge(7, Skipped::TooNew));
    let server = changed(&encode(&options(), server_event()), "\"version\":1", "\"version\":2");
    assert_eq!(read(&server), skipped(Skipped::TooNew));
    let shapeless = Encoded { value: br#"{"version":2,"shape":"new"}"#.to_vec(), ..right };
    assert_eq!(read(&shapeless), skipped(Skipped::TooNew));
}

#[test]
fn what_does_not_belong_is_foreign() {
    let it = encode(&options(), server_event());
    for topic in ["t.channels.create", "servers.delete", "t.moon"] {
        let it = Encoded { topic: topic.to_owned(), ..it.clone() };
        assert_eq!(read(&it), skipped(Skipped::Foreign), "{topic}");
    }
    let other_key = Encoded { key: ServerId::from_u128(4).to_string(), ..it };
    assert_eq!(read(&other_key), skipped(Skipped::Foreign));
}

#[test]
fn what_cannot_be_read_is_malformed() {
    let it = encode(&options(), server_event());
    let malformed = skipped(Skipped::Malformed);
    for value in [&b""[..], b"null", b"{}", b"\xff", br#"{"version":0}"#, b"[[[["] {
        assert_eq!(read(&Encoded { value: value.to_vec(), ..it.clone() }), malformed, "{value:?}");
    }
    assert_eq!(read(&changed(&it, "\"epoch\"", "\"epoche\"")), malformed);
    assert_eq!(read(&changed(&it, "\"version\":1", "\"version\":0")), malformed);
    assert_eq!(decode(&options(), &it.topic, Some(it.key.as_bytes()), None, None), malformed, "a tombstone");
    assert_eq!(decode(&options(), &it.topic, None, Some(&it.value), None), malformed);
}

#[test]
fn the_end_of_a_sign_in_goes_round_and_counts_only_with_a_signature() {
    for ended in [Ended::Session("s-1".to_owned()), Ended::Subject("ada".to_owned())] {
        let it = encode(&options(), sign_out(ended.clone()));
        assert_eq!(it.topic, "t.users.update");
        assert_eq!(read(&it), Decoded::Record(sign_out(ended)));
        assert_eq!(read(&Encoded { signature: None, ..it.clone() }), skipped(Skipped::Unsigned));
        let elsewhere = changed(&Encoded { topic: "t.users.delete".to_owned(), ..it }, "issuer", "issuer");
        assert_eq!(read(&elsewhere), skipped(Skipped::Foreign));
    }
}
