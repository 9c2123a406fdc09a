//! The rules for usernames and display names.

/// The longest name, in characters.
const LONGEST: usize = 32;

/// Words that address more than one person, or always oneself.
const RESERVED: [&str; 3] = ["everyone", "here", "me"];

/// Why a name was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Wrong length or characters.
    #[error("a name has 1 to 32 of the characters a-z, 0-9, dot, underscore and hyphen")]
    Shape,
    /// A word with another meaning.
    #[error("the names everyone, here and me are reserved")]
    Reserved,
    /// A display name of wrong length or with control characters.
    #[error("a display name has 1 to 32 characters, none of them invisible")]
    Display,
}

/// A username in its one spelling: lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Username(String);

impl Username {
    pub(crate) fn parse(raw: &str) -> Result<Self, NameError> {
        let name = raw.trim().to_ascii_lowercase();
        let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b);
        if name.is_empty() || name.len() > LONGEST || !name.bytes().all(fits) {
            return Err(NameError::Shape);
        }
        if RESERVED.contains(&name.as_str()) {
            return Err(NameError::Reserved);
        }
        Ok(Self(name))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// A display name; the services clean it further before anybody sees it.
pub(crate) fn display_name(raw: &str) -> Result<String, NameError> {
    let name = raw.trim();
    let fits = (1..=LONGEST).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    if fits { Ok(name.to_owned()) } else { Err(NameError::Display) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_username_is_lower_case_and_short() {
        assert_eq!(Username::parse(" Anna.B ").unwrap().as_str(), "anna.b");
        for bad in ["", "a b", "zoë", &"x".repeat(33), "a/b"] {
            assert_eq!(Username::parse(bad), Err(NameError::Shape), "{bad}");
        }
        assert_eq!(Username::parse("Everyone"), Err(NameError::Reserved));
    }

    #[test]
    fn a_display_name_has_no_control_characters() {
        assert_eq!(display_name(" Zoë ").as_deref(), Ok("Zoë"));
        assert_eq!(display_name("a\u{1b}[31m"), Err(NameError::Display));
        assert_eq!(display_name("  "), Err(NameError::Display));
    }
}
