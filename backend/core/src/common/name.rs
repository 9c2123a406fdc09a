//! Values that are checked once: the lengths and rules of `domain.md` section 1. Text arrives cleaned, so that a length is
//! that of what will be stored.

use std::fmt;

/// Why a text is not the value it was to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameError {
    /// What it was to be, as people say it.
    pub what: &'static str,
    /// What is wrong with it.
    pub flaw: Flaw,
}

/// What is wrong with a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// Too short or too long: the bounds, and what it has, in characters.
    Length {
        /// The fewest.
        least: usize,
        /// The most.
        most: usize,
        /// What it has.
        has: usize,
    },
    /// A character that may not stand there.
    Character(char),
    /// A word that nobody may take.
    Reserved,
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = self.what;
        match self.flaw {
            Flaw::Length { least: 0, most, has } => {
                write!(f, "{what} has at most {most} characters, not {has}")
            }
            Flaw::Length { least, most, has } => {
                write!(f, "{what} has {least} to {most} characters, not {has}")
            }
            Flaw::Character(found) => write!(f, "{what} may not contain {:?}", found),
            Flaw::Reserved => write!(f, "{what} is a reserved word"),
        }
    }
}

impl std::error::Error for NameError {}

/// The key of a name: two names with one key are the same name.
#[must_use]
pub fn key(name: &str) -> String {
    name.to_lowercase()
}

fn check_length(what: &'static str, text: &str, least: usize, most: usize) -> Result<(), NameError> {
    let has = text.chars().count();
    if !(least..=most).contains(&has) {
        return Err(NameError { what, flaw: Flaw::Length { least, most, has } });
    }
    // Cleaning drops it, and not every store can hold it.
    check_characters(what, text, |found| found != '\0')
}

fn check_characters(what: &'static str, text: &str, allowed: impl Fn(char) -> bool) -> Result<(), NameError> {
    match text.chars().find(|found| !allowed(*found)) {
        None => Ok(()),
        Some(found) => Err(NameError { what, flaw: Flaw::Character(found) }),
    }
}

