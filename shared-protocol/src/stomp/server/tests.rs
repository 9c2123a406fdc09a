mod acknowledging;
mod answering;
mod beating;
mod broker;
mod connecting;
mod ending;
mod subscribing;
mod transacting;

use self::broker::{Broker, message};
use super::*;

const T0: Duration = Duration::ZERO;

fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn fresh() -> ServerSession {
    ServerSession::new(Config::default(), T0)
}

fn feed(session: &mut ServerSession, text: &str) {
    session.receive(Bytes::copy_from_slice(text.as_bytes()), T0);
}

fn written(session: &mut ServerSession) -> Vec<String> {
    std::iter::from_fn(|| session.next_output(T0))
        .map(|output| match output {
            Output::Frame(frame) => String::from_utf8(frame.to_vec()).unwrap(),
            Output::Close(code, reason) => format!("close {code} {reason}"),
        })
        .collect()
}

fn connected() -> ServerSession {
    connected_with("CONNECT\naccept-version:1.2\n\n\0")
}

fn connected_with(connect: &str) -> ServerSession {
    let mut session = fresh();
    feed(&mut session, connect);
    assert!(matches!(session.next_request(), Some(Request::Connect(_))));
    session.accept("s1", "ada", T0);
    written(&mut session);
    session
}

/// What an ERROR says: its `message`, its `receipt-id`, and the close code.
fn failure(session: &mut ServerSession) -> (String, Option<String>, String) {
    assert!(session.next_request().is_none());
    let written = written(session);
    let [.., error, close] = &written[..] else { panic!("{written:?}") };
    assert!(error.starts_with("ERROR\n"), "{error}");
    let header = |name: &str| {
        error.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':').map(str::to_owned))
    };
    assert!(session.is_over());
    (header("message").unwrap(), header("receipt-id"), close.split(' ').nth(1).unwrap().to_owned())
}

fn fails(text: &str) -> (String, Option<String>, String) {
    let mut session = connected();
    feed(&mut session, text);
    failure(&mut session)
}

fn subscribe(session: &mut ServerSession, id: &str) -> bool {
    feed(session, &format!("SUBSCRIBE\nid:{id}\ndestination:/channels/x\nreceipt:r{id}\n\n\0"));
    matches!(session.next_request(), Some(Request::Subscribe { .. }))
}
