//! Frames to octets.

use bytes::{BufMut, Bytes, BytesMut};

use super::{Command, Version, escape};

/// Encodes one frame: line feeds, no octet behind the NUL, and `content-length` whenever there is a body.
///
/// A header that `version` cannot represent is left out: at 1.0 nothing can be escaped, and a raw line feed would begin another header.
#[must_use]
pub fn encode(command: Command, headers: &[(&str, &str)], body: Option<&[u8]>, version: Version) -> Bytes {
    let head: usize = headers.iter().map(|(name, value)| name.len() + value.len() + 2).sum();
    let mut out = BytesMut::with_capacity(48 + head + body.map_or(0, <[u8]>::len));
    out.put_slice(command.as_str().as_bytes());
    out.put_u8(b'\n');
    for (name, value) in headers {
        put_header(&mut out, command, name, value, version);
    }
    if let Some(body) = body {
        out.put_slice(format!("content-length:{}\n", body.len()).as_bytes());
    }
    out.put_u8(b'\n');
    out.put_slice(body.unwrap_or_default());
    out.put_u8(0);
    out.freeze()
}

/// Writes one header line, or nothing if it cannot be represented.
pub(in crate::stomp) fn put_header(
    out: &mut BytesMut,
    command: Command,
    name: &str,
    value: &str,
    version: Version,
) {
    if name.is_empty() {
        return;
    }
    // Unescaped frames follow the rules of 1.0 but may hold colons in values.
    let version = if command.is_unescaped() { Version::V10 } else { version };
    let (Some(name), Some(value)) =
        (escape::encode(name, version, true), escape::encode(value, version, false))
    else {
        return;
    };
    out.put_slice(name.as_bytes());
    out.put_u8(b':');
    out.put_slice(value.as_bytes());
    out.put_u8(b'\n');
}
