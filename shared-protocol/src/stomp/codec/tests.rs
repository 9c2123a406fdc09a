use bytes::Bytes;

use super::*;

fn decoder(version: Version) -> Decoder {
    let mut decoder = Decoder::new(Limits::CONNECTED);
    decoder.set(version, Limits::CONNECTED);
    decoder
}

fn decode(octets: &[u8]) -> Result<Vec<Frame>, DecodeError> {
    decode_as(Version::V12, octets)
}

fn decode_as(version: Version, octets: &[u8]) -> Result<Vec<Frame>, DecodeError> {
    let mut decoder = decoder(version);
    decoder.feed(Bytes::copy_from_slice(octets));
    let mut frames = Vec::new();
    while let Some(frame) = decoder.next()? {
        frames.push(frame);
    }
    Ok(frames)
}

fn one(octets: &[u8]) -> Frame {
    let mut frames = decode(octets).unwrap();
    assert_eq!(frames.len(), 1, "{frames:?}");
    frames.remove(0)
}

fn flaw(octets: &[u8]) -> &'static str {
    decode(octets).unwrap_err().text
}

/// Checklist 1, 2.
#[test]
fn lines_end_with_line_feeds_or_with_returns_before_them() {
    for octets in [&b"SEND\ndestination:/a\n\nhi\0"[..], b"SEND\r\ndestination:/a\r\n\r\nhi\0"] {
        let frame = one(octets);
        assert_eq!((frame.command(), frame.header("destination").as_deref()), (Command::Send, Some("/a")));
        assert_eq!(frame.body().as_ref(), b"hi");
    }
}

/// Checklist 3, 4.
#[test]
fn a_return_alone_is_wrong_only_once_something_else_follows() {
    assert!(flaw(b"SEND\ra:b\n\n\0").contains("carriage return"));
    assert!(flaw(b"SEND\nx:a\rb\n\n\0").contains("carriage return"));
    assert_eq!(decode(b"SEND\r").unwrap(), []);
    let mut decoder = decoder(Version::V12);
    decoder.feed(Bytes::from_static(b"SEND\r"));
    assert_eq!(decoder.next().unwrap(), None);
    decoder.feed(Bytes::from_static(b"\n\n\0"));
    assert!(decoder.next().unwrap().is_some());
}

/// Checklist 5, 49, 50, 51.
#[test]
fn commands_are_known_words_of_bounded_length() {
    for octets in [&b"send\n\n\0"[..], b"NOPE\n\n\0", b"GET / HTTP/1.1\r\n"] {
        assert_eq!(flaw(octets), "there is no such command");
    }
    assert_eq!(flaw(&[0x16; 64]), "the command is too long");
}

/// Checklist 6.
#[test]
fn header_names_are_case_sensitive() {
    assert_eq!(one(b"SEND\nDestination:/a\n\n\0").header("destination"), None);
}

/// Checklist 7, 8.
#[test]
fn a_header_splits_at_its_first_colon_and_may_be_empty() {
    let frame = one(b"SEND\nx:a:b\ny:\n\n\0");
    assert_eq!((frame.header("x").as_deref(), frame.header("y").as_deref()), (Some("a:b"), Some("")));
}

/// Checklist 9, 10.
#[test]
fn a_header_has_a_colon_and_a_name() {
    assert_eq!(flaw(b"SEND\nnothing\n\n\0"), "a header line has no colon");
    assert_eq!(flaw(b"SEND\n:v\n\n\0"), "a header has no name");
}

/// Checklist 11.
#[test]
fn nothing_is_trimmed() {
    assert_eq!(one(b"SEND\n x : padded \n\n\0").header(" x ").as_deref(), Some(" padded "));
}

/// Checklist 12, 13, 15.
#[test]
fn a_frame_may_have_no_headers_and_an_empty_body() {
    assert_eq!(one(b"DISCONNECT\n\n\0").headers().count(), 0);
    assert_eq!(one(b"SEND\ncontent-length:0\n\n\0").body().len(), 0);
    assert_eq!(one(b"SEND\n\nto the NUL\0").body().as_ref(), b"to the NUL");
}

/// Checklist 14, 18, 45.
#[test]
fn content_length_counts_octets_and_a_nul_follows() {
    let octets = "SEND\ncontent-length:5\n\né\0\u{1}\n\0";
    assert_eq!(one(octets.as_bytes()).body().as_ref(), "é\0\u{1}\n".as_bytes());
    assert!(flaw("SEND\ncontent-length:1\n\né\0".as_bytes()).contains("octets"));
    assert_eq!(one(b"MESSAGE\ncontent-length:3\n\na\0b\0").body().as_ref(), b"a\0b");
}

