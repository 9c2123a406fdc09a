//! The tokens of one account in a file, shared by all processes of this computer.

use std::{fs::File, os::unix::fs::OpenOptionsExt, path::PathBuf};

use echopulse_protocol::client::{BoxFuture, ClientError, TokenChange, TokenStore, Tokens};
use rustix::fs::{FlockOperation, flock};

use super::folder::{read_secret, write_private};

/// A 0600 file, changed under a lock of its own.
pub(crate) struct TokenFile(PathBuf);

impl TokenFile {
    pub(crate) const fn new(path: PathBuf) -> Self {
        Self(path)
    }

    fn lock(&self) -> std::io::Result<File> {
        let path = self.0.with_extension("lock");
        let file = File::options().write(true).create(true).truncate(false).mode(0o600).open(path)?;
        flock(&file, FlockOperation::LockExclusive)?;
        Ok(file)
    }

    fn load(&self) -> Result<Option<Tokens>, ClientError> {
        let read = read_secret(&self.0).map_err(|error| ClientError::NotSignedIn(format!("{error:#}")))?;
        let Some(octets) = read else { return Ok(None) };
        let damaged = |_| ClientError::NotSignedIn(format!("{} is damaged; sign in again", self.0.display()));
        serde_json::from_slice(&octets).map(Some).map_err(damaged)
    }

    /// Whether there are tokens at all.
    pub(crate) fn exists(&self) -> bool {
        self.0.is_file()
    }

    /// Keeps tokens of a fresh sign-in.
    pub(crate) fn save(&self, tokens: &Tokens) -> anyhow::Result<()> {
        let _lock = self.lock()?;
        Ok(write_private(&self.0, &serde_json::to_vec(tokens)?)?)
    }

    async fn change(&self, change: TokenChange<'_>) -> Result<Option<Tokens>, ClientError> {
        // The lock is waited for off the async threads, and held over the call to the issuer: a refresh token is good once.
        let path = self.0.clone();
        let locked = tokio::task::spawn_blocking(move || Self(path).lock()).await;
        let _lock = locked
            .map_err(|error| ClientError::Store(std::io::Error::other(error)))?
            .map_err(ClientError::Store)?;
        let kept = self.load()?;
        let changed = change(kept.clone()).await?;
        if changed != kept {
            match &changed {
                Some(tokens) => {
                    let octets =
                        serde_json::to_vec(tokens).map_err(|error| ClientError::Store(error.into()))?;
                    write_private(&self.0, &octets).map_err(ClientError::Store)?;
                }
                None => std::fs::remove_file(&self.0).map_err(ClientError::Store)?,
            }
        }
        Ok(changed)
    }
}

impl TokenStore for TokenFile {
    fn update<'a>(&'a self, change: TokenChange<'a>) -> BoxFuture<'a, Result<Option<Tokens>, ClientError>> {
        Box::pin(self.change(change))
    }
}
