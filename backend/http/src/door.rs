//! Who may come in by which name: Host and Origin compared whole, CORS as an exact list, and what every answer says.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::limits;

/// The names under which a listener may be called.
///
/// On loopback this is what keeps other web pages out: by rebinding a name of theirs to 127.0.0.1 they become local clients, and
/// CORS does not see it.
#[derive(Debug, Clone, Default)]
pub struct Hosts {
    loopback: bool,
    names: Vec<String>,
}

impl Hosts {
    /// Any name: for a listener that is reached through others' names.
    #[must_use]
    pub fn any() -> Self {
        Self::default()
    }

    /// Exactly the names of loopback, with any port, and these others, with theirs.
    #[must_use]
    pub fn loopback_and(names: Vec<String>) -> Self {
        Self { loopback: true, names }
    }

    fn allows(&self, host: &str) -> bool {
        !self.loopback || is_loopback(host) || self.names.iter().any(|name| name.eq_ignore_ascii_case(host))
    }

    /// Whether a request may come in: it names a host, once, and an allowed one.
    fn admits(&self, uri: &Uri, headers: &HeaderMap) -> bool {
        let mut hosts = headers.get_all(header::HOST).iter();
        let host = hosts.next().and_then(|host| host.to_str().ok());
        let named = host.is_some_and(|host| self.allows(host)) && hosts.next().is_none();
        named && uri.authority().is_none_or(|authority| self.allows(authority.as_str()))
    }
}

/// An exact name of loopback, with or without a port.
fn is_loopback(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    matches!(name, "127.0.0.1" | "[::1]") || name.eq_ignore_ascii_case("localhost")
}

/// Which web pages may open sockets.
#[derive(Debug, Clone, Default)]
pub struct Origins {
    loopback: bool,
    exact: Vec<String>,
}

impl Origins {
    /// Exactly these: scheme, host and port.
    #[must_use]
    pub const fn exact(exact: Vec<String>) -> Self {
        Self { loopback: false, exact }
    }

    /// Exactly these, and pages of the very host that is called, as long as it is loopback.
    #[must_use]
    pub const fn loopback_and(exact: Vec<String>) -> Self {
        Self { loopback: true, exact }
    }

    /// Whether a request may come: it has no Origin (no web page sent it), or an allowed one.
    #[must_use]
    pub fn admit(&self, headers: &HeaderMap) -> bool {
        let mut origins = headers.get_all(header::ORIGIN).iter();
        let Some(origin) = origins.next() else { return true };
        let Ok(origin) = origin.to_str() else { return false };
        if origins.next().is_some() {
            return false;
        }
        let own = || {
            let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
            let called = origin.strip_prefix("http://");
            self.loopback && called.is_some_and(is_loopback) && called == host
        };
        self.exact.iter().any(|exact| exact == origin) || own()
    }
}

/// Puts the door in front of a router: the Host check, CORS, and the headers of every answer.
pub fn guard(router: Router, hosts: Hosts, cors: &[String]) -> Router {
    router
        .layer(cors_layer(cors))
        .layer(middleware::map_response(harden))
        .layer(middleware::from_fn_with_state(Arc::new(hosts), check_host))
}

fn cors_layer(origins: &[String]) -> CorsLayer {
    let exact = origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok());
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(exact))
        .allow_methods([Method::GET, Method::POST, Method::PATCH, Method::PUT, Method::DELETE])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::IF_MATCH,
            header::IF_NONE_MATCH,
            header::HeaderName::from_static("audit-reason"),
            header::HeaderName::from_static("idempotency-key"),
        ])
        .expose_headers([header::ETAG, header::RETRY_AFTER, limits::POLICY, limits::STATE])
}

async fn check_host(State(hosts): State<Arc<Hosts>>, request: Request, next: Next) -> Response {
    if hosts.admits(request.uri(), request.headers()) {
        return next.run(request).await;
    }
    // Whoever came by a foreign name gets no word that a page could read meaning into.
    let text = "This service answers to the names of loopback only: call it as 127.0.0.1 or localhost.\n";
    harden((StatusCode::FORBIDDEN, text).into_response()).await
}

/// What every answer says unless its handler said otherwise.
async fn harden(mut response: Response) -> Response {
    let defaults = [
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    for (name, value) in defaults {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_exact_names_of_loopback_are_loopback() {
        for good in ["127.0.0.1", "127.0.0.1:8080", "localhost:1", "LOCALHOST", "[::1]", "[::1]:9"] {
            assert!(is_loopback(good), "{good}");
        }
        let bad = [
            "127.0.0.1.evil.com",
            "evil.com",
            "127.0.0.1:",
            "127.0.0.1:80x",
            "localhost.",
            "127.0.0.2",
            "::1",
            "",
        ];
        for bad in bad {
            assert!(!is_loopback(bad), "{bad}");
        }
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.append(*name, value.parse().unwrap());
        }
        map
    }

    #[test]
    fn a_request_names_one_allowed_host() {
        let hosts = Hosts::loopback_and(vec!["chat.example".to_owned()]);
        let plain = Uri::from_static("/x");
        assert!(hosts.admits(&plain, &headers(&[("host", "localhost:8080")])));
        assert!(hosts.admits(&plain, &headers(&[("host", "chat.example")])));
        assert!(!hosts.admits(&plain, &headers(&[])));
        assert!(!hosts.admits(&plain, &headers(&[("host", "chat.example:81")])));
        assert!(!hosts.admits(&plain, &headers(&[("host", "localhost"), ("host", "localhost")])));
        let absolute = Uri::from_static("http://evil.com/x");
        assert!(!hosts.admits(&absolute, &headers(&[("host", "localhost")])));
    }

    #[test]
    fn a_web_page_opens_sockets_only_from_a_listed_origin() {
        let origins = Origins::loopback_and(vec!["https://chat.example".to_owned()]);
        let from = |origin| origins.admit(&headers(&[("host", "localhost:80"), ("origin", origin)]));
        assert!(origins.admit(&headers(&[("host", "localhost:80")])), "no web page sent it");
        assert!(from("https://chat.example") && from("http://localhost:80"));
        let bad = [
            "null",
            "https://chat.example.evil.com",
            "http://chat.example",
            "https://chat.example:444",
            "http://localhost:81",
        ];
        for bad in bad {
            assert!(!from(bad), "{bad}");
        }
    }
}
