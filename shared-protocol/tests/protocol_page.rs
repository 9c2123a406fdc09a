//! `docs/protocol.md`: every frame and JSON block in it is read by the code and written back, and its lists are the code's.

use std::collections::BTreeSet;

use bytes::Bytes;
use echopulse_protocol::{
    destination::{SendTo, Topic},
    event::Envelope,
    problem::{Problem, ProblemCode, Reply},
    rest::{EditMessage, HistoryPage, MoveRead, PostMessage, ReadState, Receipt, WellKnown},
    stomp::{Command, Decoder, Frame, Limits, Version, encode},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

const PAGE: &str = include_str!("../../docs/protocol.md");

/// The blocks whose fence begins like this: what else the fence says, and the text.
fn blocks(kind: &str) -> Vec<(&'static str, &'static str)> {
    let mut fenced = PAGE.split("```").skip(1).step_by(2).collect::<Vec<_>>();
    fenced.retain(|block| block.starts_with(kind));
    let split =
        |block: &'static str| block[kind.len()..].split_once('\n').map(|(info, text)| (info.trim(), text));
    fenced.into_iter().filter_map(split).collect()
}

/// The text of a block has to be exactly what its type reads and writes.
fn check<T: DeserializeOwned + Serialize>(text: &str) {
    let wire: Value = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    let read: T = serde_json::from_value(wire.clone()).unwrap_or_else(|error| panic!("{error}: {text}"));
    assert_eq!(serde_json::to_value(read).unwrap(), wire, "it is not what is written");
}

#[test]
fn every_json_block_is_what_its_type_reads_and_writes() {
    let found = blocks("json");
    assert!(found.len() >= 6, "the page has its blocks");
    for (name, text) in found {
        match name {
            "WellKnown" => check::<WellKnown>(text),
            "HistoryPage" => check::<HistoryPage>(text),
            "Problem" => check::<Problem>(text),
            "PostMessage" => check::<PostMessage>(text),
            "Receipt" => check::<Receipt>(text),
            "ReadState" => check::<ReadState>(text),
            _ => panic!("a block of JSON says which type it is, not `{name}`"),
        }
    }
}

fn frames() -> Vec<Frame> {
    let read = |(_, text): (&str, &'static str)| {
        let octets = text.trim_end().replace("^@", "\0");
        let mut decoder = Decoder::new(Limits::CONNECTED);
        decoder.feed(Bytes::from(octets.clone()));
        let frame = decoder.next().unwrap_or_else(|error| panic!("{error:?}: {text}"));
        let frame = frame.unwrap_or_else(|| panic!("it is not whole: {text}"));
        assert_eq!(decoder.pending(), 0, "something stands behind it: {text}");
        assert_eq!(written(&frame), octets);
        frame
    };
    blocks("stomp").into_iter().map(read).collect()
}

/// The frame as the codec writes it, but for the content-length, which the page leaves out.
fn written(frame: &Frame) -> String {
    let headers: Vec<_> =
        frame.headers().map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
    let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let body = (!frame.body().is_empty()).then_some(&frame.body()[..]);
    let octets = encode(frame.command(), &headers, body, Version::V12);
    let text = String::from_utf8(octets.to_vec()).unwrap();
    let (head, body) = text.split_once("\n\n").unwrap();
    let head: Vec<_> = head.lines().filter(|line| !line.starts_with("content-length:")).collect();
    format!("{}\n\n{body}", head.join("\n"))
}

fn header(frame: &Frame, name: &str) -> String {
    frame.header(name).unwrap_or_default().into_owned()
}

fn body(frame: &Frame) -> &str {
    std::str::from_utf8(frame.body()).unwrap()
}

#[test]
fn every_frame_is_one_that_the_codec_reads_and_writes() {
    let commands: BTreeSet<_> = frames().iter().map(|frame| frame.command().as_str()).collect();
    let shown = [
        "CONNECT",
        "CONNECTED",
        "DISCONNECT",
        "ERROR",
        "MESSAGE",
        "RECEIPT",
        "SEND",
        "SUBSCRIBE",
        "UNSUBSCRIBE",
    ];
    assert_eq!(commands, BTreeSet::from(shown));
}

#[test]
fn every_send_goes_where_its_body_is_taken() {
    for frame in frames().iter().filter(|frame| frame.command() == Command::Send) {
        let destination = header(frame, "destination");
        match SendTo::parse(&destination).unwrap_or_else(|| panic!("{destination}")) {
            SendTo::Messages(_) => check::<PostMessage>(body(frame)),
            SendTo::Edit(..) => check::<EditMessage>(body(frame)),
            SendTo::Read(_) => check::<MoveRead>(body(frame)),
            SendTo::Delete(..) | SendTo::Typing(_) | SendTo::Refresh => assert!(frame.body().is_empty()),
        }
    }
}

#[test]
fn every_message_says_the_same_in_its_headers_and_its_body() {
    let topic_of = |frame: &Frame| Topic::parse(&header(frame, "destination"));
    for frame in frames().iter().filter(|frame| frame.command() == Command::Subscribe) {
        assert!(topic_of(frame).is_some());
    }
    for frame in frames().iter().filter(|frame| frame.command() == Command::Message) {
        if topic_of(frame).expect("it is a topic") == Topic::Replies {
            check::<Reply>(body(frame));
            let reply: Reply = serde_json::from_str(body(frame)).unwrap();
            assert_eq!(header(frame, "code"), reply.code.as_str());
            assert_eq!(Some(header(frame, "receipt-id")), reply.receipt_id);
            assert_eq!(frame.header("retry-after").map(|text| text.parse().unwrap()), reply.retry_after);
            continue;
        }
        check::<Envelope>(body(frame));
        let envelope: Envelope = serde_json::from_str(body(frame)).unwrap();
        assert_eq!(header(frame, "event"), envelope.body.name());
        assert_eq!(frame.header("epoch").map(|text| text.parse().unwrap()), envelope.epoch);
        assert_eq!(frame.header("seq").map(|text| text.parse().unwrap()), envelope.seq);
        if let (Some(epoch), Some(seq)) = (envelope.epoch, envelope.seq) {
            assert_eq!(header(frame, "message-id"), format!("{epoch}-{seq}"));
        }
    }
}

/// The words in back-ticks in the rows of the table below a heading or a header row.
fn words(behind: &str, column: usize) -> BTreeSet<&'static str> {
    let (_, table) = PAGE.split_once(behind).unwrap_or_else(|| panic!("{behind}"));
    let rows =
        table.lines().skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
    let cells = rows.filter_map(|row| row.split('|').nth(column));
    cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect()
}

