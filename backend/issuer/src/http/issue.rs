//! Issuing tokens once a grant has been proven.

use axum::Json;
use serde::Serialize;

use super::reply::OAuthError;
use crate::{
    claims::{ACCESS_TYP, ID_TYP, SignIn, Subject},
    issuer::Inner,
    secret::{self, Secret},
    store::{Bot, Family, NewFamily, Person},
};

/// A successful answer of the token endpoint. RFC 6749 section 5.1.
#[derive(Serialize)]
pub(crate) struct Tokens {
    access_token: String,
    token_type: &'static str,
    expires_in: u64,
    scope: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<String>,
}

/// The secrets of a sign-in that is about to begin.
pub(crate) struct FreshFamily {
    sid: String,
    refresh_token: Secret,
    refresh_hash: String,
    expires_at: std::time::Duration,
}

impl FreshFamily {
    pub(crate) fn draw(app: &Inner) -> Self {
        let refresh_token = Secret::draw(app.chance());
        Self {
            sid: secret::draw_id(app.chance()),
            refresh_hash: refresh_token.hash(),
            refresh_token,
            expires_at: app.now() + app.config.session_life,
        }
    }

    pub(crate) fn as_new(&self) -> NewFamily<'_> {
        NewFamily { sid: &self.sid, refresh_hash: &self.refresh_hash, expires_at: self.expires_at }
    }

    pub(crate) fn into_parts(self) -> (String, Secret) {
        (self.sid, self.refresh_token)
    }
}

/// What an ID token adds.
pub(crate) struct Authentication {
    pub(crate) nonce: Option<String>,
    /// Seconds since the epoch.
    pub(crate) auth_time: u64,
}

/// Tokens for a person.
pub(crate) fn person_tokens(
    app: &Inner,
    person: &Person,
    family: &Family,
    refresh_token: Secret,
    authentication: Option<Authentication>,
) -> Result<Json<Tokens>, OAuthError> {
    let sign_in = sign_in(app, &family.client_id, &family.sid, &family.scope);
    let subject = Subject::from(person);
    let id_token = authentication
        .filter(|_| family.scope.split(' ').any(|scope| scope == "openid"))
        .map(|about| sign(app, ID_TYP, &sign_in.id(&subject, about.nonce, about.auth_time)))
        .transpose()?;
    tokens(app, &sign_in, &subject, Some(refresh_token), id_token)
}

/// An access token for a bot, which asks again with its secret instead of refreshing.
pub(crate) fn bot_tokens(app: &Inner, bot: &Bot) -> Result<Json<Tokens>, OAuthError> {
    let sid = secret::draw_id(app.chance());
    let sign_in = sign_in(app, &bot.client_id, &sid, "profile");
    tokens(app, &sign_in, &Subject::from(bot), None, None)
}

fn sign_in<'a>(app: &'a Inner, client_id: &'a str, sid: &'a str, scope: &'a str) -> SignIn<'a> {
    SignIn {
        issuer: &app.base.issuer,
        client_id,
        sid,
        scope,
        now: app.now(),
        life: app.config.access_token_life,
    }
}

fn tokens(
    app: &Inner,
    sign_in: &SignIn<'_>,
    subject: &Subject<'_>,
    refresh_token: Option<Secret>,
    id_token: Option<String>,
) -> Result<Json<Tokens>, OAuthError> {
    let access = sign_in.access(subject, secret::draw_id(app.chance()));
    Ok(Json(Tokens {
        access_token: sign(app, ACCESS_TYP, &access)?,
        token_type: "Bearer",
        expires_in: sign_in.life.as_secs(),
        scope: sign_in.scope.to_owned(),
        refresh_token: refresh_token.map(Secret::into_text),
        id_token,
    }))
}

fn sign(app: &Inner, typ: &str, claims: &impl Serialize) -> Result<String, OAuthError> {
    app.keys.sign(typ, claims).map_err(|error| OAuthError::internal(&error))
}
