//! Both services and an issuer in one process, behind one listener, over one data folder.
//!
//! [`start`] opens the folder, wires everything (`wiring`) and runs it until [`Running::shutdown`]. Deliberately absent: the
//! folder's lock and the search for a process that serves it already (the binary's affair), TLS (a proxy's), and every adapter of
//! the distributed world.

mod bots;
mod keys;
mod listen;
mod running;
mod site;
mod wiring;

use std::path::PathBuf;

pub use listen::{Listen, PortTaken};
pub use running::{Running, start};

/// What one process serves, and where.
#[derive(Debug)]
pub struct Config {
    /// The data folder; made if it is not there.
    pub data: PathBuf,
    /// Where to listen.
    pub listen: Listen,
    /// Under which address others reach it, if not under that of the listener: scheme and host, without a path.
    pub public_url: Option<String>,
    /// Whether strangers may make accounts on the issuer's pages.
    pub allow_sign_up: bool,
    /// How often people may ask.
    pub limits: Limits,
    /// Sets the password of the folder's owner first; the owner is made if there is nobody yet.
    pub owner: Option<Owner>,
}

/// How often people may ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// In percent of the built-in numbers; 0 counts nothing.
    pub percent: u32,
    /// Whether those count who prove with the folder's key who they are: they could change everything in it anyway.
    pub folder: bool,
    /// Proxies whose `X-Forwarded-For` is believed, as addresses or networks.
    pub proxies: Vec<String>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { percent: 100, folder: false, proxies: Vec::new() }
    }
}

/// A name and a password for the folder's owner.
pub struct Owner {
    /// The username, for a folder without an owner.
    pub name: String,
    /// The password.
    pub password: String,
}

impl std::fmt::Debug for Owner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Owner").field("name", &self.name).field("password", &"***").finish()
    }
}

/// Others could reach the listener, and the folder's owner has no password: whoever came first would be its admin.
#[derive(Debug, thiserror::Error)]
#[error("the owner of this data folder needs a password before others may reach it")]
pub struct OwnerNeedsPassword;

impl Config {
    /// A folder, served on loopback at a free port.
    pub fn new(data: impl Into<PathBuf>) -> Self {
        Self {
            data: data.into(),
            listen: Listen::Address(([127, 0, 0, 1], 0).into()),
            public_url: None,
            allow_sign_up: false,
            limits: Limits::default(),
            owner: None,
        }
    }
}
