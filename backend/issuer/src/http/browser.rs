//! The browser in front of the pages: its cookie, who is signed in with it, and the forms it may send.

use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use super::reply::retry_after;
use crate::{
    error::StoreError,
    issuer::Inner,
    limits::Wait,
    page,
    secret::{self, Secret},
    store::Person,
};

/// One browser, known by its cookie. Before anybody signs in the cookie only ties forms to the browser.
pub(crate) struct Browser {
    cookie: String,
    is_new: bool,
    /// Who is signed in.
    pub(crate) person: Option<Person>,
    /// Since when, in milliseconds since the epoch.
    pub(crate) signed_in_at: i64,
}

impl Browser {
    pub(crate) async fn load(app: &Inner, headers: &HeaderMap) -> Result<Self, StoreError> {
        let Some(cookie) = find_cookie(app, headers) else {
            let cookie = Secret::draw(app.chance()).into_text();
            return Ok(Self { cookie, is_new: true, person: None, signed_in_at: 0 });
        };
        let Some(session) = app.store.browser(&secret::hash(&cookie), app.now()).await? else {
            return Ok(Self { cookie, is_new: false, person: None, signed_in_at: 0 });
        };
        let person = app.store.person(&session.sub).await?;
        Ok(Self { cookie, is_new: false, person, signed_in_at: session.started_at })
    }

    /// Signs a person in under a new cookie, so that nobody who planted the old one comes along.
    pub(crate) async fn sign_in(app: &Inner, person: &str) -> Result<Self, StoreError> {
        let cookie = Secret::draw(app.chance()).into_text();
        let now = app.now();
        app.store.start_browser(&secret::hash(&cookie), person, now, app.config.browser_life).await?;
        Ok(Self { cookie, is_new: true, person: None, signed_in_at: 0 })
    }

    pub(crate) fn hash(&self) -> String {
        secret::hash(&self.cookie)
    }

    pub(crate) fn form_token(&self, app: &Inner, purpose: &str) -> String {
        app.csrf.token(&self.cookie, purpose)
    }

    /// Whether a form of ours, for this purpose, was shown to this browser.
    pub(crate) fn sent(&self, app: &Inner, purpose: &str, token: Option<&str>) -> bool {
        !self.is_new && token.is_some_and(|token| app.csrf.holds(&self.cookie, purpose, token))
    }

    /// Adds the cookie to an answer when the browser does not have it yet.
    pub(crate) fn remember(&self, app: &Inner, mut response: Response) -> Response {
        if self.is_new {
            set_cookie(app, &mut response, &self.cookie, "");
        }
        response
    }

    /// Takes the cookie away.
    pub(crate) fn forget(app: &Inner, mut response: Response) -> Response {
        set_cookie(app, &mut response, "", "; Max-Age=0");
        response
    }
}

fn cookie_name(app: &Inner) -> &'static str {
    if app.base.https { "__Secure-echopulse-id" } else { "echopulse-id" }
}

fn find_cookie(app: &Inner, headers: &HeaderMap) -> Option<String> {
    let name = cookie_name(app);
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let (_, value) = pairs.find(|(found, value)| *found == name && value.len() == 43)?;
    Some(value.to_owned())
}

fn set_cookie(app: &Inner, response: &mut Response, value: &str, extra: &str) {
    let path = if app.base.path.is_empty() { "/" } else { &app.base.path };
    let secure = if app.base.https { "; Secure" } else { "" };
    let cookie = format!("{}={value}; Path={path}; HttpOnly; SameSite=Lax{secure}{extra}", cookie_name(app));
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

/// Sends the browser on with GET: 303 never takes the form along, as 307 would a password.
pub(crate) fn see_other(location: &str) -> Response {
    match HeaderValue::from_str(location) {
        Ok(location) => (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response(),
        Err(_) => StatusCode::BAD_REQUEST.into_response(),
    }
}

/// A refusal for a person.
#[derive(Debug)]
pub(crate) enum PageError {
    /// The form was not ours, or is too old.
    Form,
    /// The request makes no sense, for this reason.
    Request(&'static str),
    /// There is nothing like that, or not any more.
    Gone(&'static str),
    /// This is not allowed here.
    Forbidden(&'static str),
    TooMany(Wait),
    Busy,
    Internal,
}

impl From<StoreError> for PageError {
    fn from(error: StoreError) -> Self {
        tracing::error!(error = ?error, "the issuer failed");
        Self::Internal
    }
}

impl PageError {
    /// As a page of this issuer.
    pub(crate) fn show(self, app: &Inner) -> Response {
        let (status, text) = match self {
            Self::Form => (
                StatusCode::FORBIDDEN,
                "This page was open too long, or the form came from elsewhere. Go back, load the page again and repeat what you did.",
            ),
            Self::Request(text) => (StatusCode::BAD_REQUEST, text),
            Self::Gone(text) => (StatusCode::NOT_FOUND, text),
            Self::Forbidden(text) => (StatusCode::FORBIDDEN, text),
            Self::TooMany(_) => {
                (StatusCode::TOO_MANY_REQUESTS, "There were too many tries. Wait a little before the next.")
            }
            Self::Busy => (
                StatusCode::SERVICE_UNAVAILABLE,
                "Too many people are signing in just now. Try again in a moment.",
            ),
            Self::Internal => {
                (StatusCode::INTERNAL_SERVER_ERROR, "Something failed on our side. Try again later.")
            }
        };
        let mut response = page::message(app, status, "That did not work", text);
        let wait = match self {
            Self::TooMany(wait) => Some(wait),
            Self::Busy => Some(Wait(std::time::Duration::from_secs(1))),
            _ => None,
        };
        if let Some(wait) = wait {
            response.headers_mut().insert(header::RETRY_AFTER, retry_after(wait));
        }
        response
    }
}