/// Checklist 16, 164.
#[test]
fn content_length_is_a_number_within_the_limit() {
    for wrong in ["", "-1", "+1", "1x", "0x10", "99999999999999999999999"] {
        assert_eq!(
            flaw(format!("SEND\ncontent-length:{wrong}\n\n\0").as_bytes()),
            "content-length is not a number"
        );
    }
    let error = decode(b"SEND\nreceipt:7\ncontent-length:1048577\n\n").unwrap_err();
    assert_eq!((error.kind, error.receipt.as_deref()), (DecodeErrorKind::TooLarge, Some("7")));
}

/// Checklist 17, 42.
#[test]
fn the_first_of_repeated_headers_wins() {
    let frame = one(b"SEND\ncontent-length:1\ncontent-length:9\nx:1\nx:2\n\na\0");
    assert_eq!((frame.body().as_ref(), frame.header("x").as_deref()), (&b"a"[..], Some("1")));
    assert_eq!(frame.headers().count(), 4);
}

/// Checklist 19.
#[test]
fn only_some_frames_have_a_body() {
    assert!(flaw(b"SUBSCRIBE\nid:1\n\nbody\0").contains("have a body"));
    let old = decode_as(Version::V10, b"SUBSCRIBE\ndestination:/a\n\nbody\0").unwrap();
    assert_eq!(old[0].body().len(), 0, "1.0 ignores it");
}

/// Checklist 20, 21, 22, 23, 24.
#[test]
fn line_ends_and_stray_nuls_between_frames_are_skipped() {
    let frames = decode(b"\n\r\n\0SEND\n\na\0\n\n\0\r\nSEND\n\nb\0\n").unwrap();
    assert_eq!(frames.iter().map(|frame| frame.body().clone()).collect::<Vec<_>>(), ["a", "b"]);
}

/// Checklist 27.
#[test]
fn half_a_frame_is_no_frame() {
    assert_eq!(decode(b"SEND\ndestination:/a\n\nhalf").unwrap(), []);
}

/// Checklist 28.
#[test]
fn the_head_is_utf_8_and_the_body_is_octets() {
    assert_eq!(flaw(b"SEND\nx:\xff\n\n\0"), "the head of the frame is not UTF-8");
    assert_eq!(one(b"SEND\n\n\xff\0").body().as_ref(), b"\xff");
}

/// Checklist 29.
#[test]
fn a_nul_in_the_head_is_wrong() {
    assert!(flaw(b"DISCONNECT\nreceipt:77\n\0").contains("blank line"));
    assert!(flaw(b"SE\0ND\n\n\0").contains("NUL"));
}

/// Checklist 30, 31, 32, 35, 37.
#[test]
fn escapes_are_decoded_as_the_version_says() {
    let octets = b"SEND\na\\cb:x\\n\\c\\\\n\n\n\0";
    for (version, name, value) in [
        (Version::V12, "a:b", "x\n:\\n"),
        (Version::V11, "a:b", "x\n:\\n"),
        (Version::V10, "a\\cb", "x\\n\\c\\\\n"),
    ] {
        let frames = decode_as(version, octets).unwrap();
        assert_eq!(frames[0].header(name).as_deref(), Some(value), "{version:?}");
    }
    let returns = b"SEND\nx:a\\rb\n\n\0";
    assert_eq!(decode_as(Version::V12, returns).unwrap()[0].header("x").as_deref(), Some("a\rb"));
    assert!(decode_as(Version::V11, returns).is_err());
}

/// Checklist 33, 34.
#[test]
fn an_undefined_escape_is_wrong() {
    for octets in [&b"SEND\nx:\\t\n\n\0"[..], b"SEND\nx:end\\\n\n\0", b"SEND\n\\q:x\n\n\0"] {
        assert!(flaw(octets).contains("escape"));
    }
}

/// Checklist 36, 38.
#[test]
fn connect_is_never_unescaped() {
    for command in ["CONNECT", "STOMP", "CONNECTED"] {
        let frame = one(format!("{command}\npasscode:a\\cb:c\nx:\\t\n\n\0").as_bytes());
        assert_eq!(frame.header("passcode").as_deref(), Some("a\\cb:c"));
        assert_eq!(frame.header("x").as_deref(), Some("\\t"));
    }
    let written =
        encode(Command::Connected, &[("x", "a:b\\c"), ("y", "a\nb"), ("z", "a\0b")], None, Version::V12);
    assert_eq!(written.as_ref(), b"CONNECTED\nx:a:b\\c\n\n\0", "38: what cannot stand there is left out");
}

