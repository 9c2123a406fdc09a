//! Header escaping ("Value Encoding"), which differs by version.

use std::borrow::Cow;

use super::Version;

/// Whether every backslash of a header's name or value begins an escape that `version` knows.
pub(super) fn is_valid(raw: &str, version: Version) -> bool {
    let mut rest = raw.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            continue;
        }
        match (rest.next(), version) {
            (Some(b'n' | b'c' | b'\\'), _) | (Some(b'r'), Version::V12) => {}
            _ => return false,
        }
    }
    true
}

/// Decodes a name or value whose escapes are valid, in a single pass.
pub(super) fn decode(raw: &str) -> Cow<'_, str> {
    if !raw.contains('\\') {
        return Cow::Borrowed(raw);
    }
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw.chars();
    while let Some(found) = rest.next() {
        out.push(match found {
            '\\' => match rest.next() {
                Some('n') => '\n',
                Some('r') => '\r',
                Some('c') => ':',
                Some(other) => other,
                None => break,
            },
            _ => found,
        });
    }
    Cow::Owned(out)
}

/// Encodes a name or value; `None` if `version` cannot represent it, so that it can never inject a header or a frame.
pub(super) fn encode(text: &str, version: Version, is_name: bool) -> Option<Cow<'_, str>> {
    // A NUL cannot be escaped in any version.
    if text.contains('\0') {
        return None;
    }
    match version {
        Version::V10 => {
            let breaks = text.contains(['\n', '\r']) || (is_name && text.contains(':'));
            (!breaks).then_some(Cow::Borrowed(text))
        }
        Version::V11 if text.contains('\r') => None,
        _ if !text.contains(['\\', '\n', '\r', ':']) => Some(Cow::Borrowed(text)),
        _ => {
            let mut out = String::with_capacity(text.len() + 8);
            for found in text.chars() {
                match found {
                    '\\' => out.push_str("\\\\"),
                    '\n' => out.push_str("\\n"),
                    '\r' => out.push_str("\\r"),
                    ':' => out.push_str("\\c"),
                    _ => out.push(found),
                }
            }
            Some(Cow::Owned(out))
        }
    }
}
