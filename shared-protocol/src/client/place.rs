//! Where a deployment is, found by one URL.

use std::sync::{Arc, Mutex, PoisonError};

use reqwest::Url;

use super::{BoxFuture, ClientError, transport};
use crate::rest::WellKnown;

/// Knows where a deployment is. Asked before every connection, so that a deployment may move.
pub trait Place: Send + Sync {
    /// Where everything is.
    fn find(&self) -> BoxFuture<'_, Result<Arc<WellKnown>, ClientError>>;
    /// Notes that it was not where it was said to be: the next question is asked anew.
    fn lost(&self);
}

/// A deployment at a fixed URL. What it says of itself is kept until it is lost.
pub struct Deployed {
    url: Url,
    http: reqwest::Client,
    known: Mutex<Option<Arc<WellKnown>>>,
}

impl Deployed {
    /// The deployment at `url`, which is not asked yet.
    pub fn new(url: &str) -> Result<Self, ClientError> {
        Ok(Self { url: transport::address(url)?, http: transport::http()?, known: Mutex::default() })
    }

    /// The URL.
    #[must_use]
    pub fn url(&self) -> &str {
        self.url.as_str().trim_end_matches('/')
    }

    async fn ask(&self) -> Result<Arc<WellKnown>, ClientError> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(known) = known {
            return Ok(known);
        }
        let url = format!("{}/.well-known/echopulse", self.url());
        let answer =
            self.http.get(&url).send().await.map_err(|error| transport::unreachable(&url, &error))?;
        let found: WellKnown = transport::json(&url, answer).await?;
        for address in found.server.iter().chain(&found.chat).chain([&found.issuer]) {
            transport::address(address)?;
        }
        let found = Arc::new(found);
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&found));
        Ok(found)
    }
}

impl Place for Deployed {
    fn find(&self) -> BoxFuture<'_, Result<Arc<WellKnown>, ClientError>> {
        Box::pin(self.ask())
    }

    fn lost(&self) {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// One of several addresses, by chance; the same one for the same `turn` modulo their number.
pub(super) fn pick(addresses: &[String], turn: usize) -> Option<&str> {
    let count = addresses.len();
    (count > 0).then(|| addresses[turn % count].trim_end_matches('/'))
}
