//! Mentions: ids in the text, and the word `@everyone`. Nothing counts inside code.

use crate::{
    event::Mentions,
    id::{ChannelId, RoleId, UserId},
};

/// Mentions in one message at most.
const LIMIT: usize = 50;

/// A text names more than 50 people, roles and channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooManyMentions;

impl std::fmt::Display for TooManyMentions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a message has at most {LIMIT} mentions")
    }
}

impl std::error::Error for TooManyMentions {}

/// What a text names at one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mention {
    /// `<@user>`
    User(UserId),
    /// `<@&role>`
    Role(RoleId),
    /// `<#channel>`: a link that tells nobody.
    Channel(ChannelId),
    /// `@everyone`
    Everyone,
}

/// A text in parts: plain stretches, and what it names. Joined, they are the text.
#[must_use]
pub fn parts(text: &str) -> Vec<(&str, Option<Mention>)> {
    let mut parts = Vec::new();
    let mut plain = 0;
    let mut at = 0;
    while let Some(found) = text[at..].find(['<', '@', '`']) {
        at += found;
        let rest = &text[at..];
        if rest.starts_with('`') {
            at += code_length(rest);
            continue;
        }
        match mention_at(text, at) {
            Some((length, mention)) => {
                if plain < at {
                    parts.push((&text[plain..at], None));
                }
                parts.push((&text[at..at + length], Some(mention)));
                at += length;
                plain = at;
            }
            None => at += 1,
        }
    }
    if plain < text.len() {
        parts.push((&text[plain..], None));
    }
    parts
}

/// The length of the code that begins here: a run of n back-ticks up to the next run of exactly n, or the run alone.
fn code_length(text: &str) -> usize {
    let run = |text: &str| text.bytes().take_while(|byte| *byte == b'`').count();
    let opening = run(text);
    let mut at = opening;
    while let Some(found) = text[at..].find('`') {
        at += found;
        let closing = run(&text[at..]);
        at += closing;
        if closing == opening {
            return at;
        }
    }
    opening
}

fn mention_at(text: &str, at: usize) -> Option<(usize, Mention)> {
    const WORD: &str = "@everyone";
    let rest = &text[at..];
    if let Some(behind) = rest.strip_prefix(WORD) {
        let joined = |found: Option<char>| found.is_some_and(|found| found.is_alphanumeric() || found == '_');
        let alone = !joined(text[..at].chars().next_back()) && !joined(behind.chars().next());
        return alone.then_some((WORD.len(), Mention::Everyone));
    }
    let inner = rest.strip_prefix('<')?;
    let end = inner.find('>').filter(|end| *end <= 38)?;
    let token = &inner[..end];
    let mention = if let Some(role) = token.strip_prefix("@&") {
        Mention::Role(role.parse().ok()?)
    } else if let Some(user) = token.strip_prefix('@') {
        Mention::User(user.parse().ok()?)
    } else {
        Mention::Channel(token.strip_prefix('#')?.parse().ok()?)
    };
    Some((end + 2, mention))
}

/// Whom a text names, each once, in the order of first mention. Who of them is told is for the service to say.
pub fn named(text: &str) -> Result<Mentions, TooManyMentions> {
    let mut mentions = Mentions::default();
    let mut count = 0;
    for mention in parts(text).into_iter().filter_map(|(_, mention)| mention) {
        count += 1;
        match mention {
            Mention::User(user) if !mentions.users.contains(&user) => mentions.users.push(user),
            Mention::Role(role) if !mentions.roles.contains(&role) => mentions.roles.push(role),
            Mention::Everyone => mentions.everyone = true,
            _ => {}
        }
    }
    if count > LIMIT { Err(TooManyMentions) } else { Ok(mentions) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADA: UserId = UserId::from_u128(0xada);

    #[test]
    fn ids_and_everyone_are_found_once_each() {
        let text = format!(
            "<@{ADA}> and <@{ADA}>, <@&{}> in <#{}>: @everyone!",
            RoleId::from_u128(2),
            ChannelId::from_u128(3)
        );
        let found = named(&text).unwrap();
        assert_eq!((found.users, found.roles, found.everyone), (vec![ADA], vec![RoleId::from_u128(2)], true));
        let joined: String = parts(&text).iter().map(|(part, _)| *part).collect();
        assert_eq!(joined, text);
    }

    #[test]
    fn nothing_counts_inside_code() {
        for text in ["`@everyone`", "``a ` @everyone``", "```\n@everyone\n```"] {
            assert_eq!(named(text).unwrap(), Mentions::default(), "{text}");
        }
        for text in ["`` @everyone `", "` @everyone", "`a`@everyone`b`"] {
            assert!(named(text).unwrap().everyone, "{text}");
        }
    }

    #[test]
    fn everyone_stands_alone() {
        for text in ["a@everyone", "@everyone1", "@everyone_", "é@everyone"] {
            assert!(!named(text).unwrap().everyone, "{text}");
        }
        assert!(named("(@everyone)").unwrap().everyone);
    }

    #[test]
    fn more_than_fifty_are_too_many() {
        let one = format!("<@{ADA}>");
        assert!(named(&one.repeat(50)).is_ok());
        assert_eq!(named(&one.repeat(51)), Err(TooManyMentions));
    }

    #[test]
    fn what_only_looks_like_a_mention_is_text() {
        for text in ["<@ada>", "<@", "<>", "<@01935C2E-7a10-7000-8000-0000000000ff>", "@ada", "<<<@<@"] {
            assert_eq!(named(text).unwrap(), Mentions::default(), "{text}");
        }
    }
}
