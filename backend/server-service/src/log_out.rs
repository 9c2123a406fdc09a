//! What the issuer tells: OpenID Connect Back-Channel Logout 1.0. Whoever holds a logout token of the issuer is the issuer.

use axum::{
    extract::State,
    http::{HeaderValue, StatusCode, header},
    middleware,
    response::Response,
};
use echopulse_core::server::{error::ServerError, port::inbound::SignOutNews};
use echopulse_http::{
    ApiError, Routes, body,
    token::{Logout, TokenError},
};

use crate::ServerApp;

const FIELD: &str = "logout_token";

pub(crate) fn routes() -> Routes<ServerApp> {
    Routes::new()
        .post("/oidc/backchannel-logout", "end_sign_in", log_out)
        .layered(|routes| routes.layer(middleware::map_response(not_to_be_kept)))
}

/// Section 2.8. The door says so too, where there is one.
async fn not_to_be_kept(mut answer: Response) -> Response {
    answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

/// Section 2.8: 200 when the session has ended, 400 when the notice is none.
async fn log_out(State(app): State<ServerApp>, form: body::Form) -> Result<StatusCode, ApiError> {
    let token = form.0.text(FIELD).ok_or_else(|| ApiError::invalid(FIELD, "is missing"))?;
    let Logout { iss, ended, at, jti } = app.guard.verifier().verify_logout(token).await.map_err(refused)?;
    let news = SignOutNews { iss, ended, at, token: Some(jti) };
    if app.ports.sign_outs.end(news).await.map_err(ServerError::Store)? {
        tracing::info!("the issuer told of a log-out");
        Ok(StatusCode::OK)
    } else {
        Err(ApiError::invalid(FIELD, "came before"))
    }
}

fn refused(error: TokenError) -> ApiError {
    if error == TokenError::NoKeys {
        return error.into();
    }
    // Anybody may send one, so the log is not to fill with them.
    tracing::debug!(reason = ?error, "a notice of a log-out was refused");
    ApiError::invalid(FIELD, "is no logout token of the issuer")
}