#[test]
fn every_code_is_listed_and_no_other() {
    let known: BTreeSet<_> = ProblemCode::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(words("## The list of codes", 2), known);
}

/// Events are listed nowhere but in the function that names them.
#[test]
fn every_event_is_listed_and_no_other() {
    let (_, names) = include_str!("../src/event/mod.rs").split_once("fn name(").unwrap();
    let arms = names.lines().take_while(|line| *line != "}");
    let known: BTreeSet<_> = arms
        .filter_map(|line| line.split_once("=> \"")?.1.split('"').next())
        .filter(|name| *name != "unknown")
        .collect();
    assert!(known.contains("message.created") && known.contains("ended"));
    let mut listed = words("## Events", 1);
    // What is said beside the names of lossy events.
    listed.remove("seq");
    assert_eq!(listed, known);
}

/// Close codes are constants of the module that uses them.
#[test]
fn every_close_code_is_listed_and_no_other() {
    let (_, constants) = include_str!("../src/stomp/server/mod.rs").split_once("pub mod close {").unwrap();
    let lines = constants.lines().take_while(|line| *line != "}");
    let known: BTreeSet<u16> = lines
        .filter_map(|line| {
            line.trim().strip_prefix("pub const ")?.split_once("= ")?.1.strip_suffix(';')?.parse().ok()
        })
        .collect();
    assert!(known.contains(&1000));
    let (_, table) = PAGE.split_once("| close code |").unwrap();
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    let listed: BTreeSet<u16> = rows.filter_map(|row| row.split('|').nth(1)?.trim().parse().ok()).collect();
    assert_eq!(listed, known);
}

#[test]
fn every_destination_is_listed_and_no_other() {
    let shape = |text: String| {
        let id = "00000000-0000-0000-0000-000000000000";
        let kind = if text.starts_with("/servers") { "{server}" } else { "{channel}" };
        text.replacen(id, kind, 1).replacen(id, "{message}", 1)
    };
    let sends: BTreeSet<_> = SendTo::EACH.iter().map(|to| shape(to.to_string())).collect();
    assert_eq!(words("### Sending", 1).into_iter().map(str::to_owned).collect::<BTreeSet<_>>(), sends);
    let topics: BTreeSet<_> = Topic::EACH.iter().map(|topic| shape(topic.to_string())).collect();
    let listed = words("subscribe before anything else", 1);
    assert_eq!(listed.into_iter().map(str::to_owned).collect::<BTreeSet<_>>(), topics);
}
