//! Both sides of a session, talking to each other without a socket: a server with one topic, and a client that hears itself.
use std::time::Duration;

use echopulse_protocol::stomp::{
    DecodeError, Limits,
    client::{ClientSession, Event},
    server::{Config, Output, Relayed, Request, ServerSession},
};

/// A session has no clock. Here no time passes at all.
const NOW: Duration = Duration::ZERO;

/// Lets the server do what it is asked to. Whatever is sent comes back to who is subscribed.
fn serve(server: &mut ServerSession, subscribed: &mut Option<String>) {
    while let Some(request) = server.next_request() {
        match request {
            Request::Connect(_) => server.accept("session-1", "ada", NOW),
            Request::Subscribe { id, .. } => {
                server.accept_subscription();
                *subscribed = Some(id);
            }
            Request::Send { destination, frame, ticket } => {
                let message = Relayed::new("message-1".to_owned(), destination, &frame);
                if let Some(id) = subscribed {
                    server.deliver(id, &message, false);
                }
                // What was asked for is done: its RECEIPT may leave.
                ticket.and_then(|ticket| server.settle(ticket, Some(Vec::new())));
            }
            Request::Unsubscribe { .. } | Request::Disconnect => *subscribed = None,
        }
    }
}

/// Everything that the client is told.
pub(crate) fn run() -> Result<Vec<Event>, DecodeError> {
    let mut server = ServerSession::new(Config::default(), NOW);
    let mut client = ClientSession::with_credentials("example", &[], Limits::CONNECTED, NOW);
    client.subscribe("1", "/topic/a", &[]);
    client.send("/topic/a", &[("receipt", "r"), ("content-type", "text/plain")], b"hello");
    let (mut subscribed, mut told) = (None, Vec::new());
    while let Some(octets) = client.next_output(NOW) {
        server.receive(octets, NOW);
        serve(&mut server, &mut subscribed);
        while let Some(Output::Frame(octets)) = server.next_output(NOW) {
            client.receive(octets, NOW);
        }
        while let Some(event) = client.next_event()? {
            told.push(event);
        }
    }
    Ok(told)
}

#[allow(
    dead_code,
    clippy::print_stdout,
    reason = "tests include this file as a module, and it talks on standard output"
)]
fn main() -> Result<(), DecodeError> {
    for event in run()? {
        println!("{event:?}");
    }
    Ok(())
}
