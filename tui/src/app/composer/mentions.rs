//! Names as people type them, ids as the wire carries them.
//!
//! `@ada` and `#general` become ids on the way out and names again when the message is edited. Inside code nothing is
//! touched, as the server counts nothing there.

use super::super::text::markdown::code_ranges;

/// Who and what can be named in a channel.
pub(crate) trait Directory {
    /// The wire form of the person or role called `name`, without the `@`.
    fn person(&self, name: &str) -> Option<String>;
    /// The wire form of the channel called `name`, without the `#`.
    fn channel(&self, name: &str) -> Option<String>;
    /// The typed form of what stands between angle brackets.
    fn typed(&self, token: &str) -> Option<String>;
}

/// Turns typed names into ids.
pub(crate) fn to_wire(text: &str, directory: &dyn Directory) -> String {
    outside_code(text, |part, before, out| {
        let mut rest = part;
        let mut previous = before;
        while let Some(next) = rest.chars().next() {
            let is_start = !previous.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '<' | '&'));
            let found = match next {
                '@' if is_start => longest(&rest[1..], |name| directory.person(name)),
                '#' if is_start => longest(&rest[1..], |name| directory.channel(name)),
                _ => None,
            };
            let taken = match found {
                Some((length, wire)) => {
                    out.push_str(&wire);
                    1 + length
                }
                None => {
                    out.push(next);
                    next.len_utf8()
                }
            };
            previous = rest[..taken].chars().next_back();
            rest = &rest[taken..];
        }
    })
}

/// Turns ids into names that `to_wire` turns back.
pub(crate) fn from_wire(text: &str, directory: &dyn Directory) -> String {
    outside_code(text, |part, _, out| {
        let mut rest = part;
        while let Some(at) = rest.find('<') {
            out.push_str(&rest[..at]);
            rest = &rest[at..];
            let end = rest.bytes().take(48).position(|byte| byte == b'>');
            let typed = end.and_then(|end| Some((end, directory.typed(rest.get(1..end)?)?)));
            let taken = match typed {
                Some((end, typed)) => {
                    out.push_str(&typed);
                    end + 1
                }
                None => {
                    out.push('<');
                    1
                }
            };
            rest = &rest[taken..];
        }
        out.push_str(rest);
    })
}

/// The name that is being typed before the cursor: where its sign stands, and the letters so far.
pub(crate) fn unfinished(text: &str, cursor: usize) -> Option<(usize, &str)> {
    let before = &text[..cursor];
    let word = before
        .rfind(char::is_whitespace)
        .map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8));
    let typed = &before[word..];
    (typed.starts_with(['@', '#']) && typed.len() <= 64).then_some((word, typed))
}

/// The longest name at the start of `text` that means something; a stop at the end of a sentence is no part of it.
fn longest(text: &str, find: impl Fn(&str) -> Option<String>) -> Option<(usize, String)> {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-') || !c.is_ascii();
    let mut end = text.find(|c: char| !is_part(c) || c.is_whitespace()).unwrap_or(text.len()).min(256);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    loop {
        let name = &text[..end];
        if name.is_empty() {
            return None;
        }
        if let Some(wire) = find(name) {
            return Some((end, wire));
        }
        end = name.strip_suffix(['.', '_', '-'])?.len();
    }
}

/// Runs `change` over what is not code, with the character before it, and copies the rest.
fn outside_code(text: &str, change: impl Fn(&str, Option<char>, &mut String)) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for code in code_ranges(text) {
        change(&text[at..code.start], text[..at].chars().next_back(), &mut out);
        out.push_str(&text[code.clone()]);
        at = code.end;
    }
    change(&text[at..], text[..at].chars().next_back(), &mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Town;

    impl Directory for Town {
        fn person(&self, name: &str) -> Option<String> {
            matches!(name, "ada" | "ada.l").then(|| format!("<@{name}-id>"))
        }

        fn channel(&self, name: &str) -> Option<String> {
            (name == "général").then(|| "<#1>".to_owned())
        }

        fn typed(&self, token: &str) -> Option<String> {
            match token {
                "#1" => Some("#général".into()),
                _ => Some(format!("@{}", token.strip_prefix('@')?.strip_suffix("-id")?)),
            }
        }
    }

    #[test]
    fn typed_names_become_ids_and_come_back() {
        let typed = "@ada and @ada.l. See #général, not @paul or me@ada";
        let wire = to_wire(typed, &Town);
        assert_eq!(wire, "<@ada-id> and <@ada.l-id>. See <#1>, not @paul or me@ada");
        assert_eq!(from_wire(&wire, &Town), typed);
    }

    #[test]
    fn code_is_left_alone() {
        assert_eq!(to_wire("`@ada` @ada ```\n@ada\n```", &Town), "`@ada` <@ada-id> ```\n@ada\n```");
        assert_eq!(from_wire("`<#1>` <#1>", &Town), "`<#1>` #général");
    }

    #[test]
    fn the_word_before_the_cursor_is_completed() {
        assert_eq!(unfinished("hi @ad", 6), Some((3, "@ad")));
        assert_eq!(unfinished("hi ad", 5), None);
        assert_eq!(unfinished("#", 1), Some((0, "#")));
    }
}
