//! Bots as their writers meet them: made by a command, run as a program, in Rust, Python and Node, and webhooks for curl.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use echopulse_tests::{
    Person, Served, eventually,
    interop::{node, python},
};
use serde_json::Value;
use tempfile::TempDir;

/// Ada's server, served, and a bot that she made.
struct Setting {
    _folder: TempDir,
    ada: Person,
    served: Served,
    bot: Value,
}

/// A program that is ended when this is dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Setting {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ada = Person::named(folder.path(), "ada");
        ada.says(&["servers", "create", "Rust Lyon"]);
        let served = Person::of(folder.path()).serves();
        let bot = ada.json(&["bots", "create", "helper"]).remove(0);
        Self { _folder: folder, ada, served, bot }
    }

    /// A program with the bot's secret where programs look for it.
    fn program(&self, path: impl AsRef<std::ffi::OsStr>, args: &[&str]) -> Command {
        let mut command = Command::new(path);
        command.args(args).env("ECHOPULSE_URL", &self.served.url);
        command.env("ECHOPULSE_CLIENT_ID", self.bot["client_id"].as_str().unwrap());
        command.env("ECHOPULSE_CLIENT_SECRET", self.bot["client_secret"].as_str().unwrap());
        command
    }

    fn example(&self, name: &str, args: &[&str]) -> Command {
        let path = echopulse_tests::program().with_file_name("examples").join(name);
        assert!(path.is_file(), "the example {name} is not built");
        self.program(path, args)
    }

    fn starts(&self, name: &str, args: &[&str]) -> Running {
        Running(self.example(name, args).spawn().unwrap())
    }

    /// What was said in a channel, with who said it.
    fn history(&self, channel: &str) -> Vec<(String, String)> {
        let text = |line: &Value, key: &str| line[key].as_str().unwrap_or_default().to_owned();
        let lines = self.ada.json(&["history", channel]);
        lines.iter().map(|line| (text(line, "author"), text(line, "content"))).collect()
    }

    /// Waits until the bot said something in a channel, and answers all that it said there.
    fn hears(&self, channel: &str, wanted: &str) -> Vec<String> {
        eventually(wanted, || {
            let said = self.history(channel).into_iter().filter(|(author, _)| author == "helper");
            let said: Vec<_> = said.map(|(_, content)| content).collect();
            said.iter().any(|content| content == wanted).then_some(said)
        })
    }

    fn count(&self, wanted: &str) -> usize {
        self.history("#general").iter().filter(|(_, content)| content == wanted).count()
    }
}

fn example_of(language: &str, name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples").join(language).join(name)
}

/// A bot that answers pings: one that came while it was down, and one that comes now, each once over a restart.
fn answers_pings(setting: &Setting, start: impl Fn() -> Command) {
    setting.ada.says(&["send", "#general", "ping"]);
    {
        let _bot = Running(start().spawn().unwrap());
        eventually("the pong for what came before", || (setting.count("pong") == 1).then_some(()));
        setting.ada.says(&["send", "#general", "ping"]);
        eventually("the pong for what came now", || (setting.count("pong") == 2).then_some(()));
    }
    setting.ada.says(&["send", "#general", "ping"]);
    let _bot = Running(start().spawn().unwrap());
    eventually("the pong for what came while it was down", || (setting.count("pong") == 3).then_some(()));
    setting.ada.says(&["send", "#general", "ping"]);
    eventually("the last pong", || (setting.count("pong") >= 4).then_some(()));
    assert_eq!(setting.count("pong"), 4, "each ping is answered once");
}

#[test]
fn the_echo_of_rust_answers_each_ping_once() {
    let setting = Setting::new();
    answers_pings(&setting, || setting.example("echo", &["#general"]));
}

#[test]
fn the_echo_of_python_answers_each_ping_once() {
    let setting = Setting::new();
    let python = python().unwrap();
    let script = example_of("python", "ping.py");
    answers_pings(&setting, || {
        let mut command = setting.program(&python, &[script.to_str().unwrap(), "#general"]);
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        command
    });
}

