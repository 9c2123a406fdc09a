//! `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10): lists of structured fields, one item for each
//! bucket. A policy has its quota `q` and the seconds `w` in which it is had again; a limit has what remains, `r`, and the
//! seconds `t` until all of it is there.

use std::fmt::Write;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use echopulse_core::common::limit::Standing;

use crate::refusals::seconds;

/// How large the buckets are.
pub const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
/// How they stand.
pub const STATE: HeaderName = HeaderName::from_static("ratelimit");

/// What the header `RateLimit` says.
fn state(standings: &[Standing]) -> String {
    list(standings, |text, standing| {
        write!(text, ";r={};t={}", standing.count.remaining, seconds(standing.count.reset))
    })
}

/// The same as a header of a RECEIPT; none where nothing was counted.
#[must_use]
pub fn header(standings: &[Standing]) -> Option<(&'static str, String)> {
    (!standings.is_empty()).then(|| ("ratelimit", state(standings)))
}

fn policy(standings: &[Standing]) -> String {
    list(standings, |text, standing| {
        write!(text, ";q={};w={}", standing.rate.burst, seconds(standing.rate.window()))
    })
}

fn list(standings: &[Standing], mut say: impl FnMut(&mut String, &Standing) -> std::fmt::Result) -> String {
    let mut text = String::new();
    for standing in standings {
        if !text.is_empty() {
            text.push_str(", ");
        }
        // Names are plain words, and writing into a text cannot fail.
        let _ = write!(text, "\"{}\"", standing.bucket.name());
        let _ = say(&mut text, standing);
    }
    text
}

/// Puts both headers into an answer.
pub(super) fn write(headers: &mut HeaderMap, standings: &[Standing]) {
    if standings.is_empty() {
        return;
    }
    for (name, text) in [(POLICY, policy(standings)), (STATE, state(standings))] {
        if let Ok(value) = HeaderValue::from_str(&text) {
            headers.insert(name, value);
        }
    }
}
