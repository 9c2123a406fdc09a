//! When the client is slow, or ends.

use super::*;

fn typing() -> serde_json::Value {
    json!({"event": "typing.started", "user_id": crate::id::UserId::from_u128(1), "stream": format!("channel/{CHANNEL}")})
}

#[tokio::test]
async fn who_waits_for_an_answer_before_taking_events_is_answered() {
    let Setting { listener, session, mut events, .. } = setting().await;
    let sent = session.post(post("n1")).await;
    session.subscribe(Topic::Channel(CHANNEL), None).await;
    let mut peer = Peer::accept_connected(&listener).await;
    let (mut asked, mut followed) = (None, String::new());
    for _ in 0..2 {
        match peer.next().await {
            Request::Subscribe { id, .. } => {
                peer.session.accept_subscription();
                followed = id;
            }
            request => asked = Some(request),
        }
    }
    for _ in 0..3 * EVENTS {
        peer.message(&followed, "/channels/x", typing()).await;
    }
    peer.receipt(asked.unwrap(), 1).await;
    assert!(matches!(sent.outcome().await, SendOutcome::Done(_)));
    let mut count = 0;
    while count < 3 * EVENTS {
        count += usize::from(matches!(told(&mut events).await, SessionEvent::Event { .. }));
    }
}

#[tokio::test]
async fn a_session_that_ends_waits_for_the_answers() {
    // Somebody listens to the end.
    let Setting { listener, session, events: _events, .. } = setting().await;
    let mut peer = Peer::accept_connected(&listener).await;
    let sent = session.post(post("n1")).await;
    drop(session);
    let request = peer.next().await;
    peer.receipt(request, 1).await;
    assert!(matches!(sent.outcome().await, SendOutcome::Done(_)));
    assert!(matches!(peer.next().await, Request::Disconnect));
}

#[tokio::test]
async fn a_session_that_nobody_listens_to_ends() {
    let Setting { listener, session, events, .. } = setting().await;
    let mut peer = Peer::accept_connected(&listener).await;
    drop(events);
    assert!(matches!(peer.next().await, Request::Disconnect));
    drop(session);
}

#[tokio::test]
async fn a_token_that_ends_soon_is_replaced_while_events_go_on() {
    let Setting { listener, session, mut events, tokens } = setting().await;
    session.subscribe(Topic::UserEvents, None).await;
    let mut peer = Peer::accept_connected(&listener).await;
    let Request::Subscribe { id, .. } = peer.next().await else { panic!() };
    peer.session.accept_subscription();
    let expiring = json!({"event": "session.expiring", "expires_at": "2026-11-25T00:00:00.000Z",
        "stream": format!("channel/{CHANNEL}")});
    peer.message(&id, "/user/queue/events", expiring).await;
    let Request::Send { destination, frame, .. } = peer.next().await else { panic!() };
    assert_eq!(destination, "/app/session/refresh");
    assert_eq!(frame.header("Authorization").as_deref(), Some("Bearer token-1"));
    assert_eq!(*tokens.refused.lock().unwrap(), ["token-0"]);
    assert!(matches!(told(&mut events).await, SessionEvent::Subscribed { .. }));
    assert!(matches!(told(&mut events).await, SessionEvent::Expiring(_)));
}

#[tokio::test]
async fn who_was_too_slow_comes_back_and_resumes() {
    let Setting { listener, session, mut events, .. } = setting().await;
    session.subscribe(Topic::Channel(CHANNEL), None).await;
    let mut peer = Peer::accept_connected(&listener).await;
    let Request::Subscribe { id, .. } = peer.next().await else { panic!() };
    peer.session.accept_subscription();
    peer.message(&id, "/channels/x", deleted(1)).await;
    assert!(matches!(told(&mut events).await, SessionEvent::Subscribed { .. }));
    assert!(matches!(told(&mut events).await, SessionEvent::Event { .. }));
    peer.session.close(crate::stomp::server::close::SLOW, "slow-consumer");
    peer.flush().await;
    let again = tokio::time::timeout(Duration::from_secs(20), Peer::accept_connected(&listener));
    let mut peer = again.await.expect("it comes back");
    let Request::Subscribe { frame, .. } = peer.next().await else { panic!() };
    assert_eq!(frame.header("after").as_deref(), Some("1"));
}
