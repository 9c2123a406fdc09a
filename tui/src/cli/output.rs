//! What commands print: lines for people, or one JSON object a line. Nobody listening any more is no error.

use std::io::{self, Write};

use echopulse_protocol::{
    event::Message,
    id::{Seq, Timestamp},
    text::{display, display_line},
};
use serde_json::{Value, json};

/// How to answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    json: bool,
    terminal: bool,
}

impl Output {
    pub(crate) const fn new(json: bool, terminal: bool) -> Self {
        Self { json, terminal }
    }

    /// Whether a person looks at it.
    pub(crate) const fn is_for_people(self) -> bool {
        self.terminal && !self.json
    }

    /// Prints an answer, as one JSON object or as one line.
    pub(crate) fn print(self, object: &Value, line: &str) -> anyhow::Result<()> {
        if self.json { self.write(&object.to_string()) } else { self.write(&display(line)) }
    }

    fn write(self, line: &str) -> anyhow::Result<()> {
        let mut out = io::stdout().lock();
        match writeln!(out, "{line}").and_then(|()| out.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                // Whoever read us has enough: that is how a pipe ends.
                std::process::exit(0)
            }
            other => Ok(other?),
        }
    }

    /// Prints a message.
    pub(crate) fn message(self, event: &str, channel: &str, message: &Message) -> anyhow::Result<()> {
        if self.json {
            return self.write(&message_json(event, channel, message).to_string());
        }
        self.write(&message_line(event, message))
    }

    /// Prints that messages are missing.
    pub(crate) fn gap(self, channel: &str, from: Seq, to: Seq, reason: &str) -> anyhow::Result<()> {
        let object = json!({"event": "gap", "channel": channel, "from": from, "to": to, "reason": reason});
        self.print(&object, &format!("-- {from} to {to} are missing here ({reason}) --"))
    }
}

fn message_json(event: &str, channel: &str, message: &Message) -> Value {
    json!({
        "event": event, "channel": channel, "seq": message.seq, "revision": message.revision, "id": message.id,
        "author": message.author.name, "author_id": message.author.id, "content": message.content, "at": message.created_at,
        "edited_at": message.edited_at, "deleted_at": message.deleted_at, "reply_to": message.reply_to,
    })
}

fn message_line(event: &str, message: &Message) -> String {
    let name = display_line(&message.author.name);
    let time = time_of_day(message.created_at);
    if message.is_deleted() {
        return format!("{time} {name}: (message deleted)");
    }
    // Lines behind the first are indented, so that no message can look like another one's first line.
    let content = display(&message.content).replace('\n', "\n      ");
    let mark = if event == "message.updated" || message.edited_at.is_some() { " (edited)" } else { "" };
    format!("{time} {name}: {content}{mark}")
}

fn time_of_day(at: Timestamp) -> String {
    let zone = jiff::tz::TimeZone::system();
    match jiff::Timestamp::from_millisecond(at.0) {
        Ok(moment) => moment.to_zoned(zone).strftime("%H:%M").to_string(),
        Err(_) => "--:--".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use echopulse_protocol::{
        event::{Author, Mentions, UserKind},
        id::{ChannelId, MessageId, UserId},
    };

    use super::*;

    fn message(content: &str) -> Message {
        Message {
            id: MessageId::from_u128(1),
            channel_id: ChannelId::from_u128(2),
            seq: Seq(3),
            revision: Seq(3),
            nonce: String::new(),
            author: Author { id: UserId::from_u128(4), kind: UserKind::Person, name: "Ada".to_owned() },
            content: content.to_owned(),
            reply_to: None,
            mentions: Mentions::default(),
            pinned: false,
            created_at: Timestamp(0),
            edited_at: None,
            deleted_at: None,
            deleted_by: None,
        }
    }

    #[test]
    fn a_message_has_the_promised_fields() {
        let object = message_json("message.created", "general", &message("hi"));
        for field in ["event", "channel", "seq", "id", "author", "content", "at"] {
            assert!(!object[field].is_null(), "{field}");
        }
    }

    #[test]
    fn no_message_looks_like_two() {
        let line = message_line("message.created", &message("one\n12:00 Grace: two\u{1b}[2J"));
        let lines: Vec<_> = line.lines().collect();
        assert_eq!(lines.len(), 2);
        assert!(lines[1].starts_with("      12:00") && !line.contains('\u{1b}'));
    }
}
