//! Signing in from another computer: the device grant, its page in a real browser.

use echopulse_tests::{Browser, Person};
use tempfile::tempdir;

#[test]
fn a_person_elsewhere_signs_in_on_the_page_and_the_two_talk() {
    let (home, elsewhere) = (tempdir().expect("a folder"), tempdir().expect("a folder"));
    let ada = Person::named(home.path(), "ada");
    ada.says(&["servers", "create", "Rust Lyon"]);
    let served = Person::of(home.path()).serves();
    let lin = Person::of(elsewhere.path());

    let login = lin.starts(&["login", &served.url]);
    login.next("where");
    let (link, code) = (login.next_behind("1. Open"), login.next_behind("2. Enter"));

    let page = Browser::open(480, 900);
    page.goes_to(&link);
    page.types("#user_code", &code);
    page.clicks("button[type=submit]");
    assert_eq!(page.reads("dd.code"), code, "the page shows the code to compare");
    page.clicks("summary");
    page.types("#new-username", "lin");
    page.types("#new-password", "correct horse");
    page.types("#again", "correct horse");
    page.clicks("details button[type=submit]");
    assert_eq!(page.reads("p.who strong"), "lin");
    page.clicks("button[value=approve]");

    let signed_in = loop {
        let line = login.next("the end of the sign-in");
        if line.starts_with("Signed in") {
            break line;
        }
    };
    assert_eq!(signed_in, "Signed in as lin.");
    let invite = ada.json(&["invite"]);
    lin.says(&["join", invite[0]["code"].as_str().expect("a code")]);
    let tail = lin.starts(&["tail", "#general", "--since", "0", "--json"]);
    ada.pipes("good morning\n", &["send", "#general", "-"]);
    let heard = tail.next_json("the message of ada");
    assert_eq!((&heard["author"], &heard["content"]), (&"ada".into(), &"good morning".into()));
    lin.pipes("and to you\n", &["send", "#general", "-"]);
    assert_eq!(ada.json(&["history", "#general"])[1]["content"], "and to you");

    lin.says(&["logout"]);
    assert_eq!(lin.fails(&["whoami"]).0, 3, "nobody is signed in any more");
}

#[test]
fn a_sign_in_that_is_refused_on_the_page_ends_with_a_clear_answer() {
    let (home, elsewhere) = (tempdir().expect("a folder"), tempdir().expect("a folder"));
    Person::named(home.path(), "ada").says(&["servers", "create", "Rust Lyon"]);
    let served = Person::of(home.path()).serves();
    let login = Person::of(elsewhere.path()).starts(&["login", &served.url]);
    login.next("where");
    let (link, code) = (login.next_behind("1. Open"), login.next_behind("2. Enter"));

    let page = Browser::open(480, 900);
    page.goes_to(&link);
    page.types("#user_code", &code);
    page.clicks("button[type=submit]");
    page.clicks("summary");
    page.types("#new-username", "lin");
    page.types("#new-password", "correct horse");
    page.types("#again", "correct horse");
    page.clicks("details button[type=submit]");
    page.clicks("button[value=refuse]");
    assert_ne!(login.ends(), 0);
}
