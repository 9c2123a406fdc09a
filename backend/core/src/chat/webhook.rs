//! Incoming webhooks: addresses at which programs without an account post into one channel.
//!
//! Whoever knows the token may post, so no token is ever kept or seen here: an inbound adapter draws it, shows it once, and
//! hands over its hash.

use std::fmt;

use crate::common::{ChannelId, Timestamp, UserId, WebhookId, name::WebhookName};

/// Webhooks of one channel at most.
pub const LIMIT: usize = 15;

/// A webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Its id.
    pub id: WebhookId,
    /// Where it posts.
    pub channel: ChannelId,
    /// What its messages are shown under.
    pub name: WebhookName,
    /// Who made it.
    pub created_by: UserId,
    /// When.
    pub created_at: Timestamp,
}

impl Webhook {
    /// Who its messages are from.
    #[must_use]
    pub const fn author(&self) -> UserId {
        UserId::from_u128(self.id.as_u128())
    }
}

/// The SHA-256 of a webhook's token.
#[derive(Clone, Copy)]
pub struct TokenHash(pub [u8; 32]);

impl TokenHash {
    /// Whether two are the same, in a time that does not depend on how much of them is.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        let differences = self.0.iter().zip(&other.0).fold(0, |all, (one, another)| all | (one ^ another));
        std::hint::black_box(differences) == 0
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_another_one_if_any_octet_is() {
        let one = TokenHash([7; 32]);
        assert!(one.is(&TokenHash([7; 32])));
        for at in 0..32 {
            let mut other = one;
            other.0[at] ^= 1;
            assert!(!one.is(&other), "octet {at}");
        }
        assert_eq!(format!("{one:?}"), "***");
    }
}
