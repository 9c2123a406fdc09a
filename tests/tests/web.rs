//! The browser client in a real browser, served by the program itself: people in browsers and people in terminals in one channel.

use std::{net::TcpListener, path::Path, process::Command};

use echopulse_tests::{Browser, ENTER, Lines, Person, eventually};
use tempfile::{TempDir, tempdir};

const ESCAPE: &str = "\u{e00c}";
const UP: &str = "\u{e013}";

/// A folder that ada owns, served at an address that it keeps.
struct Town {
    folder: TempDir,
    address: String,
    served: Option<Lines>,
    ada: Person,
}

impl Town {
    fn start() -> Self {
        let folder = tempdir().expect("a folder");
        let ada = Person::named(folder.path(), "ada");
        ada.says(&["servers", "create", "Rust Lyon"]);
        let port =
            TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port");
        let mut town = Self { folder, address: port.to_string(), served: None, ada };
        town.serve();
        town
    }

    fn serve(&mut self) {
        let served = Person::of(self.folder.path()).starts(&["serve", "--listen", &self.address]);
        assert_eq!(served.next("the URL of `serve`"), self.url());
        self.served = Some(served);
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Somebody new, who comes by an invite.
    fn newcomer(&self, name: &str, (width, height): (u32, u32)) -> Browser {
        let invite = self.ada.json(&["invite"]);
        let page = Browser::open(width, height);
        page.goes_to(&format!("{}/join/{}", self.url(), invite[0]["code"].as_str().expect("a code")));
        page.shows("You are invited");
        page.clicks("button.primary");
        page.clicks("summary");
        page.types("#new-username", name);
        page.types("#new-password", "correct horse");
        page.types("#again", "correct horse");
        page.clicks("details button[type=submit]");
        assert_eq!(page.reads("dialog button.primary"), "Join Rust Lyon");
        page.clicks("dialog button.primary");
        let _ = page.reads(".composer textarea");
        page
    }

    fn history(&self) -> Vec<String> {
        let lines = self.ada.json(&["history", "#general"]);
        lines.iter().map(|line| line["content"].as_str().unwrap_or_default().to_owned()).collect()
    }
}

#[test]
fn two_browsers_and_a_terminal_talk_in_one_channel() {
    let town = Town::start();
    let lin = town.newcomer("lin", (1200, 800));
    let mei = town.newcomer("mei", (360, 640));
    let tail = town.ada.starts(&["tail", "#general", "--since", "0", "--json"]);

    lin.writes("good morning **all**");
    mei.shows("good morning all");
    assert_eq!(tail.next_json("the message of lin")["content"], "good morning **all**");

    town.ada.says(&["send", "#general", "and to you"]);
    lin.shows("and to you");
    mei.shows("and to you");

    lin.types(".composer textarea", UP);
    lin.shows("Editing your message");
    lin.writes(" and everybody");
    mei.shows("good morning all and everybody");
    mei.shows("(edited)");

    mei.types(".list", UP);
    mei.types(".message:last-of-type", "r");
    mei.shows("Replying to ada");
    // The first Enter takes the completion, the second sends.
    mei.types(".composer textarea", &format!("thank you @li{ENTER}"));
    mei.writes("");
    lin.shows("thank you @lin");
    assert_eq!(lin.reads(".message:last-of-type .replied"), "ada: and to you");
    assert_eq!(lin.reads(".message:last-of-type .mention.me"), "@lin");

    lin.shows("Online · 3");
    // It is told at most once in five seconds, and the last message is younger than that.
    eventually("that lin is typing", || {
        lin.types(".composer textarea", "w");
        mei.reads(".typing").contains("lin is typing…").then_some(())
    });

    mei.types(".list", UP);
    mei.types(".message:last-of-type", "d");
    mei.clicks("dialog button.danger");
    lin.shows("deleted");
    assert_eq!(lin.counts("thank you"), 0);
}

#[test]
fn what_is_written_offline_arrives_once_and_nothing_is_missed() {
    let mut town = Town::start();
    let lin = town.newcomer("lin", (1200, 800));
    lin.writes("before");
    lin.shows("before");

    town.served.take().expect("it is served").kill();
    lin.shows("offline");
    lin.writes("written offline");
    lin.shows("waits for the connection");
    town.serve();
    town.ada.says(&["send", "#general", "said meanwhile"]);

    lin.shows("said meanwhile");
    eventually("an empty outbox", || {
        lin.answers("return !document.querySelector('.unsent')").as_bool()?.then_some(())
    });
    assert_eq!(lin.counts("written offline"), 1);
    let history = town.history();
    assert_eq!(history.iter().filter(|content| *content == "written offline").count(), 1, "{history:?}");
}

#[test]
fn a_reload_keeps_the_sign_in_and_no_token_is_stored() {
    let town = Town::start();
    let lin = town.newcomer("lin", (1200, 800));
    lin.writes("still here");
    lin.shows("still here");
    let stored =
        lin.answers("return JSON.stringify([localStorage, Object.keys(sessionStorage), document.cookie])");
    assert_eq!(stored, r#"[{},["echopulse.signed-in"],""]"#);

    let _ = lin.answers("location.reload(); return true");
    eventually("the page again", || (lin.counts("still here") == 1).then_some(()));
    let address = lin.answers("return location.href");
    assert!(!address.as_str().expect("an address").contains("code="), "{address}");

    lin.clicks(".sidebar footer button");
    lin.clicks("button[type=submit]");
    lin.shows("Sign in to talk");
}

#[test]
fn hostile_messages_are_shown_inert() {
    let town = Town::start();
    let lin = town.newcomer("lin", (1200, 800));
    let _ = lin.answers("window.fetched = performance.getEntriesByType('resource').length; return true");
    let hostile = [
        "<script>document.title = 'taken'</script><img src=x onerror=\"document.title = 'taken'\">"
            .to_owned(),
        "javascript:alert(1) [label](javascript:alert(1)) java\tscript:alert(1) https://a:b@example.org/"
            .to_owned(),
        "[".repeat(4000),
        format!("e{}", "\u{301}".repeat(3900)),
        "> ```\n`*_**".to_owned(),
        "\u{202e}turned around https://example.org/picture.png".to_owned(),
    ];
    for text in &hostile {
        town.ada.pipes(text, &["send", "#general", "-"]);
    }
    town.ada.says(&["send", "#general", "the last one"]);
    lin.shows("the last one");

    lin.shows("<script>document.title");
    let made =
        "return document.querySelectorAll('.list script, .list img, .list iframe, .list [onerror]').length";
    assert_eq!(lin.answers(made), 0);
    let links = lin.answers(
        "return [...document.querySelectorAll('.list a')].map((link) => `${link.href} ${link.rel}`)",
    );
    assert_eq!(links, serde_json::json!(["https://example.org/picture.png noopener noreferrer nofollow"]));
    let fetched = "return performance.getEntriesByType('resource').map(({ name }) => new URL(name).origin).every((origin) => origin === location.origin)";
    assert_eq!(lin.answers(fetched), true, "only this deployment is asked for anything");
    assert_ne!(lin.answers("return document.title"), "taken");
}

#[test]
fn a_used_up_invite_and_a_forged_state_get_a_clear_answer() {
    let town = Town::start();
    let lin = town.newcomer("lin", (1200, 800));
    lin.goes_to(&format!("{}/join/11111111", town.url()));
    eventually("why the invite does not work", || {
        let said = lin.answers("return document.querySelector('.problem')?.innerText ?? ''");
        (said.as_str()?.len() > 5).then_some(())
    });
    lin.types("dialog input", ESCAPE);

    let forged = Browser::open(480, 900);
    forged.goes_to(&format!("{}/?code=abc&state=forged", town.url()));
    forged.shows("Try again");
    assert_eq!(forged.answers("return location.search"), "");
}

/// axe-core, as the client's lock file pins it. It is fetched with the client's other development packages.
fn axe() -> String {
    let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("../web");
    let script = web.join("node_modules/axe-core/axe.min.js");
    if !script.is_file() {
        let fetched = Command::new("npm").arg("ci").current_dir(&web).status().expect("npm is installed");
        assert!(fetched.success(), "npm ci in web/ failed");
    }
    std::fs::read_to_string(script).expect("axe-core is a development package of web/")
}

#[test]
fn axe_finds_nothing_serious() {
    let town = Town::start();
    let axe = axe();
    let check = |page: &Browser, what: &str| {
        let script = format!(
            "{axe}; return axe.run(document).then(({{ violations }}) => violations.map(({{ id, impact, nodes }}) => [id, impact, nodes[0].html]))"
        );
        assert_eq!(page.answers(&script), serde_json::json!([]), "{what}");
    };
    let stranger = Browser::open(1200, 800);
    stranger.goes_to(&town.url());
    stranger.shows("Sign in");
    check(&stranger, "signed out");

    let lin = town.newcomer("lin", (1200, 800));
    town.ada.pipes("> quote\n```\ncode\n```\n**bold** https://example.org", &["send", "#general", "-"]);
    lin.shows("quote");
    check(&lin, "a channel");
    lin.types(".composer textarea", "@a");
    let _ = lin.reads(".proposals");
    check(&lin, "completions");
    lin.types(".list", "?");
    let _ = lin.reads("dialog dl");
    check(&lin, "help");
}
