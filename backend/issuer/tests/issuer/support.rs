//! One issuer in a temporary folder, with a clock moved by hand, and a browser that keeps its cookie.

use std::{
    net::IpAddr,
    path::PathBuf,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Method, Request, StatusCode, header},
};
use echopulse_issuer::{
    BucketSize, ClientIp, Clock, Ended, Endings, Issuer, IssuerConfig, LOCAL_FOLDER_GRANT, PasswordCost,
    TryLimits,
};
use serde_json::Value;
use tempfile::TempDir;
use tower::ServiceExt;

pub(crate) const URL: &str = "http://127.0.0.1:7777/id";
pub(crate) const CALLBACK: &str = "http://127.0.0.1:7777/callback";
pub(crate) const PASSWORD: &str = "correct horse";
pub(crate) const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// A clock that moves only when told.
pub(crate) struct HandClock(AtomicU64);

impl HandClock {
    pub(crate) fn advance(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Duration {
        Duration::from_secs(self.0.load(Ordering::SeqCst))
    }
}

/// Remembers what ended.
#[derive(Default)]
pub(crate) struct Heard(pub(crate) Mutex<Vec<Ended>>);

impl Endings for Heard {
    fn ended(&self, ended: Ended) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        self.0.lock().unwrap().push(ended);
        Box::pin(std::future::ready(()))
    }
}

pub(crate) struct World {
    /// Removed with the world.
    _dir: TempDir,
    pub(crate) clock: Arc<HandClock>,
    pub(crate) heard: Arc<Heard>,
    pub(crate) config: IssuerConfig,
    pub(crate) issuer: Issuer,
    router: Router,
}

/// The status, headers and text of an answer.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {} {}", self.status, self.text))
    }

    pub(crate) fn field(&self, name: &str) -> String {
        self.json()[name].as_str().unwrap_or_else(|| panic!("no {name} in {}", self.text)).to_owned()
    }

    /// The code of a refusal.
    pub(crate) fn error(&self) -> String {
        self.field("error")
    }

    pub(crate) fn location(&self) -> String {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{}", self.text);
        self.headers[header::LOCATION].to_str().unwrap().to_owned()
    }

    /// The value of a hidden field of a form on the page.
    pub(crate) fn hidden(&self, name: &str) -> String {
        let start = format!("name=\"{name}\" value=\"");
        let at = self.text.find(&start).unwrap_or_else(|| panic!("no {name} on {}", self.text)) + start.len();
        let value = &self.text[at..];
        value[..value.find('"').unwrap()].replace("&amp;", "&")
    }
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(adjust: impl FnOnce(&mut IssuerConfig)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(HandClock(AtomicU64::new(1_800_000_000)));
        let heard = Arc::new(Heard::default());
        let mut config = IssuerConfig::new(dir.path().join("data"), URL);
        config.clock = clock.clone();
        config.endings = heard.clone();
        config.allow_sign_up = true;
        config.web_redirect_uris = vec![CALLBACK.to_owned()];
        config.web_logout_uris = vec!["http://127.0.0.1:7777/".to_owned()];
        config.password_cost = PasswordCost { memory_kib: 8, passes: 1, at_once: 4 };
        config.tries = TryLimits { codes_per_source: BucketSize::new(3, 60), ..TryLimits::default() };
        config.tries.passwords_per_source = BucketSize::new(3, 30);
        adjust(&mut config);
        let issuer = Issuer::open(config.clone()).await.unwrap();
        let router = mounted(&issuer);
        Self { _dir: dir, clock, heard, config, issuer, router }
    }

    /// Stops the issuer and opens the folder again.
    pub(crate) async fn restart(&mut self) {
        self.issuer.shutdown().await;
        self.issuer = Issuer::open(self.config.clone()).await.unwrap();
        self.router = mounted(&self.issuer);
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.config.data_dir.join(name)
    }

    pub(crate) fn folder_key(&self) -> String {
        std::fs::read_to_string(self.path("folder.key")).unwrap()
    }

    pub(crate) async fn send(&self, mut request: Request<Body>, ip: &str) -> Reply {
        request.extensions_mut().insert(ClientIp(ip.parse::<IpAddr>().unwrap()));
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let text = String::from_utf8(to_bytes(body, 1 << 20).await.unwrap().to_vec()).unwrap();
        Reply { status: parts.status, headers: parts.headers, text }
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send(Request::get(format!("/id{path}")).body(Body::empty()).unwrap(), "127.0.0.1").await
    }

    pub(crate) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Reply {
        self.send(form(path, fields), "127.0.0.1").await
    }

    pub(crate) async fn folder_sign_in(&self, name: &str) -> Reply {
        let key = self.folder_key();
        let grant = ("grant_type", LOCAL_FOLDER_GRANT);
        self.post("/token", &[grant, ("client_id", "echopulse-tui"), ("secret", &key), ("username", name)])
            .await
    }

    pub(crate) async fn refresh(&self, client: &str, token: &str) -> Reply {
        let grant = ("grant_type", "refresh_token");
        self.post("/token", &[grant, ("client_id", client), ("refresh_token", token)]).await
    }

    /// Makes a person with a password and answers the subject. The first is the owner.
    pub(crate) async fn person(&self, name: &str) -> String {
        let sub = self.issuer.ensure_person(name).await.unwrap();
        self.issuer.set_password(name, PASSWORD).await.unwrap();
        sub
    }

    pub(crate) async fn ask_device(&self) -> Reply {
        let reply = self.post("/device_authorization", &[("client_id", "echopulse-tui")]).await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
        reply
    }

    pub(crate) async fn poll(&self, device_code: &str) -> Reply {
        let fields =
            [("grant_type", DEVICE_GRANT), ("client_id", "echopulse-tui"), ("device_code", device_code)];
        self.post("/token", &fields).await
    }

    pub(crate) fn browser(&self) -> Browser<'_> {
        Browser { world: self, ip: "192.0.2.1".to_owned(), cookie: Mutex::new(None) }
    }
}

