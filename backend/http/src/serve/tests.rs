use axum::routing::{get, post};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::oneshot,
};

use super::*;
use crate::body;

struct Served {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    done: tokio::task::JoinHandle<()>,
}

async fn served(router: Router) -> Served {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let shutdown = async {
        let _ = stopped.await;
    };
    Served { address, stop: Some(stop), done: tokio::spawn(serve(listener, router, shutdown)) }
}

impl Served {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    async fn stop(mut self) {
        drop(self.stop.take());
        self.done.await.unwrap();
    }
}

async fn read_all(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    // A cut connection may also be reset; what came before counts.
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

// The clock of these tests stands still until everybody waits, and then jumps to the next deadline.

#[tokio::test(start_paused = true)]
async fn a_head_that_does_not_come_to_its_end_is_cut_off() {
    let served = served(Router::new().route("/", get(|| async { "hello" }))).await;
    let mut stream = served.connect().await;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ").await.unwrap();
    let before = time::Instant::now();
    let answer = read_all(&mut stream).await;
    assert!(!answer.contains("hello"), "{answer}");
    assert!(before.elapsed() >= HEAD);
    served.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_come_to_its_end_is_refused() {
    let read = |body::Json(_): body::Json<serde_json::Value>| async { "read" };
    let served = served(Router::new().route("/", post(read))).await;
    let mut stream = served.connect().await;
    let head = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{";
    stream.write_all(head).await.unwrap();
    let answer = read_all(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("in time"), "{answer}");
    served.stop().await;
}

#[tokio::test]
async fn a_request_at_hand_is_answered_when_the_listener_stops() {
    let (begun, mut has_begun) = tokio::sync::mpsc::channel::<()>(1);
    let (go, wait) = tokio::sync::watch::channel(false);
    let handler = move || {
        let (begun, mut wait) = (begun.clone(), wait.clone());
        async move {
            begun.send(()).await.unwrap();
            wait.wait_for(|go| *go).await.unwrap();
            "done"
        }
    };
    let served = served(Router::new().route("/", get(handler))).await;
    let (mut busy, mut idle) = (served.connect().await, served.connect().await);
    busy.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    has_begun.recv().await.unwrap();
    let stopped = tokio::spawn(served.stop());
    assert_eq!(read_all(&mut idle).await, "", "an idle connection is closed at once");
    go.send(true).unwrap();
    assert!(read_all(&mut busy).await.ends_with("done"));
    stopped.await.unwrap();
}
