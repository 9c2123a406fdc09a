//! The grants of the token endpoint: what each demands, and how it is refused.

use axum::{Json, http::HeaderMap};

use super::{
    client_auth::{bot_client, public_client},
    issue::{Authentication, FreshFamily, Tokens, bot_tokens, person_tokens},
    query::granted_scope,
    reply::OAuthError,
    token::TokenForm,
};
use crate::{
    clients::Grant,
    issuer::{FolderPersonError, Inner},
    names::NameError,
    secret::{self, Secret},
    store::{CodeRedeemed, DevicePolled, Family, Person, Proof, Refreshed},
};

/// RFC 8628 section 3.4.
pub(crate) const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// RFC 6749 section 4.1.3.
pub(crate) const CODE_GRANT: &str = "authorization_code";
/// RFC 6749 section 6.
pub(crate) const REFRESH_GRANT: &str = "refresh_token";
/// RFC 6749 section 4.4.
pub(crate) const CLIENT_GRANT: &str = "client_credentials";
/// Ours: whoever can read the folder key is the person they say. Fields `secret` and `username`.
pub const LOCAL_FOLDER_GRANT: &str = "urn:echopulse:params:oauth:grant-type:local-folder";

/// All of them, for the metadata.
pub(crate) const SUPPORTED: [&str; 5] =
    [CODE_GRANT, DEVICE_GRANT, REFRESH_GRANT, CLIENT_GRANT, LOCAL_FOLDER_GRANT];

const LOCKED: OAuthError = OAuthError::new("access_denied", "this account is locked");
const OLD_CODE: OAuthError =
    OAuthError::invalid_grant("the code is unknown, expired, used, or not for this client");
const OLD_REFRESH: OAuthError = OAuthError::invalid_grant("the sign-in has ended; sign in again");

pub(crate) async fn device(app: &Inner, form: TokenForm) -> Result<Json<Tokens>, OAuthError> {
    let client = public_client(form.client_id.as_deref(), Grant::Device)?;
    let device_code = form.device_code.ok_or(OAuthError::invalid_request("device_code is missing"))?;
    let fresh = FreshFamily::draw(app);
    let hash = secret::hash(&device_code);
    match app.store.poll_device(&hash, client.id(), fresh.as_new(), app.now()).await? {
        DevicePolled::Approved(family) => {
            let person = live_person(app, &family).await?;
            person_tokens(app, &person, &family, fresh.into_parts().1, None)
        }
        DevicePolled::Pending => Err(OAuthError::new("authorization_pending", "nobody has decided yet")),
        DevicePolled::TooFast => Err(OAuthError::new("slow_down", "wait five seconds longer between polls")),
        DevicePolled::Refused => Err(OAuthError::new("access_denied", "the request was refused")),
        DevicePolled::Expired => Err(OAuthError::new("expired_token", "the code has expired; start again")),
        DevicePolled::Unknown => Err(OAuthError::invalid_grant("the device code is unknown or was redeemed")),
    }
}

pub(crate) async fn code(app: &Inner, form: TokenForm) -> Result<Json<Tokens>, OAuthError> {
    let client = public_client(form.client_id.as_deref(), Grant::Code)?;
    let (Some(code), Some(redirect_uri), Some(verifier)) = (form.code, form.redirect_uri, form.code_verifier)
    else {
        return Err(OAuthError::invalid_request("code, redirect_uri and code_verifier are needed"));
    };
    // RFC 7636 section 4.1.
    let unreserved = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    if !(43..=128).contains(&verifier.len()) || !verifier.bytes().all(unreserved) {
        return Err(OAuthError::invalid_request("code_verifier has 43 to 128 unreserved characters"));
    }
    let fresh = FreshFamily::draw(app);
    let proof = Proof { client_id: client.id(), redirect_uri: &redirect_uri, verifier: &verifier };
    match app.store.redeem_code(&secret::hash(&code), proof, fresh.as_new(), app.now()).await? {
        CodeRedeemed::Done { family, nonce, signed_in_at } => {
            let person = live_person(app, &family).await?;
            let auth_time = u64::try_from(signed_in_at / 1000).unwrap_or_default();
            let authentication = Authentication { nonce, auth_time };
            person_tokens(app, &person, &family, fresh.into_parts().1, Some(authentication))
        }
        CodeRedeemed::Reused { sid } => {
            tracing::warn!("an authorization code was used twice; its sign-in is revoked");
            if let Some(sid) = sid {
                app.session_ended(sid).await;
            }
            Err(OLD_CODE)
        }
        CodeRedeemed::Refused => Err(OLD_CODE),
    }
}

