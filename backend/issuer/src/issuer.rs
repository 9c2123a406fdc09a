//! The issuer as its host sees it: open, mount, administer, shut down.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::Router;

use crate::{
    config::{BaseUrl, IssuerConfig},
    csrf::Csrf,
    error::{IssuerError, StoreError},
    folder, http,
    keys::SigningKeys,
    limits::Limits,
    names::{NameError, Username},
    passwords::Passwords,
    secret::{self, Secret},
    store::{Bot, NewPerson, Person, Store},
    world::{Chance, Ended},
};

/// The file whose content proves that somebody can read the data folder.
pub const FOLDER_KEY_FILE: &str = "folder.key";

/// The database within the data folder.
const DATABASE_FILE: &str = "issuer.db";

/// The folder of signing keys within the data folder.
const KEYS_DIR: &str = "issuer-keys";

/// The time between two clean-ups of the database.
const SWEEP_EVERY: Duration = Duration::from_secs(60);

/// An open issuer. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Issuer {
    app: App,
}

/// What every handler shares.
pub(crate) type App = Arc<Inner>;

pub(crate) struct Inner {
    pub(crate) config: IssuerConfig,
    pub(crate) base: BaseUrl,
    pub(crate) store: Store,
    pub(crate) keys: SigningKeys,
    pub(crate) passwords: Passwords,
    pub(crate) limits: Limits,
    pub(crate) csrf: Csrf,
    pub(crate) folder_key: String,
    /// Seconds since the epoch of the last clean-up.
    swept_at: AtomicU64,
}

/// How a bot signs in. The secret is shown once; only its hash is kept.
pub struct BotCredentials {
    /// The client id.
    pub client_id: String,
    /// The client secret.
    pub client_secret: String,
    /// The claim `sub` of its tokens.
    pub sub: String,
}

impl fmt::Debug for BotCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BotCredentials").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issuer").field("url", &self.app.base.issuer).finish_non_exhaustive()
    }
}

impl Issuer {
    /// Opens the folder's issuer, or makes it: database, signing key and folder key.
    ///
    /// The host holds the folder's lock meanwhile; two issuers of one folder would not agree on limits and form tokens.
    pub async fn open(config: IssuerConfig) -> Result<Self, IssuerError> {
        let base = BaseUrl::parse(&config.base_url)?;
        let dir = &config.data_dir;
        folder::make_private_dir(dir)?;
        let keys = SigningKeys::open(&dir.join(KEYS_DIR), config.clock.as_ref(), config.chance.as_ref())?;
        let folder_key = open_folder_key(&config)?;
        let passwords = Passwords::new(config.password_cost, Arc::clone(&config.chance))?;
        let store = Store::open(&dir.join(DATABASE_FILE)).await?;
        let inner = Inner {
            base,
            store,
            keys,
            passwords,
            limits: Limits::new(&config.tries),
            csrf: Csrf::new(config.chance.as_ref()),
            folder_key,
            swept_at: AtomicU64::new(0),
            config,
        };
        inner.sweep().await;
        Ok(Self { app: Arc::new(inner) })
    }

    /// The routes, relative to the issuer URL: mount them below its path.
    pub fn router(&self) -> Router {
        http::router(Arc::clone(&self.app))
    }

    /// Closes the database; call it after the last request.
    pub async fn shutdown(&self) {
        self.app.store.close().await;
    }

    /// The person of that name, made without a password if there was none; answers the subject. The first person of a
    /// folder is its owner and instance admin.
    pub async fn ensure_person(&self, name: &str) -> Result<String, IssuerError> {
        Ok(self.app.folder_person(name).await?.sub)
    }

    /// The username of the folder's first person.
    pub async fn owner(&self) -> Result<Option<String>, IssuerError> {
        Ok(self.app.store.owner().await?.map(|owner| owner.username))
    }

    /// Whether nobody may listen beyond loopback yet: there is no owner, or the owner has no password.
    pub async fn owner_needs_password(&self) -> Result<bool, IssuerError> {
        Ok(self.app.store.owner().await?.is_none_or(|owner| owner.password_hash.is_none()))
    }

    /// Sets the owner's password.
    pub async fn set_owner_password(&self, password: &str) -> Result<(), IssuerError> {
        let owner = self.app.store.owner().await?.ok_or(IssuerError::NoOwner)?;
        self.set_password(&owner.username, password).await
    }

    /// Sets a person's password, so that they can sign in without the folder, and ends their browser sessions.
    pub async fn set_password(&self, name: &str, password: &str) -> Result<(), IssuerError> {
        let username = Username::parse(name)?;
        let hash = self.app.passwords.hash(password).await?;
        if self.app.store.set_password(username.as_str(), &hash).await? {
            Ok(())
        } else {
            Err(IssuerError::UnknownPerson(username.as_str().to_owned()))
        }
    }

