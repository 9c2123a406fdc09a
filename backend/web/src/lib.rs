//! The browser client: built beforehand by `cargo xtask web`, carried inside the binary, served without anything on disk.
//!
//! The page names its files below a folder that changes with every build, so browsers may keep them for ever, and the page itself
//! never. Deliberately absent: compressing while serving. Every file is there twice, plain and gzipped.

use std::collections::BTreeSet;

use axum::{
    Router,
    extract::Path,
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};

/// The folder below `/assets` that the page names: the beginning of the digest of the client's sources.
const BUILD: &str = include_str!("../../../web/dist/build");

macro_rules! built {
    ($name:literal, $media_type:literal) => {
        File {
            name: $name,
            media_type: $media_type,
            plain: include_bytes!(concat!("../../../web/dist/", $name)),
            gzip: include_bytes!(concat!("../../../web/dist/", $name, ".gz")),
        }
    };
}

struct File {
    name: &'static str,
    media_type: &'static str,
    plain: &'static [u8],
    gzip: &'static [u8],
}

static PAGE: File = built!("index.html", "text/html; charset=utf-8");
static ASSETS: [File; 3] = [
    built!("app.js", "text/javascript; charset=utf-8"),
    built!("app.css", "text/css; charset=utf-8"),
    built!("icon.svg", "image/svg+xml"),
];

impl File {
    fn answer(&self, headers: &HeaderMap) -> Response {
        let kind = [(header::CONTENT_TYPE, self.media_type), (header::VARY, "accept-encoding")];
        if takes_gzip(headers) {
            (kind, [(header::CONTENT_ENCODING, "gzip")], self.gzip).into_response()
        } else {
            (kind, self.plain).into_response()
        }
    }
}

fn takes_gzip(headers: &HeaderMap) -> bool {
    let accepted =
        headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accepted.split(',').any(|coding| matches!(coding.trim(), "gzip" | "gzip;q=1" | "gzip;q=1.0"))
}

/// The page as one deployment serves it.
#[derive(Debug, Clone)]
pub struct Page {
    /// The only address at which it may be open, and its host, if others lead to the same listener.
    only_at: Option<(String, String)>,
    policy: HeaderValue,
}

impl Page {
    /// A page whose services and issuer have the origin `url`, like itself.
    #[must_use]
    pub fn at(url: &str) -> Self {
        Self { only_at: None, policy: policy(&[url.to_owned()]) }
    }

    /// Whoever calls it by another host than `authority` is led to `url`, which has that host.
    #[must_use]
    pub fn only_at(self, url: &str, authority: &str) -> Self {
        Self { only_at: Some((url.to_owned(), authority.to_owned())), ..self }
    }

    /// A page whose services and issuer are elsewhere.
    #[must_use]
    pub fn of_deployment(servers: &[String], chats: &[String], issuer: &str) -> Self {
        let urls = servers.iter().chain(chats).map(String::as_str).chain([issuer]);
        let origins: BTreeSet<_> = urls.map(origin).collect();
        Self { only_at: None, policy: policy(&origins.into_iter().collect::<Vec<_>>()) }
    }
}

/// Scheme, host and port of a URL.
fn origin(url: &str) -> String {
    let end = url.find("://").and_then(|scheme| {
        let host = scheme + 3;
        url[host..].find('/').map(|path| host + path)
    });
    end.map_or(url, |end| &url[..end]).to_owned()
}

/// The page, at `/` and where invites lead to, and its files.
pub fn router(page: Page) -> Router {
    let shown = get(move |uri: Uri, headers: HeaderMap| std::future::ready(answer(&page, &uri, &headers)));
    Router::new()
        .route("/", shown.clone())
        .route("/join/{code}", shown)
        .route("/assets/{build}/{name}", get(asset))
}

fn answer(page: &Page, uri: &Uri, headers: &HeaderMap) -> Response {
    if let Some((url, authority)) = &page.only_at {
        let called = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        if called != Some(authority) {
            return Redirect::temporary(&format!("{url}{}", uri.path())).into_response();
        }
    }
    let mut response = PAGE.answer(headers);
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, page.policy.clone());
    response
}

