//! A deployment of a few lines, over a real socket on loopback: answers what a test says, one request a connection.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

use super::{AccessToken, BoxFuture, ClientError, Deployed, TokenSource};

/// A request as it came.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    /// Method and target.
    pub(super) line: String,
    pub(super) authorization: Option<String>,
    pub(super) body: String,
}

/// A status and a body; JSON if it looks like it.
pub(super) type Answer = (u16, String);

/// The deployment, until it is dropped.
pub(super) struct Stub {
    pub(super) url: String,
    pub(super) asked: Arc<Mutex<Vec<Asked>>>,
    task: JoinHandle<()>,
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Stub {
    /// Answers discovery by itself and everything else by `answer`, which is told how many were asked before.
    pub(super) async fn start(
        answer: impl Fn(usize, Asked) -> BoxFuture<'static, Answer> + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (base, kept) = (url.clone(), Arc::clone(&asked));
        let task = tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let Some(one) = read(&mut stream).await else { continue };
                let (status, body) = match discovery(&base, &one.line) {
                    Some(document) => (200, document),
                    None => {
                        let before = {
                            let mut kept = kept.lock().unwrap();
                            kept.push(one.clone());
                            kept.len() - 1
                        };
                        answer(before, one).await
                    }
                };
                let kind = if body.starts_with(['{', '[']) { "application/json" } else { "text/html" };
                let head = format!(
                    "HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                    body.len()
                );
                // A client that went away needs no answer.
                let _ = stream.write_all((head + &body).as_bytes()).await;
            }
        });
        Self { url, asked, task }
    }

    /// Answers everything from a list, the last one for ever.
    pub(super) async fn saying(answers: &[(u16, serde_json::Value)]) -> Self {
        let answers: Vec<Answer> = answers
            .iter()
            .map(|(status, body)| (*status, body.as_str().map_or(body.to_string(), Into::into)))
            .collect();
        Self::start(move |before, _| {
            let answer = answers[before.min(answers.len() - 1)].clone();
            Box::pin(std::future::ready(answer))
        })
        .await
    }

    pub(super) fn place(&self) -> Arc<Deployed> {
        Arc::new(Deployed::new(&self.url).unwrap())
    }

    pub(super) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

fn discovery(base: &str, line: &str) -> Option<String> {
    let document = match line {
        "GET /.well-known/echopulse" => json!({
            "issuer": base, "clients": {"tui": "echopulse-tui", "web": "echopulse-web"}, "server": [base], "chat": [base]
        }),
        "GET /.well-known/openid-configuration" => json!({
            "issuer": base, "token_endpoint": format!("{base}/token"), "revocation_endpoint": format!("{base}/revoke"),
            "device_authorization_endpoint": format!("{base}/device")
        }),
        _ => return None,
    };
    Some(document.to_string())
}

async fn read(stream: &mut TcpStream) -> Option<Asked> {
    let mut octets = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&octets).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let header = |name: &str| {
                let lines = head.lines().filter_map(|line| line.split_once(": "));
                lines
                    .filter(|(found, _)| found.eq_ignore_ascii_case(name))
                    .map(|(_, value)| value.to_owned())
                    .next()
            };
            let length = header("content-length").map_or(0, |length| length.parse().unwrap());
            if body.len() >= length {
                let line = head.lines().next()?.strip_suffix(" HTTP/1.1")?.to_owned();
                return Some(Asked { line, authorization: header("authorization"), body: body.to_owned() });
            }
        }
        if stream.read_buf(&mut octets).await.ok()? == 0 {
            return None;
        }
    }
}

/// Gives `token-0`, and the next number whenever one was refused.
#[derive(Default)]
pub(super) struct Numbered(AtomicUsize);

impl TokenSource for Numbered {
    fn access_token(&self) -> BoxFuture<'_, Result<AccessToken, ClientError>> {
        let token = AccessToken::new(format!("token-{}", self.0.load(Ordering::Relaxed)));
        Box::pin(std::future::ready(Ok(token)))
    }

    fn refused(&self, _: AccessToken) -> BoxFuture<'_, ()> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Box::pin(std::future::ready(()))
    }
}
