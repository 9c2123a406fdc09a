//! `docs/bots.md` says what is so: its programs are those of the repository, its commands are run, and its frames are what a
//! service says.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::Duration,
};

use echopulse_protocol::client::{Client, Credentials, Deployed, TokenSource};
use echopulse_tests::{Person, Served};
use futures_util::{SinkExt, StreamExt};
use tempfile::TempDir;
use tokio::time::timeout;
use tokio_tungstenite::{connect_async, tungstenite::Message, tungstenite::client::IntoClientRequest};

/// Nothing takes so long unless it never comes.
const PATIENCE: Duration = Duration::from_secs(30);

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The blocks of code in the page: what stands behind the fence, and the code.
fn blocks() -> Vec<(String, String)> {
    let page = fs::read_to_string(repository().join("docs/bots.md")).expect("the page");
    let mut found: Vec<(String, String)> = Vec::new();
    let mut open = false;
    for line in page.lines() {
        match line.strip_prefix("```") {
            Some(_) if open => open = false,
            Some(info) => {
                open = true;
                found.push((info.to_owned(), String::new()));
            }
            None if open => {
                let (_, code) = found.last_mut().expect("a block is open");
                code.push_str(line);
                code.push('\n');
            }
            None => {}
        }
    }
    found
}

#[test]
fn the_programs_of_the_page_are_those_of_the_repository() {
    let mut compared = 0;
    for (info, code) in blocks() {
        let Some((_, file)) = info.split_once("file=") else { continue };
        let there = fs::read_to_string(repository().join(file)).expect(file);
        assert_eq!(code, there, "docs/bots.md shows another {file}");
        compared += 1;
    }
    assert_eq!(compared, 3);
}

fn served() -> (TempDir, Served) {
    let folder = tempfile::tempdir().unwrap();
    let served = Person::of(folder.path()).serves();
    (folder, served)
}

/// What a reader does by hand: running commands in the folder that is served, and keeping what was printed once.
const READER: &str = r#"set -eu -o pipefail
echopulse() {
  local said
  said=$("$PROGRAM" --data "$FOLDER" "$@")
  printf '%s\n' "$said"
  case "$*" in
    *"bots create"*)
      ECHOPULSE_CLIENT_ID=$(awk '/^client id/ { print $3 }' <<< "$said")
      ECHOPULSE_CLIENT_SECRET=$(awk '/^client secret/ { print $3 }' <<< "$said") ;;
    *"webhooks create"*) WEBHOOK_URL=$(head -n 1 <<< "$said") ;;
  esac
}
"#;

#[test]
fn the_commands_of_the_page_work_one_after_the_other() {
    let (folder, served) = served();
    let commands = blocks().into_iter().filter(|(info, _)| info == "sh test").map(|(_, code)| code);
    let script: String = std::iter::once(READER.to_owned()).chain(commands).collect();
    let mut shell = Command::new("bash");
    shell.args(["-c", &script]).env("PROGRAM", echopulse_tests::program()).env("FOLDER", folder.path());
    shell.env("XDG_CONFIG_HOME", folder.path().join("config")).env("ECHOPULSE_URL", &served.url);
    let done = shell.output().unwrap();
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success(), "{said}\n{}", String::from_utf8_lossy(&done.stderr));
    for wanted in ["bot-helper", "client secret", "\"general\"", "\"builds\"", "build 7 is green", "webhook"]
    {
        assert!(said.contains(wanted), "{wanted} is not in: {said}");
    }
}

/// Whether a text is like a pattern in which `…` stands for anything.
fn fits(pattern: &str, text: &str) -> bool {
    let parts: Vec<&str> = pattern.split('…').collect();
    let [first, between @ .., last] = &parts[..] else { return pattern == text };
    let Some(mut rest) = text.strip_prefix(first).and_then(|rest| rest.strip_suffix(last)) else {
        return false;
    };
    between.iter().all(|part| match rest.find(part) {
        Some(at) => {
            rest = &rest[at + part.len()..];
            true
        }
        None => false,
    })
}

/// Whether a frame is the one in the page: its command, the headers that the page shows, and its body.
fn is_frame(pattern: &str, frame: &str) -> bool {
    let parts = |text: &str| {
        let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
        let mut lines = head.lines().map(str::to_owned);
        (lines.next(), lines.collect::<Vec<_>>(), body.trim_end_matches(['\0', '\n']).to_owned())
    };
    let ((command, headers, body), (said, has, told)) = (parts(pattern), parts(frame));
    command == said
        && headers.iter().all(|wanted| has.iter().any(|header| fits(wanted, header)))
        && fits(&body, &told)
}

#[tokio::test]
async fn the_frames_of_the_page_are_what_a_service_says() {
    let (folder, served) = served();
    let ada = Person::named(folder.path(), "ada");
    ada.says(&["servers", "create", "Rust Lyon"]);
    let bot = ada.json(&["bots", "create", "helper"]).remove(0);
    let text = |key: &str| bot[key].as_str().expect(key).to_owned();
    let place = Arc::new(Deployed::new(&served.url).unwrap());
    let tokens = Arc::new(Credentials::new(place.clone(), text("client_id"), text("client_secret")));
    let token = tokens.access_token().await.unwrap().secret().to_owned();
    let channel = Client::new(place, tokens).unwrap().channel("#general").await.unwrap().id.to_string();

    let url = format!("{}/chat/ws", served.url.replacen("http", "ws", 1));
    let mut request = url.into_client_request().unwrap();
    request.headers_mut().insert("sec-websocket-protocol", "v12.stomp".parse().unwrap());
    let (mut socket, _) = connect_async(request).await.unwrap();
    let mut frames: Vec<_> = blocks().into_iter().filter(|(info, _)| info.starts_with("stomp")).collect();
    // What is waited for at the end, too.
    frames.push(("stomp sent".to_owned(), String::new()));
    assert!(frames.len() > 10, "the page shows frames");
    let mut awaited: Vec<String> = Vec::new();
    for (info, code) in frames {
        let code = code.replace("TOKEN", &token).replace("CHANNEL", &channel);
        let code = code.trim_end().replace("^@", "\0");
        if info == "stomp answered" {
            awaited.push(code.replace('\0', ""));
            continue;
        }
        while !awaited.is_empty() {
            let said = timeout(PATIENCE, socket.next()).await.expect("an answer").unwrap().unwrap();
            let said = said.into_text().unwrap();
            let at = awaited.iter().position(|pattern| is_frame(pattern, &said));
            awaited.remove(at.unwrap_or_else(|| panic!("{said}\nis none of {awaited:#?}")));
        }
        if !code.is_empty() {
            socket.send(Message::text(code)).await.unwrap();
        }
    }
}
