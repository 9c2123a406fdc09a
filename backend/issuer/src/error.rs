//! What can go wrong when the issuer is opened or administered.

use std::{io, path::PathBuf};

use crate::{names::NameError, passwords::PasswordError};

/// Why the issuer did not open, or did not do what its host asked.
#[derive(Debug, thiserror::Error)]
pub enum IssuerError {
    /// The configured URL cannot name an issuer.
    #[error("the issuer URL {url} cannot be used: {why}")]
    BaseUrl {
        /// As configured.
        url: String,
        /// The rule it breaks.
        why: &'static str,
    },
    /// A file or folder could not be read or made.
    #[error("cannot use {path}")]
    File {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A secret file or folder can be read by others.
    #[error(
        "{path} can be read by others (mode {mode:03o}); take their rights away, for example with chmod go-rwx"
    )]
    Exposed {
        /// Which one.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A key file holds something else than a key.
    #[error("{path} holds no usable key: {why}")]
    KeyFile {
        /// Which one.
        path: PathBuf,
        /// What was expected.
        why: &'static str,
    },
    /// The database file is damaged or no database.
    #[error("{path} is damaged or not a SQLite database")]
    Damaged {
        /// Which one.
        path: PathBuf,
    },
    /// A newer EchoPulse wrote the database.
    #[error("{path} has schema version {found}, newer than {known}, the newest this version knows")]
    NewerSchema {
        /// Which one.
        path: PathBuf,
        /// The version in the file.
        found: i64,
        /// The newest known version.
        known: i64,
    },
    /// The name breaks a rule.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The password breaks a rule, or the hashers are busy.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// Nobody has that name.
    #[error("nobody is called {0}")]
    UnknownPerson(String),
    /// Something else has that name.
    #[error("the name {0} is taken")]
    NameTaken(String),
    /// Neither a person nor a bot has that subject.
    #[error("there is no such subject")]
    UnknownSubject,
    /// The folder has no first person yet.
    #[error("this folder has no owner yet")]
    NoOwner,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The database failed; the cause is for the log, not for clients.
#[derive(Debug, thiserror::Error)]
#[error("the issuer's database failed")]
pub struct StoreError(#[from] sqlx::Error);
