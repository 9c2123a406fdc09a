//! What a reviewer should not have to say.

use std::path::PathBuf;

use crate::command::{self, cargo, find, program, root};

/// The version of cargo-deny that `deny.toml` is written for.
const CARGO_DENY: &str = "0.20.2";
/// The version of typos that `_typos.toml` is written for.
const CHECK_JSONSCHEMA: &str = "0.39.0";
const TYPOS: &str = "1.52.0";

/// Formatting, clippy, documentation, dependencies, spelling.
pub(crate) fn run() -> anyhow::Result<()> {
    command::run(cargo(&["fmt", "--all", "--check"]))?;
    command::run(cargo(&[
        "clippy",
        "--workspace",
        "--all-targets",
        "--all-features",
        "--",
        "--deny",
        "warnings",
    ]))?;
    let mut doc = cargo(&["doc", "--workspace", "--all-features", "--no-deps", "--document-private-items"]);
    doc.env("RUSTDOCFLAGS", "--deny warnings");
    command::run(doc)?;
    deny()?;
    compose()?;
    spelling()
}

/// `compose.yml` against the schema of such files.
fn compose() -> anyhow::Result<()> {
    let check = python_tool("check-jsonschema", CHECK_JSONSCHEMA)?;
    command::run(program(check, &["--builtin-schema", "vendor.compose-spec", "compose.yml"]))
}

/// A program off the Python package index: the one on the path, or one in a folder of its own below `target`.
fn python_tool(name: &str, version: &str) -> anyhow::Result<PathBuf> {
    let tools = root().join("target/tools").join(name);
    let local = tools.join("bin").join(name);
    if let Some(found) = find(name) {
        return Ok(found);
    }
    if !local.is_file() {
        let mut venv = program("python3", &["-m", "venv"]);
        venv.arg(&tools);
        command::run(venv)?;
        command::run(program(tools.join("bin/pip"), &["install", "--quiet", &format!("{name}=={version}")]))?;
    }
    Ok(local)
}

/// Licences, bans and sources of dependencies. Advisories need the network's advisory database: `cargo deny check` alone asks it.
fn deny() -> anyhow::Result<()> {
    let tools = root().join("target/tools");
    let local = tools.join("bin/cargo-deny");
    if find("cargo-deny").is_none() && !local.is_file() {
        let mut install = cargo(&["install", "cargo-deny", "--version", CARGO_DENY, "--locked", "--root"]);
        install.arg(&tools);
        command::run(install)?;
    }
    let binary = find("cargo-deny").unwrap_or(local);
    command::run(program(binary, &["--all-features", "check", "bans", "licenses", "sources"]))
}

fn spelling() -> anyhow::Result<()> {
    command::run(program(python_tool("typos", TYPOS)?, &[]))
}
