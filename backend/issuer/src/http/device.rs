//! The device grant's two faces: the endpoint a terminal asks, and the page on which a person decides.

use std::time::Duration;

use axum::{
    Form, Json,
    extract::{
        Query, State,
        rejection::{FormRejection, QueryRejection},
    },
    http::{HeaderMap, StatusCode},
    response::Response,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    browser::{Browser, PageError, see_other},
    client_auth::public_client,
    query::granted_scope,
    reply::OAuthError,
    sign_in::Then,
};
use crate::{
    clients::{Grant, PublicClient},
    issuer::{App, Inner},
    limits::Source,
    page::{self, Problem},
    secret::{Secret, UserCode},
    store::{DeviceAsked, DeviceDecided, NewDevice},
};

/// How long a user code lives.
const CODE_LIFE: Duration = Duration::from_secs(10 * 60);

/// The time between two polls, announced and enforced.
const INTERVAL: Duration = Duration::from_secs(5);

/// How often a taken user code is drawn again; of 20^8 only a few are in use.
const DRAWS: usize = 5;

const UNKNOWN_CODE: PageError = PageError::Gone(
    "That code is unknown, was used already, or has expired. Compare it with the one in your terminal, or start again there.",
);

#[derive(Deserialize)]
pub(crate) struct AuthorizationForm {
    client_id: Option<String>,
    scope: Option<String>,
}

/// RFC 8628 sections 3.1 and 3.2.
pub(crate) async fn authorization(
    State(app): State<App>,
    source: Source,
    form: Result<Form<AuthorizationForm>, FormRejection>,
) -> Result<Json<Value>, OAuthError> {
    let Form(form) = form?;
    let client = public_client(form.client_id.as_deref(), Grant::Device)?;
    app.limits.devices.take(source, app.now()).map_err(OAuthError::too_many)?;
    app.sweep().await;
    let scope = granted_scope(form.scope.as_deref());
    let (device_code, user_code) = ask(&app, client, &scope).await?;
    Ok(Json(json!({
        "device_code": device_code.expose(),
        "user_code": user_code.to_string(),
        "verification_uri": app.base.endpoint("device"),
        "verification_uri_complete": app.base.endpoint(&format!("device?user_code={user_code}")),
        "expires_in": CODE_LIFE.as_secs(),
        "interval": INTERVAL.as_secs(),
    })))
}

async fn ask(app: &Inner, client: PublicClient, scope: &str) -> Result<(Secret, UserCode), OAuthError> {
    for _ in 0..DRAWS {
        let device_code = Secret::draw(app.chance());
        let user_code = UserCode::draw(app.chance());
        let new = NewDevice {
            device_hash: &device_code.hash(),
            user_code: &user_code,
            client_id: client.id(),
            scope,
            interval: INTERVAL,
            life: CODE_LIFE,
        };
        match app.store.ask_device(new, app.now()).await? {
            DeviceAsked::Done => return Ok((device_code, user_code)),
            DeviceAsked::CodeTaken => {}
            DeviceAsked::Full => break,
        }
    }
    Err(OAuthError::unavailable("too many sign-ins wait for a decision; try again in some minutes"))
}

#[derive(Deserialize)]
pub(crate) struct DeviceQuery {
    user_code: Option<String>,
    problem: Option<String>,
}

/// Asks for the code, then for a sign-in, then for the decision.
pub(crate) async fn page(
    State(app): State<App>,
    source: Source,
    headers: HeaderMap,
    query: Result<Query<DeviceQuery>, QueryRejection>,
) -> Response {
    let answer = async {
        let Query(query) =
            query.map_err(|_| PageError::Request("The address of this page is not complete."))?;
        let Some(raw) = query.user_code.filter(|raw| !raw.trim().is_empty()) else {
            return Ok(page::enter_code(&app));
        };
        let (code, client) = look_up(&app, source, &raw).await?;
        let browser = Browser::load(&app, &headers).await?;
        let shown = match &browser.person {
            Some(person) => page::decide(
                &app,
                &page::Decision {
                    person,
                    client,
                    code: &code,
                    csrf: &browser.form_token(&app, &purpose(&code)),
                },
            ),
            None => {
                let then = Then::device(&code);
                page::sign_in(
                    &app,
                    &page::SignIn {
                        client,
                        code: Some(&code),
                        then: then.as_str(),
                        csrf: &browser.form_token(&app, &then.purpose()),
                        problem: query.problem.as_deref().and_then(Problem::find),
                        lands_on: None,
                    },
                )
            }
        };
        Ok(browser.remember(&app, shown))
    };
    answer.await.unwrap_or_else(|error: PageError| error.show(&app))
}

/// The client that waits on a code. Looking up codes that do not exist is limited.
async fn look_up(app: &Inner, source: Source, raw: &str) -> Result<(UserCode, PublicClient), PageError> {
    let code = UserCode::parse(raw).ok_or(UNKNOWN_CODE)?;
    let tries = &app.limits.codes;
    tries.take(source, app.now()).map_err(PageError::TooMany)?;
    let client_id = app.store.pending_device(&code, app.now()).await?.ok_or(UNKNOWN_CODE)?;
    tries.give_back(source);
    Ok((code, PublicClient::find(&client_id).ok_or(UNKNOWN_CODE)?))
}

fn purpose(code: &UserCode) -> String {
    format!("device {code}")
}

#[derive(Deserialize)]
pub(crate) struct DecisionForm {
    user_code: String,
    csrf: Option<String>,
    decision: String,
}

/// Approves or refuses. Only a form that we showed to this signed-in browser for this very code counts.
pub(crate) async fn decide(
    State(app): State<App>,
    headers: HeaderMap,
    form: Result<Form<DecisionForm>, FormRejection>,
) -> Response {
    let answer = async {
        let Form(form) = form.map_err(|_| PageError::Form)?;
        let browser = Browser::load(&app, &headers).await?;
        let code = UserCode::parse(&form.user_code).ok_or(PageError::Form)?;
        let person = browser.person.as_ref().ok_or(PageError::Form)?;
        if !browser.sent(&app, &purpose(&code), form.csrf.as_deref()) {
            return Err(PageError::Form);
        }
        let (decided, result) = match form.decision.as_str() {
            "approve" => (app.store.approve_device(&code, &person.sub, app.now()).await?, "approved"),
            "refuse" => (app.store.refuse_device(&code, &person.sub, app.now()).await?, "refused"),
            _ => return Err(PageError::Form),
        };
        match decided {
            DeviceDecided::Done => Ok(see_other(&app.base.local(&format!("device/done?result={result}")))),
            DeviceDecided::Gone => Err(UNKNOWN_CODE),
        }
    };
    answer.await.unwrap_or_else(|error: PageError| error.show(&app))
}

#[derive(Deserialize)]
pub(crate) struct DoneQuery {
    result: Option<String>,
}

pub(crate) async fn done(
    State(app): State<App>,
    query: Result<Query<DoneQuery>, QueryRejection>,
) -> Response {
    match query.ok().and_then(|query| query.0.result).as_deref() {
        Some("approved") => page::message(
            &app,
            StatusCode::OK,
            "You are signed in",
            "Go back to your terminal; you can close this page.",
        ),
        _ => page::message(&app, StatusCode::OK, "Refused", "Nobody was signed in. You can close this page."),
    }
}
