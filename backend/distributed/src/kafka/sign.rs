//! Signatures: what shows that a record comes from one of our chat instances, and stood where it stands.

use std::fmt;

use hmac::{Hmac, Mac};
use sha2::Sha256;

/// Octets that a key has at least: as many as the hash puts out.
const SHORTEST: usize = 32;

/// The secret that the chat instances share.
#[derive(Clone)]
pub struct SigningKey(Hmac<Sha256>);

/// A key that could be guessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a signing key has 32 octets or more")]
pub struct KeyTooShort;

impl SigningKey {
    /// A key of 32 octets or more.
    pub fn new(secret: &[u8]) -> Result<Self, KeyTooShort> {
        if secret.len() < SHORTEST {
            return Err(KeyTooShort);
        }
        Hmac::new_from_slice(secret).map(Self).map_err(|_| KeyTooShort)
    }

    /// The signature of a record, in lower-case hexadecimal. It covers the topic and the key, so that a true record copied
    /// elsewhere fails too, and the whole value, which holds stream, epoch and seq.
    #[must_use]
    pub fn sign(&self, topic: &str, key: &[u8], value: &[u8]) -> String {
        use fmt::Write as _;
        let octets = self.over(topic, key, value).finalize().into_bytes();
        octets.iter().fold(String::with_capacity(64), |mut text, octet| {
            // Writing to a string cannot fail.
            let _ = write!(text, "{octet:02x}");
            text
        })
    }

    /// Whether this is the signature of that record, in a time that tells nothing about it.
    #[must_use]
    pub fn verifies(&self, signature: &[u8], topic: &str, key: &[u8], value: &[u8]) -> bool {
        octets(signature).is_some_and(|octets| self.over(topic, key, value).verify_slice(&octets).is_ok())
    }

    /// Lengths before the parts keep one record from being read as another with the borders elsewhere.
    fn over(&self, topic: &str, key: &[u8], value: &[u8]) -> Hmac<Sha256> {
        let mut mac = self.0.clone();
        for part in [topic.as_bytes(), key, value] {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

fn octets(hex: &[u8]) -> Option<[u8; 32]> {
    let mut octets = [0; 32];
    if hex.len() != 64 {
        return None;
    }
    for (octet, pair) in octets.iter_mut().zip(hex.chunks_exact(2)) {
        *octet = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(octets)
}

const fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_holds_for_its_own_record_only() {
        let key = SigningKey::new(&[7; 32]).unwrap();
        let signature = key.sign("topic", b"key", b"value");
        let holds = |topic, of: &[u8], value: &[u8]| key.verifies(signature.as_bytes(), topic, of, value);
        assert!(holds("topic", b"key", b"value"));
        assert!(!holds("other", b"key", b"value"));
        assert!(!holds("topic", b"kez", b"value"));
        assert!(!holds("topic", b"keyv", b"alue"), "borders count");
        assert!(!SigningKey::new(&[8; 32]).unwrap().verifies(
            signature.as_bytes(),
            "topic",
            b"key",
            b"value"
        ));
        assert!(!key.verifies(b"", "topic", b"key", b"value"));
        assert!(!key.verifies("é".repeat(32).as_bytes(), "topic", b"key", b"value"));
    }

    #[test]
    fn a_short_key_is_refused_and_none_is_shown() {
        assert_eq!(SigningKey::new(&[7; 31]).unwrap_err(), KeyTooShort);
        assert_eq!(format!("{:?}", SigningKey::new(&[7; 32]).unwrap()), "***");
    }
}