macro_rules! value {
    ($(#[$doc:meta])* $name:ident, $what:literal, $least:literal ..= $most:literal $(, $check:expr)?) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        pub struct $name(String);

        impl $name {
            /// Checks a cleaned text.
            pub fn parse(text: &str) -> Result<Self, NameError> {
                check_length($what, text, $least, $most)?;
                $(($check)($what, text)?;)?
                Ok(Self(text.to_owned()))
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The text, owned.
            #[must_use]
            pub fn into_string(self) -> String {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

value!(/// The name of a server.
    ServerName, "a server's name", 1..=100);
value!(/// The description of a server.
    ServerDescription, "a server's description", 0..=300);
value!(/// The name of a category.
    CategoryName, "a category's name", 1..=50);
value!(/// The name of a channel: lower case, no spaces, letters and digits of any script.
    ChannelName, "a channel's name", 1..=64, channel_characters);
value!(/// The topic of a channel.
    Topic, "a topic", 0..=1024);
value!(/// The name of a role.
    RoleName, "a role's name", 1..=50, role_reserved);
value!(/// The description of a role.
    RoleDescription, "a role's description", 0..=200);
value!(/// How a person or bot is shown.
    DisplayName, "a display name", 1..=32);
value!(/// How a member is shown in one server.
    Nickname, "a nickname", 1..=32);
value!(/// What somebody says about themselves.
    Bio, "a bio", 0..=300);
value!(/// A name that is unique in the instance.
    Username, "a username", 1..=32, username_characters);
value!(/// Why a moderator did something.
    Reason, "a reason", 0..=512);
value!(/// What a webhook's messages are shown under.
    WebhookName, "a webhook's name", 1..=50);
value!(/// What a message says.
    Content, "a message", 1..=4000);
value!(/// A sender's own key for one send.
    Nonce, "a nonce", 1..=64, printable_ascii);

fn channel_characters(what: &'static str, text: &str) -> Result<(), NameError> {
    check_characters(what, text, |found| match found {
        '-' | '_' => true,
        _ if found.is_ascii() => found.is_ascii_digit() || found.is_ascii_lowercase(),
        _ => !found.is_whitespace() && !found.is_control() && found.to_lowercase().eq([found]),
    })
}

fn role_reserved(what: &'static str, text: &str) -> Result<(), NameError> {
    if matches!(key(text).as_str(), "everyone" | "here") {
        return Err(NameError { what, flaw: Flaw::Reserved });
    }
    Ok(())
}

fn username_characters(what: &'static str, text: &str) -> Result<(), NameError> {
    check_characters(what, text, |found| {
        found.is_ascii_lowercase() || found.is_ascii_digit() || matches!(found, '.' | '_' | '-')
    })?;
    if matches!(text, "everyone" | "here" | "me") {
        return Err(NameError { what, flaw: Flaw::Reserved });
    }
    Ok(())
}

impl Username {
    const LONGEST: usize = 32;

    /// The username that is nearest to what an issuer calls somebody: lower case, other characters as `-`, cut to fit.
    #[must_use]
    pub fn nearest(wish: &str) -> Self {
        let mut name: String = wish
            .chars()
            .flat_map(char::to_lowercase)
            .map(|found| match found {
                'a'..='z' | '0'..='9' | '.' | '_' | '-' => found,
                _ => '-',
            })
            .take(Self::LONGEST)
            .collect();
        if name.is_empty() {
            "user".clone_into(&mut name);
        }
        if username_characters("a username", &name).is_err() {
            name.push('-');
        }
        Self(name)
    }
}

fn printable_ascii(what: &'static str, text: &str) -> Result<(), NameError> {
    check_characters(what, text, |found| found.is_ascii_graphic() || found == ' ')
}

/// The alphabet of invite codes: base58, without 0, O, I and l.
pub const INVITE_ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/// The code of an invite: 10 characters of base58; case counts.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct InviteCode(String);

impl InviteCode {
    const LENGTH: usize = 10;

    /// Checks a text.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let what = "an invite's code";
        check_length(what, text, Self::LENGTH, Self::LENGTH)?;
        check_characters(what, text, |found| {
            u8::try_from(found).is_ok_and(|byte| INVITE_ALPHABET.contains(&byte))
        })?;
        Ok(Self(text.to_owned()))
    }

    /// A code from chance: 128 random bits make ten characters without a visible bias.
    #[must_use]
    pub fn from_chance(high: u64, low: u64) -> Self {
        let mut rest = u128::from(high) << 64 | u128::from(low);
        let mut next = || {
            let at = usize::try_from(rest % 58).unwrap_or(0);
            rest /= 58;
            char::from(INVITE_ALPHABET[at])
        };
        Self((0..Self::LENGTH).map(|_| next()).collect())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for InviteCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_hold_at_both_ends() {
        assert!(ServerName::parse("").is_err());
        assert!(ServerName::parse(&"é".repeat(100)).is_ok(), "characters are counted, not bytes");
        let error = ServerName::parse(&"x".repeat(101)).unwrap_err();
        assert_eq!(error.to_string(), "a server's name has 1 to 100 characters, not 101");
        assert_eq!(
            Topic::parse(&"x".repeat(1025)).unwrap_err().to_string(),
            "a topic has at most 1024 characters, not 1025"
        );
    }

    #[test]
    fn channel_names_take_every_script_and_no_space() {
        for name in ["general", "off-topic_2", "général", "雑談", "🦀"] {
            assert!(ChannelName::parse(name).is_ok(), "{name}");
        }
        for name in ["General", "Été", "a b", "a.b", "a#", "a\u{2003}b"] {
            assert!(matches!(ChannelName::parse(name).unwrap_err().flaw, Flaw::Character(_)), "{name}");
        }
    }

    #[test]
    fn what_the_border_makes_lower_case_is_lower_case_here() {
        for found in '\u{80}'..=char::MAX {
            let lower = found.to_lowercase().to_string();
            let refused = lower.chars().find(|lower| !lower.to_lowercase().eq([*lower]));
            assert_eq!(refused, None, "{found:?}");
        }
    }

    #[test]
    fn reserved_words_are_nobodys() {
        assert_eq!(RoleName::parse("Everyone").unwrap_err().flaw, Flaw::Reserved);
        assert_eq!(Username::parse("me").unwrap_err().flaw, Flaw::Reserved);
        assert!(Username::parse("me-2").is_ok());
    }

    #[test]
    fn whatever_an_issuer_calls_somebody_there_is_a_username_for_it() {
        let nearest = |wish: &str| Username::nearest(wish).into_string();
        assert_eq!(nearest("Ada.Lovelace@example.org"), "ada.lovelace-example.org");
        assert_eq!(nearest(&"x".repeat(60)), "x".repeat(32));
        assert_eq!((nearest(""), nearest("me"), nearest("李")), ("user".into(), "me-".into(), "-".into()));
        let long = "İ".repeat(40);
        for wish in ["Everyone", "\0", "ﬀ", "İ", &long] {
            assert!(Username::parse(&nearest(wish)).is_ok(), "{wish}");
        }
    }

    #[test]
    fn no_text_holds_a_nul() {
        assert!(ServerName::parse("a\0b").is_err());
        assert!(Topic::parse("\0").is_err());
    }

    #[test]
    fn invite_codes_are_ten_of_base58() {
        let code = InviteCode::from_chance(u64::MAX, 12345);
        assert_eq!(InviteCode::parse(code.as_str()), Ok(code.clone()));
        assert_ne!(code, InviteCode::from_chance(u64::MAX, 12346));
        for wrong in ["short", "0000000000", "aaaaaaaaaaa"] {
            assert!(InviteCode::parse(wrong).is_err(), "{wrong}");
        }
    }
}
