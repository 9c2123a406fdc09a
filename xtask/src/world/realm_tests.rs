//! The realm file against a real Keycloak: `cargo xtask test distributed` starts one and runs these.
//!
//! Keycloak approves a device only through its own pages, so the test fills in those pages, with a jar for the cookies.

use std::{collections::BTreeMap, env, time::Duration};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::Value;
use ureq::{
    Agent,
    http::{Response, StatusCode},
};

const AUDIENCE: &str = "echopulse-api";

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run `cargo xtask test distributed`"))
}

fn agent() -> Agent {
    Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .timeout_global(Some(Duration::from_secs(30)))
        .build()
        .into()
}

fn issuer() -> String {
    variable("ECHOPULSE_TEST_KEYCLOAK_ISSUER")
}

fn password(name: &str) -> String {
    let people = variable("ECHOPULSE_TEST_KEYCLOAK_USERS");
    let found = people.split(',').find_map(|person| person.strip_prefix(&format!("{name}:")));
    found.unwrap_or_else(|| panic!("{name} is a demo user")).to_owned()
}

/// Posts a form to the realm; status and JSON.
fn post(path: &str, form: &[(&str, &str)]) -> (StatusCode, Value) {
    let url = format!("{}/protocol/openid-connect/{path}", issuer());
    let mut answer = agent().post(url).send_form(form.iter().copied()).expect("Keycloak answers");
    (answer.status(), answer.body_mut().read_json().unwrap_or(Value::Null))
}

/// What a token says. Whether it is signed is the services' test.
fn claims(token: &Value) -> Value {
    let token = token.as_str().expect("there is a token");
    let part = token.split('.').nth(1).expect("a token has three parts");
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).expect("base64")).expect("JSON")
}

fn is_for_us(claims: &Value) -> bool {
    match &claims["aud"] {
        Value::Array(all) => all.iter().any(|one| one == AUDIENCE),
        one => one == AUDIENCE,
    }
}

