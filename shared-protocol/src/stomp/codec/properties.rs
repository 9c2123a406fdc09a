//! What holds for any octets and any frames.

use bytes::Bytes;
use proptest::prelude::*;

use super::*;

/// What a stream of octets comes to: frames, and perhaps an error.
type Read = (Vec<(Command, Vec<(String, String)>, Bytes)>, Option<&'static str>);

fn read(chunks: &[&[u8]], version: Version) -> Read {
    let mut decoder = Decoder::new(Limits::CONNECTED);
    decoder.set(version, Limits::CONNECTED);
    let mut frames = Vec::new();
    for chunk in chunks {
        decoder.feed(Bytes::copy_from_slice(chunk));
        loop {
            match decoder.next() {
                Ok(Some(frame)) => {
                    let headers = frame.headers().map(|(n, v)| (n.into_owned(), v.into_owned())).collect();
                    frames.push((frame.command(), headers, frame.body().clone()));
                }
                Ok(None) => break,
                Err(error) => return (frames, Some(error.text)),
            }
        }
    }
    (frames, None)
}

fn version() -> impl Strategy<Value = Version> {
    prop_oneof![Just(Version::V10), Just(Version::V11), Just(Version::V12)]
}

/// Octets that look like frames, so that the decoder gets somewhere.
fn octets() -> impl Strategy<Value = Vec<u8>> {
    const PIECES: [&[u8]; 14] = [
        b"SEND\n",
        b"SUBSCRIBE\r\n",
        b"destination:/a\n",
        b"content-length:3\n",
        b"x\\c:\\n\\\\\r\n",
        b"receipt:7\n",
        b"\n",
        b"\r\n",
        b"abc\0",
        b"\0",
        "é🦀".as_bytes(),
        b"\\",
        b"\r",
        b"\xff",
    ];
    let pieces = prop::sample::select(&PIECES[..]);
    prop::collection::vec(pieces, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    /// Checklist 25, 26.
    #[test]
    fn the_chunks_make_no_difference(octets in octets(), cut in any::<prop::sample::Index>(), version in version()) {
        let whole = read(&[&octets], version);
        let (front, back) = octets.split_at(cut.index(octets.len() + 1));
        prop_assert_eq!(&read(&[front, back], version), &whole);
        let single: Vec<_> = octets.chunks(1).collect();
        prop_assert_eq!(&read(&single, version), &whole);
    }

    /// Checklist 90: any header that can be represented, and any body, goes round at every version.
    #[test]
    fn a_frame_reads_back_what_was_written(
        headers in prop::collection::vec((any::<String>(), any::<String>()), 0..6),
        body in prop::collection::vec(any::<u8>(), 0..64),
        version in version(),
    ) {
        let can = |text: &str, name: bool| match version {
            _ if text.contains('\0') => false,
            Version::V10 => !(text.contains(['\n', '\r']) || name && text.contains(':')),
            Version::V11 => !text.contains('\r'),
            Version::V12 => true,
        };
        let named = |name: &str| !name.is_empty() && name != "content-length";
        let headers: Vec<_> = headers.into_iter().filter(|(name, _)| named(name)).collect();
        let borrowed: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let (frames, error) = read(&[&encode(Command::Send, &borrowed, Some(&body), version)], version);
        prop_assert_eq!(error, None);
        let mut expected: Vec<_> =
            headers.iter().filter(|(name, value)| can(name, true) && can(value, false)).cloned().collect();
        expected.push(("content-length".to_owned(), body.len().to_string()));
        prop_assert_eq!(frames, vec![(Command::Send, expected, Bytes::from(body))]);
    }

    /// Checklist 35, 37: escaping is undone in a single pass.
    #[test]
    fn what_was_escaped_is_unescaped(text in "[\\\\:\n\rcnré]{0,24}") {
        let escaped = escape::encode(&text, Version::V12, false).unwrap();
        prop_assert!(!escaped.contains(['\n', '\r', ':']) && escape::is_valid(&escaped, Version::V12));
        prop_assert_eq!(escape::decode(&escaped), text.as_str());
    }

    /// Checklist 42.
    #[test]
    fn the_first_value_wins(values in prop::collection::vec("[a-z:\\\\]{0,4}", 1..6), version in version()) {
        let headers: Vec<_> = values.iter().map(|value| ("x", value.as_str())).collect();
        let mut decoder = Decoder::new(Limits::CONNECTED);
        decoder.set(version, Limits::CONNECTED);
        decoder.feed(encode(Command::Send, &headers, None, version));
        let frame = decoder.next().unwrap().unwrap();
        let first = frame.header("x");
        prop_assert_eq!(first.as_deref(), Some(values[0].as_str()));
        prop_assert_eq!(frame.headers().count(), values.len());
    }

    /// Security checklist 47: nothing panics, and memory stays bounded.
    #[test]
    fn arbitrary_octets_are_survived(octets in prop::collection::vec(any::<u8>(), 0..256), version in version()) {
        let _ = read(&[&octets], version);
    }
}
