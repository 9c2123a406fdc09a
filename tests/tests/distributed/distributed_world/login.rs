//! People at a terminal, signed in by the device grant on Keycloak's own pages.

use std::path::Path;

use echopulse_tests::{Browser, Person, Terminal};
use tempfile::{TempDir, tempdir};

use super::world::variable;

/// The password of somebody in the realm's demo users.
fn password(name: &str) -> String {
    let people = variable("ECHOPULSE_TEST_KEYCLOAK_USERS");
    let found = people.split(',').find_map(|person| person.strip_prefix(&format!("{name}:")));
    found.unwrap_or_else(|| panic!("{name} is a demo user")).to_owned()
}

fn url() -> String {
    let instances: serde_json::Value =
        serde_json::from_str(&variable("ECHOPULSE_TEST_INSTANCES")).expect("instances are JSON");
    instances[0]["server"].as_str().expect("an instance has a server").to_owned()
}

/// Signs in from a new folder, as somebody does who reads the link and the code from the terminal.
fn signs_in(name: &str) -> (TempDir, Person) {
    let folder = tempdir().expect("a folder");
    let person = Person::of(folder.path());
    let login = person.starts(&["login", &url()]);
    login.next("where");
    let (link, code) = (login.next_behind("1. Open"), login.next_behind("2. Enter"));
    let page = Browser::open(600, 900);
    page.goes_to(&link);
    page.types("#device_user_code", &code);
    page.clicks("#kc-user-verify-device-user-code-form [type=submit]");
    page.types("#username", name);
    page.types("#password", &password(name));
    page.clicks("#kc-login");
    // Whoever agreed before is not asked again.
    let _ = page.reads("button[name=accept], body[data-page-id=login-info]");
    if page.has("button[name=accept]") {
        page.clicks("button[name=accept]");
    }
    let signed_in = loop {
        let line = login.next("the end of the sign-in");
        if line.starts_with("Signed in") {
            break line;
        }
    };
    assert!(signed_in.ends_with('.'), "{signed_in}");
    (folder, person)
}

fn opens(folder: &Path) -> Terminal {
    Terminal::open(folder, None, 120, 30)
}

#[test]
fn two_people_sign_in_on_keycloaks_pages_and_talk_in_the_terminal() {
    let ((ada_home, ada), (lin_home, lin)) = (signs_in("ada"), signs_in("lin"));
    let server = format!("Lyon {}", std::process::id());
    ada.says(&["servers", "create", &server]);
    let invite = ada.json(&["invite", "--server", &server]);
    lin.says(&["join", invite[0]["code"].as_str().expect("a code")]);
    let tail = lin.starts(&["tail", "#general", "--server", &server, "--since", "0", "--json"]);
    ada.pipes("good morning\n", &["send", "#general", "-", "--server", &server]);
    assert_eq!(tail.next_json("the message of ada")["content"], "good morning");

    let (left, right) = (opens(ada_home.path()), opens(lin_home.path()));
    left.shows("good morning");
    right.shows("good morning");
    right.write("and to you");
    right.press(&["Enter"]);
    left.shows("and to you");
    left.write("see you at noon");
    left.press(&["Enter"]);
    right.shows("see you at noon");

    lin.says(&["logout"]);
    assert_eq!(lin.fails(&["whoami"]).0, 3);
}
