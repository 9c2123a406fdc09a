//! Listing and changing things, over REST: one method for each route, those of the server service in [`server`], those of the
//! chat service in [`chat`].

mod bots;
mod chat;
mod server;
#[cfg(test)]
mod tests;
mod webhooks;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use reqwest::{Method, RequestBuilder};
use serde::{Serialize, de::DeserializeOwned};

use super::{AccessToken, ClientError, Place, TokenSource, clean::Clean, place::pick, transport};
use crate::{problem::ProblemCode, rest::Page};

/// Addresses tried before a call fails.
const TRIES: usize = 3;
/// How long one call waits, all in all, where it came too early; what takes longer is told.
const PATIENCE: Duration = Duration::from_secs(60);
/// Items asked for at once.
const PAGE: usize = 100;
/// Pages of one list that are read; a list that goes on behind them is cut.
const PAGES: usize = 1000;

/// Which service a route belongs to.
#[derive(Clone, Copy)]
enum Service {
    Server,
    Chat,
}

/// The REST side of a deployment, for one account.
#[derive(Clone)]
pub struct Rest {
    place: Arc<dyn Place>,
    tokens: Arc<dyn TokenSource>,
    http: reqwest::Client,
    turn: Arc<AtomicUsize>,
}

impl Rest {
    pub(super) fn new(place: Arc<dyn Place>, tokens: Arc<dyn TokenSource>) -> Result<Self, ClientError> {
        let turn = Arc::new(AtomicUsize::new(rand::random_range(0..1024)));
        Ok(Self { place, tokens, http: transport::http()?, turn })
    }

    /// Sends a request, again when it came too early and the wait is a short one.
    async fn call<T>(
        &self,
        service: Service,
        method: Method,
        path: &str,
        dress: impl Fn(RequestBuilder) -> RequestBuilder,
        read: impl AsyncFn(&str, reqwest::Response) -> Result<T, ClientError>,
    ) -> Result<T, ClientError> {
        let mut waited = Duration::ZERO;
        loop {
            let answer = self.call_now(service, method.clone(), path, &dress, &read).await;
            let Some(pause) = answer.as_ref().err().and_then(too_early) else { return answer };
            waited += pause;
            if waited > PATIENCE {
                return answer;
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// Sends a request: to another address if one does not answer, with another token if one is refused.
    async fn call_now<T>(
        &self,
        service: Service,
        method: Method,
        path: &str,
        dress: &impl Fn(RequestBuilder) -> RequestBuilder,
        read: &impl AsyncFn(&str, reqwest::Response) -> Result<T, ClientError>,
    ) -> Result<T, ClientError> {
        let mut renewed = false;
        let mut failure = None;
        // A call that never reached its service may be sent again whatever it does; one that was answered may not.
        for _ in 0..TRIES {
            let place = self.place.find().await?;
            let addresses = match service {
                Service::Server => &place.server,
                Service::Chat => &place.chat,
            };
            let Some(base) = pick(addresses, self.turn.load(Ordering::Relaxed)) else {
                let what = "it names no address of its services".to_owned();
                return Err(ClientError::NotEchoPulse { url: place.issuer.clone(), what });
            };
            let url = format!("{base}/api{path}");
            let token = self.tokens.access_token().await?;
            match self.once(&url, method.clone(), &token, dress).await {
                Ok(answer) => match read(&url, answer).await {
                    Err(error) if is_stale_token(&error) && !renewed => {
                        renewed = true;
                        self.tokens.refused(token).await;
                        failure = Some(error);
                    }
                    result => return result,
                },
                Err(error) if error.is_connect() => {
                    self.turn.fetch_add(1, Ordering::Relaxed);
                    self.place.lost();
                    failure = Some(transport::unreachable(&url, &error));
                }
                Err(error) => return Err(transport::unreachable(&url, &error)),
            }
        }
        Err(failure
            .unwrap_or_else(|| ClientError::NotSignedIn("the deployment refuses the token".to_owned())))
    }

    async fn once(
        &self,
        url: &str,
        method: Method,
        token: &AccessToken,
        dress: &impl Fn(RequestBuilder) -> RequestBuilder,
    ) -> Result<reqwest::Response, reqwest::Error> {
        dress(self.http.request(method, url).bearer_auth(token.secret())).send().await
    }

    /// An address of a service.
    async fn base(&self, service: Service) -> Result<String, ClientError> {
        let place = self.place.find().await?;
        let addresses = match service {
            Service::Server => &place.server,
            Service::Chat => &place.chat,
        };
        pick(addresses, self.turn.load(Ordering::Relaxed)).map(str::to_owned).ok_or_else(|| {
            let what = "it names no address of its services".to_owned();
            ClientError::NotEchoPulse { url: place.issuer.clone(), what }
        })
    }

    async fn get<T: DeserializeOwned + Clean>(
        &self,
        service: Service,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<T, ClientError> {
        self.call(service, Method::GET, path, |request| request.query(query), transport::json).await
    }

    async fn put<T: DeserializeOwned + Clean>(
        &self,
        service: Service,
        method: Method,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, ClientError> {
        self.call(service, method, path, |request| request.json(body), transport::json).await
    }

    async fn delete(
        &self,
        service: Service,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<(), ClientError> {
        self.call(service, Method::DELETE, path, |request| request.query(query), transport::nothing).await
    }

    /// All pages of a list.
    async fn all<T: DeserializeOwned>(
        &self,
        service: Service,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<Vec<T>, ClientError>
    where
        Page<T>: Clean,
    {
        let mut items = Vec::new();
        let mut next = None;
        for _ in 0..PAGES {
            let mut asked = query.to_vec();
            asked.push(("limit", PAGE.to_string()));
            asked.extend(next.map(|cursor| ("cursor", cursor)));
            let page: Page<T> = self.get(service, path, &asked).await?;
            items.extend(page.items);
            next = page.next;
            if next.is_none() {
                break;
            }
        }
        Ok(items)
    }
}

/// How long to wait for a call that was refused for coming too early: nothing came of it, so that it may be sent again.
fn too_early(error: &ClientError) -> Option<Duration> {
    match error {
        ClientError::Problem(problem) if problem.code == ProblemCode::RateLimited => {
            Some(Duration::from_secs(problem.retry_after.unwrap_or(1).max(1)))
        }
        _ => None,
    }
}

fn is_stale_token(error: &ClientError) -> bool {
    matches!(error.code(), Some(ProblemCode::TokenExpired | ProblemCode::TokenInvalid))
}

/// A text as one part of a path: whatever could end the part is escaped.
fn path_part(text: &str) -> String {
    text.bytes().fold(String::new(), |mut part, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.') {
            part.push(char::from(byte));
        } else {
            part.push_str(&format!("%{byte:02X}"));
        }
        part
    })
}
