//! Who is signed in, and where: a person of this folder, or an account at a deployment elsewhere.

use std::sync::Arc;

use anyhow::{Context, bail};
use echopulse_protocol::{
    client::{Client, Deployed, LocalFolder, Place, Refreshing},
    text,
};
use serde::{Deserialize, Serialize};

use super::{folder::Folder, place::LocalPlace, tokens::TokenFile};

/// What the folder remembers of its person.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Profile {
    /// The name they gave at the first start.
    #[serde(default)]
    pub(crate) name: Option<String>,
    /// The deployment elsewhere that they signed in to last, and have not signed out of.
    #[serde(default)]
    pub(crate) deployment: Option<String>,
}

const PROFILE: &str = "profile.json";

impl Profile {
    pub(crate) fn load(folder: &Folder) -> anyhow::Result<Self> {
        Ok(folder.read(PROFILE)?.unwrap_or_default())
    }

    pub(crate) fn save(&self, folder: &Folder) -> anyhow::Result<()> {
        folder.write(PROFILE, self)
    }
}

/// Whose client this is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Account {
    /// A person of this folder, on its own backend.
    Local {
        /// Their name, as they typed it.
        name: String,
    },
    /// An account at a deployment.
    Remote {
        /// Where.
        url: String,
    },
}

impl Account {
    /// The account that the command line and the folder name. `None`: nobody gave a name yet.
    pub(crate) fn chosen(folder: &Folder, named: Option<&str>) -> anyhow::Result<Option<Self>> {
        let profile = Profile::load(folder)?;
        Ok(match (named, profile.deployment, profile.name) {
            (Some(name), ..) => Some(Self::Local { name: name.to_owned() }),
            (None, Some(url), _) => Some(Self::Remote { url }),
            (None, None, Some(name)) => Some(Self::Local { name }),
            (None, None, None) => None,
        })
    }

    /// The name of the account's cache file.
    pub(crate) fn cache_name(&self) -> String {
        match self {
            Self::Local { name } => format!("client-{}.db", text::username(name)),
            Self::Remote { url } => format!("client-{}.db", file_name(url)),
        }
    }

    /// A client for the account.
    pub(crate) async fn client(&self, folder: &Folder) -> anyhow::Result<Client> {
        match self {
            Self::Local { name } => {
                let place: Arc<dyn Place> = Arc::new(LocalPlace::new(folder.clone()));
                let key = folder.file("folder.key");
                let tokens = LocalFolder::new(Arc::clone(&place), key, text::username(name));
                Ok(Client::new(place, Arc::new(tokens))?)
            }
            Self::Remote { url } => {
                let place: Arc<dyn Place> = Arc::new(Deployed::new(url)?);
                let store = Arc::new(token_file(folder, url));
                // The id is the same everywhere; a deployment that is away must not keep the client from starting.
                let tokens = Refreshing::new(Arc::clone(&place), "echopulse-tui", store);
                Ok(Client::new(place, Arc::new(tokens))?)
            }
        }
    }
}

/// The name of the file that keeps a deployment's tokens.
pub(crate) fn token_name(url: &str) -> String {
    format!("tokens-{}.json", file_name(url))
}

/// Where the tokens of a deployment are kept.
pub(crate) fn token_file(folder: &Folder, url: &str) -> TokenFile {
    TokenFile::new(folder.file(&token_name(url)))
}

fn file_name(url: &str) -> String {
    url.chars().map(|found| if found.is_ascii_alphanumeric() || found == '.' { found } else { '-' }).collect()
}

/// Checks a name that somebody gave for themselves.
pub(crate) fn check_name(name: &str) -> anyhow::Result<String> {
    let cleaned = text::clean_line(name);
    if cleaned.is_empty() {
        bail!("a name has something visible in it");
    }
    let length = cleaned.chars().count();
    if length > 32 {
        bail!("a name has at most 32 characters, not {length}");
    }
    Ok(cleaned)
}

/// Shows a person of this folder by the name they typed, if that is more than their username.
pub(crate) async fn introduce(client: &Client, name: &str) -> anyhow::Result<()> {
    let me = client.rest().me().await.context("the folder's backend does not know you")?;
    if me.display_name == me.username && me.display_name != name {
        let change = echopulse_protocol::rest::UpdateMe { display_name: Some(name.to_owned()), bio: None };
        client.rest().update_me(&change).await?;
    }
    Ok(())
}
