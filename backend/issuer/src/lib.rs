//! A small OIDC issuer for the embedded world, as a library.
//!
//! It knows the people and bots of one data folder and signs tokens of the shape Keycloak signs, so that both services
//! verify them without knowing which issuer they face. The host mounts [`Issuer::router`] below the path of the
//! configured issuer URL and stops it with [`Issuer::shutdown`].
//!
//! Deliberately absent: a listener, TLS and the check of the Host header (the host application has one for all it
//! serves), e-mail, password recovery, federation, dynamic client registration, the implicit and the password grant,
//! and CORS (the browser client is served from the issuer's own origin).

mod claims;
mod clients;
mod config;
mod csrf;
mod error;
mod folder;
mod http;
mod issuer;
mod keys;
mod limits;
mod names;
mod page;
mod passwords;
mod secret;
mod store;
mod world;

pub use clients::{TUI_CLIENT, WEB_CLIENT};
pub use config::{BucketSize, IssuerConfig, PasswordCost, TryLimits};
pub use error::{IssuerError, StoreError};
pub use http::{ClientIp, LOCAL_FOLDER_GRANT, LOCAL_FOLDER_SCOPE};
pub use issuer::{BotCredentials, FOLDER_KEY_FILE, Issuer};
pub use names::NameError;
pub use passwords::PasswordError;
pub use world::{Chance, Clock, Ended, Endings, OsChance, SystemClock};