/// Checklist 39, 40, 41.
#[test]
fn values_are_encoded_as_the_version_can() {
    let headers = [("x", "a:b"), ("line", "a\nb"), ("return", "a\rb"), ("na:me", "v"), ("slash", "a\\b")];
    let text =
        |version| String::from_utf8(encode(Command::Message, &headers, None, version).to_vec()).unwrap();
    assert_eq!(
        text(Version::V12),
        "MESSAGE\nx:a\\cb\nline:a\\nb\nreturn:a\\rb\nna\\cme:v\nslash:a\\\\b\n\n\0"
    );
    assert_eq!(text(Version::V11), "MESSAGE\nx:a\\cb\nline:a\\nb\nna\\cme:v\nslash:a\\\\b\n\n\0");
    assert_eq!(text(Version::V10), "MESSAGE\nx:a:b\nslash:a\\b\n\n\0");
}

/// Checklist 44, 46, 48.
#[test]
fn any_body_goes_round() {
    let bodies = [vec![], vec![0], (0..=255).collect::<Vec<u8>>(), vec![b'x'; 1024 * 1024]];
    for body in bodies {
        let written = encode(Command::Send, &[("destination", "/a")], Some(&body), Version::V12);
        assert!(written.ends_with(b"\0") && written.windows(15).any(|part| part == b"content-length:"));
        assert_eq!(one(&written).body().as_ref(), body);
    }
}

/// Checklist 159, 160, 161, 162.
#[test]
fn every_limit_holds_at_its_number() {
    let limits = Limits { header_line: 10, headers: 2, body: 4, frame: 64 };
    let fits = |octets: &str| {
        let mut decoder = Decoder::new(limits);
        decoder.feed(Bytes::copy_from_slice(octets.as_bytes()));
        decoder.next().is_ok()
    };
    assert!(fits("SEND\nx:89012345\n") && !fits("SEND\nx:890123456\n"));
    assert!(fits("SEND\na:1\nb:2\n\n\0") && !fits("SEND\na:1\nb:2\nc:3\n\n\0"));
    assert!(fits("SEND\n\n1234\0") && !fits("SEND\n\n12345\0") && !fits("SEND\n\n12345"));
    assert!(fits(&"A".repeat(Limits::COMMAND)) && !fits(&"A".repeat(Limits::COMMAND + 2)));
}

/// Checklist 152: nothing behind a wrong frame is read.
#[test]
fn a_decoder_is_poisoned_by_an_error() {
    let mut decoder = decoder(Version::V12);
    decoder.feed(Bytes::from_static(b"NOPE\n\n\0SEND\n\n\0"));
    let error = decoder.next().unwrap_err();
    decoder.feed(Bytes::from_static(b"SEND\n\n\0"));
    assert_eq!(decoder.next().unwrap_err(), error);
}

/// Checklist 56, 57, 58, 59.
#[test]
fn the_highest_common_version_is_taken() {
    let table = [
        (None, Some(Version::V10)),
        (Some("1.0"), Some(Version::V10)),
        (Some("1.1"), Some(Version::V11)),
        (Some("1.0,1.1,1.3"), Some(Version::V11)),
        (Some("1.2,1.1,1.0"), Some(Version::V12)),
        (Some("1.0, 1.1 ,2.0"), Some(Version::V11)),
        (Some("2.0"), None),
        (Some("100.1"), None),
    ];
    for (accepted, version) in table {
        assert_eq!(Version::negotiate(accepted), version, "{accepted:?}");
    }
}

/// Checklist 19: no client makes us keep a body that nobody reads.
#[test]
fn a_body_where_there_is_none_is_seen_at_its_first_octet() {
    assert!(flaw(b"SUBSCRIBE\nid:1\n\nb").contains("have a body"));
    assert!(flaw(b"SUBSCRIBE\nid:1\ncontent-length:5\n\n").contains("have a body"));
    assert!(decode(b"SUBSCRIBE\nid:1\ncontent-length:0\n\n\0").is_ok());
}

/// Checklist 26.
#[test]
fn the_cuts_that_break_codecs_break_nothing() {
    let octets = "SEND\r\nx:a\\cé\r\ncontent-length:12\r\n\r\né\0twelve!!?\0\n".as_bytes();
    for cut in 0..=octets.len() {
        let mut decoder = decoder(Version::V12);
        let mut frames = Vec::new();
        for part in [&octets[..cut], &octets[cut..]] {
            decoder.feed(Bytes::copy_from_slice(part));
            frames.extend(std::iter::from_fn(|| decoder.next().unwrap()));
        }
        assert_eq!(frames.len(), 1, "cut at {cut}");
        assert_eq!(frames[0].header("x").as_deref(), Some("a:é"));
        assert_eq!(frames[0].body().as_ref(), "é\0twelve!!?".as_bytes());
    }
}

/// Checklist 47.
#[test]
fn content_type_is_what_was_sent() {
    let typed = one(b"SEND\ncontent-type:text/plain;charset=utf-16\n\n\0");
    assert_eq!(typed.header("content-type").as_deref(), Some("text/plain;charset=utf-16"));
    assert_eq!(one(b"SEND\n\nx\0").header("content-type"), None);
}

