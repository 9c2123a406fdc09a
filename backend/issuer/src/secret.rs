//! Secrets: drawing, hashing and comparing them.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

use crate::world::Chance;

/// The letters of user codes: no vowels, so no words, and none that look alike. RFC 8628 section 6.1.
const CODE_LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";

/// The letters of one user code.
const CODE_LENGTH: usize = 8;

/// 256 random bits as text. Given away once; the database keeps its hash.
pub(crate) struct Secret(String);

impl Secret {
    pub(crate) fn draw(chance: &dyn Chance) -> Self {
        let mut bytes = [0; 32];
        chance.fill(&mut bytes);
        Self(encode(&bytes))
    }

    pub(crate) fn hash(&self) -> String {
        hash(&self.0)
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    pub(crate) fn into_text(self) -> String {
        self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// 128 random bits as text: a subject, a session, a token id.
pub(crate) fn draw_id(chance: &dyn Chance) -> String {
    let mut bytes = [0; 16];
    chance.fill(&mut bytes);
    encode(&bytes)
}

/// The hash under which a secret of full strength is kept. Passwords are weaker and go through Argon2id.
pub(crate) fn hash(text: &str) -> String {
    encode(&Sha256::digest(text))
}

pub(crate) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Compares without telling by time where the difference is.
pub(crate) fn same(left: &str, right: &str) -> bool {
    let (left, right) = (Sha256::digest(left), Sha256::digest(right));
    left.iter().zip(right.iter()).fold(0, |difference, (l, r)| difference | (l ^ r)) == 0
}

/// Eight letters that a person types.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UserCode(String);

impl UserCode {
    pub(crate) fn draw(chance: &dyn Chance) -> Self {
        let mut code = String::with_capacity(CODE_LENGTH);
        while code.len() < CODE_LENGTH {
            let mut byte = [0];
            chance.fill(&mut byte);
            // 240 is the largest multiple of 20 in a byte; above it some letters would be likelier.
            if byte[0] < 240 {
                code.push(char::from(CODE_LETTERS[usize::from(byte[0]) % CODE_LETTERS.len()]));
            }
        }
        Self(code)
    }

    /// Reads what a person typed: case, spaces and hyphens do not matter.
    pub(crate) fn parse(raw: &str) -> Option<Self> {
        if raw.len() > 4 * CODE_LENGTH {
            return None;
        }
        let code: String =
            raw.chars().filter(|c| !c.is_whitespace() && *c != '-').map(|c| c.to_ascii_uppercase()).collect();
        let fits = code.len() == CODE_LENGTH && code.bytes().all(|b| CODE_LETTERS.contains(&b));
        fits.then_some(Self(code))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UserCode {
    /// As shown: XXXX-XXXX.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (left, right) = self.0.split_at(CODE_LENGTH / 2);
        write!(f, "{left}-{right}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::OsChance;

    #[test]
    fn a_user_code_is_read_however_it_is_typed() {
        let code = UserCode::draw(&OsChance);
        assert_eq!(UserCode::parse(&code.to_string()), Some(code.clone()));
        assert_eq!(UserCode::parse(&format!("  {} ", code.to_string().to_lowercase())), Some(code));
        for bad in ["", "BCDF-GHJ", "BCDF-GHJA", "BCDF-GHJK-L"] {
            assert_eq!(UserCode::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn comparing_sees_every_difference() {
        assert!(same("abc", "abc"));
        assert!(!same("abc", "abd"));
        assert!(!same("abc", "abcd"));
        assert!(!same("", "a"));
    }
}
