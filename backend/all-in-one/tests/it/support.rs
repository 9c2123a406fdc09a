//! A deployment, people in it, and a STOMP client that shows every frame.

use std::time::Duration;

use bytes::Bytes;
use echopulse_all_in_one::{Config, Running, start};
use echopulse_protocol::stomp::{Command, Decoder, Frame, Limits};
use futures_util::{SinkExt, StreamExt};
use reqwest::{Method, StatusCode, header::HeaderMap};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream,
    tungstenite::{self, Message, client::IntoClientRequest, http},
};

/// Nothing here takes so long unless it never comes.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

pub(crate) struct Deployment {
    pub(crate) running: Running,
    pub(crate) folder: TempDir,
    pub(crate) http: reqwest::Client,
}

/// An answer of REST.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    /// The body of an answer that is no problem.
    #[track_caller]
    pub(crate) fn good(self) -> Value {
        assert!(self.status.is_success(), "{self:?}");
        self.body
    }
}

impl Deployment {
    pub(crate) async fn start() -> Self {
        Self::on(tempfile::tempdir().unwrap()).await
    }

    pub(crate) async fn on(folder: TempDir) -> Self {
        let running = start(Config::new(folder.path())).await.unwrap();
        Self { running, folder, http: reqwest::Client::new() }
    }

    /// Stops; the folder can be served again.
    pub(crate) async fn stop(self) -> TempDir {
        self.running.shutdown().await.unwrap();
        self.folder
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.running.url)
    }

    /// Tokens of a person of the folder.
    pub(crate) async fn tokens(&self, name: &str) -> Value {
        let key = std::fs::read_to_string(self.folder.path().join("folder.key")).unwrap();
        let form = [
            ("grant_type", "urn:echopulse:params:oauth:grant-type:local-folder"),
            ("client_id", "echopulse-tui"),
            ("secret", key.trim()),
            ("username", name),
        ];
        let answer = self.http.post(self.url("/id/token")).form(&form).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
        answer.json().await.unwrap()
    }

    pub(crate) async fn person(&self, name: &str) -> Person {
        let tokens = self.tokens(name).await;
        let token = tokens["access_token"].as_str().unwrap().to_owned();
        let mut person =
            Person { http: self.http.clone(), url: self.running.url.clone(), token, id: String::new() };
        person.id = person.get("/server/api/users/me").await.good()["id"].as_str().unwrap().to_owned();
        person
    }

    /// A request without a token.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        answer(self.http.get(self.url(path))).await
    }
}

async fn answer(request: reqwest::RequestBuilder) -> Answer {
    let answer = timeout(DEADLINE, request.send()).await.unwrap().unwrap();
    let (status, headers) = (answer.status(), answer.headers().clone());
    let body = answer.bytes().await.unwrap();
    Answer { status, headers, body: serde_json::from_slice(&body).unwrap_or(Value::Null) }
}

/// Somebody who is signed in.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) http: reqwest::Client,
    pub(crate) url: String,
    pub(crate) token: String,
    pub(crate) id: String,
}