    /// Whether a person can sign in with a password.
    pub async fn has_password(&self, name: &str) -> Result<bool, IssuerError> {
        let username = Username::parse(name)?;
        let person = self.app.store.person_named(username.as_str()).await?;
        let person = person.ok_or_else(|| IssuerError::UnknownPerson(username.as_str().to_owned()))?;
        Ok(person.password_hash.is_some())
    }

    /// Locks a person or bot out, or lets them in again. Locking ends all their sign-ins at once and for good.
    pub async fn set_locked(&self, sub: &str, locked: bool) -> Result<(), IssuerError> {
        let found = if locked { self.app.store.lock(sub).await? } else { self.app.store.unlock(sub).await? };
        if !found {
            return Err(IssuerError::UnknownSubject);
        }
        if locked {
            self.app.config.endings.ended(Ended::Subject { sub: sub.to_owned() }).await;
        }
        Ok(())
    }

    /// Makes a bot that signs in with client credentials.
    pub async fn create_bot(&self, name: &str) -> Result<BotCredentials, IssuerError> {
        let name = Username::parse(name)?.as_str().to_owned();
        let chance = self.app.config.chance.as_ref();
        let client_secret = Secret::draw(chance);
        let bot = Bot {
            client_id: format!("bot-{name}"),
            sub: secret::draw_id(chance),
            name,
            secret_hash: client_secret.hash(),
            locked: false,
        };
        if !self.app.store.insert_bot(&bot, self.app.now()).await? {
            return Err(IssuerError::NameTaken(bot.name));
        }
        Ok(BotCredentials {
            client_id: bot.client_id,
            client_secret: client_secret.into_text(),
            sub: bot.sub,
        })
    }

    /// Gives a bot another secret and answers it. The old one, and every token that it brought, ends. `None`: there is no
    /// such bot.
    pub async fn rotate_bot(&self, client_id: &str) -> Result<Option<String>, IssuerError> {
        let secret = Secret::draw(self.app.config.chance.as_ref());
        let Some(sub) = self.app.store.set_bot_secret(client_id, &secret.hash()).await? else {
            return Ok(None);
        };
        self.app.config.endings.ended(Ended::Subject { sub }).await;
        Ok(Some(secret.into_text()))
    }

    /// Takes a bot away, and ends every token that it has. One that is not there is no error.
    pub async fn remove_bot(&self, client_id: &str) -> Result<(), IssuerError> {
        if let Some(sub) = self.app.store.delete_bot(client_id).await? {
            self.app.config.endings.ended(Ended::Subject { sub }).await;
        }
        Ok(())
    }
}

impl Inner {
    pub(crate) fn now(&self) -> Duration {
        self.config.clock.now()
    }

    pub(crate) fn chance(&self) -> &dyn Chance {
        self.config.chance.as_ref()
    }

    pub(crate) async fn session_ended(&self, sid: String) {
        self.config.endings.ended(Ended::Session { sid }).await;
    }

    pub(crate) async fn folder_person(&self, name: &str) -> Result<Person, FolderPersonError> {
        let username = Username::parse(name)?;
        let sub = secret::draw_id(self.chance());
        let new = NewPerson { sub: &sub, username: username.as_str(), display_name: name.trim() };
        Ok(self.store.folder_person(new, self.now()).await?)
    }

    /// Cleans the database up when the last time is a while ago. Its failure is no failure of the request at hand.
    pub(crate) async fn sweep(&self) {
        let now = self.now();
        let last = self.swept_at.swap(now.as_secs(), Ordering::Relaxed);
        if now.as_secs().saturating_sub(last) < SWEEP_EVERY.as_secs() {
            self.swept_at.store(last, Ordering::Relaxed);
            return;
        }
        if let Err(error) = self.store.sweep(now).await {
            tracing::warn!(error = ?error, "could not clean up the issuer's database");
        }
    }
}

/// Why a name of the folder gave no person.
#[derive(Debug)]
pub(crate) enum FolderPersonError {
    Name(NameError),
    Store(StoreError),
}

impl From<NameError> for FolderPersonError {
    fn from(error: NameError) -> Self {
        Self::Name(error)
    }
}

impl From<StoreError> for FolderPersonError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<FolderPersonError> for IssuerError {
    fn from(error: FolderPersonError) -> Self {
        match error {
            FolderPersonError::Name(error) => error.into(),
            FolderPersonError::Store(error) => error.into(),
        }
    }
}

fn open_folder_key(config: &IssuerConfig) -> Result<String, IssuerError> {
    let path = config.data_dir.join(FOLDER_KEY_FILE);
    let Some(content) = folder::read_private(&path)? else {
        let key = Secret::draw(config.chance.as_ref());
        folder::write_private(&path, key.expose().as_bytes())?;
        return Ok(key.into_text());
    };
    let key = String::from_utf8(content).unwrap_or_default().trim().to_owned();
    let fits = key.len() == 43 && key.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    if fits {
        Ok(key)
    } else {
        Err(IssuerError::KeyFile { path, why: "43 characters of base64url are expected" })
    }
}
