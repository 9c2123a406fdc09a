//! Cursors of lists: opaque, and good only for the list, the filters and the person they were made for.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use echopulse_core::common::UserId;
use echopulse_protocol::problem::ProblemCode;
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

use crate::ApiError;

/// Octets of the MAC that a cursor carries.
const MAC: usize = 16;

/// Makes and reads cursors under one key.
#[derive(Clone)]
pub struct Cursors {
    key: [u8; 32],
}

impl Cursors {
    /// Cursors under a key of their own, made from `secret`. Instances that serve one another's clients share it.
    #[must_use]
    pub fn of(secret: &[u8]) -> Self {
        let digest = Sha256::new().chain_update(b"echopulse cursors\0").chain_update(secret).finalize();
        Self { key: digest.into() }
    }

    fn mac(&self, route: &str, filters: &[&str], user: UserId, position: &[u8]) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).ok()?;
        let user = user.as_u128().to_be_bytes();
        let parts = [route.as_bytes(), &user].into_iter().chain(filters.iter().map(|text| text.as_bytes()));
        for part in parts.chain([position]) {
            // With its length in front no part can be moved into another.
            mac.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            mac.update(part);
        }
        Some(mac)
    }

    /// The cursor of a place in a list.
    #[must_use]
    pub fn seal(&self, route: &str, filters: &[&str], user: UserId, position: &str) -> Option<String> {
        let mac = self.mac(route, filters, user, position.as_bytes())?.finalize().into_bytes();
        let mut octets = mac.get(..MAC)?.to_vec();
        octets.extend_from_slice(position.as_bytes());
        Some(BASE64_URL_SAFE_NO_PAD.encode(octets))
    }

    /// The place that a cursor names in this very list.
    pub fn open(
        &self,
        route: &str,
        filters: &[&str],
        user: UserId,
        cursor: &str,
    ) -> Result<String, ApiError> {
        let place = || {
            let octets = BASE64_URL_SAFE_NO_PAD.decode(cursor).ok()?;
            let (mac, position) = octets.split_at_checked(MAC)?;
            self.mac(route, filters, user, position)?.verify_truncated_left(mac).ok()?;
            String::from_utf8(position.to_vec()).ok()
        };
        place().ok_or_else(|| {
            ApiError::new(ProblemCode::InvalidCursor, "the cursor is not one of this list; begin without one")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADA: UserId = UserId::from_u128(1);
    const BOB: UserId = UserId::from_u128(2);

    #[test]
    fn a_cursor_is_good_for_its_own_list_only() {
        let cursors = Cursors::of(b"one");
        let cursor = cursors.seal("members", &["s", "q"], ADA, "after-ada").unwrap();
        assert_eq!(cursors.open("members", &["s", "q"], ADA, &cursor), Ok("after-ada".to_owned()));
        let foreign = [
            cursors.open("members", &["s", "q"], BOB, &cursor),
            cursors.open("bans", &["s", "q"], ADA, &cursor),
            cursors.open("members", &["sq", ""], ADA, &cursor),
            Cursors::of(b"another").open("members", &["s", "q"], ADA, &cursor),
            cursors.open("members", &["s", "q"], ADA, &cursor[1..]),
            cursors.open("members", &["s", "q"], ADA, ""),
            cursors.open("members", &["s", "q"], ADA, "¼"),
        ];
        for answer in foreign {
            assert_eq!(answer.unwrap_err().code(), ProblemCode::InvalidCursor);
        }
    }
}
