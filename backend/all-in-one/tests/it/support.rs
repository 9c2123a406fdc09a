//! People of a deployment, and a STOMP client that shows every frame: the same for every world. What a deployment is, and how
//! people come by their tokens, is in `world`.

use std::{net::SocketAddr, time::Duration};

use bytes::Bytes;
use echopulse_protocol::stomp::{Command, Decoder, Frame, Limits};
use futures_util::{SinkExt, StreamExt};
use reqwest::{Method, StatusCode, header::HeaderMap};
use serde_json::{Value, json};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream,
    tungstenite::{self, Message, client::IntoClientRequest, http},
};

/// Nothing here takes so long unless it never comes.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

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

pub(crate) async fn answer(request: reqwest::RequestBuilder) -> Answer {
    let answer = timeout(DEADLINE, request.send()).await.unwrap().unwrap();
    let (status, headers) = (answer.status(), answer.headers().clone());
    let body = answer.bytes().await.unwrap();
    Answer { status, headers, body: serde_json::from_slice(&body).unwrap_or(Value::Null) }
}

/// Where an instance of each service is. Paths begin with `/server` or `/chat`.
#[derive(Clone, Debug)]
pub(crate) struct Instance {
    pub(crate) server: String,
    pub(crate) chat: String,
}

impl Instance {
    pub(crate) fn at(&self, path: &str) -> String {
        match (path.strip_prefix("/server"), path.strip_prefix("/chat")) {
            (Some(rest), _) => format!("{}{rest}", self.server),
            (_, Some(rest)) => format!("{}{rest}", self.chat),
            _ => panic!("{path} belongs to no service"),
        }
    }

    /// Where its chat service listens.
    pub(crate) fn address(&self) -> SocketAddr {
        let authority = self.chat.trim_start_matches("http://").split('/').next();
        authority.unwrap_or_default().parse().expect("the tests use addresses, not names")
    }
}

/// Somebody who is signed in.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) http: reqwest::Client,
    pub(crate) instance: Instance,
    pub(crate) token: String,
    pub(crate) id: String,
    pub(crate) username: String,
}

impl Person {
    /// Whoever a token is of, at an instance.
    pub(crate) async fn of(http: reqwest::Client, instance: Instance, token: String) -> Self {
        let mut person = Self { http, instance, token, id: String::new(), username: String::new() };
        let me = person.get("/server/api/users/me").await.good();
        let text = |key: &str| me[key].as_str().unwrap().to_owned();
        (person.id, person.username) = (text("id"), text("username"));
        person
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, self.instance.at(path)).bearer_auth(&self.token)
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
        let mut socket = Socket::open(&self.instance).await;
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
    pub(crate) async fn open(instance: &Instance) -> Self {
        Self::with(instance, "/chat/ws", &[("sec-websocket-protocol", "v10.stomp, v12.stomp")]).await.unwrap()
    }

    pub(crate) async fn with(
        instance: &Instance,
        path: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, tungstenite::Error> {
        let address = instance.at(path).replacen("http", "ws", 1);
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
    pub(crate) async fn over(instance: &Instance, stream: TcpStream) -> Self {
        let address = instance.at("/chat/ws").replacen("http", "ws", 1);
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

    /// The same, however long it takes.
    pub(crate) async fn next(&mut self) -> Said {
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
