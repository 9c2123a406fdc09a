//! Writing query strings, and the scopes they name.

use std::fmt::Write;

/// The scopes this issuer knows.
pub(crate) const SCOPES: [&str; 3] = ["openid", "profile", "offline_access"];

/// What of the requested scopes is granted. Asking for nothing known grants the profile.
pub(crate) fn granted_scope(requested: Option<&str>) -> String {
    let asked: Vec<_> = requested.unwrap_or_default().split_ascii_whitespace().collect();
    let granted: Vec<_> = SCOPES.into_iter().filter(|scope| asked.contains(scope)).collect();
    if granted.is_empty() { "profile".to_owned() } else { granted.join(" ") }
}

/// Joins those pairs that have a value.
pub(crate) fn query<'a>(pairs: impl IntoIterator<Item = (&'a str, Option<&'a str>)>) -> String {
    let mut out = String::new();
    for (name, value) in pairs {
        let Some(value) = value else { continue };
        if !out.is_empty() {
            out.push('&');
        }
        out.push_str(name);
        out.push('=');
        encode(value, &mut out);
    }
    out
}

fn encode(value: &str, out: &mut String) {
    for byte in value.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ => {
                // Writing to a string cannot fail.
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_cannot_break_out_of_a_query() {
        assert_eq!(
            query([("a", Some("x&b=1\r\n é")), ("b", None), ("c", Some("y"))]),
            "a=x%26b%3D1%0D%0A%20%C3%A9&c=y"
        );
    }

    #[test]
    fn only_known_scopes_are_granted() {
        assert_eq!(granted_scope(Some("email openid admin")), "openid");
        assert_eq!(granted_scope(None), "profile");
    }
}
