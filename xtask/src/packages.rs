//! System packages that the tests need: named, and as root installed.

use anyhow::bail;

use crate::command::{find, program, run};

/// A program and the Debian package that brings it.
pub(crate) struct Package {
    pub(crate) program: &'static str,
    pub(crate) package: &'static str,
}

/// What the tests run besides cargo.
pub(crate) const FOR_TESTS: &[Package] = &[
    Package { program: "cc", package: "gcc" },
    Package { program: "tmux", package: "tmux" },
    Package { program: "chromium", package: "chromium" },
    Package { program: "chromedriver", package: "chromium-driver" },
];

/// Sees to it that the programs are there. As root it installs what is missing; otherwise, or if told not to, it names
/// the one line to run.
pub(crate) fn ensure(packages: &[Package], may_install: bool) -> anyhow::Result<()> {
    let missing: Vec<_> = packages
        .iter()
        .filter(|wanted| find(wanted.program).is_none())
        .map(|wanted| wanted.package)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.join(" ");
    let root = rustix::process::geteuid().is_root();
    if !may_install || !root || find("apt-get").is_none() {
        bail!(
            "these programs are missing; install them first:\n    sudo apt-get install --no-install-recommends {names}"
        );
    }
    println!("installing what the tests need: {names}");
    run(program("apt-get", &["update", "-qq"]))?;
    let mut install = program("apt-get", &["install", "-y", "-qq", "--no-install-recommends"]);
    install.args(&missing).env("DEBIAN_FRONTEND", "noninteractive");
    run(install)
}
