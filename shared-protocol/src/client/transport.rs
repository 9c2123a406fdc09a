//! HTTP as a careful client does it: no redirects, bounded in time and size, plain only to this computer.

use std::time::Duration;

use reqwest::{Response, StatusCode, Url, redirect};
use serde::de::DeserializeOwned;

use super::{ClientError, clean::Clean};
use crate::{problem::Problem, text};

/// The largest answer that is read.
const LARGEST: usize = 8 * 1024 * 1024;
/// How much of a foreign answer is shown.
const SHOWN: usize = 120;

/// An HTTP client with these rules.
pub(super) fn http() -> Result<reqwest::Client, ClientError> {
    let built = reqwest::Client::builder()
        .redirect(redirect::Policy::none())
        .connect_timeout(Duration::from_secs(5))
        .timeout(Duration::from_secs(20))
        // What the environment names a proxy would see the way to this computer, and sockets do not take that way either.
        .no_proxy()
        .user_agent(concat!("echopulse-protocol/", env!("CARGO_PKG_VERSION")))
        .build();
    built.map_err(|error| ClientError::Unreachable { url: "the network".to_owned(), why: reason(&error) })
}

/// An address that tokens may be sent to: HTTPS, or HTTP to this computer.
pub(super) fn address(text: &str) -> Result<Url, ClientError> {
    let wrong = |what| ClientError::Address { url: text::display_line(text), what };
    let url = Url::parse(text).map_err(|_| wrong("it is not a URL, like https://chat.example.org"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("it holds a user name or a password"));
    }
    let loopback = match url.host_str() {
        Some("localhost" | "[::1]") => true,
        Some(host) => host.parse::<std::net::Ipv4Addr>().is_ok_and(|ip| ip.is_loopback()),
        None => return Err(wrong("it names no host")),
    };
    match url.scheme() {
        "https" => Ok(url),
        "http" if loopback => Ok(url),
        "http" => Err(wrong("tokens are not sent over plain HTTP to another computer; use https")),
        _ => Err(wrong("it is neither https nor http")),
    }
}

/// The innermost cause of a failed call, without its URL, which may hold a secret.
fn reason(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    if error.is_timeout() { "it took too long".to_owned() } else { text::display_line(&cause.to_string()) }
}

/// The part of a URL that may be shown and logged: paths hold invite codes.
fn shown(url: &str) -> String {
    Url::parse(url).map_or_else(|_| "the service".to_owned(), |url| url.origin().ascii_serialization())
}

/// A call that did not come to an answer.
pub(super) fn unreachable(url: &str, error: &reqwest::Error) -> ClientError {
    ClientError::Unreachable { url: shown(url), why: reason(error) }
}

/// Reads an answer's body, bounded.
pub(super) async fn body(url: &str, mut response: Response) -> Result<(StatusCode, Vec<u8>), ClientError> {
    let status = response.status();
    let mut octets = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| unreachable(url, &error))? {
        if octets.len() + chunk.len() > LARGEST {
            return Err(foreign(url, status, "the answer is too large"));
        }
        octets.extend_from_slice(&chunk);
    }
    Ok((status, octets))
}

/// Reads a JSON answer, or the problem that came instead.
pub(super) async fn json<T: DeserializeOwned + Clean>(
    url: &str,
    response: Response,
) -> Result<T, ClientError> {
    let (status, octets) = body(url, response).await?;
    if !status.is_success() {
        return Err(refused(url, status, &octets));
    }
    let mut value: T =
        serde_json::from_slice(&octets).map_err(|_| foreign(url, status, &excerpt(&octets)))?;
    value.clean();
    Ok(value)
}

/// Reads an answer without a body.
pub(super) async fn nothing(url: &str, response: Response) -> Result<(), ClientError> {
    let (status, octets) = body(url, response).await?;
    if status.is_success() { Ok(()) } else { Err(refused(url, status, &octets)) }
}

fn refused(url: &str, status: StatusCode, octets: &[u8]) -> ClientError {
    match serde_json::from_slice::<Problem>(octets) {
        Ok(mut problem) => {
            problem.clean();
            ClientError::Problem(Box::new(problem))
        }
        Err(_) => foreign(url, status, &excerpt(octets)),
    }
}

fn excerpt(octets: &[u8]) -> String {
    let text = String::from_utf8_lossy(&octets[..octets.len().min(4 * SHOWN)]);
    let trimmed = text.trim_start().to_lowercase();
    if trimmed.starts_with("<!doctype html") || trimmed.starts_with("<html") {
        return "it sent a web page where JSON was due".to_owned();
    }
    let shown: String = text::display_line(&text).chars().take(SHOWN).collect();
    if shown.is_empty() { "it sent nothing".to_owned() } else { format!("it sent `{shown}`") }
}

fn foreign(url: &str, status: StatusCode, what: &str) -> ClientError {
    ClientError::NotEchoPulse { url: shown(url), what: format!("{what} (status {})", status.as_u16()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_goes_to_this_computer_alone() {
        for good in ["https://chat.example.org", "http://127.0.0.1:1", "http://[::1]:2", "http://localhost:3"]
        {
            assert!(address(good).is_ok(), "{good}");
        }
        for wrong in ["http://example.org", "http://127.0.0.1.evil.com", "ftp://x", "x", "https://a:b@c"] {
            assert!(address(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_web_page_is_called_one() {
        assert!(excerpt(b" <!DOCTYPE html><p>").contains("web page"));
        assert_eq!(excerpt(b"\x1b[31mno"), "it sent `[31mno`");
    }
}