/// A browser: it keeps the cookie and follows nothing by itself.
pub(crate) struct Browser<'a> {
    pub(crate) world: &'a World,
    pub(crate) ip: String,
    pub(crate) cookie: Mutex<Option<String>>,
}

impl Browser<'_> {
    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Reply {
        self.send(form(path, fields)).await
    }

    async fn send(&self, mut request: Request<Body>) -> Reply {
        if let Some(cookie) = self.cookie.lock().unwrap().as_deref() {
            request.headers_mut().insert(header::COOKIE, cookie.parse().unwrap());
        }
        let reply = self.world.send(request, &self.ip).await;
        if let Some(set) = reply.headers.get(header::SET_COOKIE) {
            let pair = set.to_str().unwrap().split(';').next().unwrap();
            *self.cookie.lock().unwrap() = Some(pair.to_owned());
        }
        reply
    }

    /// Fills in the sign-in form of a page.
    pub(crate) async fn sign_in(&self, page: &Reply, name: &str, password: &str) -> Reply {
        let (csrf, then) = (page.hidden("csrf"), page.hidden("then"));
        let fields = [("csrf", &*csrf), ("then", &then), ("username", name), ("password", password)];
        self.post("/sign-in", &fields).await
    }

    pub(crate) async fn sign_up(&self, page: &Reply, name: &str, passwords: [&str; 2]) -> Reply {
        let (csrf, then) = (page.hidden("csrf"), page.hidden("then"));
        let fields = [
            ("csrf", &*csrf),
            ("then", &then),
            ("username", name),
            ("display_name", "Somebody New"),
            ("password", passwords[0]),
            ("again", passwords[1]),
        ];
        self.post("/sign-up", &fields).await
    }

    /// Opens the page of a code and answers it, signing in on the way if needed.
    pub(crate) async fn decide(&self, user_code: &str, name: &str, decision: &str) -> Reply {
        let address = format!("/id/device?user_code={user_code}");
        let mut page = self.get(&address).await;
        if page.text.contains("/id/sign-in") {
            let next = self.sign_in(&page, name, PASSWORD).await.location();
            page = self.get(&next).await;
        }
        let csrf = page.hidden("csrf");
        self.post("/device", &[("csrf", &csrf), ("user_code", user_code), ("decision", decision)]).await
    }
}

/// The claims of a token, unverified: tests of the signature do that themselves.
pub(crate) fn claims(token: &str) -> Value {
    part(token, 1)
}

pub(crate) fn token_header(token: &str) -> Value {
    part(token, 0)
}

fn part(token: &str, index: usize) -> Value {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let bytes = URL_SAFE_NO_PAD.decode(token.split('.').nth(index).unwrap()).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

fn mounted(issuer: &Issuer) -> Router {
    Router::new().nest("/id", issuer.router())
}

fn form(path: &str, fields: &[(&str, &str)]) -> Request<Body> {
    let encode = |text: &str| text.bytes().map(|b| format!("%{b:02X}")).collect::<String>();
    let body: Vec<_> = fields.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    Request::builder()
        .method(Method::POST)
        .uri(format!("/id{path}"))
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(body.join("&")))
        .unwrap()
}
