//! Which names and which web pages may come in.

use reqwest::StatusCode;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tokio_tungstenite::tungstenite;

use crate::{
    support::{DEADLINE, Socket},
    world::Deployment,
};

/// The status line of a request written by hand.
async fn raw(deployment: &Deployment, request: &str) -> String {
    let address = deployment.running.url.trim_start_matches("http://").to_owned();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = vec![0; 4096];
    let length = timeout(DEADLINE, stream.read(&mut answer)).await.unwrap().unwrap();
    String::from_utf8_lossy(&answer[..length]).lines().next().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_foreign_host_is_refused_everywhere() {
    let deployment = Deployment::start().await;
    for path in ["/", "/.well-known/echopulse", "/id/jwks", "/server/api/users/me", "/chat/ws"] {
        for host in ["evil.com", "127.0.0.1.evil.com", "localhost.evil.com:80", "127.0.0.2"] {
            let upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
            let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n{upgrade}\r\n\r\n");
            assert_eq!(raw(&deployment, &request).await, "HTTP/1.1 403 Forbidden", "{path} {host}");
        }
    }
    let good = "GET /id/jwks HTTP/1.1\r\nHost: localhost:1\r\n\r\n";
    assert_eq!(raw(&deployment, good).await, "HTTP/1.1 200 OK");
    let two = "GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.com\r\n\r\n";
    assert!(!raw(&deployment, two).await.contains("200"));
}

#[tokio::test]
async fn smuggled_lengths_are_refused() {
    let deployment = Deployment::start().await;
    for headers in ["Content-Length: 1\r\nContent-Length: 2", "Content-Length: 1x"] {
        let request = format!("POST /id/token HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n\r\nx");
        assert!(raw(&deployment, &request).await.starts_with("HTTP/1.1 400"), "{headers}");
    }
}

#[tokio::test]
async fn only_our_own_pages_open_sockets() {
    let deployment = Deployment::start().await;
    let (url, instance) = (&deployment.running.url, &deployment.instance());
    for origin in ["https://evil.com", "null", "http://127.0.0.1:1", &format!("{url}.evil.com")] {
        let refused =
            Socket::with(instance, "/chat/ws", &[("origin", origin)]).await.err().expect("it is refused");
        let tungstenite::Error::Http(answer) = refused else { panic!("{refused}") };
        assert_eq!(answer.status().as_u16(), StatusCode::FORBIDDEN.as_u16(), "{origin}");
    }
    assert!(Socket::with(instance, "/chat/ws", &[("origin", &deployment.running.url)]).await.is_ok());
}

#[tokio::test]
async fn the_best_subprotocol_is_chosen_and_none_is_fine() {
    let deployment = Deployment::start().await;
    let instance = &deployment.instance();
    assert_eq!(Socket::open(instance).await.protocol.as_deref(), Some("v12.stomp"));
    assert_eq!(Socket::with(instance, "/chat/ws", &[]).await.unwrap().protocol, None);
    let plain = deployment.get("/chat/ws").await;
    assert_eq!((plain.status, plain.code()), (StatusCode::BAD_REQUEST, "invalid-request"));
}

#[tokio::test]
async fn other_pages_get_no_cors_headers() {
    let deployment = Deployment::start().await;
    let from = async |origin: &str| {
        let request = deployment.http.get(deployment.url("/.well-known/echopulse")).header("origin", origin);
        request.send().await.unwrap().headers().get("access-control-allow-origin").cloned()
    };
    assert_eq!(from("https://evil.com").await, None);
    assert_eq!(from("null").await, None);
    assert_eq!(from(&deployment.running.url).await.unwrap(), deployment.running.url.as_str());
}

#[tokio::test]
async fn a_deployment_is_found_by_its_address() {
    let deployment = Deployment::start().await;
    let found = deployment.get("/.well-known/echopulse").await.good();
    assert_eq!(found["issuer"], deployment.url("/id"));
    assert_eq!(found["chat"], serde_json::json!([deployment.url("/chat")]));
    assert_eq!(found["clients"]["tui"], "echopulse-tui");
    for path in ["/server/health/live", "/chat/health/ready", "/"] {
        let answer = deployment.get(path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert_eq!(answer.headers["x-content-type-options"], "nosniff");
    }
}
