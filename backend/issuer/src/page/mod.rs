//! The pages: plain HTML without scripts, readable in light and dark, and never inside a frame.

mod layout;

use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};

use crate::{clients::PublicClient, issuer::Inner, secret::UserCode, store::Person};
use layout::{Markup, Page, markup};

/// The stylesheet, the only thing a page loads.
pub(crate) async fn style() -> Response {
    let headers =
        [(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, "max-age=3600")];
    (headers, include_str!("style.css")).into_response()
}

/// What went wrong with the last form. It travels in the address as a word, and only known words are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    SignIn,
    Name,
    DisplayName,
    Mismatch,
    PasswordLength,
    NameTaken,
    NoOwner,
}

impl Problem {
    const ALL: [Self; 7] = [
        Self::SignIn,
        Self::Name,
        Self::DisplayName,
        Self::Mismatch,
        Self::PasswordLength,
        Self::NameTaken,
        Self::NoOwner,
    ];

    pub(crate) fn find(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|problem| problem.code() == code)
    }

    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::SignIn => "sign-in",
            Self::Name => "name",
            Self::DisplayName => "display-name",
            Self::Mismatch => "mismatch",
            Self::PasswordLength => "password-length",
            Self::NameTaken => "name-taken",
            Self::NoOwner => "no-owner",
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::SignIn => "Username and password do not fit together.",
            Self::Name => {
                "A username has 1 to 32 of the characters a-z, 0-9, dot, underscore and hyphen, and is not everyone, here or me."
            }
            Self::DisplayName => "A display name has 1 to 32 characters.",
            Self::Mismatch => "The two passwords differ.",
            Self::PasswordLength => "A password has 8 to 256 characters.",
            Self::NameTaken => "That username is taken.",
            Self::NoOwner => {
                "This deployment has no owner yet. Whoever runs it must start EchoPulse in its folder first."
            }
        }
    }
}

/// Asks for the code that the terminal shows.
pub(crate) fn enter_code(app: &Inner) -> Response {
    let action = app.base.local("device");
    let body = markup!(
        r#"<p>Type the code that your terminal shows.</p>
<form method="get" action="{}">
<label for="user_code">Code</label>
<input class="code" id="user_code" name="user_code" autocomplete="off" autocapitalize="characters" spellcheck="false" maxlength="16" placeholder="XXXX-XXXX" required autofocus>
<button type="submit">Continue</button>
</form>"#,
        &action
    );
    Page::new("Sign in a terminal", body).respond(app)
}

/// The decision on one user code.
pub(crate) struct Decision<'a> {
    pub(crate) person: &'a Person,
    pub(crate) client: PublicClient,
    pub(crate) code: &'a UserCode,
    pub(crate) csrf: &'a str,
}

/// Asks a signed-in person to approve or refuse.
pub(crate) fn decide(app: &Inner, decision: &Decision<'_>) -> Response {
    let (action, leave) = (app.base.local("device"), app.base.local("logout"));
    let body = markup!(
        r#"{}<p class="who">You are <strong>{}</strong> (<code>{}</code>). <a href="{}">Not you?</a></p>
<form method="post" action="{}">
<input type="hidden" name="csrf" value="{}">
<input type="hidden" name="user_code" value="{}">
<div class="choice">
<button type="submit" name="decision" value="approve">Approve</button>
<button type="submit" name="decision" value="refuse" class="quiet">Refuse</button>
</div>
</form>"#,
        facts(app, decision.client, Some(decision.code)),
        &decision.person.display_name,
        &decision.person.username,
        &leave,
        &action,
        decision.csrf,
        &decision.code.to_string()
    );
    Page::new("Sign in a terminal?", body).respond(app)
}

/// A sign-in on the way to something.
pub(crate) struct SignIn<'a> {
    pub(crate) client: PublicClient,
    pub(crate) code: Option<&'a UserCode>,
    pub(crate) then: &'a str,
    pub(crate) csrf: &'a str,
    pub(crate) problem: Option<Problem>,
    /// The client's address that the form finally leads to.
    pub(crate) lands_on: Option<&'a str>,
}

