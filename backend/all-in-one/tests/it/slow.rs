//! A slow reader hurts only itself.

use serde_json::json;
use tokio::net::TcpSocket;

use crate::{
    support::{Socket, value},
    world::Deployment,
};

#[tokio::test]
async fn a_client_that_never_reads_is_closed_and_delays_nobody() {
    let deployment = Deployment::start().await;
    let ada = deployment.person("ada").await;
    let place = ada.found("home").await;
    let small = TcpSocket::new_v4().unwrap();
    small.set_recv_buffer_size(4096).unwrap();
    let stream = small.connect(ada.instance.address()).await.unwrap();
    let mut slow = Socket::over(&ada.instance, stream).await;
    slow.send(&format!("CONNECT\naccept-version:1.2\nAuthorization:Bearer {}\n\n\0", ada.token)).await;
    slow.frame().await;
    slow.subscribe("s", &place.topic(), "").await;
    let mut quick = ada.follow(&place.topic()).await;
    // Text of four octets a character: more than the system and the queue together take.
    let text = "🦀".repeat(4000);
    let mut writer = ada.connect().await;
    let count = 700;
    for number in 1..=count {
        writer
            .post(&place.send_to("messages"), &format!("receipt:{number}\n"), &json!({ "content": text }))
            .await;
        assert_eq!(value(&writer.frame().await, "receipt-id"), number.to_string());
        assert_eq!(value(&quick.message().await.0, "seq"), number.to_string(), "nobody else is delayed");
    }
    let (mut last, mut seen) = (0, 0);
    let code = loop {
        match slow.said().await {
            crate::support::Said::Frame(frame) => {
                let seq: u64 = value(&frame, "seq").parse().unwrap();
                assert_eq!(seq, last + 1, "no hole without a close");
                (last, seen) = (seq, seen + 1);
            }
            crate::support::Said::Closed(code) => break code,
        }
    };
    assert!(seen < count, "it was closed before it had everything");
    // The close stands behind what the system had taken already, unless the write deadline came first.
    if let Some((code, reason)) = code {
        assert_eq!((code, reason.as_str()), (4413, "slow-consumer"));
    }
}
