//! Rate limits in front of every route: who asks is looked at first, then whether they may ask now.
//!
//! [`limited`] stands before the routes of a service, so that no handler can forget it. What it says to clients is in [`headers`];
//! where a request comes from is in [`source`].

mod headers;
mod source;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::{MatchedPath, Request, State},
    http::Method,
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use echopulse_core::common::{
    ChannelId,
    limit::{Bucket, Limiter, Source, Standing, Subject, Verdict},
};
use echopulse_protocol::{
    problem::ProblemCode,
    rest::{BucketState, Page},
};
pub use headers::{POLICY, STATE, header};
pub use source::{NotANetwork, Proxies, SourceOf};

use crate::{ApiError, Caller, Guard, auth::token_of, refusals::seconds};

/// Counts what people ask for.
#[derive(Clone)]
pub struct Limiting {
    limiter: Limiter,
    proxies: Proxies,
}

impl Limiting {
    /// Counts with `limiter`; `proxies` are believed where requests come from.
    #[must_use]
    pub const fn new(limiter: Limiter, proxies: Proxies) -> Self {
        Self { limiter, proxies }
    }

    /// Where a request comes from.
    #[must_use]
    pub fn source(&self, request: &SourceOf) -> Source {
        self.proxies.source(request)
    }

    /// Counts something that somebody does, in a channel if it has one.
    pub async fn take(
        &self,
        caller: &Caller,
        buckets: &[Bucket],
        channel: Option<ChannelId>,
    ) -> Result<Vec<Standing>, ApiError> {
        let subject = Subject::Person(caller.actor.user);
        judge(self.limiter.take(subject, buckets, channel).await)
    }

    /// Counts a token that was refused.
    pub async fn sign_in_failed(&self, source: Source, refusal: ApiError) -> ApiError {
        if refusal.problem().status != 401 {
            return refusal;
        }
        let verdict = self.limiter.take(Subject::Source(source), &[Bucket::SignIn], None).await;
        judge(verdict).err().unwrap_or(refusal)
    }

    /// Counts a request of somebody.
    async fn request(
        &self,
        caller: &Caller,
        bucket: Bucket,
        source: Source,
    ) -> (Result<(), ApiError>, Vec<Standing>) {
        // Codes could be tried out with many accounts. What is refused does not count, so the source is only looked at first.
        let from = Subject::Source(source);
        if bucket == Bucket::Invite {
            let standings = self.limiter.look(from, &[bucket]).await;
            if let Some(empty) = standings.first().filter(|standing| !standing.count.wait.is_zero()) {
                return (Err(limited_by(bucket, empty.count.wait)), standings);
            }
        }
        let person = Subject::Person(caller.actor.user);
        let verdict = self.limiter.take(person, &[Bucket::Global, bucket], None).await;
        if bucket == Bucket::Invite && verdict.refused.is_none() {
            self.limiter.take(from, &[bucket], None).await;
        }
        let standings = verdict.standings.clone();
        (judge(verdict).map(|_| ()), standings)
    }

    /// How somebody's buckets stand: the answer of `GET /limits`.
    pub async fn standing(&self, caller: &Caller, buckets: &[Bucket]) -> Json<Page<BucketState>> {
        let standings = self.limiter.look(Subject::Person(caller.actor.user), buckets).await;
        let items = standings.iter().map(|standing| BucketState {
            bucket: standing.bucket.name().to_owned(),
            size: standing.rate.burst,
            window_s: seconds(standing.rate.window()),
            used: standing.rate.burst.saturating_sub(standing.count.remaining),
            reset_s: seconds(standing.count.reset),
        });
        Json(Page { items: items.collect(), next: None })
    }
}

fn judge(verdict: Verdict) -> Result<Vec<Standing>, ApiError> {
    match verdict.refused {
        None => Ok(verdict.standings),
        Some((bucket, wait)) => Err(limited_by(bucket, wait)),
    }
}

fn limited_by(bucket: Bucket, wait: Duration) -> ApiError {
    let name = bucket.name();
    let wait = seconds(wait).max(1);
    metrics::counter!("echopulse_rate_limited_total", "bucket" => name).increment(1);
    let detail = format!("too many requests of the kind `{name}`: again in {wait} s");
    ApiError::new(ProblemCode::RateLimited, detail).bucket(name).retry_after(wait)
}

/// Says in which bucket a request counts, by its method and by its route below `/api`.
pub type BucketOf = fn(&Method, &str) -> Bucket;

struct Gate {
    guard: Arc<Guard>,
    limiting: Limiting,
    bucket_of: BucketOf,
}

/// Puts the limits before routes that people ask for. Each needs a token then; whose it is, handlers learn by [`Caller`].
pub fn limited<S: Clone + Send + Sync + 'static>(
    routes: Router<S>,
    guard: Arc<Guard>,
    limiting: Limiting,
    bucket_of: BucketOf,
) -> Router<S> {
    let gate = Arc::new(Gate { guard, limiting, bucket_of });
    routes.route_layer(middleware::from_fn_with_state(gate, pass))
}

async fn pass(State(gate): State<Arc<Gate>>, mut request: Request, next: Next) -> Response {
    let source = gate.limiting.source(&SourceOf::read(request.extensions(), request.headers()));
    let admitted = match token_of(request.headers()) {
        Ok(token) => gate.guard.admit(token).await,
        Err(error) => Err(error.into()),
    };
    let caller = match admitted {
        Ok(caller) => caller,
        Err(refusal) => return gate.limiting.sign_in_failed(source, refusal).await.into_response(),
    };
    let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let route = route.split_once("/api").map_or(route, |(_, below)| below);
    let bucket = (gate.bucket_of)(request.method(), route);
    let (allowed, standings) = gate.limiting.request(&caller, bucket, source).await;
    let mut response = match allowed {
        Ok(()) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(refusal) => refusal.into_response(),
    };
    headers::write(response.headers_mut(), &standings);
    response
}
