//! The endpoints. A handler parses, asks the store, answers.

mod authorize;
mod browser;
mod client_auth;
mod device;
mod discovery;
mod grants;
mod issue;
mod logout;
mod query;
mod reply;
mod revoke;
mod sign_in;
mod source;
mod token;
mod userinfo;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{HeaderValue, header},
    middleware::map_response,
    response::Response,
    routing::{get, post},
};

pub use grants::{LOCAL_FOLDER_GRANT, LOCAL_FOLDER_SCOPE};
pub use source::ClientIp;

use crate::{issuer::App, page};

/// The largest form anybody sends: a password and a few names.
const LARGEST_BODY: usize = 16 * 1024;

/// All routes, relative to the issuer URL.
pub(crate) fn router(app: App) -> Router {
    Router::new()
        .route("/.well-known/openid-configuration", get(discovery::metadata))
        .route("/jwks", get(discovery::jwks))
        .route("/device_authorization", post(device::authorization))
        .route("/device", get(device::page).post(device::decide))
        .route("/device/done", get(device::done))
        .route("/authorize", get(authorize::authorize))
        .route("/sign-in", post(sign_in::sign_in))
        .route("/sign-up", post(sign_in::sign_up))
        .route("/token", post(token::token))
        .route("/revoke", post(revoke::revoke))
        .route("/userinfo", get(userinfo::userinfo).post(userinfo::userinfo))
        .route("/logout", get(logout::page).post(logout::logout))
        .route("/logout/done", get(logout::done))
        .route("/style.css", get(page::style))
        .layer(map_response(harden))
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .with_state(app)
}

/// What every answer says unless its handler said otherwise: keep nothing, guess nothing, frame nothing.
async fn harden(mut response: Response) -> Response {
    let defaults = [
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    ];
    for (name, value) in defaults {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}
