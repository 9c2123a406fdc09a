//! Signing in and signing up on the pages.

use axum::{
    Form,
    extract::{State, rejection::FormRejection},
    http::HeaderMap,
    response::Response,
};
use serde::Deserialize;

use super::browser::{Browser, PageError, see_other};
use crate::{
    issuer::{App, Inner},
    limits::Source,
    names::{Username, display_name},
    page::Problem,
    passwords::PasswordError,
    secret,
    store::{NewPerson, Person, SignedUp},
};

/// The page to go on to: `device?…` or `authorize?…`, relative to the issuer, and never anything foreign.
#[derive(Clone)]
pub(crate) struct Then(String);

impl Then {
    pub(crate) fn device(user_code: &secret::UserCode) -> Self {
        Self(format!("device?user_code={user_code}"))
    }

    pub(crate) fn authorize(query: &str) -> Self {
        Self(format!("authorize?{query}"))
    }

    fn parse(raw: &str) -> Option<Self> {
        let ours = raw.starts_with("device?") || raw.starts_with("authorize?");
        (ours && raw.bytes().all(|b| b.is_ascii_graphic())).then(|| Self(raw.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// What a sign-in form that leads here is for.
    pub(crate) fn purpose(&self) -> String {
        format!("sign-in {}", self.0)
    }

    fn go(&self, app: &Inner) -> Response {
        see_other(&app.base.local(&self.0))
    }

    fn go_with(&self, app: &Inner, problem: Problem) -> Response {
        see_other(&app.base.local(&format!("{}&problem={}", self.0, problem.code())))
    }
}

#[derive(Deserialize)]
pub(crate) struct SignInForm {
    then: String,
    csrf: Option<String>,
    username: String,
    password: String,
}

#[derive(Deserialize)]
pub(crate) struct SignUpForm {
    then: String,
    csrf: Option<String>,
    username: String,
    display_name: String,
    password: String,
    again: String,
}

pub(crate) async fn sign_in(
    State(app): State<App>,
    source: Source,
    headers: HeaderMap,
    form: Result<Form<SignInForm>, FormRejection>,
) -> Response {
    let answer = async {
        let Form(form) = form.map_err(|_| PageError::Form)?;
        let then = check_form(&app, &headers, &form.then, form.csrf.as_deref()).await?;
        match check_password(&app, source, &form.username, &form.password).await? {
            Some(person) => Ok(enter(&app, &person.sub, &then).await?),
            None => Ok(then.go_with(&app, Problem::SignIn)),
        }
    };
    answer.await.unwrap_or_else(|error: PageError| error.show(&app))
}

pub(crate) async fn sign_up(
    State(app): State<App>,
    source: Source,
    headers: HeaderMap,
    form: Result<Form<SignUpForm>, FormRejection>,
) -> Response {
    let answer = async {
        let Form(form) = form.map_err(|_| PageError::Form)?;
        if !app.config.allow_sign_up {
            return Err(PageError::Forbidden(
                "Nobody can make an account here. Ask whoever runs this deployment.",
            ));
        }
        let then = check_form(&app, &headers, &form.then, form.csrf.as_deref()).await?;
        let account = match Account::parse(&form) {
            Ok(account) => account,
            Err(problem) => return Ok(then.go_with(&app, problem)),
        };
        match make_account(&app, source, account).await? {
            Ok(sub) => Ok(enter(&app, &sub, &then).await?),
            Err(problem) => Ok(then.go_with(&app, problem)),
        }
    };
    answer.await.unwrap_or_else(|error: PageError| error.show(&app))
}

async fn check_form(
    app: &Inner,
    headers: &HeaderMap,
    then: &str,
    csrf: Option<&str>,
) -> Result<Then, PageError> {
    let browser = Browser::load(app, headers).await?;
    let then = Then::parse(then).ok_or(PageError::Form)?;
    if browser.sent(app, &then.purpose(), csrf) { Ok(then) } else { Err(PageError::Form) }
}

/// The person, if name and password fit and nobody locked them. Every other case costs and looks the same.
async fn check_password(
    app: &Inner,
    source: Source,
    username: &str,
    password: &str,
) -> Result<Option<Person>, PageError> {
    let tries = &app.limits.passwords;
    tries.take(source, app.now()).map_err(PageError::TooMany)?;
    let person = match Username::parse(username) {
        Ok(username) => app.store.person_named(username.as_str()).await?,
        Err(_) => None,
    };
    let hash = person.as_ref().and_then(|person| person.password_hash.as_deref());
    let fits = app.passwords.verify(hash, password).await.map_err(|_| {
        tries.give_back(source);
        PageError::Busy
    })?;
    let person = person.filter(|person| fits && !person.locked);
    if person.is_some() {
        tries.give_back(source);
    }
    Ok(person)
}

/// A sign-up form that breaks no rule.
struct Account {
    username: Username,
    display_name: String,
    password: String,
}

impl Account {
    fn parse(form: &SignUpForm) -> Result<Self, Problem> {
        let username = Username::parse(&form.username).map_err(|_| Problem::Name)?;
        let shown = if form.display_name.trim().is_empty() { username.as_str() } else { &form.display_name };
        let display_name = display_name(shown).map_err(|_| Problem::DisplayName)?;
        if form.password != form.again {
            return Err(Problem::Mismatch);
        }
        Ok(Self { username, display_name, password: form.password.clone() })
    }
}

/// Makes an account and answers its subject. Successes count against the limit too, for each is a row for ever.
async fn make_account(
    app: &Inner,
    source: Source,
    account: Account,
) -> Result<Result<String, Problem>, PageError> {
    let tries = &app.limits.sign_ups;
    tries.take(source, app.now()).map_err(PageError::TooMany)?;
    let hash = match app.passwords.hash(&account.password).await {
        Ok(hash) => hash,
        Err(PasswordError::Length) => {
            tries.give_back(source);
            return Ok(Err(Problem::PasswordLength));
        }
        Err(_) => {
            tries.give_back(source);
            return Err(PageError::Busy);
        }
    };
    let sub = secret::draw_id(app.chance());
    let new =
        NewPerson { sub: &sub, username: account.username.as_str(), display_name: &account.display_name };
    Ok(match app.store.sign_up(new, &hash, app.now()).await? {
        SignedUp::Done => Ok(sub),
        SignedUp::NameTaken => Err(Problem::NameTaken),
        SignedUp::NoOwner => Err(Problem::NoOwner),
    })
}

async fn enter(app: &Inner, sub: &str, then: &Then) -> Result<Response, PageError> {
    let browser = Browser::sign_in(app, sub).await?;
    Ok(browser.remember(app, then.go(app)))
}
