//! Clients of others: fetched once below `target/interop`, by npm, pip and Maven, at the versions that are written down beside the scripts.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Mutex,
};

use anyhow::{Context, bail, ensure};

/// Two tests of one program do not fetch the same thing at once.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Where the scripts are.
fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("interop")
}

/// The folder of everything that is built.
fn target() -> anyhow::Result<PathBuf> {
    let program = std::env::current_exe()?;
    let profile = program
        .ancestors()
        .find(|folder| folder.file_name().is_some_and(|name| name == "debug" || name == "release"));
    Ok(profile.and_then(Path::parent).context("the tests run outside of a target folder")?.to_owned())
}

fn run(program: &mut Command) -> anyhow::Result<()> {
    let what = program.get_program().to_string_lossy().into_owned();
    let done = program.output().with_context(|| {
        format!("{what} is missing; `cargo xtask test` installs it, or names the line to run")
    })?;
    if !done.status.success() {
        bail!("{what}: {}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    }
    Ok(())
}

/// Fetches into a folder, unless what is `wanted` is there already.
fn fetch(
    name: &str,
    wanted: &str,
    install: impl FnOnce(&Path) -> anyhow::Result<()>,
) -> anyhow::Result<PathBuf> {
    let _one = ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let folder = target()?.join("interop").join(name);
    let mark = folder.join("fetched");
    if fs::read_to_string(&mark).is_ok_and(|fetched| fetched == wanted) {
        return Ok(folder);
    }
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    install(&folder).with_context(|| format!("the clients for {name} cannot be fetched"))?;
    fs::write(mark, wanted)?;
    Ok(folder)
}

/// What node runs: the scripts stand beside the clients, where node looks for these.
///
/// # Errors
///
/// If node or npm is missing, or the clients cannot be fetched.
pub fn node() -> anyhow::Result<PathBuf> {
    let from = scripts().join("node");
    let wanted = fs::read_to_string(from.join("package.json"))?;
    let folder = fetch("node", &wanted, |folder| {
        fs::write(folder.join("package.json"), &wanted)?;
        let quiet = ["--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts", "--loglevel=error"];
        run(Command::new("npm").arg("install").args(quiet).current_dir(folder))
    })?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        fs::copy(entry.path(), folder.join(entry.file_name()))?;
    }
    Ok(folder)
}

/// A Python that has the clients.
///
/// # Errors
///
/// If Python is missing, or the clients cannot be fetched.
pub fn python() -> anyhow::Result<PathBuf> {
    let list = scripts().join("python/requirements.txt");
    let wanted = fs::read_to_string(&list)?;
    let folder = fetch("python", &wanted, |folder| {
        run(Command::new("python3").args(["-m", "venv"]).arg(folder.join("venv")))?;
        let pip = folder.join("venv/bin/pip");
        run(Command::new(pip).args(["install", "--quiet", "--requirement"]).arg(&list))
    })?;
    let python = folder.join("venv/bin/python");
    ensure!(python.is_file(), "{} is no Python", python.display());
    Ok(python)
}

/// What Java needs on its class path to run `Facts.java`, and that file.
///
/// # Errors
///
/// If Java or Maven is missing, or the client cannot be fetched.
pub fn java() -> anyhow::Result<(PathBuf, PathBuf)> {
    let from = scripts().join("java");
    let project = from.join("pom.xml");
    let wanted = fs::read_to_string(&project)?;
    let folder = fetch("java", &wanted, |folder| {
        let jars = format!("-DoutputDirectory={}", folder.join("jars").display());
        let mut maven = Command::new("mvn");
        maven.args(["-B", "-ntp", "-q", "-f"]).arg(&project);
        run(maven.args(["dependency:copy-dependencies", "-DincludeScope=runtime", &jars]))
    })?;
    Ok((folder.join("jars/*"), from.join("Facts.java")))
}

/// Where a script for Python is.
#[must_use]
pub fn python_script(name: &str) -> PathBuf {
    scripts().join("python").join(name)
}
