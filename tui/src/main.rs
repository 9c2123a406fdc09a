//! `echopulse`: the client in the terminal, and commands that need none.
//!
//! `app` is the client without a terminal, `runtime` gives it one, `cli` is everything a cron job wants, `local` is this
//! computer's side: the data folder, who serves it, and who is signed in where. Deliberately absent: any protocol; that is
//! `echopulse-protocol`.

mod app;
mod cli;
mod local;
mod runtime;

use std::{io::IsTerminal, io::Write, process::ExitCode};

use clap::Parser;
use cli::{Cli, Exit, exit_of, failure};
use local::{config, folder::Folder};
use tracing_subscriber::{
    Layer,
    filter::{LevelFilter, Targets},
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let wrong = error.use_stderr();
            // Nobody may be reading; the exit code says it as well.
            let _ = error.print();
            return if wrong { ExitCode::from(Exit::Usage as u8) } else { ExitCode::SUCCESS };
        }
    };
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let words = echopulse_protocol::text::display(&format!("{error:#}"));
            let _ = writeln!(std::io::stderr(), "echopulse: {words}");
            ExitCode::from(exit_of(&error) as u8)
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<()> {
    let config = config::load().map_err(|error| failure(Exit::Usage, format!("{error:#}")))?;
    if cli.check_config {
        let place = config::path().map_or_else(String::new, |path| path.display().to_string());
        writeln!(std::io::stdout(), "the configuration is fine ({place})")?;
        return Ok(());
    }
    if cli.command.is_none() && !(std::io::stdin().is_terminal() && std::io::stdout().is_terminal()) {
        let words = "the client needs a terminal; without one use a command, such as: echopulse send '#general' -, \
                     tail, history, servers (see echopulse --help)";
        return Err(failure(Exit::Usage, words));
    }
    let mut named = cli.named;
    if let Some(name) = &named.name {
        let checked = local::account::check_name(name);
        named.name = Some(checked.map_err(|error| failure(Exit::Usage, format!("--as: {error}")))?);
    }
    let folder = Folder::open(named.data.clone(), config.limits.clone())?;
    log_to(&folder, config.log.level)?;
    let workers = std::thread::available_parallelism().map_or(2, usize::from).min(4);
    let tokio = tokio::runtime::Builder::new_multi_thread().worker_threads(workers).enable_all().build()?;
    let done = match cli.command {
        Some(command) => tokio.block_on(cli::run(command, named, folder)),
        None => tokio.block_on(runtime::run(named, folder, config)),
    };
    // A thread may wait for the folder's lock or for a key; it ends with the process.
    tokio.shutdown_background();
    done
}

/// Logs to a file in the data folder: the terminal belongs to the client.
fn log_to(folder: &Folder, level: config::Level) -> anyhow::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let file =
        std::fs::File::options().create(true).append(true).mode(0o600).open(folder.file("echopulse.log"))?;
    let level = match level {
        config::Level::Error => LevelFilter::ERROR,
        config::Level::Warn => LevelFilter::WARN,
        config::Level::Info => LevelFilter::INFO,
        config::Level::Debug => LevelFilter::DEBUG,
        config::Level::Trace => LevelFilter::TRACE,
    };
    // Libraries print whole frames when they talk much, tokens and messages included: they are never asked to.
    let chosen = Targets::new().with_target("echopulse", level).with_default(level.min(LevelFilter::WARN));
    let lines = tracing_subscriber::fmt::layer().with_writer(std::sync::Mutex::new(file)).with_ansi(false);
    tracing_subscriber::registry().with(lines.with_filter(chosen)).init();
    Ok(())
}
