//! Passwords: their length, Argon2id off the async threads, and only a few hashes at a time.

use std::sync::Arc;

use argon2::{
    Algorithm, Argon2, Params, PasswordHash, PasswordHasher, PasswordVerifier, Version,
    password_hash::SaltString,
};
use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{config::PasswordCost, world::Chance};

/// Why a password was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Too short or too long.
    #[error("a password has 8 to 256 characters")]
    Length,
    /// As many hashes run as may run at once.
    #[error("too many people sign in just now; try again in a moment")]
    Busy,
    /// The configured cost is outside what Argon2 allows.
    #[error("the configured password cost is not allowed by Argon2")]
    Cost,
}

/// Hashes and verifies.
pub(crate) struct Passwords {
    argon: Argon2<'static>,
    gate: Arc<Semaphore>,
    chance: Arc<dyn Chance>,
    /// Verified against when there is no account or no password, so that both cost the same.
    decoy: String,
}

impl Passwords {
    pub(crate) fn new(cost: PasswordCost, chance: Arc<dyn Chance>) -> Result<Self, PasswordError> {
        let params = Params::new(cost.memory_kib, cost.passes, 1, None).map_err(|_| PasswordError::Cost)?;
        let decoy = decoy(cost, chance.as_ref());
        let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        Ok(Self { argon, gate: Arc::new(Semaphore::new(cost.at_once)), chance, decoy })
    }

    /// Hashes a new password.
    pub(crate) async fn hash(&self, password: &str) -> Result<String, PasswordError> {
        check_length(password)?;
        let permit = self.enter()?;
        let (argon, password, salt) = (self.argon.clone(), password.to_owned(), salt(self.chance.as_ref())?);
        off_thread(permit, move || hash_now(&argon, &password, &salt)).await?
    }

    /// Whether `password` belongs to `stored`. Without a stored hash the same work ends in `false`.
    pub(crate) async fn verify(&self, stored: Option<&str>, password: &str) -> Result<bool, PasswordError> {
        if check_length(password).is_err() {
            return Ok(false);
        }
        let permit = self.enter()?;
        let known = stored.is_some();
        let stored = stored.unwrap_or(&self.decoy).to_owned();
        let (argon, password) = (self.argon.clone(), password.to_owned());
        let fits = off_thread(permit, move || {
            PasswordHash::new(&stored)
                .is_ok_and(|hash| argon.verify_password(password.as_bytes(), &hash).is_ok())
        })
        .await?;
        Ok(fits && known)
    }

    fn enter(&self) -> Result<OwnedSemaphorePermit, PasswordError> {
        Arc::clone(&self.gate).try_acquire_owned().map_err(|_| PasswordError::Busy)
    }
}

/// The length is checked before any work.
fn check_length(password: &str) -> Result<(), PasswordError> {
    // Four bytes a character at most, so a huge text is refused without counting.
    if password.len() > 4 * 256 || !(8..=256).contains(&password.chars().count()) {
        return Err(PasswordError::Length);
    }
    Ok(())
}

fn salt(chance: &dyn Chance) -> Result<SaltString, PasswordError> {
    let mut bytes = [0; 16];
    chance.fill(&mut bytes);
    SaltString::encode_b64(&bytes).map_err(|_| PasswordError::Cost)
}

/// A stored form that no password was hashed into: checking against it costs what every check costs, and fails.
fn decoy(cost: PasswordCost, chance: &dyn Chance) -> String {
    let (mut salt, mut output) = ([0; 16], [0; 32]);
    chance.fill(&mut salt);
    chance.fill(&mut output);
    let PasswordCost { memory_kib, passes, .. } = cost;
    let (salt, output) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(output));
    format!("$argon2id$v=19$m={memory_kib},t={passes},p=1${salt}${output}")
}

fn hash_now(argon: &Argon2<'_>, password: &str, salt: &SaltString) -> Result<String, PasswordError> {
    let hash = argon.hash_password(password.as_bytes(), salt).map_err(|_| PasswordError::Cost)?;
    Ok(hash.to_string())
}

/// Runs `work` on the blocking pool. The permit goes with it, so that a caller who hangs up frees no place early.
async fn off_thread<T: Send + 'static>(
    permit: OwnedSemaphorePermit,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, PasswordError> {
    let task = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        work()
    });
    task.await.map_err(|_| PasswordError::Busy)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::OsChance;

    fn passwords(at_once: usize) -> Passwords {
        Passwords::new(PasswordCost { memory_kib: 8, passes: 1, at_once }, Arc::new(OsChance)).unwrap()
    }

    #[tokio::test]
    async fn a_password_is_kept_as_argon2id() {
        let passwords = passwords(1);
        let hash = passwords.hash("correct horse").await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$"), "{hash}");
        assert_eq!(passwords.verify(Some(&hash), "correct horse").await, Ok(true));
        assert_eq!(passwords.verify(Some(&hash), "wrong horse").await, Ok(false));
    }

    #[tokio::test]
    async fn an_unknown_account_is_hashed_all_the_same() {
        let passwords = passwords(0);
        // With no place free, doing the work shows as being refused it.
        assert_eq!(passwords.verify(None, "correct horse").await, Err(PasswordError::Busy));
        assert_eq!(passwords.verify(Some("$argon2id$"), "correct horse").await, Err(PasswordError::Busy));
    }

    #[tokio::test]
    async fn the_decoy_costs_what_a_real_hash_costs_and_opens_nothing() {
        let passwords = passwords(1);
        let real = passwords.hash("correct horse").await.unwrap();
        let (real, decoy) = (PasswordHash::new(&real).unwrap(), PasswordHash::new(&passwords.decoy).unwrap());
        assert_eq!((real.algorithm, real.version), (decoy.algorithm, decoy.version));
        assert_eq!(real.params, decoy.params);
        assert_eq!(real.hash.unwrap().len(), decoy.hash.unwrap().len());
        assert_eq!(passwords.verify(None, "correct horse").await, Ok(false));
    }

    #[tokio::test]
    async fn length_comes_before_work() {
        let passwords = passwords(0);
        for bad in ["short", &"x".repeat(257), &"x".repeat(1 << 20)] {
            assert_eq!(passwords.verify(None, bad).await, Ok(false));
            assert_eq!(passwords.hash(bad).await, Err(PasswordError::Length));
        }
    }
}
