//! `/authorize`: the code flow of the browser client, with PKCE S256 and nothing else.

use std::time::Duration;

use axum::{
    extract::{Query, State, rejection::QueryRejection},
    http::HeaderMap,
    response::Response,
};
use serde::Deserialize;

use super::{
    browser::{Browser, PageError, see_other},
    query::{granted_scope, query},
    sign_in::Then,
};
use crate::{
    clients::{Grant, PublicClient},
    issuer::{App, Inner},
    page::{self, Problem},
    secret::Secret,
    store::{NewCode, Person},
};

/// How long a code lives.
const CODE_LIFE: Duration = Duration::from_secs(60);

/// The longest `state` and `nonce`, which we carry but never read.
const LONGEST_OPAQUE: usize = 512;

#[derive(Deserialize)]
pub(crate) struct AuthorizeQuery {
    response_type: Option<String>,
    response_mode: Option<String>,
    client_id: Option<String>,
    redirect_uri: Option<String>,
    scope: Option<String>,
    state: Option<String>,
    nonce: Option<String>,
    code_challenge: Option<String>,
    code_challenge_method: Option<String>,
    prompt: Option<String>,
    problem: Option<String>,
}

/// A request whose client and address are known, so that refusals may go there.
struct Asked<'a> {
    client: PublicClient,
    redirect_uri: &'a str,
    state: Option<&'a str>,
}

impl Asked<'_> {
    fn refuse(&self, app: &Inner, error: &'static str, detail: &'static str) -> Response {
        self.answer(app, [("error", Some(error)), ("error_description", Some(detail))])
    }

    /// Sends the browser back, always with `state` and, against mix-up, `iss`. RFC 9207.
    fn answer(&self, app: &Inner, what: [(&str, Option<&str>); 2]) -> Response {
        let [first, second] = what;
        let pairs = query([first, second, ("state", self.state), ("iss", Some(&app.base.issuer))]);
        let joint = if self.redirect_uri.contains('?') { '&' } else { '?' };
        see_other(&format!("{}{joint}{pairs}", self.redirect_uri))
    }
}

pub(crate) async fn authorize(
    State(app): State<App>,
    headers: HeaderMap,
    request: Result<Query<AuthorizeQuery>, QueryRejection>,
) -> Response {
    let answer = async {
        let Query(request) =
            request.map_err(|_| PageError::Request("The client sent a field twice or wrongly."))?;
        let asked = who_asks(&app, &request)?;
        let challenge = match check(&request) {
            Ok(challenge) => challenge,
            Err((error, detail)) => return Ok(asked.refuse(&app, error, detail)),
        };
        let browser = Browser::load(&app, &headers).await?;
        let silent = request.prompt.as_deref() == Some("none");
        match &browser.person {
            Some(person) => give_code(&app, &asked, &request, challenge, &browser, person).await,
            None if silent => Ok(asked.refuse(&app, "login_required", "nobody is signed in")),
            None => Ok(ask_to_sign_in(&app, &asked, &request, &browser)),
        }
    };
    answer.await.unwrap_or_else(|error: PageError| error.show(&app))
}

/// A request of an unknown client, or to an address not in the list, is answered here: it must not be sent anywhere.
fn who_asks<'a>(app: &Inner, request: &'a AuthorizeQuery) -> Result<Asked<'a>, PageError> {
    let client = request.client_id.as_deref().and_then(PublicClient::find);
    let client = client.filter(|client| client.may_use(Grant::Code));
    let client =
        client.ok_or(PageError::Request("This deployment does not know the client that sent you here."))?;
    let redirect_uri = request.redirect_uri.as_deref().unwrap_or_default();
    if !app.config.web_redirect_uris.iter().any(|known| known == redirect_uri) {
        return Err(PageError::Request(
            "The client wants you sent to an address this deployment does not know.",
        ));
    }
    let state = request.state.as_deref();
    if state.is_some_and(|state| state.len() > LONGEST_OPAQUE) {
        return Err(PageError::Request("The client's state is too long."));
    }
    Ok(Asked { client, redirect_uri, state })
}

/// The PKCE challenge, if everything else is in order too.
fn check(request: &AuthorizeQuery) -> Result<&str, (&'static str, &'static str)> {
    if request.response_type.as_deref() != Some("code") {
        return Err(("unsupported_response_type", "only code is supported"));
    }
    if request.response_mode.as_deref().is_some_and(|mode| mode != "query") {
        return Err(("invalid_request", "only the response mode query is supported"));
    }
    if request.nonce.as_deref().is_some_and(|nonce| nonce.len() > LONGEST_OPAQUE) {
        return Err(("invalid_request", "the nonce is too long"));
    }
    if request.code_challenge_method.as_deref() != Some("S256") {
        return Err(("invalid_request", "PKCE with code_challenge_method S256 is demanded"));
    }
    let challenge = request.code_challenge.as_deref().unwrap_or_default();
    let fits =
        challenge.len() == 43 && challenge.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    if fits {
        Ok(challenge)
    } else {
        Err(("invalid_request", "code_challenge is no SHA-256 hash in base64url"))
    }
}

/// The browser client is part of the deployment and its address is fixed, so signing in is consent enough.
async fn give_code(
    app: &Inner,
    asked: &Asked<'_>,
    request: &AuthorizeQuery,
    challenge: &str,
    browser: &Browser,
    person: &Person,
) -> Result<Response, PageError> {
    let code = Secret::draw(app.chance());
    app.store
        .insert_code(NewCode {
            code_hash: &code.hash(),
            client_id: asked.client.id(),
            redirect_uri: asked.redirect_uri,
            challenge,
            sub: &person.sub,
            scope: &granted_scope(request.scope.as_deref()),
            nonce: request.nonce.as_deref(),
            cookie_hash: &browser.hash(),
            signed_in_at: browser.signed_in_at,
            expires_at: app.now() + CODE_LIFE,
        })
        .await?;
    Ok(asked.answer(app, [("code", Some(code.expose())), ("error", None)]))
}

fn ask_to_sign_in(app: &Inner, asked: &Asked<'_>, request: &AuthorizeQuery, browser: &Browser) -> Response {
    let again = query([
        ("response_type", request.response_type.as_deref()),
        ("response_mode", request.response_mode.as_deref()),
        ("client_id", request.client_id.as_deref()),
        ("redirect_uri", request.redirect_uri.as_deref()),
        ("scope", request.scope.as_deref()),
        ("state", request.state.as_deref()),
        ("nonce", request.nonce.as_deref()),
        ("code_challenge", request.code_challenge.as_deref()),
        ("code_challenge_method", request.code_challenge_method.as_deref()),
    ]);
    let then = Then::authorize(&again);
    let shown = page::sign_in(
        app,
        &page::SignIn {
            client: asked.client,
            code: None,
            then: then.as_str(),
            csrf: &browser.form_token(app, &then.purpose()),
            problem: request.problem.as_deref().and_then(Problem::find),
            lands_on: Some(asked.redirect_uri),
        },
    );
    browser.remember(app, shown)
}
