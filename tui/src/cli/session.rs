//! What a command works with: a client of the chosen account, the folder's backend if it is ours, and the chosen server.

use std::io::IsTerminal;

use echopulse_protocol::{
    client::Client,
    event::{Channel, Server},
    rest::ServerDetail,
    text,
};

use super::{Exit, args::Named, failure, output::Output};
use crate::local::{account::Account, folder::Folder};

/// A command's surroundings.
pub(crate) struct Connected {
    pub(crate) account: Account,
    pub(crate) client: Client,
    pub(crate) output: Output,
    named: Named,
    #[cfg(feature = "local")]
    host: Option<crate::local::host::Host>,
}

impl Connected {
    /// Connects as `account`; a folder that nobody serves is served for as long as the command takes.
    pub(crate) async fn open(folder: &Folder, account: Account, named: Named) -> anyhow::Result<Self> {
        #[cfg(feature = "local")]
        let host = match &account {
            Account::Local { .. } => Some(crate::local::host::Host::open(folder).await?),
            Account::Remote { .. } => None,
        };
        let client = account.client(folder).await?;
        let output = Output::new(named.json, std::io::stdout().is_terminal());
        Ok(Self {
            account,
            client,
            output,
            named,
            #[cfg(feature = "local")]
            host,
        })
    }

    /// Ends what was begun.
    pub(crate) async fn close(self) -> anyhow::Result<()> {
        #[cfg(feature = "local")]
        if let Some(host) = self.host {
            host.close().await?;
        }
        Ok(())
    }

    /// The server that the command line names, or the only one.
    pub(crate) async fn server(&self) -> anyhow::Result<Server> {
        let mut servers = self.client.rest().servers().await?;
        let names = |servers: &[Server]| {
            servers.iter().map(|server| format!("`{}`", server.name)).collect::<Vec<_>>().join(", ")
        };
        if let Some(wanted) = &self.named.server {
            let key = text::clean_line(wanted).to_lowercase();
            let all = names(&servers);
            servers.retain(|server| server.name.to_lowercase() == key || server.id.to_string() == key);
            return match servers.len() {
                1 => Ok(servers.remove(0)),
                0 if all.is_empty() => Err(no_server()),
                0 => Err(failure(Exit::NotFound, format!("you are in no server `{key}`; you are in {all}"))),
                _ => Err(failure(
                    Exit::Usage,
                    format!("several of your servers are called `{key}`; name one by its id"),
                )),
            };
        }
        match servers.len() {
            0 => Err(no_server()),
            1 => Ok(servers.remove(0)),
            _ => Err(failure(
                Exit::Usage,
                format!("you are in several servers; say which with --server: {}", names(&servers)),
            )),
        }
    }

    /// That server, with everything in it.
    pub(crate) async fn detail(&self) -> anyhow::Result<ServerDetail> {
        Ok(self.client.rest().server(self.server().await?.id).await?)
    }

    /// A channel of that server, by `#name` or name.
    pub(crate) async fn channel(&self, wanted: &str) -> anyhow::Result<(ServerDetail, Channel)> {
        let detail = self.detail().await?;
        let name = text::channel_name(wanted);
        let found =
            detail.channels.iter().find(|channel| channel.name == name || channel.id.to_string() == name);
        match found.cloned() {
            Some(channel) => Ok((detail, channel)),
            None => {
                let all: Vec<_> =
                    detail.channels.iter().map(|channel| format!("#{}", channel.name)).collect();
                let words =
                    format!("{} has no channel #{name}; it has {}", detail.server.name, all.join(", "));
                Err(failure(Exit::NotFound, words))
            }
        }
    }
}

fn no_server() -> anyhow::Error {
    failure(
        Exit::NotFound,
        "you are in no server yet; make one with: echopulse servers create NAME, or: echopulse join CODE",
    )
}