#[test]
fn the_echo_of_node_answers_each_ping_once() {
    let setting = Setting::new();
    // Beside the clients, where node looks for them.
    let script = node().unwrap().join("ping.mjs");
    std::fs::copy(example_of("node", "ping.mjs"), &script).unwrap();
    answers_pings(&setting, || setting.program("node", &[script.to_str().unwrap(), "#general"]));
}

#[test]
fn the_notifier_posts_a_run_once() {
    let setting = Setting::new();
    for _ in 0..2 {
        let mut notifier = setting.example("ci_notifier", &["#general", "run-7"]);
        let mut child = notifier.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(b"\n12 passed, 0 failed\n").unwrap();
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(setting.history("#general"), [("helper".to_owned(), "12 passed, 0 failed".to_owned())]);
}

#[test]
fn the_bridge_copies_each_message_once() {
    let setting = Setting::new();
    setting.ada.says(&["channels", "create", "copies"]);
    setting.ada.says(&["send", "#general", "one"]);
    {
        let _bridge = setting.starts("bridge", &["#general", "#copies"]);
        setting.hears("#copies", "ada: one");
    }
    setting.ada.says(&["send", "#general", "two"]);
    let _bridge = setting.starts("bridge", &["#general", "#copies"]);
    assert_eq!(setting.hears("#copies", "ada: two"), ["ada: one", "ada: two"]);
}

#[test]
fn the_moderator_reports_what_it_may_not_delete() {
    let setting = Setting::new();
    setting.ada.says(&["channels", "create", "staff"]);
    let _moderator = setting.starts("moderator", &["#general", "#staff", "spam"]);
    setting.ada.says(&["send", "#general", "buy SPAM now"]);
    let report = eventually("a report", || setting.history("#staff").pop());
    assert!(report.1.contains("spam") && report.1.ends_with("seen, not deleted"), "{report:?}");
}

#[test]
fn a_reminder_survives_a_restart() {
    let setting = Setting::new();
    {
        let _reminder = setting.starts("reminder", &["#general"]);
        setting.ada.says(&["send", "#general", "!remind 0 first"]);
        setting.hears("#general", "first");
        setting.ada.says(&["send", "#general", "!remind 3 second"]);
    }
    let _reminder = setting.starts("reminder", &["#general"]);
    assert_eq!(setting.hears("#general", "second"), ["first", "second"], "the first is not said again");
}

#[test]
fn a_revoked_bot_is_told_so() {
    let setting = Setting::new();
    let list = setting.ada.json(&["bots", "list"]);
    assert_eq!((&list[0]["name"], &list[0]["client_secret"]), (&"helper".into(), &Value::Null));
    let mut bot = setting.example("echo", &["#general"]).stderr(Stdio::piped()).spawn().unwrap();
    setting.ada.says(&["send", "#general", "ping"]);
    setting.hears("#general", "pong");
    setting.ada.says(&["bots", "revoke", "helper"]);
    eventually("the end of the bot", || bot.try_wait().unwrap());
    let refused = setting.example("echo", &["#general"]).output().unwrap();
    assert!(!refused.status.success(), "its secret opens nothing");
    let (code, words) = setting.ada.fails(&["bots", "revoke", "helper"]);
    assert!(code == 4 && words.contains("made none"), "{code} {words}");
}

#[test]
fn a_webhook_is_all_that_curl_needs() {
    let setting = Setting::new();
    let made = setting.ada.json(&["webhooks", "create", "#general", "CI"]).remove(0);
    let url = made["url"].as_str().unwrap().to_owned();
    let post = |url: &str| {
        let sent = Command::new("curl")
            .args(["--silent", "--fail", "--json", "{\"content\": \"green\"}", url])
            .output()
            .unwrap();
        sent.status.success()
    };
    assert!(post(&url));
    assert_eq!(setting.history("#general"), [("CI".to_owned(), "green".to_owned())]);
    let rotated = setting.ada.json(&["webhooks", "rotate", "#general", "CI"]).remove(0);
    assert!(!post(&url), "the old address opens nothing");
    assert!(post(rotated["url"].as_str().unwrap()));
    setting.ada.says(&["webhooks", "delete", "#general", "CI"]);
    assert!(!post(rotated["url"].as_str().unwrap()));
    assert!(setting.ada.json(&["webhooks", "list", "#general"]).is_empty());
}
