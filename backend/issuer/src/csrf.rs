//! Tokens that prove a form came from one of our own pages, shown to this browser, for this purpose.

use sha2::{Digest, Sha256};

use crate::{secret, world::Chance};

/// Makes and checks form tokens. The key lives as long as the process: a page left open over a restart is loaded again.
pub(crate) struct Csrf([u8; 32]);

impl Csrf {
    pub(crate) fn new(chance: &dyn Chance) -> Self {
        let mut key = [0; 32];
        chance.fill(&mut key);
        Self(key)
    }

    /// The token for one browser and one purpose, for example approving one user code.
    pub(crate) fn token(&self, cookie: &str, purpose: &str) -> String {
        let inner = Sha256::new()
            .chain_update(self.0)
            .chain_update(Sha256::digest(cookie))
            .chain_update(Sha256::digest(purpose))
            .finalize();
        secret::encode(&Sha256::new().chain_update(self.0).chain_update(inner).finalize())
    }

    pub(crate) fn holds(&self, cookie: &str, purpose: &str, token: &str) -> bool {
        secret::same(&self.token(cookie, purpose), token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::OsChance;

    #[test]
    fn a_token_fits_one_browser_and_one_purpose() {
        let csrf = Csrf::new(&OsChance);
        let token = csrf.token("browser", "device:BCDF");
        assert!(csrf.holds("browser", "device:BCDF", &token));
        assert!(!csrf.holds("another", "device:BCDF", &token));
        assert!(!csrf.holds("browser", "device:GHJK", &token));
        assert!(!csrf.holds("browserd", "evice:BCDF", &token));
    }
}
