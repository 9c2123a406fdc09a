//! People at a terminal, signed in by the device grant on Keycloak's own pages.

use std::path::Path;

use echopulse_tests::{Browser, Person, Terminal};
use serde_json::json;
use tempfile::{TempDir, tempdir};

use super::world::variable;
use crate::world::Deployment;

/// Somebody who can sign in on a page.
pub(super) struct Login {
    name: String,
    password: String,
}

impl Login {
    /// One of the realm's demo users.
    fn of(name: &str) -> Self {
        let people = variable("ECHOPULSE_TEST_KEYCLOAK_USERS");
        let found = people.split(',').find_map(|person| person.strip_prefix(&format!("{name}:")));
        let password = found.unwrap_or_else(|| panic!("{name} is a demo user")).to_owned();
        Self { name: name.to_owned(), password }
    }

    /// Somebody new, who is in no server.
    pub(super) async fn made(deployment: &Deployment, name: &str) -> Self {
        let unique = uuid::Uuid::now_v7().simple().to_string();
        let (username, password) = (format!("{name}-{}", &unique[20..]), unique);
        let made = json!({
            "username": username,
            "enabled": true,
            "emailVerified": true,
            "email": format!("{username}@example.org"),
            "firstName": name,
            "lastName": name,
            "credentials": [{ "type": "password", "value": password, "temporary": false }],
        });
        let users = deployment.admin_url("/users");
        deployment.ask(deployment.http().post(&users).json(&made)).await;
        let found =
            deployment.ask(deployment.http().get(format!("{users}?exact=true&username={username}"))).await;
        let role = deployment.ask(deployment.http().get(deployment.admin_url("/roles/echopulse-user"))).await;
        let mapping =
            format!("{users}/{}/role-mappings/realm", found[0]["id"].as_str().expect("it was made"));
        deployment.ask(deployment.http().post(mapping).json(&json!([role]))).await;
        Self { name: username, password }
    }

    /// Fills in Keycloak's own page.
    pub(super) fn enters(&self, page: &Browser) {
        page.types("#username", &self.name);
        page.types("#password", &self.password);
        page.clicks("#kc-login");
    }
}

fn url() -> String {
    let instances: serde_json::Value =
        serde_json::from_str(&variable("ECHOPULSE_TEST_INSTANCES")).expect("instances are JSON");
    instances[0]["server"].as_str().expect("an instance has a server").to_owned()
}

/// Signs in from a new folder, as somebody does who reads the link and the code from the terminal.
pub(super) fn signs_in(url: &str, who: &Login) -> (TempDir, Person) {
    let folder = tempdir().expect("a folder");
    let person = Person::of(folder.path());
    let login = person.starts(&["login", url]);
    login.next("where");
    let (link, code) = (login.next_behind("1. Open"), login.next_behind("2. Enter"));
    let page = Browser::open(600, 900);
    page.goes_to(&link);
    page.types("#device_user_code", &code);
    page.clicks("#kc-user-verify-device-user-code-form [type=submit]");
    who.enters(&page);
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
    let ((ada_home, ada), (lin_home, lin)) =
        (signs_in(&url(), &Login::of("ada")), signs_in(&url(), &Login::of("lin")));
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
