//! The browser client of the deployment: code + PKCE on Keycloak's own pages, beside people in terminals on both instances.

use echopulse_tests::{Browser, Person, eventually};
use serde_json::Value;
use tempfile::TempDir;

use super::{
    extra::{Extra, Kind, free_address},
    login::{Login, signs_in},
    world::{Deployment, variable},
};

/// Somebody in a terminal, whose deployment is one instance alone.
struct Terminal {
    person: Person,
    _home: TempDir,
    _page: Extra,
}

fn instance(number: usize, service: &str) -> String {
    let instances: Value = serde_json::from_str(&variable("ECHOPULSE_TEST_INSTANCES")).expect("it is JSON");
    instances[number][service].as_str().expect("an instance has both").to_owned()
}

impl Terminal {
    fn on(number: usize, who: &Login) -> Self {
        let (server, chat) = (instance(number, "server"), instance(number, "chat"));
        let only = [("PUBLIC__SERVER_URLS", server.as_str()), ("PUBLIC__CHAT_URLS", chat.as_str())];
        let page = Extra::start(Kind::Web, &free_address(), &only);
        eventually("the page's program", || reachable(&page.url).then_some(()));
        let (home, person) = signs_in(&page.url, who);
        Self { person, _home: home, _page: page }
    }

    fn history(&self, server: &str) -> Vec<String> {
        let lines = self.person.json(&["history", "#general", "--server", server]);
        lines.iter().map(|line| line["content"].as_str().unwrap_or_default().to_owned()).collect()
    }
}

fn reachable(url: &str) -> bool {
    let address = url.trim_start_matches("http://");
    std::net::TcpStream::connect(address).is_ok()
}

/// Three who are new in the realm.
fn people() -> (Login, Login, Login) {
    let tokio = tokio::runtime::Runtime::new().expect("a runtime starts");
    tokio.block_on(async {
        let deployment = Deployment::start().await;
        let new = async |name| Login::made(&deployment, name).await;
        (new("ada").await, new("lin").await, new("sam").await)
    })
}

#[test]
fn a_browser_and_terminals_on_both_instances_talk_and_a_cut_network_loses_nothing() {
    let (ada, lin, sam_of_keycloak) = people();
    let (ada, lin) = (Terminal::on(0, &ada), Terminal::on(1, &lin));
    let server = format!("Web {}", std::process::id());
    ada.person.says(&["servers", "create", &server]);
    let invite = ada.person.json(&["invite", "--server", &server]);
    let code = invite[0]["code"].as_str().expect("a code");
    lin.person.says(&["join", code]);

    let sam = Browser::open(1200, 800);
    sam.goes_to(&format!("{}/join/{code}", variable("ECHOPULSE_TEST_WEB")));
    sam.shows("You are invited");
    sam.clicks("button.primary");
    sam_of_keycloak.enters(&sam);
    assert_eq!(sam.reads("dialog button.primary"), format!("Join {server}"));
    sam.clicks("dialog button.primary");
    let _ = sam.reads(".composer textarea");

    sam.writes("hello from the browser");
    for terminal in [&ada, &lin] {
        eventually("the browser's message in a terminal", || {
            terminal.history(&server).contains(&"hello from the browser".to_owned()).then_some(())
        });
    }
    ada.person.says(&["send", "#general", "from the first instance", "--server", &server]);
    lin.person.says(&["send", "#general", "from the second instance", "--server", &server]);
    sam.shows("from the first instance");
    sam.shows("from the second instance");

    sam.goes_offline();
    sam.shows("offline");
    sam.writes("written offline");
    for number in 0..10 {
        let terminal = if number % 2 == 0 { &ada } else { &lin };
        terminal.person.says(&["send", "#general", &format!("meanwhile {number}"), "--server", &server]);
    }
    sam.goes_online();
    sam.shows("meanwhile 9");
    eventually("an empty outbox", || {
        sam.answers("return !document.querySelector('.unsent')").as_bool()?.then_some(())
    });
    let history = lin.history(&server);
    for text in (0..10).map(|number| format!("meanwhile {number}")).chain(["written offline".to_owned()]) {
        assert_eq!(sam.counts(&text), 1, "{text} in the browser");
        assert_eq!(history.iter().filter(|said| **said == text).count(), 1, "{text} in {history:?}");
    }

    sam.clicks(".sidebar footer button");
    // Keycloak asks whether it is meant.
    sam.clicks("#kc-logout");
    sam.shows("Sign in to talk");
}
