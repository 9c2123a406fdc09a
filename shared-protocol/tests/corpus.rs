//! What the fuzzer starts from and what it found, in the ordinary tests; and random octets, for where there is no fuzzer.

#[path = "../fuzz/src/entry.rs"]
mod entry;

use std::{fs, path::Path};

use proptest::prelude::*;

fn replay(name: &str, entry: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name);
    let mut count = 0;
    for file in fs::read_dir(folder).unwrap() {
        entry(&fs::read(file.unwrap().path()).unwrap());
        count += 1;
    }
    assert!(count >= 20, "{name} has {count} files");
}

#[test]
fn the_corpus_of_the_codec_is_survived() {
    replay("codec", entry::codec);
}

#[test]
fn the_corpus_of_the_session_is_survived() {
    replay("session", entry::session);
}

/// Octets that come somewhere: words of the protocol between random ones.
fn octets() -> impl Strategy<Value = Vec<u8>> {
    const WORDS: [&[u8]; 24] = [
        b"CONNECT\n",
        b"SEND\n",
        b"SUBSCRIBE\n",
        b"UNSUBSCRIBE\n",
        b"ACK\n",
        b"NACK\n",
        b"BEGIN\n",
        b"COMMIT\n",
        b"ABORT\n",
        b"DISCONNECT\n",
        b"destination:/a\n",
        b"id:1\n",
        b"id:ack-1\n",
        b"ack:client\n",
        b"message-id:m-1\n",
        b"subscription:1\n",
        b"transaction:t\n",
        b"receipt:r\n",
        b"content-length:2\n",
        b"x\\c:\\n\r\n",
        b"\n\0",
        b"\nhi\0",
        b"\n",
        b"\0",
    ];
    let word = prop::sample::select(&WORDS[..]).prop_map(<[u8]>::to_vec);
    let piece = prop_oneof![8 => word, 1 => prop::collection::vec(any::<u8>(), 0..8)];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

/// Steps of a session: octets of the client, and what the application does in between.
fn steps() -> impl Strategy<Value = Vec<u8>> {
    let said = octets().prop_map(|octets| {
        let octets = &octets[..octets.len().min(250)];
        let length = u8::try_from(octets.len() + 1).unwrap();
        [&[0, length], octets].concat()
    });
    let other = any::<u8>().prop_filter("no octets", |step| step % 8 > 3).prop_map(|step| vec![step]);
    let steps = prop::collection::vec(prop_oneof![2 => said, 1 => other], 0..16);
    (any::<u8>(), steps).prop_map(|(choice, steps)| [vec![choice], steps.concat()].concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn the_codec_holds_for_any_octets(choice in any::<u8>(), octets in octets()) {
        entry::codec(&[&[choice][..], &octets].concat());
    }

    #[test]
    fn a_session_holds_for_any_steps(steps in steps()) {
        entry::session(&steps);
    }
}
