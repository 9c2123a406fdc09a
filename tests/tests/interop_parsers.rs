//! The same octets, read by us and by the parsers of others.
//!
//! Where these are known to deviate, the octets are left out here and named: stompjs trims headers (checklist 11), does not unescape
//! names (37) and unescapes values in several passes (35); stomp.py unescapes CONNECTED (36).

use std::{
    collections::BTreeMap,
    io::Write,
    process::{Command as Program, Stdio},
};

use bytes::Bytes;
use echopulse_protocol::stomp::{Command, Decoder, Limits, Version, encode};
use echopulse_tests::interop::{node, python, python_script};
use proptest::{collection::vec, prelude::*, sample::select, strategy::ValueTree, test_runner::TestRunner};
use serde::Deserialize;

/// How many streams.
const STREAMS: usize = 1500;

/// A frame as anybody may read it.
#[derive(Debug, PartialEq, Eq, Deserialize)]
struct Plain {
    command: String,
    headers: BTreeMap<String, String>,
    body: String,
}

fn hexadecimal(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

fn ours(octets: &[u8]) -> Vec<Plain> {
    let mut decoder = Decoder::new(Limits::CONNECTED);
    decoder.set(Version::V12, Limits::CONNECTED);
    decoder.feed(Bytes::copy_from_slice(octets));
    let mut frames = Vec::new();
    while let Some(frame) = decoder.next().unwrap() {
        let mut headers = BTreeMap::new();
        for (name, value) in frame.headers() {
            headers.entry(name.into_owned()).or_insert_with(|| value.into_owned());
        }
        let (command, body) = (frame.command().as_str().to_owned(), hexadecimal(frame.body()));
        frames.push(Plain { command, headers, body });
    }
    frames
}

/// One frame of a server, with headers that match.
fn frame(name: &'static str, value: &'static str) -> impl Strategy<Value = Vec<u8>> {
    let command = select(&[Command::Message, Command::Receipt, Command::Error][..]);
    let body = vec(any::<u8>(), 0..40);
    (command, vec((name, value), 0..6), body).prop_map(|(command, headers, body)| {
        let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        encode(command, &headers, command.has_body().then_some(&body[..]), Version::V12).to_vec()
    })
}

/// Streams of frames and what may stand between them, the same ones each time.
fn streams(frame: impl Strategy<Value = Vec<u8>>, most: usize) -> Vec<Vec<u8>> {
    let between = if most > 1 { select(&["", "\n", "\r\n", "\n\n"][..]).boxed() } else { Just("").boxed() };
    let piece = (frame, between).prop_map(|(frame, between)| [&frame[..], between.as_bytes()].concat());
    let stream = vec(piece, 1..=most).prop_map(|pieces| pieces.concat());
    let mut runner = TestRunner::deterministic();
    (0..STREAMS).map(|_| stream.new_tree(&mut runner).unwrap().current()).collect()
}

/// What a parser of others makes of the streams.
fn theirs(program: &mut Program, streams: &[Vec<u8>]) -> Vec<Vec<Plain>> {
    let mut child = program.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let lines: String = streams.iter().map(|stream| hexadecimal(stream) + "\n").collect();
    let mut stdin = child.stdin.take().unwrap();
    let writing = std::thread::spawn(move || stdin.write_all(lines.as_bytes()));
    let done = child.wait_with_output().unwrap();
    writing.join().unwrap().unwrap();
    assert!(done.status.success());
    let said = String::from_utf8(done.stdout).unwrap();
    said.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn agree(program: &mut Program, streams: &[Vec<u8>]) {
    let theirs = theirs(program, streams);
    assert_eq!(theirs.len(), streams.len());
    for (stream, theirs) in streams.iter().zip(theirs) {
        assert_eq!(ours(stream), theirs, "{:?}", String::from_utf8_lossy(stream));
    }
}

#[test]
fn stompjs_reads_frames_as_we_do() {
    let streams = streams(frame("[a-z0-9é-]{1,8}", "([a-zé🦀:](\n|\r| )?[a-z:/]){0,4}"), 4);
    agree(Program::new("node").arg("parse.mjs").current_dir(node().unwrap()), &streams);
}

#[test]
fn stomp_py_reads_frames_as_we_do() {
    let streams = streams(frame("[a-z é\\\\:\n-]{1,8}", "[a-zé🦀:\\\\\n\r /]{0,12}"), 1);
    agree(Program::new(python().unwrap()).arg(python_script("parse.py")), &streams);
}