pub(crate) async fn refresh(app: &Inner, form: TokenForm) -> Result<Json<Tokens>, OAuthError> {
    let client = public_client(form.client_id.as_deref(), Grant::Refresh)?;
    let old = form.refresh_token.ok_or(OAuthError::invalid_request("refresh_token is missing"))?;
    let new = Secret::draw(app.chance());
    let now = app.now();
    let expires_at = now + app.config.session_life;
    match app.store.refresh(&secret::hash(&old), client.id(), &new.hash(), now, expires_at).await? {
        Refreshed::Done(family) => {
            let person = live_person(app, &family).await?;
            person_tokens(app, &person, &family, new, None)
        }
        Refreshed::Reused { sid } => {
            tracing::warn!("a refresh token was used twice; its sign-in is revoked");
            app.session_ended(sid).await;
            Err(OLD_REFRESH)
        }
        Refreshed::Refused => Err(OLD_REFRESH),
    }
}

pub(crate) async fn client_credentials(
    app: &Inner,
    headers: &HeaderMap,
    form: TokenForm,
) -> Result<Json<Tokens>, OAuthError> {
    let given = (form.client_id.as_deref(), form.client_secret.as_deref());
    let bot = bot_client(app, headers, given).await?;
    if bot.locked { Err(LOCKED) } else { bot_tokens(app, &bot) }
}

pub(crate) async fn local_folder(app: &Inner, form: TokenForm) -> Result<Json<Tokens>, OAuthError> {
    let client = public_client(form.client_id.as_deref(), Grant::LocalFolder)?;
    let (Some(key), Some(name)) = (form.secret, form.username) else {
        return Err(OAuthError::invalid_request("secret and username are needed"));
    };
    if !secret::same(key.trim(), &app.folder_key) {
        return Err(OAuthError::invalid_grant("the secret is not the content of the folder's key file"));
    }
    let person = app.folder_person(&name).await?;
    let scope = granted_scope(form.scope.as_deref());
    let fresh = FreshFamily::draw(app);
    if !app.store.start_family(fresh.as_new(), &person.sub, client.id(), &scope).await? {
        return Err(LOCKED);
    }
    let (sid, refresh_token) = fresh.into_parts();
    let family = Family { sid, sub: person.sub.clone(), client_id: client.id().to_owned(), scope };
    person_tokens(app, &person, &family, refresh_token, None)
}

/// Who a sign-in is about. Read after redemption, so that a lock in between still counts.
async fn live_person(app: &Inner, family: &Family) -> Result<Person, OAuthError> {
    app.store.person(&family.sub).await?.filter(|person| !person.locked).ok_or(LOCKED)
}

impl From<FolderPersonError> for OAuthError {
    fn from(error: FolderPersonError) -> Self {
        match error {
            FolderPersonError::Name(NameError::Reserved) => {
                Self::invalid_request("the names everyone, here and me are reserved")
            }
            FolderPersonError::Name(_) => Self::invalid_request(
                "a name has 1 to 32 of the characters a-z, 0-9, dot, underscore and hyphen",
            ),
            FolderPersonError::Store(error) => error.into(),
        }
    }
}
