//! The browser client: checks it, tests it, and writes the built files that the backend carries. The only task that needs Node.

use anyhow::ensure;

use crate::command::{self, find, program, root};

/// Builds `web/dist` from `web/src`.
pub(crate) fn run() -> anyhow::Result<()> {
    ensure!(find("npm").is_some(), "npm is not there: install Node 20.19 or later");
    for words in [&["ci"][..], &["test"], &["run", "build"]] {
        let mut npm = program("npm", words);
        npm.current_dir(root().join("web"));
        command::run(npm)?;
    }
    Ok(())
}
