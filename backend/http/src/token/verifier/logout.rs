//! Logout tokens: an issuer's notice that a sign-in ended (OpenID Connect Back-Channel Logout 1.0).

use echopulse_core::common::{Timestamp, sign_out::Ended};

use super::{TokenError, Verifier, moment};
use crate::token::claims::LogoutClaims;

/// A logout token older than this, in seconds, is not the news that it claims to be.
const OLDEST_NOTICE: u64 = 2 * 60;

/// A logout token that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logout {
    /// Whom people of the issuer are known under.
    pub iss: String,
    /// What ended: the sign-in if it is named, else all of the subject.
    pub ended: Ended,
    /// When, by the issuer's clock.
    pub at: Timestamp,
    /// What the issuer calls this very token.
    pub jti: String,
}

impl Verifier {
    /// Checks the notice that a sign-in ended (OpenID Connect Back-Channel Logout 1.0, section 2.6). Whether it came before is for
    /// whoever remembers.
    pub async fn verify_logout(&self, token: &str) -> Result<Logout, TokenError> {
        let (header, claims) = self.authentic::<LogoutClaims>(token).await?;
        if claims.iss != self.config.issuer {
            return Err(TokenError::Invalid("another issuer"));
        }
        if !self.config.clients.iter().any(|client| claims.aud.contains(client)) {
            return Err(TokenError::Invalid("another audience"));
        }
        if !(is_logout_token(header.typ.as_deref(), claims.typ.as_deref()) && claims.is_notice()) {
            return Err(TokenError::Invalid("no logout token"));
        }
        let (now, leeway) = (self.now(), self.config.leeway.as_secs());
        if claims.exp.saturating_add(leeway) <= now
            || claims.iat.saturating_add(OLDEST_NOTICE + leeway) <= now
        {
            return Err(TokenError::Expired);
        }
        if claims.iat > now.saturating_add(leeway) {
            return Err(TokenError::Invalid("not yet"));
        }
        let named = |name: Option<String>| name.filter(|name| !name.is_empty());
        let ended = match (named(claims.sid), named(claims.sub)) {
            (Some(sid), _) => Ended::Session(sid),
            (None, Some(sub)) => Ended::Subject(sub),
            (None, None) => return Err(TokenError::Invalid("neither sid nor sub")),
        };
        if claims.jti.is_empty() {
            return Err(TokenError::Invalid("no jti"));
        }
        Ok(Logout { iss: self.known_as().to_owned(), ended, at: moment(claims.iat), jti: claims.jti })
    }
}

/// The header may say so (section 2.4), or a claim of Keycloak's; neither may say that it is something else.
fn is_logout_token(header: Option<&str>, claim: Option<&str>) -> bool {
    let header = header.unwrap_or("JWT");
    let header = header.strip_prefix("application/").unwrap_or(header);
    let named = ["JWT", "logout+jwt"].iter().any(|typ| header.eq_ignore_ascii_case(typ));
    named && claim.is_none_or(|claim| claim == "Logout")
}

#[cfg(test)]
#[path = "logout_tests.rs"]
mod tests;