impl Person {
    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url)).bearer_auth(&self.token)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        answer(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        answer(self.request(Method::POST, path).json(&body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        answer(self.request(Method::PATCH, path).json(&body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        answer(self.request(Method::PUT, path).json(&body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        answer(self.request(Method::DELETE, path)).await
    }

    pub(crate) async fn raw(
        &self,
        method: Method,
        path: &str,
        kind: &str,
        body: impl Into<reqwest::Body>,
    ) -> Answer {
        answer(self.request(method, path).header("content-type", kind).body(body)).await
    }

    /// Makes a server and answers it with its #general.
    pub(crate) async fn found(&self, name: &str) -> Place {
        let server = self.post("/server/api/servers", json!({ "name": name })).await.good();
        let server = server["id"].as_str().unwrap().to_owned();
        let detail = self.get(&format!("/server/api/servers/{server}")).await.good();
        Place { channel: detail["channels"][0]["id"].as_str().unwrap().to_owned(), server }
    }

    /// Lets somebody in by an invite.
    pub(crate) async fn invite(&self, place: &Place, guest: &Self) {
        let invite =
            self.post(&format!("/server/api/servers/{}/invites", place.server), json!({})).await.good();
        guest
            .post(&format!("/server/api/invites/{}", invite["code"].as_str().unwrap()), json!({}))
            .await
            .good();
    }

    /// Posts over REST and answers the receipt.
    pub(crate) async fn say(&self, place: &Place, content: &str) -> Value {
        self.post(&place.messages(), json!({ "content": content })).await.good()
    }

    /// A socket with an accepted session.
    pub(crate) async fn connect(&self) -> Socket {
        let mut socket = Socket::open(&self.url).await;
        let connect =
            format!("CONNECT\naccept-version:1.2\nhost:x\nAuthorization:Bearer {}\n\n\0", self.token);
        socket.send(&connect).await;
        let connected = socket.frame().await;
        assert_eq!(connected.command(), Command::Connected, "{connected:?}");
        socket
    }

    /// A socket that follows a destination and its refusals.
    pub(crate) async fn follow(&self, destination: &str) -> Socket {
        let mut socket = self.connect().await;
        socket.subscribe("r", "/user/queue/replies", "").await;
        socket.subscribe("s", destination, "").await;
        socket
    }
}

/// A server and its first channel.
pub(crate) struct Place {
    pub(crate) server: String,
    pub(crate) channel: String,
}

impl Place {
    pub(crate) fn messages(&self) -> String {
        format!("/chat/api/channels/{}/messages", self.channel)
    }

    pub(crate) fn send_to(&self, rest: &str) -> String {
        format!("/app/channels/{}/{rest}", self.channel)
    }

    pub(crate) fn topic(&self) -> String {
        format!("/channels/{}", self.channel)
    }
}

/// A STOMP client that shows every frame.
pub(crate) struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    decoder: Decoder,
    pub(crate) protocol: Option<String>,
}

/// What a socket says next.
#[derive(Debug)]
pub(crate) enum Said {
    Frame(Frame),
    Closed(Option<(u16, String)>),
}

impl Socket {
    pub(crate) async fn open(url: &str) -> Self {
        Self::with(url, "/chat/ws", &[("sec-websocket-protocol", "v10.stomp, v12.stomp")]).await.unwrap()
    }

    pub(crate) async fn with(
        url: &str,
        path: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, tungstenite::Error> {
        let address = format!("{}{path}", url.replacen("http", "ws", 1));
        let mut request = address.into_client_request()?;
        for (name, value) in headers {
            request.headers_mut().insert(*name, http::HeaderValue::from_str(value).unwrap());
        }
        let (stream, answer) = timeout(DEADLINE, tokio_tungstenite::connect_async(request)).await.unwrap()?;
        let protocol =
            answer.headers().get("sec-websocket-protocol").map(|value| value.to_str().unwrap().to_owned());
        Ok(Self { stream, decoder: Decoder::new(Limits::CONNECTED), protocol })
    }

    /// A socket over a connection that was made already.
    pub(crate) async fn over(url: &str, stream: TcpStream) -> Self {
        let address = format!("{}/chat/ws", url.replacen("http", "ws", 1));
        let made = tokio_tungstenite::client_async(address, MaybeTlsStream::Plain(stream));
        let (stream, _) = timeout(DEADLINE, made).await.unwrap().unwrap();
        Self { stream, decoder: Decoder::new(Limits::CONNECTED), protocol: None }
    }

    /// Sends one WebSocket message, whatever is in it.
    pub(crate) async fn send(&mut self, text: &str) {
        timeout(DEADLINE, self.stream.send(Message::text(text))).await.unwrap().unwrap();
    }

    pub(crate) async fn send_raw(&mut self, message: Message) {
        timeout(DEADLINE, self.stream.send(message)).await.unwrap().unwrap();
    }

    /// SENDs a body. `headers` are whole lines.
    pub(crate) async fn post(&mut self, destination: &str, headers: &str, body: &Value) {
        self.send(&format!("SEND\ndestination:{destination}\n{headers}\n{body}\0")).await;
    }

    /// Subscribes and waits for the RECEIPT.
    pub(crate) async fn subscribe(&mut self, id: &str, destination: &str, headers: &str) {
        self.ask_for(id, destination, headers).await;
        let receipt = self.frame().await;
        assert_eq!(
            (receipt.command(), value(&receipt, "receipt-id")),
            (Command::Receipt, format!("sub-{id}"))
        );
    }

    pub(crate) async fn ask_for(&mut self, id: &str, destination: &str, headers: &str) {
        self.send(&format!("SUBSCRIBE\nid:{id}\ndestination:{destination}\nreceipt:sub-{id}\n{headers}\n\0"))
            .await;
    }

    pub(crate) async fn said(&mut self) -> Said {
        timeout(DEADLINE, self.next()).await.expect("the socket says something in time")
    }

    async fn next(&mut self) -> Said {
        loop {
            if let Some(frame) = self.decoder.next().unwrap() {
                return Said::Frame(frame);
            }
            let octets: Bytes = match self.stream.next().await {
                Some(Ok(Message::Text(text))) => text.into(),
                Some(Ok(Message::Binary(octets))) => octets,
                Some(Ok(Message::Close(frame))) => {
                    let frame = frame.map(|frame| (u16::from(frame.code), frame.reason.to_string()));
                    return Said::Closed(frame);
                }
                Some(Ok(_)) => continue,
                Some(Err(_)) | None => return Said::Closed(None),
            };
            self.decoder.feed(octets);
        }
    }

    pub(crate) async fn frame(&mut self) -> Frame {
        match self.said().await {
            Said::Frame(frame) => frame,
            closed @ Said::Closed(_) => panic!("{closed:?}"),
        }
    }

    /// The next MESSAGE that is not lossy, and its body.
    pub(crate) async fn message(&mut self) -> (Frame, Value) {
        loop {
            let frame = self.frame().await;
            assert_eq!(frame.command(), Command::Message, "{frame:?} {:?}", frame.body());
            let lossy = [
                "channel.activity",
                "presence.changed",
                "typing.started",
                "user.updated",
                "read_state.changed",
            ];
            if !lossy.contains(&value(&frame, "event").as_str()) {
                let body = serde_json::from_slice(frame.body()).unwrap();
                return (frame, body);
            }
        }
    }

    /// The next event of this name.
    pub(crate) async fn event(&mut self, name: &str) -> Value {
        loop {
            let frame = self.frame().await;
            if value(&frame, "event") == name {
                return serde_json::from_slice(frame.body()).unwrap();
            }
        }
    }

    /// The next signal of this name that `wanted` is about. Signals may be lost, above all by a subscription that is not live yet,
    /// so what makes it is done again until one comes.
    pub(crate) async fn signal_after(
        &mut self,
        name: &str,
        wanted: impl Fn(&Value) -> bool,
        mut make: impl AsyncFnMut(),
    ) -> Value {
        let wait = async {
            loop {
                make().await;
                let matching = async {
                    loop {
                        let event = self.event(name).await;
                        if wanted(&event) {
                            return event;
                        }
                    }
                };
                if let Ok(event) = timeout(Duration::from_secs(2), matching).await {
                    return event;
                }
            }
        };
        timeout(DEADLINE, wait).await.expect("the signal comes in time")
    }

    /// The close code, after whatever else is said.
    pub(crate) async fn closed(&mut self) -> Option<(u16, String)> {
        loop {
            if let Said::Closed(code) = self.said().await {
                return code;
            }
        }
    }
}

/// A header, or an empty text.
pub(crate) fn value(frame: &Frame, name: &str) -> String {
    frame.header(name).map(|value| value.into_owned()).unwrap_or_default()
}
