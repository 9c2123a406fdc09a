//! Serving a data folder without a client.

use std::{
    io::{IsTerminal, Write},
    time::Duration,
};

use anyhow::Context;
use echopulse_all_in_one::{Config, Listen, Owner, OwnerNeedsPassword};
use tokio::signal::unix::{SignalKind, signal};

use super::{Exit, args::Serve, failure};
use crate::local::{
    account::Profile,
    folder::{Folder, ServeLock, read_secret},
    host,
};

/// How long a folder that is being served is waited for.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often its lock is tried.
const GLANCE: Duration = Duration::from_millis(100);

/// Serves until SIGINT or SIGTERM; prints the URL on one line.
pub(super) async fn run(folder: &Folder, options: Serve) -> anyhow::Result<()> {
    let lock = lock(folder).await?;
    let mut running = match start(folder, &options, None).await {
        Err(error) if error.is::<OwnerNeedsPassword>() => {
            let owner = owner(folder, &options)?;
            start(folder, &options, Some(owner)).await?
        }
        other => other?,
    };
    host::publish(folder, &running)?;
    // Whoever reads the URL may end us at once: we listen for that first.
    let (mut interrupted, mut terminated) =
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let mut out = std::io::stdout();
    writeln!(out, "{}", running.url)?;
    out.flush()?;
    tokio::select! {
        _ = interrupted.recv() => {}
        _ = terminated.recv() => {}
        ended = running.wait() => ended?,
    }
    running.shutdown().await?;
    drop(lock);
    Ok(())
}

async fn start(
    folder: &Folder,
    options: &Serve,
    owner: Option<Owner>,
) -> anyhow::Result<echopulse_all_in_one::Running> {
    let config = Config {
        listen: Listen::Address(options.listen),
        public_url: options.public_url.clone(),
        allow_sign_up: true,
        limits: folder.limits.clone().into(),
        owner,
        ..Config::new(folder.path())
    };
    echopulse_all_in_one::start(config).await
}

async fn lock(folder: &Folder) -> anyhow::Result<ServeLock> {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        if let Some(lock) = folder.try_lock()? {
            return Ok(lock);
        }
        if tokio::time::Instant::now() >= deadline {
            let holder = folder
                .lock_holder()
                .map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"));
            let words = format!("{holder} serves {} already; end it first", folder.path().display());
            return Err(failure(Exit::Failed, words));
        }
        tokio::time::sleep(GLANCE).await;
    }
}

/// The folder's first person, with a password from a file, or asked for on the terminal.
fn owner(folder: &Folder, options: &Serve) -> anyhow::Result<Owner> {
    let name = Profile::load(folder)?
        .name
        .map_or_else(|| "owner".to_owned(), |name| echopulse_protocol::text::username(&name));
    if let Some(path) = &options.password_file {
        let read = read_secret(path)?.with_context(|| format!("{} is not there", path.display()))?;
        let text = String::from_utf8(read).with_context(|| format!("{} is not text", path.display()))?;
        let password = text.lines().next().unwrap_or_default().to_owned();
        return Ok(Owner { name, password });
    }
    if !std::io::stdin().is_terminal() {
        let words = "people elsewhere can reach this address, so the folder's first person needs a password: name a file \
                     with --password-file";
        return Err(failure(Exit::Usage, words));
    }
    let mut out = std::io::stdout();
    writeln!(
        out,
        "People elsewhere can reach this address, so {name}, the folder's first person, needs a password."
    )?;
    write!(out, "Password (8 characters or more): ")?;
    out.flush()?;
    let password = ask_unseen()?;
    Ok(Owner { name, password })
}

/// Reads a line from the terminal without showing it.
fn ask_unseen() -> anyhow::Result<String> {
    use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
    let input = std::io::stdin();
    let before = tcgetattr(&input).context("the terminal does not answer")?;
    let mut silent = before.clone();
    silent.local_modes.remove(LocalModes::ECHO);
    tcsetattr(&input, OptionalActions::Now, &silent)?;
    let mut line = String::new();
    let read = input.read_line(&mut line);
    tcsetattr(&input, OptionalActions::Now, &before)?;
    writeln!(std::io::stdout())?;
    read.context("the password cannot be read")?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
