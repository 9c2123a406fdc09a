//! The task that owns the socket.

use std::{
    ops::ControlFlow,
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use tokio::{
    net::TcpStream,
    sync::mpsc,
    time::{sleep, timeout},
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async_with_config,
    tungstenite::{self, Message, client::IntoClientRequest, http::HeaderValue, protocol::WebSocketConfig},
};

use super::{EndReason, SessionConfig, SessionEvent, Word, ledger::Ledger};
use crate::{
    client::{AccessToken, ClientError, clean::Clean, place::pick},
    destination::SendTo,
    event::Envelope,
    problem::Reply,
    stomp::{
        Frame, Limits,
        client::{ClientSession, Event},
        server::close,
    },
    text::display_line,
};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// How long a connection may take, sign-in included.
const CONNECT: Duration = Duration::from_secs(15);
/// The first pause, and the longest.
const PAUSE: (Duration, Duration) = (Duration::from_millis(150), Duration::from_secs(20));
/// How long a write may take.
const WRITE: Duration = Duration::from_secs(20);

/// Why a connection ended.
enum Lost {
    /// The handle was dropped.
    Dropped,
    /// Try again.
    Again(String),
    /// The token does not hold.
    Token(String),
    /// Do not come back.
    Forbidden(String),
}

/// A connection.
struct Link {
    socket: Socket,
    session: ClientSession,
    token: AccessToken,
}

struct Driver {
    config: SessionConfig,
    words: mpsc::Receiver<Word>,
    events: mpsc::Sender<SessionEvent>,
    ledger: Ledger,
    began: Instant,
    turn: usize,
}

/// Connects, and connects again, until the handle is dropped or there is no way on.
pub(super) async fn run(
    config: SessionConfig,
    words: mpsc::Receiver<Word>,
    events: mpsc::Sender<SessionEvent>,
) {
    let turn = rand::random_range(0..1024);
    let mut driver = Driver { config, words, events, ledger: Ledger::default(), began: Instant::now(), turn };
    let mut failures = 0u32;
    let mut refused_tokens = 0;
    loop {
        if driver.tell(SessionEvent::Connecting).await.is_break() {
            return;
        }
        let (connected, lost) = driver.connection().await;
        if connected {
            failures = 0;
            refused_tokens = 0;
        }
        let reason = match lost {
            Lost::Dropped => return,
            Lost::Forbidden(reason) => return driver.end(EndReason::Forbidden(reason)).await,
            Lost::Token(reason) => {
                refused_tokens += 1;
                if refused_tokens > 1 {
                    return driver.end(EndReason::SignIn(reason)).await;
                }
                reason
            }
            Lost::Again(reason) => {
                failures += 1;
                driver.config.place.lost();
                driver.turn += 1;
                reason
            }
        };
        let retry_in = pause(failures);
        if driver.tell(SessionEvent::Lost { retry_in, reason }).await.is_break()
            || driver.rest(retry_in).await.is_break()
        {
            return;
        }
    }
}

/// Exponential, with full jitter, so that many clients do not come back in step.
fn pause(failures: u32) -> Duration {
    let longest = PAUSE.0.saturating_mul(1 << failures.min(10)).min(PAUSE.1);
    longest.mul_f64(rand::random_range(0.2..1.0))
}

impl Driver {
    fn now(&self) -> Duration {
        self.began.elapsed()
    }

    async fn tell(&self, event: SessionEvent) -> ControlFlow<()> {
        if self.events.send(event).await.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }

    async fn end(&self, reason: EndReason) {
        let _ = self.tell(SessionEvent::Over(reason)).await;
    }

    /// Waits for the next try, and remembers what is said meanwhile.
    async fn rest(&mut self, span: Duration) -> ControlFlow<()> {
        let over = sleep(span);
        tokio::pin!(over);
        loop {
            tokio::select! {
                () = &mut over => return ControlFlow::Continue(()),
                word = self.words.recv() => match word {
                    None => return ControlFlow::Break(()),
                    Some(Word::Reconnect) => return ControlFlow::Continue(()),
                    Some(word) => self.hear(word, None),
                },
            }
        }
    }

    fn hear(&mut self, word: Word, session: Option<&mut ClientSession>) {
        match word {
            Word::Subscribe(topic, position) => self.ledger.subscribe(topic, position, session),
            Word::Unsubscribe(topic) => self.ledger.unsubscribe(topic, session),
            Word::Send { destination, nonce, body, answer } => {
                self.ledger.send(destination, nonce, body, answer, session);
            }
            Word::Hint { destination, body } => {
                if let Some(session) = session {
                    session.send(&destination, &[], &body);
                }
            }
            Word::Reconnect => {}
        }
    }

    /// One connection from beginning to end. Answers whether it was one.
    async fn connection(&mut self) -> (bool, Lost) {
        let mut link = match self.connect().await {
            Ok(link) => link,
            Err(lost) => return (false, lost),
        };
        let mut connected = false;
        let lost = loop {
            if let Err(lost) = self.flush(&mut link).await {
                break lost;
            }
            let step = self.step(&mut link, &mut connected).await;
            if let ControlFlow::Break(lost) = step {
                break lost;
            }
        };
        if matches!(lost, Lost::Token(_)) {
            self.config.tokens.refused(link.token.clone()).await;
        }
        if matches!(lost, Lost::Dropped) {
            link.session.disconnect("bye");
            let _ = self.flush(&mut link).await;
        }
        // The peer may be gone; then there is nobody to close with.
        let _ = timeout(Duration::from_secs(2), link.socket.close(None)).await;
        (connected, lost)
    }

    async fn connect(&mut self) -> Result<Link, Lost> {
        // The words heard meanwhile are few: the connection takes seconds at most.
        let mut waiting = Vec::new();
        let config = self.config.clone();
        let connecting = timeout(CONNECT, open(&config, self.turn));
        tokio::pin!(connecting);
        let opened = loop {
            tokio::select! {
                opened = &mut connecting => break opened,
                word = self.words.recv() => match word {
                    None => return Err(Lost::Dropped),
                    Some(word) => waiting.push(word),
                },
            }
        };
        waiting.into_iter().for_each(|word| self.hear(word, None));
        let (socket, host, token) = match opened {
            Ok(Ok(opened)) => opened,
            Ok(Err(error)) if error.needs_sign_in() => return Err(Lost::Token(error.to_string())),
            Ok(Err(error)) => return Err(Lost::Again(error.to_string())),
            Err(_) => return Err(Lost::Again("connecting took too long".to_owned())),
        };
        let session = ClientSession::new(&host, token.secret(), Limits::CONNECTED, self.now());
        Ok(Link { socket, session, token })
    }

    /// Writes everything that waits.
    async fn flush(&self, link: &mut Link) -> Result<(), Lost> {
        let mut written = false;
        let writing = async {
            while let Some(frame) = link.session.next_output(self.now()) {
                link.socket.feed(message(frame)).await?;
                written = true;
            }
            if written { link.socket.flush().await } else { Ok(()) }
        };
        match timeout(WRITE, writing).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(Lost::Again(words(&error))),
            Err(_) => Err(Lost::Again("the connection is stuck".to_owned())),
        }
    }

    /// Waits for the next thing to happen, and deals with it.
    async fn step(&mut self, link: &mut Link, connected: &mut bool) -> ControlFlow<Lost> {
        let idle = link.session.deadline().map_or(CONNECT, |due| due.saturating_sub(self.now()));
        tokio::select! {
            word = self.words.recv() => match word {
                None => ControlFlow::Break(Lost::Dropped),
                Some(word) if *connected => {
                    self.hear(word, Some(&mut link.session));
                    ControlFlow::Continue(())
                }
                Some(word) => {
                    self.hear(word, None);
                    ControlFlow::Continue(())
                }
            },
            read = link.socket.next() => self.read(read, link, connected).await,
            () = sleep(idle) => {
                if link.session.tick(self.now()) && *connected {
                    return ControlFlow::Continue(());
                }
                ControlFlow::Break(Lost::Again("the service fell silent".to_owned()))
            }
        }
    }

    async fn read(
        &mut self,
        read: Option<Result<Message, tungstenite::Error>>,
        link: &mut Link,
        connected: &mut bool,
    ) -> ControlFlow<Lost> {
        let octets = match read {
            None => return ControlFlow::Break(Lost::Again("the connection was closed".to_owned())),
            Some(Err(error)) => return ControlFlow::Break(Lost::Again(words(&error))),
            Some(Ok(Message::Text(text))) => Bytes::from(text),
            Some(Ok(Message::Binary(octets))) => octets,
            Some(Ok(Message::Close(frame))) => {
                let (code, reason) = frame
                    .map_or((1005, String::new()), |frame| (frame.code.into(), display_line(&frame.reason)));
                return ControlFlow::Break(closed(code, reason));
            }
            Some(Ok(_)) => return ControlFlow::Continue(()),
        };
        link.session.receive(octets, self.now());
        loop {
            match link.session.next_event() {
                Ok(Some(event)) => self.take(event, link, connected).await?,
                Ok(None) => return ControlFlow::Continue(()),
                Err(error) => return ControlFlow::Break(Lost::Again(error.to_string())),
            }
        }
    }

    async fn take(&mut self, event: Event, link: &mut Link, connected: &mut bool) -> ControlFlow<Lost> {
        let told = match event {
            Event::Connected { .. } => {
                *connected = true;
                self.ledger.resume(&mut link.session);
                Some(SessionEvent::Connected)
            }
            Event::Receipt(id, frame) => self.ledger.receipt(&id, &frame),
            Event::Message(frame) => self.take_message(&frame),
            Event::Error { message, detail, .. } => {
                let detail = display_line(&detail);
                return ControlFlow::Break(match message.as_str() {
                    "token-invalid" | "token-expired" | "unauthenticated" => Lost::Token(detail),
                    "suspended" | "realm-role-missing" => Lost::Forbidden(detail),
                    _ => Lost::Again(detail),
                });
            }
        };
        let Some(told) = told else { return ControlFlow::Continue(()) };
        if let SessionEvent::Expiring(_) = &told {
            self.refresh(link).await;
        }
        match self.tell(told).await {
            ControlFlow::Continue(()) => ControlFlow::Continue(()),
            ControlFlow::Break(()) => ControlFlow::Break(Lost::Dropped),
        }
    }

    fn take_message(&mut self, frame: &Frame) -> Option<SessionEvent> {
        let subscription = frame.header("subscription")?;
        // A message that cannot be read is passed over: one bad event never stops a client.
        if frame.header("destination").as_deref() == Some("/user/queue/replies") {
            let mut reply: Reply = serde_json::from_slice(frame.body()).ok()?;
            reply.clean();
            return self.ledger.refusal(reply);
        }
        let mut envelope: Envelope = serde_json::from_slice(frame.body()).ok()?;
        envelope.clean();
        self.ledger.event(&subscription, envelope)
    }

    /// Gives the service a fresh token, so that the session goes on.
    async fn refresh(&self, link: &mut Link) {
        self.config.tokens.refused(link.token.clone()).await;
        // Without another token the service closes at the end of this one, and the next try says why.
        if let Ok(token) = self.config.tokens.access_token().await {
            let bearer = format!("Bearer {}", token.secret());
            link.session.send(&SendTo::Refresh.to_string(), &[("Authorization", &bearer)], b"");
            link.token = token;
        }
    }
}

