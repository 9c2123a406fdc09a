//! The session against a peer that speaks the server's side, over a real socket on loopback.

mod trouble;

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::{
    WebSocketStream, accept_hdr_async,
    tungstenite::{
        Message,
        handshake::server::{Request as HandshakeRequest, Response as HandshakeResponse},
        http::HeaderValue,
    },
};

use super::*;
use crate::{
    client::{AccessToken, BoxFuture, ClientError},
    event::EventBody,
    rest::{ClientIds, WellKnown},
    stomp::{
        SharedMessage, Version,
        server::{Config, Output, Request, ServerSession},
    },
};

struct Here(Arc<WellKnown>);

impl Place for Here {
    fn find(&self) -> BoxFuture<'_, Result<Arc<WellKnown>, ClientError>> {
        Box::pin(async { Ok(Arc::clone(&self.0)) })
    }

    fn lost(&self) {}
}

#[derive(Default)]
struct Numbered {
    given: AtomicUsize,
    refused: Mutex<Vec<String>>,
}

impl TokenSource for Numbered {
    fn access_token(&self) -> BoxFuture<'_, Result<AccessToken, ClientError>> {
        let number = self.given.fetch_add(1, Ordering::Relaxed);
        Box::pin(async move { Ok(AccessToken::new(format!("token-{number}"))) })
    }

    fn refused(&self, token: AccessToken) -> BoxFuture<'_, ()> {
        self.refused.lock().unwrap().push(token.secret().to_owned());
        Box::pin(async {})
    }
}

/// The service's side of one connection.
struct Peer {
    socket: WebSocketStream<TcpStream>,
    session: ServerSession,
    token: String,
    asked: VecDeque<Request>,
}

impl Peer {
    #[expect(clippy::result_large_err, reason = "the handshake's callback has this type")]
    async fn accept(listener: &TcpListener) -> Self {
        let (stream, _) = listener.accept().await.unwrap();
        let answer = |_: &HandshakeRequest, mut response: HandshakeResponse| {
            response.headers_mut().insert("Sec-WebSocket-Protocol", HeaderValue::from_static("v12.stomp"));
            Ok(response)
        };
        let socket = accept_hdr_async(stream, answer).await.unwrap();
        let session = ServerSession::new(Config::default(), Duration::ZERO);
        let mut peer = Self { socket, session, token: String::new(), asked: VecDeque::new() };
        let Request::Connect(frame) = peer.next().await else { panic!("CONNECT comes first") };
        peer.token = frame.header("Authorization").unwrap().into_owned();
        peer
    }

    async fn accept_connected(listener: &TcpListener) -> Self {
        let mut peer = Self::accept(listener).await;
        peer.session.accept("s", "u", Duration::ZERO);
        let Request::Subscribe { destination, .. } = peer.next().await else { panic!("replies come first") };
        assert_eq!(destination, "/user/queue/replies");
        peer.session.accept_subscription();
        peer
    }

    async fn flush(&mut self) {
        while let Some(output) = self.session.next_output(Duration::ZERO) {
            match output {
                Output::Frame(frame) => self.send(frame).await,
                Output::Close(code, reason) => {
                    let frame = tokio_tungstenite::tungstenite::protocol::CloseFrame {
                        code: code.into(),
                        reason: reason.into(),
                    };
                    self.socket.send(Message::Close(Some(frame))).await.unwrap();
                }
            }
        }
    }

    async fn send(&mut self, frame: Bytes) {
        self.socket.send(Message::Binary(frame)).await.unwrap();
    }

    async fn next(&mut self) -> Request {
        loop {
            self.flush().await;
            if let Some(request) = self.asked.pop_front().or_else(|| self.session.next_request()) {
                return request;
            }
            match self.socket.next().await.unwrap().unwrap() {
                Message::Text(text) => self.session.receive(Bytes::from(text), Duration::ZERO),
                other => panic!("{other:?}"),
            }
        }
    }

    async fn message(&mut self, subscription: &str, destination: &str, body: serde_json::Value) {
        let headers = vec![("destination", destination.to_owned()), ("message-id", "m".to_owned())];
        let shared = SharedMessage::new(headers, Bytes::from(body.to_string()));
        self.flush().await;
        self.send(shared.frame(subscription, Version::V12)).await;
    }

    /// Answers a SEND as durable at `seq`.
    async fn receipt(&mut self, request: Request, seq: u64) -> (String, String) {
        let Request::Send { frame, ticket: Some(ticket), .. } = request else { panic!("{request:?}") };
        let headers = vec![
            ("message-id", MessageId::from_u128(9).to_string()),
            ("epoch", Epoch(1).to_string()),
            ("seq", seq.to_string()),
        ];
        self.session.settle(ticket, Some(headers));
        self.flush().await;
        (frame.header("nonce").unwrap().into_owned(), String::from_utf8(frame.body().to_vec()).unwrap())
    }
}

