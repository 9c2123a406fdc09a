//! Access tokens of an OIDC issuer (RFC 9068, and Keycloak's older shape), checked the same everywhere.
//!
//! [`Verifier`] checks one token, [`KeySource`] is where its keys come from, [`Endings`] remembers sign-ins that ended before
//! their tokens did, and [`Recall`] reads what it was not told. Beside access tokens only logout tokens are read, by which an issuer
//! tells that a sign-in ended. Deliberately absent: introspection, refresh, and every other kind of token.

mod claims;
mod endings;
mod jwks;
mod recall;
mod source;
mod verifier;

pub use endings::Endings;
pub use recall::Recall;
pub use source::{HttpKeySource, KeySource, KeySourceError};
pub use verifier::{Logout, TokenError, Verified, Verifier, VerifierConfig};

/// A signature algorithm that may be allowed. The list is closed: nothing symmetric, nothing with PSS, never `none`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// Ed25519.
    EdDsa,
}

impl Algorithm {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Rs256, Self::Es256, Self::EdDsa];

    /// Reads the name of RFC 7518 or 8037.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.as_str() == name)
    }

    /// The name of RFC 7518 or 8037.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }

    const fn to_jsonwebtoken(self) -> jsonwebtoken::Algorithm {
        match self {
            Self::Rs256 => jsonwebtoken::Algorithm::RS256,
            Self::Es256 => jsonwebtoken::Algorithm::ES256,
            Self::EdDsa => jsonwebtoken::Algorithm::EdDSA,
        }
    }
}
