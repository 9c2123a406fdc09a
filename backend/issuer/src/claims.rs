//! What the tokens say: the same shape as Keycloak's, so that the services need not know the difference.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::store::{Bot, Person};

/// The audience of access tokens: the services.
pub(crate) const AUDIENCE: &str = "echopulse";

/// The header `typ` of access tokens. RFC 9068 section 2.1.
pub(crate) const ACCESS_TYP: &str = "at+jwt";

/// The header `typ` of ID tokens.
pub(crate) const ID_TYP: &str = "JWT";

/// The claims of an access token.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct AccessClaims {
    pub(crate) iss: String,
    pub(crate) sub: String,
    pub(crate) aud: String,
    pub(crate) exp: u64,
    pub(crate) nbf: u64,
    pub(crate) iat: u64,
    pub(crate) jti: String,
    pub(crate) sid: String,
    pub(crate) azp: String,
    pub(crate) client_id: String,
    pub(crate) scope: String,
    pub(crate) typ: String,
    pub(crate) preferred_username: String,
    pub(crate) name: String,
    pub(crate) realm_access: RealmAccess,
}

/// Where Keycloak puts realm roles.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct RealmAccess {
    pub(crate) roles: Vec<String>,
}

/// Who a token is about.
pub(crate) struct Subject<'a> {
    sub: &'a str,
    username: &'a str,
    name: &'a str,
    roles: &'static [&'static str],
}

impl<'a> From<&'a Person> for Subject<'a> {
    fn from(person: &'a Person) -> Self {
        let roles: &[_] =
            if person.admin { &["echopulse-user", "echopulse-admin"] } else { &["echopulse-user"] };
        Self { sub: &person.sub, username: &person.username, name: &person.display_name, roles }
    }
}

impl<'a> From<&'a Bot> for Subject<'a> {
    fn from(bot: &'a Bot) -> Self {
        Self { sub: &bot.sub, username: &bot.name, name: &bot.name, roles: &["echopulse-bot"] }
    }
}

/// One sign-in: what all its tokens have in common.
pub(crate) struct SignIn<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) client_id: &'a str,
    pub(crate) sid: &'a str,
    pub(crate) scope: &'a str,
    pub(crate) now: Duration,
    pub(crate) life: Duration,
}

impl SignIn<'_> {
    pub(crate) fn access(&self, subject: &Subject<'_>, jti: String) -> AccessClaims {
        let now = self.now.as_secs();
        AccessClaims {
            iss: self.issuer.to_owned(),
            sub: subject.sub.to_owned(),
            aud: AUDIENCE.to_owned(),
            exp: now + self.life.as_secs(),
            nbf: now,
            iat: now,
            jti,
            sid: self.sid.to_owned(),
            azp: self.client_id.to_owned(),
            client_id: self.client_id.to_owned(),
            scope: self.scope.to_owned(),
            typ: "Bearer".to_owned(),
            preferred_username: subject.username.to_owned(),
            name: subject.name.to_owned(),
            realm_access: RealmAccess {
                roles: subject.roles.iter().map(|role| (*role).to_owned()).collect(),
            },
        }
    }

    pub(crate) fn id(&self, subject: &Subject<'_>, nonce: Option<String>, auth_time: u64) -> IdClaims {
        let now = self.now.as_secs();
        IdClaims {
            iss: self.issuer.to_owned(),
            sub: subject.sub.to_owned(),
            aud: self.client_id.to_owned(),
            exp: now + self.life.as_secs(),
            iat: now,
            auth_time,
            nonce,
            azp: self.client_id.to_owned(),
            sid: self.sid.to_owned(),
            typ: "ID".to_owned(),
            preferred_username: subject.username.to_owned(),
            name: subject.name.to_owned(),
        }
    }
}

/// The claims of an ID token: it tells the client who signed in, and opens nothing.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct IdClaims {
    iss: String,
    sub: String,
    aud: String,
    exp: u64,
    iat: u64,
    auth_time: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<String>,
    azp: String,
    sid: String,
    typ: String,
    preferred_username: String,
    name: String,
}
