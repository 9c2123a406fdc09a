//! What GitHub tells a webhook, as one readable line.
//!
//! Events: <https://docs.github.com/en/webhooks/webhook-events-and-payloads>. Fields that are not there are left out of the line;
//! nothing in a payload is trusted further than as a text to be shown.

use serde::Deserialize;
use serde_json::Value;

/// Which event it is.
pub(super) const EVENT: &str = "x-github-event";
/// Names one delivery; the same when it is delivered again.
pub(super) const DELIVERY: &str = "x-github-delivery";

/// Commits named in one line.
const COMMITS: usize = 3;
/// Characters of a title or of the first line of a commit's message.
const TITLE: usize = 120;

/// A payload, as far as it is looked at.
#[derive(Deserialize)]
#[serde(transparent)]
pub(super) struct Payload(Value);

impl Payload {
    /// The text at a JSON pointer, its first line, cut.
    fn text(&self, pointer: &str) -> String {
        short(self.0.pointer(pointer).and_then(Value::as_str).unwrap_or_default())
    }

    fn number(&self, pointer: &str) -> String {
        self.0.pointer(pointer).and_then(Value::as_u64).map(|number| format!("#{number}")).unwrap_or_default()
    }
}

fn short(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let mut cut: String = line.chars().take(TITLE).collect();
    if line.chars().nth(TITLE).is_some() {
        cut.push('…');
    }
    cut
}

/// Joins what is there with blanks.
fn sentence(parts: &[String]) -> String {
    let there: Vec<_> = parts.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
    there.join(" ")
}

/// The line for an event. `None`: it is of no interest in a channel.
pub(super) fn line(event: &str, payload: &Payload) -> Option<String> {
    let said = match event {
        "ping" => sentence(&["GitHub is here:".to_owned(), payload.text("/zen")]),
        "push" => push(payload)?,
        "pull_request" => change(payload, "pull request", "/pull_request")?,
        "issues" => change(payload, "issue", "/issue")?,
        "issue_comment" if payload.text("/action") == "created" => comment(payload),
        "release" if payload.text("/action") == "published" => release(payload),
        "workflow_run" if payload.text("/action") == "completed" => run(payload),
        _ => return None,
    };
    let repository = payload.text("/repository/full_name");
    let place = if repository.is_empty() { String::new() } else { format!("[{repository}]") };
    Some(sentence(&[place, said]))
}

fn push(payload: &Payload) -> Option<String> {
    let branch = payload.text("/ref");
    let branch = branch.trim_start_matches("refs/heads/").trim_start_matches("refs/tags/");
    let commits = payload.0.pointer("/commits").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    if commits.is_empty() {
        // A branch or tag that begins or ends has events of its own.
        return None;
    }
    let titles = commits.iter().take(COMMITS).filter_map(|commit| commit.pointer("/message")?.as_str());
    let mut titles: Vec<_> = titles.map(short).collect();
    if commits.len() > COMMITS {
        titles.push("…".to_owned());
    }
    let counted =
        if commits.len() == 1 { "1 commit".to_owned() } else { format!("{} commits", commits.len()) };
    Some(sentence(&[
        payload.text("/pusher/name"),
        format!("pushed {counted} to {branch}:"),
        titles.join("; "),
        payload.text("/compare"),
    ]))
}

fn change(payload: &Payload, what: &str, at: &str) -> Option<String> {
    let merged = payload.0.pointer(&format!("{at}/merged")).and_then(Value::as_bool) == Some(true);
    let done = match payload.text("/action").as_str() {
        "closed" if merged => "merged",
        "opened" => "opened",
        "closed" => "closed",
        "reopened" => "reopened",
        _ => return None,
    };
    Some(sentence(&[
        payload.text("/sender/login"),
        format!("{done} {what}"),
        payload.number(&format!("{at}/number")) + ":",
        payload.text(&format!("{at}/title")),
        payload.text(&format!("{at}/html_url")),
    ]))
}

fn comment(payload: &Payload) -> String {
    sentence(&[
        payload.text("/sender/login"),
        "commented on".to_owned(),
        payload.number("/issue/number") + ":",
        payload.text("/comment/body"),
        payload.text("/comment/html_url"),
    ])
}

fn release(payload: &Payload) -> String {
    sentence(&[
        payload.text("/sender/login"),
        "released".to_owned(),
        payload.text("/release/tag_name"),
        payload.text("/release/html_url"),
    ])
}

fn run(payload: &Payload) -> String {
    sentence(&[
        payload.text("/workflow_run/name"),
        "on".to_owned(),
        payload.text("/workflow_run/head_branch") + ":",
        payload.text("/workflow_run/conclusion"),
        payload.text("/workflow_run/html_url"),
    ])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn said(event: &str, payload: Value) -> Option<String> {
        line(event, &Payload(payload))
    }

    #[test]
    fn a_push_names_its_first_commits() {
        let commit = |text: &str| json!({ "message": format!("{text}\n\nWhy it was done.") });
        let mut payload = json!({
            "ref": "refs/heads/main", "pusher": { "name": "ada" }, "repository": { "full_name": "ada/engine" },
            "compare": "https://github.example/ada/engine/compare/a...b",
            "commits": [commit("one")],
        });
        let expected =
            "[ada/engine] ada pushed 1 commit to main: one https://github.example/ada/engine/compare/a...b";
        assert_eq!(said("push", payload.clone()).as_deref(), Some(expected));
        payload["commits"] = json!([commit("one"), commit("two"), commit("three"), commit("four")]);
        assert!(said("push", payload.clone()).unwrap().contains("4 commits to main: one; two; three; …"));
        payload["commits"] = json!([]);
        assert_eq!(said("push", payload), None, "a branch was made");
    }

    #[test]
    fn a_merged_pull_request_is_not_merely_closed() {
        let mut payload = json!({
            "action": "closed", "sender": { "login": "lin" },
            "pull_request": { "number": 7, "title": "Faster", "merged": true, "html_url": "https://g.example/7" },
        });
        let expected = "lin merged pull request #7: Faster https://g.example/7";
        assert_eq!(said("pull_request", payload.clone()).as_deref(), Some(expected));
        payload["pull_request"]["merged"] = json!(false);
        assert!(said("pull_request", payload.clone()).unwrap().starts_with("lin closed"));
        payload["action"] = json!("labeled");
        assert_eq!(said("pull_request", payload), None);
    }

    #[test]
    fn what_is_of_no_interest_says_nothing_and_a_ping_is_answered() {
        assert_eq!(said("star", json!({ "action": "created" })), None);
        assert_eq!(
            said("ping", json!({ "zen": "Keep it logically awesome." })).as_deref(),
            Some("GitHub is here: Keep it logically awesome.")
        );
        let issue = json!({ "action": "opened", "sender": { "login": "x" }, "issue": { "number": 1, "title": "t".repeat(500) } });
        let line = said("issues", issue).unwrap();
        assert!(line.chars().count() < 160 && line.ends_with('…'), "{line}");
    }

    #[test]
    fn a_payload_of_any_shape_is_survived() {
        for event in ["ping", "push", "pull_request", "issues", "issue_comment", "release", "workflow_run"] {
            for payload in
                [json!(null), json!([]), json!({ "commits": 7, "action": ["created"] }), json!("x")]
            {
                let _ = said(event, payload);
            }
        }
    }
}