struct Setting {
    listener: TcpListener,
    tokens: Arc<Numbered>,
    session: SessionHandle,
    events: mpsc::Receiver<SessionEvent>,
}

async fn setting() -> Setting {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let known = WellKnown {
        issuer: base.clone(),
        clients: ClientIds { tui: "tui".to_owned(), web: "web".to_owned() },
        server: vec![base.clone()],
        chat: vec![base],
    };
    let tokens = Arc::new(Numbered::default());
    let (session, events) =
        start(SessionConfig { place: Arc::new(Here(Arc::new(known))), tokens: Arc::clone(&tokens) as _ });
    Setting { listener, tokens, session, events }
}

/// The next event that is neither about connecting nor about losing.
async fn told(events: &mut mpsc::Receiver<SessionEvent>) -> SessionEvent {
    loop {
        let event = tokio::time::timeout(Duration::from_secs(20), events.recv()).await.unwrap().unwrap();
        if !matches!(event, SessionEvent::Connecting | SessionEvent::Connected | SessionEvent::Lost { .. }) {
            return event;
        }
    }
}

const CHANNEL: ChannelId = ChannelId::from_u128(7);

fn deleted(seq: u64) -> serde_json::Value {
    json!({"event": "message.deleted", "messages": [], "by": "author", "stream": format!("channel/{CHANNEL}"),
        "epoch": Epoch(1), "seq": seq, "at": "2026-11-25T00:00:00.000Z"})
}

fn post(nonce: &str) -> PostMessage {
    let (content, nonce) = ("hi".to_owned(), nonce.to_owned());
    PostMessage { channel: CHANNEL, nonce, content, reply_to: None, mention_author: None }
}

/// Checklist 205.
#[tokio::test]
async fn a_lost_session_is_resumed_behind_the_last_event() {
    let Setting { listener, session, mut events, .. } = setting().await;
    let topic = Topic::Channel(CHANNEL);
    session.subscribe(topic, Some(StreamPosition { epoch: Epoch(1), after: Seq(4) })).await;
    let mut peer = Peer::accept_connected(&listener).await;
    let Request::Subscribe { id, frame, .. } = peer.next().await else { panic!() };
    assert_eq!(frame.header("after").as_deref(), Some("4"));
    peer.session.accept_subscription();
    for seq in [5, 5, 6] {
        peer.message(&id, "/channels/x", deleted(seq)).await;
    }
    assert!(matches!(told(&mut events).await, SessionEvent::Subscribed { .. }));
    for expected in [5, 6] {
        let SessionEvent::Event { envelope, .. } = told(&mut events).await else { panic!() };
        assert_eq!(envelope.seq, Some(Seq(expected)), "each comes once");
    }
    let skip = json!({"event": "skip", "from": 7, "to": 9, "stream": format!("channel/{CHANNEL}"), "epoch": Epoch(1)});
    peer.message(&id, "/channels/x", skip).await;
    let last = json!({"event": "message.deleted", "messages": [], "by": "author",
        "stream": format!("channel/{CHANNEL}"), "epoch": Epoch(1), "seq": 10});
    peer.message(&id, "/channels/x", last).await;
    for expected in [None, Some(Seq(10))] {
        let SessionEvent::Event { envelope, .. } = told(&mut events).await else { panic!() };
        assert_eq!(envelope.seq, expected);
    }
    drop(peer);
    let mut peer = Peer::accept_connected(&listener).await;
    assert_eq!(peer.token, "Bearer token-1", "a fresh token each time");
    let Request::Subscribe { frame, .. } = peer.next().await else { panic!() };
    assert_eq!(frame.header("after").as_deref(), Some("10"), "skipped places count as had");
}

