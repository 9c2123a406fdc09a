//! What clients and services read before anything else: metadata and public keys.

use axum::{Json, extract::State};
use serde_json::{Value, json};

use super::{grants, query::SCOPES};
use crate::issuer::App;

/// OpenID Connect Discovery 1.0 section 3, with the device grant of RFC 8628 section 4.
pub(crate) async fn metadata(State(app): State<App>) -> Json<Value> {
    let base = &app.base;
    Json(json!({
        "issuer": base.issuer,
        "authorization_endpoint": base.endpoint("authorize"),
        "device_authorization_endpoint": base.endpoint("device_authorization"),
        "token_endpoint": base.endpoint("token"),
        "userinfo_endpoint": base.endpoint("userinfo"),
        "revocation_endpoint": base.endpoint("revoke"),
        "end_session_endpoint": base.endpoint("logout"),
        "jwks_uri": base.endpoint("jwks"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": grants::SUPPORTED,
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["none", "client_secret_basic", "client_secret_post"],
        "revocation_endpoint_auth_methods_supported": ["none"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "subject_types_supported": ["public"],
        "scopes_supported": SCOPES,
        "claims_supported": ["sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "sid", "preferred_username", "name"],
        "authorization_response_iss_parameter_supported": true,
    }))
}

/// All public keys, so that tokens of an older key stay good while it is being replaced.
pub(crate) async fn jwks(State(app): State<App>) -> Json<Value> {
    Json(app.keys.jwks())
}
