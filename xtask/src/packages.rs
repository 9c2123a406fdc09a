//! System packages that tests and the distributed world need: named, and as root installed.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use anyhow::{Context, bail};

use crate::{
    command::{find, program, run},
    world,
};

/// A program and the Debian package that brings it.
pub(crate) struct Package {
    pub(crate) program: &'static str,
    pub(crate) package: &'static str,
}

/// What the tests run besides cargo.
pub(crate) const FOR_TESTS: &[Package] = &[
    Package { program: "cc", package: "gcc" },
    Package { program: "c++", package: "g++" },
    Package { program: "make", package: "make" },
    Package { program: "curl", package: "curl" },
    Package { program: "jq", package: "jq" },
    Package { program: "tmux", package: "tmux" },
    Package { program: "chromium", package: "chromium" },
    Package { program: "chromedriver", package: "chromium-driver" },
    Package { program: "node", package: "nodejs" },
    Package { program: "npm", package: "npm" },
    Package { program: "python3", package: "python3-venv" },
    Package { program: "javac", package: "default-jdk-headless" },
    Package { program: "mvn", package: "maven" },
];

/// What the distributed world runs besides PostgreSQL, whose programs Debian keeps off the path. Maven fetches Kafka and
/// Keycloak, which want Java 17 or later.
const FOR_WORLD: &[Package] = &[
    Package { program: "redis-server", package: "redis-server" },
    Package { program: "java", package: "default-jre-headless" },
    Package { program: "mvn", package: "maven" },
];

/// The start script of Debian's packages asks this program whether a service may be started.
const POLICY: &str = "/usr/sbin/policy-rc.d";

/// Sees to it that the programs are there. As root it installs what is missing; otherwise, or if told not to, it names
/// the one line to run.
pub(crate) fn ensure(packages: &[Package], may_install: bool) -> anyhow::Result<()> {
    install(missing(packages), may_install)
}

/// The same for the distributed world.
pub(crate) fn ensure_world(may_install: bool) -> anyhow::Result<()> {
    let mut names = missing(FOR_WORLD);
    if world::postgres_programs().is_none() {
        names.push("postgresql-15");
    }
    install(names, may_install)
}

fn missing(packages: &[Package]) -> Vec<&'static str> {
    packages.iter().filter(|wanted| find(wanted.program).is_none()).map(|wanted| wanted.package).collect()
}

fn install(missing: Vec<&str>, may_install: bool) -> anyhow::Result<()> {
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
    println!("installing what is missing: {names}");
    if missing.iter().any(|name| name.starts_with("postgresql")) {
        no_main_cluster()?;
    }
    let quiet = Quiet::begin(Path::new(POLICY))?;
    run(program("apt-get", &["update", "-qq"]))?;
    let mut install = program("apt-get", &["install", "-y", "-qq", "--no-install-recommends"]);
    install.args(&missing).env("DEBIAN_FRONTEND", "noninteractive");
    let done = run(install);
    drop(quiet);
    done
}

/// Keeps PostgreSQL's package from making and starting a database of its own.
fn no_main_cluster() -> anyhow::Result<()> {
    let folder = Path::new("/etc/postgresql-common/createcluster.d");
    fs::create_dir_all(folder)?;
    let file = folder.join("echopulse.conf");
    fs::write(&file, "create_main_cluster = false\n")
        .with_context(|| format!("{} cannot be written", file.display()))
}

/// While it lives, packages that are installed start no services. Leaves alone whatever the machine says about that itself.
struct Quiet<'a>(Option<&'a Path>);

impl<'a> Quiet<'a> {
    fn begin(policy: &'a Path) -> anyhow::Result<Self> {
        if policy.exists() {
            return Ok(Self(None));
        }
        fs::write(policy, "#!/bin/sh\nexit 101\n")
            .with_context(|| format!("{} cannot be written", policy.display()))?;
        fs::set_permissions(policy, fs::Permissions::from_mode(0o755))?;
        Ok(Self(Some(policy)))
    }
}

impl Drop for Quiet<'_> {
    fn drop(&mut self) {
        if let Some(policy) = self.0 {
            let _ = fs::remove_file(policy);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_may_start_again_afterwards() {
        let folder = tempfile::tempdir().expect("a folder");
        let policy = folder.path().join("policy-rc.d");
        let quiet = Quiet::begin(&policy).expect("it is written");
        assert!(policy.exists());
        drop(quiet);
        assert!(!policy.exists());

        fs::write(&policy, "the machine's own").expect("it is written");
        drop(Quiet::begin(&policy).expect("there is one"));
        assert!(policy.exists());
    }
}