/// Checklist 204.
#[tokio::test]
async fn what_was_not_acknowledged_is_sent_again_with_its_nonce() {
    let Setting { listener, session, events: _events, .. } = setting().await;
    let (first, second) = (session.post(post("n1")).await, session.post(post("n2")).await);
    let mut peer = Peer::accept_connected(&listener).await;
    let request = peer.next().await;
    peer.receipt(request, 1).await;
    peer.next().await;
    let SendOutcome::Done(receipt) = first.outcome().await else { panic!() };
    assert_eq!((receipt.seq, receipt.epoch), (Seq(1), Epoch(1)));
    drop(peer);
    let mut peer = Peer::accept_connected(&listener).await;
    let request = peer.next().await;
    assert_eq!(peer.receipt(request, 2).await, ("n2".to_owned(), r#"{"content":"hi"}"#.to_owned()));
    assert!(matches!(second.outcome().await, SendOutcome::Done(_)));
}

#[tokio::test]
async fn a_refusal_answers_what_it_refuses() {
    let Setting { listener, session, mut events, .. } = setting().await;
    let sent = session.post(post("n1")).await;
    session.subscribe(Topic::Channel(CHANNEL), None).await;
    let mut peer = Peer::accept_connected(&listener).await;
    for _ in 0..2 {
        let (receipt, code) = match peer.next().await {
            Request::Send { ticket, .. } => {
                (peer.session.settle(ticket.unwrap(), None).unwrap(), "slow-mode")
            }
            Request::Subscribe { .. } => (peer.session.refuse_subscription().unwrap(), "channel-not-found"),
            other => panic!("{other:?}"),
        };
        let body = json!({"receipt_id": receipt, "code": code, "detail": "no\u{1b}[31m", "retry_after": 3});
        peer.message("replies", "/user/queue/replies", body).await;
    }
    let SendOutcome::Refused(reply) = sent.outcome().await else { panic!() };
    assert_eq!((reply.code, reply.retry_after), (ProblemCode::SlowMode, Some(3)));
    assert_eq!(reply.detail, "no[31m", "foreign text is made safe");
    let refused =
        SessionEvent::SubscribeRefused { topic: Topic::Channel(CHANNEL), code: ProblemCode::ChannelNotFound };
    assert_eq!(told(&mut events).await, refused);
}

/// Checklist 206.
#[tokio::test]
async fn a_token_that_is_refused_twice_ends_the_session() {
    let Setting { listener, tokens, mut events, session } = setting().await;
    for _ in 0..2 {
        let mut peer = Peer::accept(&listener).await;
        peer.session.fail(
            crate::stomp::server::close::UNAUTHENTICATED,
            "token-invalid",
            "the token does not hold",
        );
        peer.flush().await;
    }
    assert!(matches!(told(&mut events).await, SessionEvent::Over(EndReason::SignIn(_))));
    assert_eq!(*tokens.refused.lock().unwrap(), ["token-0", "token-1"]);
    assert_eq!(session.post(post("n")).await.outcome().await, SendOutcome::Unknown);
}

#[tokio::test]
async fn who_signs_in_again_goes_on_where_the_sign_in_ended() {
    let Setting { listener, session, mut events, .. } = setting().await;
    session.subscribe(Topic::UserEvents, None).await;
    let mut peer = Peer::accept_connected(&listener).await;
    let Request::Subscribe { id, .. } = peer.next().await else { panic!() };
    peer.session.accept_subscription();
    let ended = json!({ "event": "ended", "code": "session-ended", "stream": format!("channel/{CHANNEL}") });
    peer.message(&id, "/user/queue/events", ended).await;
    let close = crate::stomp::server::close::UNAUTHENTICATED;
    peer.session.fail(close, "token-invalid", "the sign-in has ended");
    peer.flush().await;
    let mut again = Peer::accept_connected(&listener).await;
    let Request::Subscribe { destination, .. } = again.next().await else { panic!("it follows still") };
    assert_eq!((again.token.as_str(), destination.as_str()), ("Bearer token-1", "/user/queue/events"));
    assert!(matches!(told(&mut events).await, SessionEvent::Subscribed { .. }));
}

#[tokio::test]
async fn an_event_that_cannot_be_read_stops_nothing() {
    let Setting { listener, session, mut events, .. } = setting().await;
    session.subscribe(Topic::UserEvents, None).await;
    let mut peer = Peer::accept_connected(&listener).await;
    let Request::Subscribe { id, .. } = peer.next().await else { panic!() };
    peer.session.accept_subscription();
    peer.message(&id, "/user/queue/events", json!([1, 2])).await;
    let ended = json!({"event": "typing.started", "user_id": crate::id::UserId::from_u128(1),
        "stream": format!("channel/{CHANNEL}")});
    peer.message(&id, "/user/queue/events", ended).await;
    assert!(matches!(told(&mut events).await, SessionEvent::Subscribed { .. }));
    let SessionEvent::Event { envelope, .. } = told(&mut events).await else { panic!() };
    assert!(matches!(envelope.body, EventBody::TypingStarted { .. }));
}

#[tokio::test]
async fn dropping_the_handle_says_goodbye() {
    let Setting { listener, session, events: _events, .. } = setting().await;
    let mut peer = Peer::accept_connected(&listener).await;
    drop(session);
    assert!(matches!(peer.next().await, Request::Disconnect));
}
