//! Everything a cron job does: commands, pipes, JSON, exit codes.

use echopulse_tests::{Person, eventually};
use tempfile::tempdir;

/// A folder in which ada has the server `Rust Lyon`.
fn rust_lyon() -> (tempfile::TempDir, Person) {
    let folder = tempdir().expect("a folder");
    let ada = Person::named(folder.path(), "ada");
    ada.says(&["servers", "create", "Rust Lyon"]);
    (folder, ada)
}

#[test]
fn two_people_talk_through_commands_alone() {
    let (folder, ada) = rust_lyon();
    let code = ada.json(&["invite"])[0]["code"].as_str().expect("a code").to_owned();
    let grace = Person::named(folder.path(), "grace");
    grace.says(&["join", &code]);
    let sent = ada.json(&["send", "#general", "hello"]);
    assert_eq!(sent[0]["seq"], 1);
    grace.pipes("from a pipe\n", &["send", "general", "-"]);
    let history = grace.json(&["history", "#general"]);
    let said: Vec<_> = history
        .iter()
        .map(|line| (line["author"].as_str().unwrap(), line["content"].as_str().unwrap()))
        .collect();
    assert_eq!(said, [("ada", "hello"), ("grace", "from a pipe")]);
    for field in ["event", "channel", "seq", "id", "author", "content", "at"] {
        assert!(!history[0][field].is_null(), "{field}");
    }
    assert_eq!(history[0]["id"], sent[0]["id"]);
}

#[test]
fn tail_follows_from_a_place_on() {
    let (folder, ada) = rust_lyon();
    let _served = Person::of(folder.path()).serves();
    for text in ["one", "two", "three"] {
        ada.says(&["send", "#general", text]);
    }
    let tail = ada.starts(&["tail", "#general", "--since", "1", "--json"]);
    assert_eq!(tail.next_json("the second")["content"], "two");
    assert_eq!(tail.next_json("the third")["content"], "three");
    ada.says(&["send", "#general", "four"]);
    let line = tail.next_json("a live one");
    assert_eq!((line["content"].as_str(), line["seq"].as_u64()), (Some("four"), Some(4)));
}

#[test]
fn what_is_wrong_is_named_with_an_exit_code() {
    let (folder, ada) = rust_lyon();
    let (code, words) = ada.fails(&["send", "#nowhere", "x"]);
    assert!(code == 4 && words.contains("#nowhere") && words.contains("#general"), "{code} {words}");
    let (code, words) = ada.fails(&["send", "#general", "  "]);
    assert!(code == 6 && words.contains("content-empty"), "{code} {words}");
    let (code, words) = ada.fails(&["send", "#general", &"x".repeat(4001)]);
    assert!(code == 6 && words.contains("content-too-long"), "{code} {words}");
    let (code, words) = ada.fails(&["join", "0000000000"]);
    assert!(code == 4 && words.contains("invite"), "{code} {words}");
    let (code, words) = ada.fails(&["servers", "create", &"x".repeat(101)]);
    assert!(code == 6 && words.contains("100"), "{code} {words}");
    let (code, words) = Person::of(folder.path()).fails(&["whoami"]);
    assert!(code == 3 && words.contains("--as"), "{code} {words}");
    assert_eq!(ada.fails(&["tail"]).0, 2);
    assert_eq!(ada.fails(&["login", "http://example.org"]).0, 2, "no token goes over plain HTTP");
    assert_eq!(ada.fails(&["login", "http://127.0.0.1:1"]).0, 5);
}

#[test]
fn in_several_servers_one_is_named() {
    let (_folder, ada) = rust_lyon();
    ada.says(&["servers", "create", "Home lab"]);
    let (code, words) = ada.fails(&["send", "#general", "x"]);
    assert!(code == 2 && words.contains("Rust Lyon") && words.contains("Home lab"), "{code} {words}");
    ada.says(&["send", "#general", "x", "--server", "home LAB"]);
}

#[test]
fn the_client_without_a_terminal_says_what_to_do() {
    let folder = tempdir().expect("a folder");
    let (code, words) = Person::of(folder.path()).fails(&[]);
    assert!(code == 2 && words.contains("terminal") && words.contains("send"), "{code} {words}");
}

#[test]
fn an_unknown_key_of_the_configuration_is_named() {
    let folder = tempdir().expect("a folder");
    let config = folder.path().join("config/echopulse");
    std::fs::create_dir_all(&config).unwrap();
    std::fs::write(config.join("config.toml"), "[log]\nlevle = \"info\"\n").unwrap();
    let (code, words) = Person::of(folder.path()).fails(&["--check-config"]);
    assert!(code == 2 && words.contains("log.levle"), "{code} {words}");
}

#[test]
fn a_damaged_database_and_a_newer_one_are_named() {
    let (folder, ada) = rust_lyon();
    let path = folder.path().join("chat.db");
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, vec![b'x'; 8192]).unwrap();
    let _ = std::fs::remove_file(folder.path().join("chat.db-wal"));
    let (code, words) = ada.fails(&["whoami"]);
    assert!(code == 1 && words.contains("chat.db"), "{code} {words}");
    std::fs::write(&path, whole).unwrap();
    ada.says(&["whoami"]);
}

#[test]
fn a_folder_that_is_served_names_the_process() {
    let (folder, _) = rust_lyon();
    let served = Person::of(folder.path()).serves();
    let (code, words) = Person::of(folder.path()).fails(&["serve"]);
    assert!(code == 1 && words.contains(&served.pid().to_string()), "{code} {words}");
}

#[test]
fn everybody_else_needs_a_password_first() {
    let folder = tempdir().expect("a folder");
    let person = Person::named(folder.path(), "ada");
    let args = ["serve", "--listen", "0.0.0.0:0", "--public-url", "https://chat.example.org"];
    let (code, words) = person.fails(&args);
    assert!(code == 2 && words.contains("password"), "{code} {words}");
}

#[test]
fn the_files_of_a_folder_are_private() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempdir().expect("a folder");
    let path = folder.path().join("data");
    let ada = Person::named(&path, "ada");
    let _served = ada.serves();
    ada.says(&["servers", "create", "Rust Lyon"]);
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o700);
    for entry in std::fs::read_dir(&path).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_file())
    {
        assert_eq!(mode(&entry.path()) & 0o077, 0, "{:?}", entry.path());
    }
}

#[test]
fn no_message_and_no_token_is_logged() {
    let (folder, _) = rust_lyon();
    let ada = Person::named(folder.path(), "ada");
    let mut command = ada.command(&["send", "#general", "a-secret-message"]);
    assert!(command.env("ECHOPULSE_LOG__LEVEL", "trace").status().unwrap().success());
    let log = eventually("a log", || std::fs::read_to_string(folder.path().join("echopulse.log")).ok());
    assert!(!log.contains("a-secret-message") && !log.contains("eyJ"), "the log has a secret");
}