async fn asset(Path((build, name)): Path<(String, String)>, headers: HeaderMap) -> Response {
    match ASSETS.iter().find(|file| build == BUILD && file.name == name) {
        Some(file) => {
            let for_ever = [(header::CACHE_CONTROL, "public, max-age=31536000, immutable")];
            (for_ever, file.answer(&headers)).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Nothing but our own files and our own services, no inline script, no frames, and no markup made from text.
fn policy(origins: &[String]) -> HeaderValue {
    let sockets = origins.iter().map(|origin| origin.replacen("http", "ws", 1));
    let connect: Vec<_> = origins.iter().cloned().chain(sockets).collect();
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self' {}; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
         require-trusted-types-for 'script'; trusted-types 'none'",
        connect.join(" ")
    );
    // An address that cannot stand in a header is left out, and the browser then connects nowhere.
    HeaderValue::from_str(&policy)
        .unwrap_or(HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"))
}

#[cfg(test)]
mod tests {
    use std::{
        fs,
        path::{Path, PathBuf},
    };

    use axum::{body::Body, extract::Request};
    use sha2::{Digest, Sha256};
    use tower::ServiceExt;

    use super::*;

    const HOST: &str = "127.0.0.1:8080";

    async fn asked(path: &str, host: &str) -> Response {
        let url = format!("http://{HOST}");
        let page = Page::at(&url).only_at(&url, HOST);
        let request = Request::get(path).header(header::HOST, host).body(Body::empty()).unwrap();
        router(page).oneshot(request).await.unwrap()
    }

    fn said(response: &Response, name: header::HeaderName) -> &str {
        response.headers().get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    #[tokio::test]
    async fn the_page_is_served_with_its_policy_where_invites_lead_to_as_well() {
        for path in ["/", "/join/7bQm2xKd9P"] {
            let page = asked(path, HOST).await;
            assert_eq!(said(&page, header::CONTENT_TYPE), "text/html; charset=utf-8");
            assert!(said(&page, header::CONTENT_SECURITY_POLICY).contains("script-src 'self'"), "{path}");
            assert_eq!(said(&page, header::CACHE_CONTROL), "", "the page is not kept");
        }
    }

    #[tokio::test]
    async fn another_name_of_loopback_leads_to_the_known_one() {
        let moved = asked("/join/7bQm2xKd9P", "localhost:8080").await;
        assert_eq!(said(&moved, header::LOCATION), "http://127.0.0.1:8080/join/7bQm2xKd9P");
    }

    #[tokio::test]
    async fn files_are_kept_for_ever_and_only_those_of_this_build_are_there() {
        for file in &ASSETS {
            let found = asked(&format!("/assets/{BUILD}/{}", file.name), HOST).await;
            assert_eq!(said(&found, header::CONTENT_TYPE), file.media_type);
            assert!(said(&found, header::CACHE_CONTROL).ends_with("immutable"));
        }
        for path in ["/assets/0000000000000000/app.js", &format!("/assets/{BUILD}/build")] {
            assert_eq!(asked(path, HOST).await.status(), StatusCode::NOT_FOUND, "{path}");
        }
    }

    /// Every file below a folder.
    fn below(folder: &Path) -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        entries.flat_map(|path| if path.is_dir() { below(&path) } else { vec![path] }).collect()
    }

    /// What `web/sources.ts` computes.
    fn digest(web: &Path) -> String {
        let mut paths: Vec<_> =
            ["public", "src"].iter().flat_map(|folder| below(&web.join(folder))).collect();
        let files = [
            "index.html",
            "package-lock.json",
            "package.json",
            "sources.ts",
            "tsconfig.json",
            "vite.config.ts",
        ];
        paths.extend(files.iter().map(|file| web.join(file)));
        paths.sort();
        let mut hash = Sha256::new();
        for path in paths {
            hash.update(path.strip_prefix(web).unwrap().to_str().unwrap());
            hash.update([0]);
            hash.update(fs::read(path).unwrap());
            hash.update([0]);
        }
        hash.finalize().iter().map(|octet| format!("{octet:02x}")).collect()
    }

    #[test]
    fn the_built_files_are_made_from_the_sources_at_hand() {
        let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web");
        let recorded = fs::read_to_string(web.join("dist/sources.sha256")).unwrap();
        assert_eq!(recorded.trim(), digest(&web), "web/dist is stale; run: cargo xtask web");
        assert!(recorded.starts_with(BUILD));
    }

    #[test]
    fn the_first_page_is_small() {
        let files = ASSETS.iter().chain([&PAGE]);
        let sent: usize = files.map(|file| file.gzip.len()).sum();
        assert!(sent < 150 * 1024, "{sent} bytes");
    }

    #[test]
    fn the_page_names_the_files_of_its_own_build() {
        let page = std::str::from_utf8(PAGE.plain).unwrap();
        for file in &ASSETS {
            let path = format!("\"/assets/{BUILD}/{}\"", file.name);
            assert!(page.contains(&path), "{path} is not in the page");
        }
    }

    #[test]
    fn the_policy_knows_the_deployment_and_nobody_else() {
        let policy = Page::at("https://chat.example").policy;
        let policy = policy.to_str().unwrap();
        assert!(policy.contains("connect-src 'self' https://chat.example wss://chat.example;"), "{policy}");
        assert!(policy.contains("script-src 'self';") && !policy.contains("unsafe"), "{policy}");
    }

    #[test]
    fn the_policy_knows_every_instance_and_the_issuer_by_their_origins() {
        let urls = |text: &str| vec![text.to_owned()];
        let page = Page::of_deployment(
            &urls("https://s.example/echo"),
            &urls("https://c.example"),
            "https://id.example/realms/echopulse",
        );
        let policy = page.policy.to_str().unwrap();
        let connect =
            "connect-src 'self' https://c.example https://id.example https://s.example wss://c.example";
        assert!(policy.contains(connect), "{policy}");
        assert!(!policy.contains("realms"), "{policy}");
    }

    #[test]
    fn gzip_is_sent_to_who_takes_it() {
        let asked = |text: &str| {
            takes_gzip(&HeaderMap::from_iter([(header::ACCEPT_ENCODING, text.parse().unwrap())]))
        };
        assert!(asked("gzip") && asked("br, gzip, deflate"));
        assert!(!asked("identity") && !asked("gzip;q=0") && !takes_gzip(&HeaderMap::new()));
    }
}