/// Asks for username and password, and offers an account where that is allowed.
pub(crate) fn sign_in(app: &Inner, sign_in: &SignIn<'_>) -> Response {
    let problem = match sign_in.problem {
        Some(problem) => markup!(r#"<p class="problem" role="alert">{}</p>"#, problem.text()),
        None => Markup::default(),
    };
    let hidden = markup!(
        r#"<input type="hidden" name="csrf" value="{}"><input type="hidden" name="then" value="{}">"#,
        sign_in.csrf,
        sign_in.then
    );
    let make_account = if app.config.allow_sign_up {
        sign_up_form(app, &hidden, sign_in.problem)
    } else {
        Markup::default()
    };
    let body = markup!(
        r#"{}{}<form method="post" action="{}">{}
<label for="username">Username</label>
<input id="username" name="username" autocomplete="username" autocapitalize="none" spellcheck="false" maxlength="32" required>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" maxlength="256" required>
<button type="submit">Sign in</button>
</form>{}"#,
        facts(app, sign_in.client, sign_in.code),
        problem,
        &app.base.local("sign-in"),
        hidden.clone(),
        make_account
    );
    Page::new("Sign in", body).leading_to(sign_in.lands_on).respond(app)
}

fn sign_up_form(app: &Inner, hidden: &Markup, problem: Option<Problem>) -> Markup {
    let open = if problem.is_some_and(|problem| problem != Problem::SignIn) {
        markup!(" open")
    } else {
        Markup::default()
    };
    markup!(
        r#"<details{}><summary>Make an account</summary>
<form method="post" action="{}">{}
<label for="new-username">Username</label>
<input id="new-username" name="username" autocomplete="username" autocapitalize="none" spellcheck="false" maxlength="32" required>
<label for="new-display">Display name</label>
<input id="new-display" name="display_name" autocomplete="nickname" maxlength="32">
<label for="new-password">Password, 8 characters or more</label>
<input id="new-password" name="password" type="password" autocomplete="new-password" minlength="8" maxlength="256" required>
<label for="again">Password again</label>
<input id="again" name="again" type="password" autocomplete="new-password" minlength="8" maxlength="256" required>
<button type="submit">Make the account</button>
</form></details>"#,
        open,
        &app.base.local("sign-up"),
        hidden.clone()
    )
}

/// A sign-out to confirm.
pub(crate) struct SignOut<'a> {
    pub(crate) person: &'a Person,
    pub(crate) csrf: &'a str,
    pub(crate) back_to: Option<&'a str>,
    pub(crate) state: Option<&'a str>,
}

pub(crate) fn sign_out(app: &Inner, sign_out: &SignOut<'_>) -> Response {
    let field = |name: &str, value: Option<&str>| match value {
        Some(value) => markup!(r#"<input type="hidden" name="{}" value="{}">"#, name, value),
        None => Markup::default(),
    };
    let body = markup!(
        r#"<p class="who">You are <strong>{}</strong> (<code>{}</code>).</p>
<form method="post" action="{}">
<input type="hidden" name="csrf" value="{}">{}{}
<button type="submit">Sign out</button>
</form>"#,
        &sign_out.person.display_name,
        &sign_out.person.username,
        &app.base.local("logout"),
        sign_out.csrf,
        field("post_logout_redirect_uri", sign_out.back_to),
        field("state", sign_out.state)
    );
    Page::new("Sign out?", body).leading_to(sign_out.back_to).respond(app)
}

/// A page with nothing to do on it.
pub(crate) fn message(app: &Inner, status: StatusCode, title: &'static str, text: &str) -> Response {
    Page::new(title, markup!("<p>{}</p>", text)).with_status(status).respond(app)
}

/// What a person compares before deciding. A stranger may have sent the link, so it says when to stop.
fn facts(app: &Inner, client: PublicClient, code: Option<&UserCode>) -> Markup {
    let code = match code {
        Some(code) => markup!(
            r#"<div><dt>Code</dt><dd class="code">{}</dd></div></dl>
<p class="warning">Compare all three with what your terminal shows, even if you scanned or clicked. Go on <strong>only if you started this</strong> yourself: whoever started it will act as you.</p>"#,
            &code.to_string()
        ),
        None => markup!("</dl>"),
    };
    markup!(
        r#"<dl><div><dt>Deployment</dt><dd>{}</dd></div><div><dt>Client</dt><dd>{} (<code>{}</code>)</dd></div>{}"#,
        layout::deployment(app),
        client.title(),
        client.id(),
        code
    )
}
