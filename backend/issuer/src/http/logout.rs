//! `/logout`: ends the browser's session and every sign-in that came from it. RP-Initiated Logout 1.0.

use axum::{
    Form,
    extract::{
        Query, State,
        rejection::{FormRejection, QueryRejection},
    },
    http::{HeaderMap, StatusCode},
    response::Response,
};
use serde::Deserialize;

use super::{
    browser::{Browser, PageError, see_other},
    query::query,
};
use crate::{
    issuer::{App, Inner},
    page,
};

const PURPOSE: &str = "logout";

/// `id_token_hint` and `client_id` are not read: the person in front of the browser confirms instead.
#[derive(Deserialize)]
pub(crate) struct LogoutQuery {
    post_logout_redirect_uri: Option<String>,
    state: Option<String>,
}

pub(crate) async fn page(
    State(app): State<App>,
    headers: HeaderMap,
    request: Result<Query<LogoutQuery>, QueryRejection>,
) -> Response {
    let answer = async {
        let Query(request) =
            request.map_err(|_| PageError::Request("The address of this page is not complete."))?;
        let target = target(&app, request.post_logout_redirect_uri.as_deref(), request.state.as_deref())?;
        let browser = Browser::load(&app, &headers).await?;
        let Some(person) = &browser.person else {
            return Ok(leave(&app, target.as_deref()));
        };
        let shown = page::sign_out(
            &app,
            &page::SignOut {
                person,
                csrf: &browser.form_token(&app, PURPOSE),
                back_to: request.post_logout_redirect_uri.as_deref(),
                state: request.state.as_deref(),
            },
        );
        Ok(browser.remember(&app, shown))
    };
    answer.await.unwrap_or_else(|error: PageError| error.show(&app))
}

#[derive(Deserialize)]
pub(crate) struct LogoutForm {
    csrf: Option<String>,
    post_logout_redirect_uri: Option<String>,
    state: Option<String>,
}

pub(crate) async fn logout(
    State(app): State<App>,
    headers: HeaderMap,
    form: Result<Form<LogoutForm>, FormRejection>,
) -> Response {
    let answer = async {
        let Form(form) = form.map_err(|_| PageError::Form)?;
        let target = target(&app, form.post_logout_redirect_uri.as_deref(), form.state.as_deref())?;
        let browser = Browser::load(&app, &headers).await?;
        if !browser.sent(&app, PURPOSE, form.csrf.as_deref()) {
            return Err(PageError::Form);
        }
        for sid in app.store.end_browser(&browser.hash()).await? {
            app.session_ended(sid).await;
        }
        Ok(Browser::forget(&app, leave(&app, target.as_deref())))
    };
    answer.await.unwrap_or_else(|error: PageError| error.show(&app))
}

pub(crate) async fn done(State(app): State<App>) -> Response {
    page::message(&app, StatusCode::OK, "You are signed out", "You can close this page.")
}

/// Where to go afterwards; only addresses of the list.
fn target(app: &Inner, uri: Option<&str>, state: Option<&str>) -> Result<Option<String>, PageError> {
    let Some(uri) = uri else {
        return Ok(None);
    };
    if !app.config.web_logout_uris.iter().any(|known| known == uri) {
        return Err(PageError::Request(
            "The client wants you sent to an address this deployment does not know.",
        ));
    }
    let state = query([("state", state)]);
    let joint = if uri.contains('?') { '&' } else { '?' };
    Ok(Some(if state.is_empty() { uri.to_owned() } else { format!("{uri}{joint}{state}") }))
}

fn leave(app: &Inner, target: Option<&str>) -> Response {
    match target {
        Some(target) => see_other(target),
        None => see_other(&app.base.local("logout/done")),
    }
}
