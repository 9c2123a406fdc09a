//! Commands, echoed before they run.

use std::{
    env,
    ffi::OsString,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, bail};

/// The folder of the workspace.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// `cargo` with these arguments, in the workspace's folder.
pub(crate) fn cargo(args: &[&str]) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
    command.args(args).current_dir(root());
    command
}

/// A program with these arguments, in the workspace's folder.
pub(crate) fn program(name: impl Into<OsString>, args: &[&str]) -> Command {
    let mut command = Command::new(name.into());
    command.args(args).current_dir(root());
    command
}

fn spoken(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}

/// Runs a command; an error if it does not succeed.
pub(crate) fn run(mut command: Command) -> anyhow::Result<()> {
    let words = spoken(&command);
    println!("$ {words}");
    let status = command.status().with_context(|| format!("`{words}` did not start"))?;
    if !status.success() {
        bail!("`{words}` failed: {status}");
    }
    Ok(())
}

/// Runs a command and shows its standard output line by line as it comes. Answers whether it succeeded.
pub(crate) fn run_and_read(mut command: Command, mut line: impl FnMut(&str)) -> anyhow::Result<bool> {
    let words = spoken(&command);
    println!("$ {words}");
    let mut child =
        command.stdout(Stdio::piped()).spawn().with_context(|| format!("`{words}` did not start"))?;
    let output = child.stdout.take().context("the standard output was not piped")?;
    for read in BufReader::new(output).lines() {
        let read = read.with_context(|| format!("reading what `{words}` prints"))?;
        println!("{read}");
        line(&read);
    }
    Ok(child.wait()?.success())
}

/// Where a program is, if it is on the path.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}
