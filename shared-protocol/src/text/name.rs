//! Names that are made from other names.

use super::clean_line;

/// A channel's name from what somebody typed: lower case, blanks become `-`, selectors and joiners go, a `#` in front goes.
/// Whether what is left is a name is for the service to say.
#[must_use]
pub fn channel_name(typed: &str) -> String {
    let cleaned = clean_line(typed);
    let bare = cleaned.strip_prefix('#').unwrap_or(&cleaned);
    let dashed = bare.trim().replace(' ', "-").to_lowercase();
    dashed.chars().filter(|found| !matches!(found, '\u{FE0F}' | '\u{200D}')).collect()
}

/// A username from what the issuer calls somebody: lower case, other characters become `-`, 32 at most. The service makes it unique.
#[must_use]
pub fn username(preferred: &str) -> String {
    let allowed = |found: char| {
        found.is_ascii_lowercase() || found.is_ascii_digit() || matches!(found, '.' | '_' | '-')
    };
    let lower = clean_line(preferred).to_lowercase();
    let name: String = lower.chars().map(|found| if allowed(found) { found } else { '-' }).take(32).collect();
    match name.as_str() {
        "" => "user".to_owned(),
        "everyone" | "here" | "me" => format!("{name}-"),
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channel_names_are_lower_case_without_blanks() {
        assert_eq!(channel_name(" #Off  Topic "), "off-topic");
        assert_eq!(channel_name("❤\u{fe0f}"), "❤");
    }

    #[test]
    fn usernames_are_made_of_few_characters() {
        assert_eq!(username("Ada Lovelace"), "ada-lovelace");
        assert_eq!(username("Émile"), "-mile");
        assert_eq!(username(&"x".repeat(40)).len(), 32);
        assert_eq!((username(""), username("me")), ("user".to_owned(), "me-".to_owned()));
    }
}
