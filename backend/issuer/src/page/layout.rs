//! The frame of every page, and markup that escapes what is put into it.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use crate::issuer::Inner;

/// Text that is HTML already. Only [`markup!`] makes it.
#[derive(Clone, Default)]
pub(crate) struct Markup(String);

/// Builds markup: literal text stays, `&str` values are escaped, markup values are put in as they are.
macro_rules! markup {
    ($template:literal $(, $value:expr)* $(,)?) => {
        $crate::page::layout::Markup::build($template, &[$($crate::page::layout::Markup::from($value)),*])
    };
}
pub(crate) use markup;

impl Markup {
    pub(crate) fn build(template: &'static str, values: &[Self]) -> Self {
        let mut pieces = template.split("{}");
        let mut out = pieces.next().unwrap_or_default().to_owned();
        debug_assert_eq!(template.matches("{}").count(), values.len(), "one value for each place");
        for (piece, value) in pieces.zip(values) {
            out.push_str(&value.0);
            out.push_str(piece);
        }
        Self(out)
    }
}

impl From<&str> for Markup {
    fn from(text: &str) -> Self {
        let mut out = String::with_capacity(text.len());
        for c in text.chars() {
            match c {
                '&' => out.push_str("&amp;"),
                '<' => out.push_str("&lt;"),
                '>' => out.push_str("&gt;"),
                '"' => out.push_str("&quot;"),
                '\'' => out.push_str("&#39;"),
                _ => out.push(c),
            }
        }
        Self(out)
    }
}

impl From<&String> for Markup {
    fn from(text: &String) -> Self {
        Self::from(text.as_str())
    }
}

/// A page about to be answered.
pub(crate) struct Page<'a> {
    title: &'static str,
    body: Markup,
    status: StatusCode,
    leads_to: Option<&'a str>,
}

impl<'a> Page<'a> {
    pub(crate) fn new(title: &'static str, body: Markup) -> Self {
        Self { title, body, status: StatusCode::OK, leads_to: None }
    }

    pub(crate) fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// Browsers check the redirects after a form too, so the address it ends at must be allowed.
    pub(crate) fn leading_to(self, address: Option<&'a str>) -> Self {
        Self { leads_to: address, ..self }
    }

    pub(crate) fn respond(self, app: &Inner) -> Response {
        let html = markup!(
            r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{} · EchoPulse</title>
<link rel="stylesheet" href="{}">
</head>
<body>
<main>
<p class="brand">EchoPulse</p>
<h1>{}</h1>
{}
</main>
<footer>{}</footer>
</body>
</html>
"#,
            self.title,
            &app.base.local("style.css"),
            self.title,
            self.body,
            deployment(app)
        );
        let headers = [
            (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
            (header::CONTENT_SECURITY_POLICY, policy(self.leads_to)),
        ];
        (self.status, headers, html.0).into_response()
    }
}

/// What this deployment is called, with its address: the name alone could be anybody's.
pub(crate) fn deployment(app: &Inner) -> Markup {
    match &app.config.deployment {
        Some(name) => markup!("{} (<code>{}</code>)", name, &app.base.origin),
        None => markup!("<code>{}</code>", &app.base.origin),
    }
}

fn policy(leads_to: Option<&str>) -> HeaderValue {
    let extra = leads_to.map(|uri| format!(" {}", origin(uri))).unwrap_or_default();
    let policy = format!(
        "default-src 'none'; style-src 'self'; form-action 'self'{extra}; frame-ancestors 'none'; base-uri 'none'"
    );
    // An address that cannot stand in a header is left out, and the browser then refuses to go there.
    HeaderValue::from_str(&policy)
        .unwrap_or(HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"))
}

fn origin(uri: &str) -> &str {
    let start = uri.find("://").map_or(0, |at| at + 3);
    let end = uri[start..].find(['/', '?', '#', ';', ',', ' ']).map_or(uri.len(), |at| start + at);
    &uri[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_cannot_become_markup() {
        let hostile = r#"<b a="1" c='2'>&"#;
        assert_eq!(markup!("<i>{}</i>", hostile).0, "<i>&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;</i>");
    }

    #[test]
    fn a_value_is_not_a_template() {
        assert_eq!(markup!("{}-{}", "{}", "x").0, "{}-x");
    }

    #[test]
    fn an_origin_ends_before_the_path() {
        assert_eq!(origin("https://a.example:1/b?c"), "https://a.example:1");
        assert_eq!(origin("https://a.example"), "https://a.example");
    }
}
