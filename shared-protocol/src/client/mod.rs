//! What a client or bot needs: sign-in, REST, and a STOMP session that reconnects and resumes.
//!
//! ```no_run
//! # async fn example() -> Result<(), echopulse_protocol::client::ClientError> {
//! use std::sync::Arc;
//! use echopulse_protocol::client::{Client, Credentials, Deployed, SessionEvent};
//!
//! let place = Arc::new(Deployed::new("http://127.0.0.1:7420")?);
//! let tokens = Arc::new(Credentials::new(place.clone(), "bot-id", "bot-secret"));
//! let client = Client::new(place, tokens)?;
//! for server in client.rest().servers().await? {
//!     println!("{}", server.name);
//! }
//! let (session, mut events) = client.session();
//! # let _ = session;
//! while let Some(event) = events.recv().await {
//!     if let SessionEvent::Connected = event { break }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Texts of others are made safe to show ([`crate::text::display`]) where they enter here, once.
//! Deliberately absent: where tokens are kept and how things are shown.

mod bot;
mod clean;
mod error;
mod place;
mod rest;
mod session;
mod sign_in;
#[cfg(test)]
mod testing;
mod tokens;
mod transport;

use std::sync::Arc;

pub use error::ClientError;
pub use place::{Deployed, Place};
pub use rest::Rest;
pub use session::{
    EndReason, Outgoing, PostMessage, SendOutcome, SessionConfig, SessionEvent, SessionHandle, Start,
    StreamPosition,
};
pub use sign_in::{DeviceCode, DeviceSignIn, LocalFolder, SignInError, sign_out};
pub use tokens::{AccessToken, Credentials, Refreshing, TokenChange, TokenSource, TokenStore, Tokens};
use tokio::sync::mpsc;

/// A boxed future.
pub type BoxFuture<'a, T> = std::pin::Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Somebody who is signed in to a deployment.
#[derive(Clone)]
pub struct Client {
    place: Arc<dyn Place>,
    tokens: Arc<dyn TokenSource>,
    rest: Rest,
}

impl Client {
    /// A client of the deployment at `place`, with tokens from `tokens`.
    pub fn new(place: Arc<dyn Place>, tokens: Arc<dyn TokenSource>) -> Result<Self, ClientError> {
        let rest = Rest::new(Arc::clone(&place), Arc::clone(&tokens))?;
        Ok(Self { place, tokens, rest })
    }

    /// Listing and changing things.
    #[must_use]
    pub const fn rest(&self) -> &Rest {
        &self.rest
    }

    /// Begins to talk: the session connects now, and again whenever it loses its socket, until the handle is dropped.
    #[must_use]
    pub fn session(&self) -> (SessionHandle, mpsc::Receiver<SessionEvent>) {
        let config = SessionConfig { place: Arc::clone(&self.place), tokens: Arc::clone(&self.tokens) };
        session::start(config)
    }
}