async fn open(config: &SessionConfig, turn: usize) -> Result<(Socket, String, AccessToken), ClientError> {
    let token = config.tokens.access_token().await?;
    let place = config.place.find().await?;
    let Some(base) = pick(&place.chat, turn) else {
        let what = "it names no chat service".to_owned();
        return Err(ClientError::NotEchoPulse { url: place.issuer.clone(), what });
    };
    let url = format!("{}/ws", base.replacen("http", "ws", 1));
    let wrong =
        |error: &tungstenite::Error| ClientError::Unreachable { url: display_line(&url), why: words(error) };
    let mut request = url.as_str().into_client_request().map_err(|error| wrong(&error))?;
    let host = request.uri().host().unwrap_or_default().to_owned();
    request.headers_mut().insert("Sec-WebSocket-Protocol", HeaderValue::from_static("v12.stomp"));
    let limits = WebSocketConfig::default()
        .read_buffer_size(16 * 1024)
        .max_message_size(Some(4 * 1024 * 1024))
        .max_frame_size(Some(4 * 1024 * 1024));
    let (socket, _) =
        connect_async_with_config(request, Some(limits), true).await.map_err(|error| wrong(&error))?;
    Ok((socket, host, token))
}

fn message(frame: Bytes) -> Message {
    match tungstenite::Utf8Bytes::try_from(frame.clone()) {
        Ok(text) => Message::Text(text),
        Err(_) => Message::Binary(frame),
    }
}

fn words(error: &tungstenite::Error) -> String {
    match error {
        tungstenite::Error::Http(response) => {
            format!("it answers with status {}", response.status().as_u16())
        }
        other => display_line(&other.to_string()),
    }
}

fn closed(code: u16, reason: String) -> Lost {
    let reason = if reason.is_empty() { format!("closed with {code}") } else { reason };
    match code {
        close::UNAUTHENTICATED => Lost::Token(reason),
        close::FORBIDDEN => Lost::Forbidden(reason),
        _ => Lost::Again(reason),
    }
}
