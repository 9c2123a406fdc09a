//! Commands that need no terminal: everything a cron job wants.

mod args;
mod bots;
mod browse;
mod login;
mod output;
#[cfg(feature = "local")]
mod serve;
mod session;
mod talk;
mod webhooks;

use args::Make;
pub(crate) use args::{Cli, Command, Named};
use echopulse_protocol::client::ClientError;

use crate::local::{
    account::{Account, introduce},
    folder::Folder,
};
pub(crate) use session::Connected;

/// How a process ends. Documented in the README.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    Failed = 1,
    Usage = 2,
    NotSignedIn = 3,
    NotFound = 4,
    Unreachable = 5,
    Refused = 6,
}

/// A failure that knows its exit code.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    pub(crate) words: String,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.words)
    }
}

impl std::error::Error for Failure {}

/// A failure with these words.
pub(crate) fn failure(exit: Exit, words: impl Into<String>) -> anyhow::Error {
    Failure { exit, words: words.into() }.into()
}

/// The exit code of an error.
pub(crate) fn exit_of(error: &anyhow::Error) -> Exit {
    if let Some(failure) = error.downcast_ref::<Failure>() {
        return failure.exit;
    }
    match error.chain().find_map(|cause| cause.downcast_ref::<ClientError>()) {
        Some(ClientError::NotSignedIn(_) | ClientError::SignIn(_)) => Exit::NotSignedIn,
        Some(ClientError::Unreachable { .. } | ClientError::NotEchoPulse { .. }) => Exit::Unreachable,
        Some(ClientError::Address { .. }) => Exit::Usage,
        Some(ClientError::Problem(problem)) => match problem.status {
            401 => Exit::NotSignedIn,
            403 | 404 => Exit::NotFound,
            500.. => Exit::Unreachable,
            _ => Exit::Refused,
        },
        _ => Exit::Failed,
    }
}

/// Runs one command.
pub(crate) async fn run(command: Command, cli: Named, folder: Folder) -> anyhow::Result<()> {
    match command {
        #[cfg(feature = "local")]
        Command::Serve(options) => return serve::run(&folder, options).await,
        Command::Login { url } => return login::login(&folder, &url).await,
        Command::Logout => return login::logout(&folder).await,
        _ => {}
    }
    let Some(account) = Account::chosen(&folder, cli.name.as_deref())? else {
        let words = "nobody has given a name in this data folder yet; say who you are with --as NAME, or sign in with: \
                     echopulse login URL";
        return Err(failure(Exit::NotSignedIn, words));
    };
    let connected = Connected::open(&folder, account, cli).await?;
    let done = dispatch(command, &connected).await;
    let closed = connected.close().await;
    done.and(closed)
}

async fn dispatch(command: Command, connected: &Connected) -> anyhow::Result<()> {
    if let Account::Local { name } = &connected.account {
        introduce(&connected.client, name).await?;
    }
    match command {
        Command::Whoami => browse::whoami(connected).await,
        Command::Servers { make: None } => browse::servers(connected).await,
        Command::Servers { make: Some(Make::Create { name }) } => {
            browse::create_server(connected, name).await
        }
        Command::Channels { make: None } => browse::channels(connected).await,
        Command::Channels { make: Some(Make::Create { name }) } => {
            browse::create_channel(connected, name).await
        }
        Command::Bots { what } => bots::run(connected, what).await,
        Command::Webhooks { what } => webhooks::run(connected, what).await,
        Command::Members => browse::members(connected).await,
        Command::Invite(options) => browse::invite(connected, options).await,
        Command::Join { code } => browse::join(connected, &code).await,
        Command::Send { channel, text } => talk::send(connected, &channel, text).await,
        Command::Tail { channel, since } => talk::tail(connected, &channel, since).await,
        Command::History { channel, limit, before } => {
            talk::history(connected, &channel, limit, before).await
        }
        #[cfg(feature = "local")]
        Command::Serve(_) => Ok(()),
        Command::Login { .. } | Command::Logout => Ok(()),
    }
}
