//! Whatever process is killed: nothing that was acknowledged is lost, nothing is there twice, everybody goes on.

use std::collections::HashSet;

use echopulse_tests::{Person, Terminal, eventually};
use tempfile::tempdir;

#[test]
fn a_thousand_messages_survive_the_death_of_whoever_serves() {
    const MESSAGES: usize = 1000;
    let folder = tempdir().expect("a folder");
    let ada = Person::named(folder.path(), "ada").unlimited();
    ada.says(&["servers", "create", "Rust Lyon"]);
    let mut served = Some(Person::of(folder.path()).unlimited().serves());
    let tail = ada.starts(&["tail", "#general", "--since", "0", "--json"]);
    let mut acknowledged = Vec::new();
    let mut shown = Vec::new();
    for number in 0..MESSAGES {
        if number == MESSAGES / 3 {
            served.take().expect("it serves").kill();
        }
        let text = format!("message {number}");
        acknowledged.push(ada.json(&["send", "#general", &text])[0]["id"].clone());
    }
    for number in 0..MESSAGES {
        let line = tail.next_json("every message in the tail");
        assert_eq!(line["content"], format!("message {number}"), "in order, once");
        shown.push(line["id"].clone());
    }
    assert_eq!(shown, acknowledged);
    let history = ada.json(&["history", "#general", "--limit", "2000"]);
    let ids: Vec<_> = history.iter().map(|line| line["id"].clone()).collect();
    assert_eq!(ids, acknowledged);
    let distinct: HashSet<_> = ids.iter().map(ToString::to_string).collect();
    assert_eq!(distinct.len(), MESSAGES);
}

#[test]
fn a_client_takes_over_and_sees_no_more_than_a_reconnect() {
    let folder = tempdir().expect("a folder");
    let ada = Person::named(folder.path(), "ada");
    ada.says(&["servers", "create", "Rust Lyon"]);
    let served = Person::of(folder.path()).serves();
    let client = Terminal::open(folder.path(), Some("ada"), 100, 30);
    client.shows("connected as ada");
    client.shows("#general");
    served.kill();
    client.write("written while nobody serves");
    client.press(&["Enter"]);
    client.shows("connected as ada");
    ada.says(&["send", "#general", "from elsewhere"]);
    client.shows("from elsewhere");
    // Which of the two was first is for chance; both are there, once.
    let both = eventually("both messages", || {
        let history = ada.json(&["history", "#general"]);
        let mut said: Vec<_> =
            history.iter().map(|line| line["content"].as_str().unwrap().to_owned()).collect();
        said.sort();
        (said.len() >= 2).then_some(said)
    });
    assert_eq!(both, ["from elsewhere", "written while nobody serves"]);
}