fn roles(claims: &Value) -> Vec<&str> {
    claims["realm_access"]["roles"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// A browser without scripts.
struct Browser {
    agent: Agent,
    cookies: BTreeMap<String, String>,
}

impl Browser {
    fn new() -> Self {
        Self { agent: agent(), cookies: BTreeMap::new() }
    }

    fn jar(&self) -> String {
        self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    fn get(&mut self, url: &str) -> String {
        let answer = self.agent.get(url).header("Cookie", self.jar()).call().expect("Keycloak answers");
        self.follow(answer)
    }

    fn post(&mut self, url: &str, form: &[(&str, &str)]) -> String {
        let request = self.agent.post(url).header("Cookie", self.jar());
        let answer = request.send_form(form.iter().copied()).expect("Keycloak answers");
        self.follow(answer)
    }

    fn follow(&mut self, mut answer: Response<ureq::Body>) -> String {
        for cookie in answer.headers().get_all("set-cookie") {
            let pair = cookie.to_str().expect("text").split(';').next().unwrap_or_default();
            if let Some((name, value)) = pair.split_once('=') {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        if let Some(target) = answer.headers().get("location") {
            let target = target.to_str().expect("text").to_owned();
            return self.get(&target);
        }
        assert!(answer.status().is_success(), "{}", answer.status());
        answer.body_mut().read_to_string().expect("a page")
    }
}

/// The value of an attribute of the first tag that has all these marks.
fn attribute(page: &str, marks: &[&str], name: &str) -> Option<String> {
    let tag = page.split('<').find(|tag| marks.iter().all(|mark| tag.contains(mark)))?;
    let value = tag.split_once(&format!("{name}=\""))?.1.split_once('"')?.0;
    Some(value.replace("&amp;", "&"))
}

#[test]
fn a_bot_signs_in_as_a_bot() {
    let secret = variable("ECHOPULSE_TEST_KEYCLOAK_BOT_SECRET");
    let form =
        [("grant_type", "client_credentials"), ("client_id", "echopulse-bot"), ("client_secret", &secret)];
    let (status, answer) = post("token", &form);
    assert!(status.is_success(), "{answer}");
    let claims = claims(&answer["access_token"]);
    assert!(is_for_us(&claims), "{claims}");
    assert_eq!(claims["typ"], "Bearer");
    assert_eq!(claims["azp"], "echopulse-bot");
    assert_eq!(roles(&claims), ["echopulse-bot"]);
    assert!(claims["sub"].is_string());
}

#[test]
fn a_service_signs_in_as_nobody_of_ours() {
    let secret = variable("ECHOPULSE_TEST_KEYCLOAK_SERVICE_SECRET");
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", "echopulse-service"),
        ("client_secret", &secret),
    ];
    let (status, answer) = post("token", &form);
    assert!(status.is_success(), "{answer}");
    let claims = claims(&answer["access_token"]);
    assert!(is_for_us(&claims), "{claims}");
    assert_eq!(claims["azp"], "echopulse-service");
    assert_eq!(roles(&claims), ["echopulse-service"], "{claims}");
}

#[test]
fn a_password_alone_gets_no_token() {
    for client in ["echopulse-tui", "echopulse-web"] {
        let form = [
            ("grant_type", "password"),
            ("client_id", client),
            ("username", "lin"),
            ("password", &password("lin")),
        ];
        let (status, answer) = post("token", &form);
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert_eq!(answer["error"], "unauthorized_client", "{answer}");
    }
}

#[test]
fn the_terminal_signs_in_by_device_and_its_refresh_tokens_work_once() {
    let (status, device) = post("auth/device", &[("client_id", "echopulse-tui"), ("scope", "openid")]);
    assert!(status.is_success(), "{device}");
    let code = device["device_code"].as_str().expect("a device code").to_owned();
    let ask = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
        ("client_id", "echopulse-tui"),
        ("device_code", &code),
    ];
    let (_, early) = post("token", &ask);
    assert_eq!(early["error"], "authorization_pending");

    let mut browser = Browser::new();
    let page = browser.get(device["verification_uri_complete"].as_str().expect("where to go"));
    let action = attribute(&page, &["kc-form-login"], "action").expect("the page to sign in on");
    let page =
        browser.post(&action, &[("username", "ada"), ("password", &password("ada")), ("credentialId", "")]);
    let action = attribute(&page, &["form", "/consent"], "action").expect("the page to consent on");
    let hidden = attribute(&page, &["input", "name=\"code\""], "value").expect("what the page hides");
    let base = variable("ECHOPULSE_TEST_KEYCLOAK");
    let action = if action.starts_with('/') { format!("{base}{action}") } else { action };
    browser.post(&action, &[("code", &hidden), ("accept", "Yes")]);

    std::thread::sleep(Duration::from_secs(1));
    let (status, tokens) = post("token", &ask);
    assert!(status.is_success(), "{tokens}");
    let access = claims(&tokens["access_token"]);
    assert!(is_for_us(&access), "{access}");
    assert_eq!(access["typ"], "Bearer");
    assert_eq!(access["iss"], issuer());
    assert_eq!(access["preferred_username"], "ada");
    assert!(access["sid"].is_string(), "{access}");
    for role in ["echopulse-user", "echopulse-admin"] {
        assert!(roles(&access).contains(&role), "{access}");
    }
    let identity = claims(&tokens["id_token"]);
    assert_eq!(identity["typ"], "ID");
    assert!(!is_for_us(&identity), "{identity}");

    let spent = tokens["refresh_token"].as_str().expect("a refresh token");
    let refresh = [("grant_type", "refresh_token"), ("client_id", "echopulse-tui"), ("refresh_token", spent)];
    let (status, fresh) = post("token", &refresh);
    assert!(status.is_success(), "{fresh}");
    assert_ne!(fresh["refresh_token"], tokens["refresh_token"]);
    let (_, again) = post("token", &refresh);
    assert_eq!(again["error"], "invalid_grant", "{again}");
}

#[test]
fn the_browser_needs_a_challenge_and_its_own_address() {
    let web = variable("ECHOPULSE_TEST_WEB");
    let url = |redirect: &str, challenge: &str| {
        format!(
            "{}/protocol/openid-connect/auth?client_id=echopulse-web&response_type=code&scope=openid&state=s\
             &redirect_uri={redirect}{challenge}",
            issuer()
        )
    };
    let ask = |url: String| agent().get(url).call().expect("Keycloak answers");
    let challenge = "&code_challenge_method=S256&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    let page = ask(url(&format!("{web}/"), challenge)).body_mut().read_to_string().expect("a page");
    assert!(page.contains("kc-form-login"), "{page}");
    let refused = ask(url(&format!("{web}/"), ""));
    let target = refused.headers()["location"].to_str().expect("text").to_owned();
    assert!(target.contains("error=invalid_request"), "{target}");
    let plain = "&code_challenge_method=plain&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    let refused = ask(url(&format!("{web}/"), plain));
    assert!(refused.headers()["location"].to_str().expect("text").contains("error=invalid_request"));
    for elsewhere in [format!("{web}/elsewhere"), "http://127.0.0.1:7/".to_owned()] {
        assert_eq!(ask(url(&elsewhere, challenge)).status(), StatusCode::BAD_REQUEST, "{elsewhere}");
    }
}
