//! Instances that end under load: told to, and killed.

use std::{collections::BTreeSet, path::Path};

use echopulse_protocol::stomp::Command;
use echopulse_tests::Terminal;
use serde_json::json;

use super::{
    extra::{Extra, Kind, free_address},
    faults::person_at,
    login::{Login, signs_in},
};
use crate::{
    support::{Person, Place, Said, Socket, value},
    world::Deployment,
};

const WRITERS: u64 = 4;
const EACH: u64 = 50;

/// SENDs one message.
async fn send(socket: &mut Socket, place: &Place, text: &str) {
    let body = json!({ "content": text });
    socket.post(&place.send_to("messages"), &format!("receipt:{text}\nnonce:{text}\n"), &body).await;
}

/// All frames up to the close, which says that the instance goes away.
async fn until_it_goes(socket: &mut Socket) -> Vec<echopulse_protocol::stomp::Frame> {
    let mut frames = Vec::new();
    loop {
        match socket.said().await {
            Said::Frame(frame) => frames.push(frame),
            Said::Closed(code) => {
                assert_eq!(code, Some((1001, "going-away".to_owned())));
                return frames;
            }
        }
    }
}

#[tokio::test]
async fn an_instance_that_is_told_to_stop_under_load_loses_nothing() {
    let deployment = Deployment::start().await;
    let mut leaving = Extra::start(Kind::Chat, &free_address(), &[]);
    leaving.ready().await;
    let ada = person_at(&deployment, &leaving, "ada").await;
    let place = ada.found("home").await;
    let mut reader = ada.follow(&place.topic()).await;
    let mut writers = Vec::new();
    for _ in 0..WRITERS {
        writers.push(ada.connect().await);
    }
    for number in 0..EACH {
        for (writer, socket) in (0..).zip(&mut writers) {
            send(socket, &place, &format!("{writer}-{number}")).await;
        }
    }
    leaving.tell_to_stop();

    let mut acknowledged = BTreeSet::new();
    for socket in &mut writers {
        for frame in until_it_goes(socket).await {
            assert_eq!(frame.command(), Command::Receipt, "{frame:?}");
            assert!(acknowledged.insert((value(&frame, "receipt-id"), value(&frame, "message-id"))));
        }
    }
    let (mut epoch, mut after) = (String::new(), 0);
    for frame in until_it_goes(&mut reader).await {
        after += 1;
        assert_eq!(value(&frame, "seq"), after.to_string(), "no hole and nothing twice");
        epoch = value(&frame, "epoch");
    }
    assert_eq!(leaving.ended().await, Some(0));

    let ada = Person { instance: deployment.instance(1), ..ada };
    let stored = history(&ada, &place).await;
    let kept: BTreeSet<_> = stored.iter().cloned().collect();
    assert_eq!(kept.len(), stored.len(), "each once");
    assert!(acknowledged.is_subset(&kept), "what was acknowledged is there");
    let mut socket = ada.connect().await;
    let position = if after == 0 { String::new() } else { format!("epoch:{epoch}\nafter:{after}\n") };
    // Whoever saw nothing yet has no position to go on from.
    let mut seen = if after == 0 { u64::try_from(stored.len()).unwrap() } else { after };
    socket.subscribe("s", &place.topic(), &position).await;
    let mut again = ada.connect().await;
    for writer in 0..WRITERS {
        for number in 0..EACH {
            send(&mut again, &place, &format!("{writer}-{number}")).await;
            assert_eq!(again.frame().await.command(), Command::Receipt);
        }
    }
    while seen < WRITERS * EACH {
        seen += 1;
        assert_eq!(value(&socket.message().await.0, "seq"), seen.to_string(), "no hole and nothing twice");
    }
    let stored = history(&ada, &place).await;
    assert_eq!(stored.len(), usize::try_from(WRITERS * EACH).unwrap(), "a retry is not a second message");
}

/// The whole history: text and id of each message.
async fn history(person: &Person, place: &Place) -> Vec<(String, String)> {
    let (mut all, mut after) = (Vec::new(), 0);
    loop {
        let page = person.get(&format!("{}?after={after}&limit=100", place.messages())).await.good();
        let items = page["items"].as_array().unwrap();
        let Some(last) = items.last() else { return all };
        after = last["seq"].as_u64().unwrap();
        let text = |item: &serde_json::Value, name: &str| item[name].as_str().unwrap().to_owned();
        all.extend(items.iter().map(|item| (text(item, "content"), text(item, "id"))));
    }
}

fn opens(folder: &Path) -> Terminal {
    Terminal::open(folder, None, 120, 30)
}

/// A server service that names two addresses of chat services, and the one of them that is there when clients come.
async fn a_place_to_be_killed(first: &str, second: &str) -> (Extra, Extra) {
    let at = free_address();
    let (chats, own) = (format!("http://{first},http://{second}"), format!("http://{at}"));
    let told = [("PUBLIC__CHAT_URLS", chats.as_str()), ("PUBLIC__SERVER_URLS", own.as_str())];
    let (server, chat) = (Extra::start(Kind::Server, &at, &told), Extra::start(Kind::Chat, first, &[]));
    server.ready().await;
    chat.ready().await;
    (server, chat)
}

#[test]
fn terminals_of_an_instance_that_is_killed_go_on_at_the_other() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (first, second) = (free_address(), free_address());
    let (server, mut doomed) = runtime.block_on(a_place_to_be_killed(&first, &second));
    let (nils, mona) = runtime.block_on(async {
        let deployment = Deployment::start().await;
        (Login::made(&deployment, "nils").await, Login::made(&deployment, "mona").await)
    });
    let (nils_home, nils) = signs_in(&server.url, &nils);
    let (mona_home, mona) = signs_in(&server.url, &mona);
    nils.says(&["servers", "create", "Oslo"]);
    let invite = nils.json(&["invite", "--server", "Oslo"]);
    mona.says(&["join", invite[0]["code"].as_str().expect("a code")]);
    nils.pipes("first words\n", &["send", "#general", "-", "--server", "Oslo"]);

    let (left, right) = (opens(nils_home.path()), opens(mona_home.path()));
    for terminal in [&left, &right] {
        terminal.shows("first words");
    }
    left.write("second words");
    left.press(&["Enter"]);
    right.shows("second words");

    let other = Extra::start(Kind::Chat, &second, &[]);
    runtime.block_on(other.ready());
    doomed.kill();
    right.write("third words");
    right.press(&["Enter"]);
    left.shows("third words");
    left.write("fourth words");
    left.press(&["Enter"]);
    right.shows("fourth words");
    for terminal in [&left, &right] {
        let screen = terminal.shows("fourth words");
        for words in ["first words", "second words", "third words", "fourth words"] {
            assert_eq!(screen.matches(words).count(), 1, "{words}:\n{screen}");
        }
    }
    let history = nils.json(&["history", "#general", "--server", "Oslo"]);
    let texts: Vec<_> =
        history.iter().map(|message| message["content"].as_str().unwrap_or_default()).collect();
    assert_eq!(texts, ["first words", "second words", "third words", "fourth words"]);
}
