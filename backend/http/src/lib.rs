//! What both axum sides share: who asks, how a refusal is said, and how a listener is served.
//!
//! - [`token`]: one verifier of access tokens for both services, REST and sockets alike.
//! - [`Caller`]: the extractor that turns a bearer token into an actor of core.
//! - [`ApiError`]: the one place where refusals become `application/problem+json`, and where causes are logged.
//! - [`body`], [`params`], [`Cursors`]: what comes in, read strictly.
//! - [`limits`]: how often somebody may ask.
//! - [`Routes`]: a router that can say what it answers.
//! - [`door`]: Host, Origin, CORS and the headers of every answer.
//! - [`config`], [`settings`], [`program`], [`telemetry`], [`health`]: what an operator gives a service, and what it says of itself.
//! - [`serve()`]: a listener with deadlines that drains when it is stopped.
//!
//! Deliberately absent: routes (each service has its own), TLS (a proxy's affair), and HTTP/2 (nothing here needs it, and
//! what is not served cannot be reset in a flood).

mod auth;
pub mod body;
pub mod config;
mod cursor;
pub mod door;
mod error;
pub mod health;
pub mod limits;
mod once;
pub mod params;
pub mod program;
mod refusals;
mod routes;
mod serve;
pub mod settings;
pub mod tag;
pub mod telemetry;
pub mod token;

pub use auth::{Caller, Guard, ServiceCaller, SignIn, bearer};
pub use cursor::Cursors;
pub use error::{ApiError, fallbacks};
pub use once::{IDEMPOTENCY_KEY, Keyed};
pub use routes::{Route, Routes};
pub use serve::serve;
