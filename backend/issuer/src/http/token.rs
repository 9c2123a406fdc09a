//! `/token`: reads the form and hands it to the grant it names.

use axum::{
    Form, Json,
    extract::{State, rejection::FormRejection},
    http::HeaderMap,
};
use serde::Deserialize;

use super::{grants, issue::Tokens, reply::OAuthError};
use crate::issuer::App;

/// The fields of all grants; each grant demands its own.
#[derive(Default, Deserialize)]
pub(crate) struct TokenForm {
    pub(crate) grant_type: Option<String>,
    pub(crate) client_id: Option<String>,
    pub(crate) client_secret: Option<String>,
    pub(crate) device_code: Option<String>,
    pub(crate) code: Option<String>,
    pub(crate) redirect_uri: Option<String>,
    pub(crate) code_verifier: Option<String>,
    pub(crate) refresh_token: Option<String>,
    pub(crate) scope: Option<String>,
    pub(crate) secret: Option<String>,
    #[serde(alias = "name")]
    pub(crate) username: Option<String>,
}

pub(crate) async fn token(
    State(app): State<App>,
    headers: HeaderMap,
    form: Result<Form<TokenForm>, FormRejection>,
) -> Result<Json<Tokens>, OAuthError> {
    let Form(form) = form?;
    app.sweep().await;
    match form.grant_type.as_deref() {
        Some(grants::DEVICE_GRANT) => grants::device(&app, form).await,
        Some(grants::CODE_GRANT) => grants::code(&app, form).await,
        Some(grants::REFRESH_GRANT) => grants::refresh(&app, form).await,
        Some(grants::CLIENT_GRANT) => grants::client_credentials(&app, &headers, form).await,
        Some(grants::LOCAL_FOLDER_GRANT) => grants::local_folder(&app, form).await,
        Some(_) => Err(OAuthError::new("unsupported_grant_type", "this issuer does not know that grant")),
        None => Err(OAuthError::invalid_request("grant_type is missing")),
    }
}