/// Checklist 149: the receipt that an ERROR names is decoded as its frame is.
#[test]
fn an_error_knows_the_receipt_as_it_was_meant() {
    let receipt = |version, octets: &[u8]| decode_as(version, octets).unwrap_err().receipt;
    let wrong = b"SEND\nreceipt:a\\cb\nnothing\n\n\0";
    assert_eq!(receipt(Version::V12, wrong).as_deref(), Some("a:b"));
    assert_eq!(receipt(Version::V10, wrong).as_deref(), Some("a\\cb"));
    assert_eq!(receipt(Version::V12, b"CONNECT\nreceipt:1\nnothing\n\n\0"), None, "CONNECT has none");
    assert_eq!(receipt(Version::V12, b"SEND\nreceipt:1\n\n\0NOPE\n"), None, "it was another frame's");
}

/// Checklist 162, 165: the whole frame is bounded, whatever its parts may be.
#[test]
fn a_whole_frame_is_bounded() {
    let limits = Limits { header_line: 100, headers: 9, body: 100, frame: 20 };
    let fits = |octets: &str| {
        let mut decoder = Decoder::new(limits);
        decoder.feed(Bytes::copy_from_slice(octets.as_bytes()));
        decoder.next().map_err(|error| error.kind).is_ok()
    };
    assert!(fits("SEND\nx:y\n\n123456789\0") && !fits("SEND\nx:y\n\n1234567890\0"));
    assert!(!fits("SEND\nx:y\n\n1234567890"));
    assert!(fits("SEND\nx:345678901234") && fits("SEND\nx:3456789012345") && !fits("SEND\nx:34567890123456"));
    assert!(!fits("SEND\ncontent-length:99999\n\n"));
}

/// Checklist 25, 161, 162: what is wrong first is what is told, however it is cut. A fuzzer found that it was not.
#[test]
fn the_first_flaw_is_told_whatever_the_chunks() {
    let limits = Limits { header_line: 20, headers: 9, body: 30, frame: 40 };
    let told = |octets: &[u8], size: usize| {
        let mut decoder = Decoder::new(limits);
        octets.chunks(size).find_map(|chunk| {
            decoder.feed(Bytes::copy_from_slice(chunk));
            decoder.next().err().map(|error| error.text)
        })
    };
    let long = "x".repeat(60);
    for (octets, flaw) in [
        (format!("{long}\0"), "the command is too long"),
        (format!("SEND\n{long}\0"), "a header line is too long"),
        (format!("SEND\na:b\nc:d\ne:fghijklmn\n{long}\0"), FRAME_FLAW),
        (format!("SEND\n\n{long}\0"), "the body is too large"),
        (format!("SEND\na:b\nc:d\n\n{long}\0"), FRAME_FLAW),
    ] {
        for size in [1, 7, octets.len()] {
            assert_eq!(told(octets.as_bytes(), size), Some(flaw), "{octets} in {size}");
        }
    }
}

const FRAME_FLAW: &str = "the frame is too large";

/// Checklist 210: logs that show a decoder show no token.
#[test]
fn what_is_printed_for_debugging_holds_no_octets() {
    let mut decoder = decoder(Version::V12);
    decoder.feed(Bytes::from_static(b"CONNECT\nAuthorization:Bearer secret\n\n\0"));
    assert!(!format!("{decoder:?}").contains("115"));
    let frame = decoder.next().unwrap().unwrap();
    assert!(!format!("{frame:?}").contains("secret"));
}

/// Checklist 43, 10: a header without a name cannot be written.
#[test]
fn a_header_without_a_name_is_left_out() {
    assert_eq!(encode(Command::Send, &[("", "x")], None, Version::V12).as_ref(), b"SEND\n\n\0");
}

/// Checklist 167, 25: work that grew with the square of the octets would not end today.
#[test]
fn a_mebibyte_in_single_octets_is_read_in_one_go() {
    let body = vec![b'x'; 1024 * 1024];
    let written = encode(Command::Send, &[("destination", "/a")], Some(&body), Version::V12);
    let unsized_ = [&b"SEND\n\n"[..], &body, b"\0"].concat();
    for octets in [&written[..], &unsized_] {
        let octets = Bytes::copy_from_slice(octets);
        let mut decoder = decoder(Version::V12);
        for at in 0..octets.len() - 1 {
            decoder.feed(octets.slice(at..=at));
            assert!(decoder.next().unwrap().is_none());
        }
        decoder.feed(octets.slice(octets.len() - 1..));
        assert_eq!(decoder.next().unwrap().unwrap().body().len(), body.len());
    }
}
