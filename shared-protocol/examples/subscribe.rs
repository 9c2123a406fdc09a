//! A client of any broker that speaks STOMP over WebSocket: subscribes, sends to itself, and leaves when it has heard it.
use std::{error::Error, time::Instant};

use echopulse_protocol::stomp::{
    Limits,
    client::{ClientSession, Event},
};
use futures_util::{SinkExt, StreamExt};
use tokio::time::{sleep_until, timeout};
use tokio_tungstenite::{connect_async, tungstenite::Message};

/// Says `text` to a topic, and answers what was heard there.
pub(crate) async fn say(url: &str, topic: &str, text: &str) -> Result<String, Box<dyn Error>> {
    let (mut socket, _) = connect_async(url).await?;
    let started = Instant::now();
    let credentials = [("login", "guest"), ("passcode", "guest")];
    let mut session =
        ClientSession::with_credentials("example", &credentials, Limits::CONNECTED, started.elapsed());
    let mut heard = None;
    loop {
        while let Some(frame) = session.next_output(started.elapsed()) {
            // One frame is one message, binary if it is no text.
            let octets = frame.clone();
            let message = match String::from_utf8(frame.into()) {
                Ok(text) => Message::text(text),
                Err(_) => Message::binary(octets),
            };
            socket.send(message).await?;
        }
        let tick = session.deadline().map(|at| (started + at).into());
        tokio::select! {
            message = socket.next() => match message.ok_or("the broker is gone")?? {
                Message::Text(text) => session.receive(text.into(), started.elapsed()),
                Message::Binary(octets) => session.receive(octets, started.elapsed()),
                _ => {}
            },
            () = async { match tick { Some(at) => sleep_until(at).await, None => std::future::pending().await } } => {
                if !session.tick(started.elapsed()) {
                    return Err("the broker fell silent".into());
                }
            }
        }
        while let Some(event) = session.next_event()? {
            match event {
                Event::Connected { .. } => {
                    session.subscribe("1", topic, &[("receipt", "subscribed")]);
                }
                Event::Receipt(id, _) if id == "subscribed" => {
                    session.send(topic, &[("content-type", "text/plain")], text.as_bytes());
                }
                Event::Message(message) => {
                    heard = Some(String::from_utf8_lossy(message.body()).into_owned());
                    session.disconnect("bye");
                }
                // Everything that was sent before has arrived.
                Event::Receipt(..) => {
                    // A broker that does not close as well is left alone.
                    let _ = timeout(std::time::Duration::from_secs(2), socket.close(None)).await;
                    return heard.ok_or_else(|| "nothing was heard".into());
                }
                Event::Error { message, detail, .. } => return Err(format!("{message}: {detail}").into()),
            }
        }
    }
}

#[tokio::main]
#[allow(
    dead_code,
    clippy::print_stdout,
    reason = "tests include this file as a module, and it talks on standard output"
)]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = std::env::args().nth(1).unwrap_or_else(|| "ws://127.0.0.1:15674/ws".to_owned());
    println!("{}", say(&url, "/topic/example", "hello").await?);
    Ok(())
}
