//! Where a world keeps everything: its folder, the shared cache, secrets, ports.

use std::{
    collections::BTreeSet,
    env, fs,
    io::Write,
    net::TcpListener,
    os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use anyhow::Context;
use rand::{Rng, distr::Alphanumeric};
use rustix::fs::{FlockOperation, flock};

use super::process::{Identity, ending};
use crate::command;

/// The file that describes a running world.
pub(crate) const DESCRIPTION: &str = "world.json";
/// Names the process that a world must not outlive.
const OWNER: &str = "owner";

/// Where cargo builds.
pub(crate) fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| command::root().join("target"), PathBuf::from)
}

/// Downloaded and prepared things that every world uses: kept between worlds.
pub(crate) fn cache() -> anyhow::Result<PathBuf> {
    let folder = target().join("world/cache");
    fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    Ok(fs::canonicalize(folder)?)
}

/// Whether every user of this machine may pass through all folders above.
fn all_may_pass(folder: &Path) -> bool {
    folder.ancestors().all(|part| fs::metadata(part).is_ok_and(|meta| meta.mode() & 0o001 != 0))
}

/// The folder above all worlds of this work tree. Beside the build, unless PostgreSQL, which refuses to run as root, could
/// not reach it there as a user of its own: then in the temporary folder.
pub(crate) fn worlds() -> anyhow::Result<PathBuf> {
    let beside = target().join("world");
    fs::create_dir_all(&beside).with_context(|| format!("{} cannot be made", beside.display()))?;
    let beside = fs::canonicalize(beside)?;
    if !rustix::process::geteuid().is_root() || all_may_pass(&beside) {
        return Ok(beside);
    }
    let words = beside.to_string_lossy().replace('/', "-");
    let elsewhere = env::temp_dir().join(format!("echopulse{words}"));
    fs::create_dir_all(&elsewhere)?;
    // Owned by root and closed to writing, so that nobody else can have laid it.
    let meta = fs::symlink_metadata(&elsewhere)?;
    anyhow::ensure!(meta.is_dir() && meta.uid() == 0, "{} is somebody else's", elsewhere.display());
    fs::set_permissions(&elsewhere, fs::Permissions::from_mode(0o711))?;
    Ok(elsewhere)
}

/// Makes an empty folder for a world that lives as long as `owner`, or until it is stopped.
pub(crate) fn make(name: &str, owner: Option<Identity>) -> anyhow::Result<PathBuf> {
    let folder = worlds()?.join(name);
    fs::create_dir(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    // Others may pass, to reach what is theirs, and may not look around.
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o711))?;
    if let Some(owner) = owner {
        fs::write(folder.join(OWNER), owner.line())?;
    }
    Ok(folder)
}

/// The processes of a world that are recorded in its folder, alive or not.
pub(crate) fn processes(folder: &Path) -> Vec<(String, Identity)> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let files = entries.filter_map(Result::ok).map(|entry| entry.path());
    let mut found: Vec<_> = files
        .filter(|file| file.extension().is_some_and(|ending| ending == "pid"))
        .filter_map(|file| Some((file.file_stem()?.to_string_lossy().into_owned(), Identity::read(&file)?)))
        .collect();
    found.sort_by(|one, other| one.0.cmp(&other.0));
    found
}

/// Stops everything that a world started: first what uses the four parts, then those, each lot at once.
pub(crate) fn stop(folder: &Path) {
    let is_part = |name: &str| ["postgres", "redis", "kafka", "keycloak"].contains(&name);
    let (parts, users): (Vec<_>, Vec<_>) = processes(folder).into_iter().partition(|(name, _)| is_part(name));
    for lot in [users, parts] {
        std::thread::scope(|scope| {
            for (name, process) in lot {
                scope.spawn(move || process.stop(ending(&name)));
            }
        });
    }
}

/// Stops a world and removes all that it left.
pub(crate) fn clear(folder: &Path) -> anyhow::Result<()> {
    stop(folder);
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("{} cannot be removed", folder.display()))?;
    }
    Ok(())
}

/// Clears worlds whose owner died without stopping them.
pub(crate) fn sweep() -> anyhow::Result<()> {
    for entry in fs::read_dir(worlds()?)?.filter_map(Result::ok) {
        let folder = entry.path();
        let owner = folder.join(OWNER);
        if owner.is_file() && !Identity::read(&owner).is_some_and(Identity::is_alive) {
            clear(&folder)?;
        }
    }
    Ok(())
}

/// Writes a file that only its owner may read.
pub(crate) fn write_secret(file: &Path, content: &str) -> anyhow::Result<()> {
    let mut options = fs::OpenOptions::new();
    let mut open = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(file)
        .with_context(|| format!("{} cannot be written", file.display()))?;
    open.write_all(content.as_bytes())?;
    Ok(())
}

/// A random password of letters and digits: safe in URLs, JSON, SQL and configuration files as it is.
pub(crate) fn password() -> String {
    rand::rng().sample_iter(Alphanumeric).take(32).map(char::from).collect()
}

/// Several free ports on 127.0.0.1, none of which this program has given out before.
pub(crate) fn free_ports(count: usize) -> anyhow::Result<Vec<u16>> {
    static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());
    let mut given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
    let mut ports = Vec::new();
    // Held until all are found, so that the system gives another one each time.
    let mut held = Vec::new();
    while ports.len() < count {
        let listener = TcpListener::bind("127.0.0.1:0").context("no free port on 127.0.0.1")?;
        let port = listener.local_addr()?.port();
        held.push(listener);
        if given.insert(port) {
            ports.push(port);
        }
    }
    Ok(ports)
}

/// Makes something in the cache once, however many programs want it at the same time.
pub(crate) fn once(folder: &Path, make: impl FnOnce(&Path) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let ready = folder.join("ready");
    fs::create_dir_all(folder)?;
    let lock = fs::File::create(folder.join("lock"))?;
    flock(&lock, FlockOperation::LockExclusive)?;
    if ready.is_file() {
        return Ok(());
    }
    // What an interrupted attempt left is not trusted.
    for entry in fs::read_dir(folder)?.filter_map(Result::ok) {
        let path = entry.path();
        if path.is_dir() {
            fs::remove_dir_all(&path)?;
        }
    }
    make(folder)?;
    fs::write(ready, "")?;
    Ok(())
}

/// Lays a folder again elsewhere: hard links where the file system allows, copies otherwise. For files that nobody changes.
pub(crate) fn link_tree(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type()?.is_dir() {
            link_tree(&source, &target)?;
        } else if fs::hard_link(&source, &target).is_err() {
            fs::copy(&source, &target).with_context(|| format!("copying {}", source.display()))?;
        }
    }
    Ok(())
}

/// Lays a folder again elsewhere, for files that will change.
pub(crate) fn copy_tree(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type()?.is_dir() {
            copy_tree(&source, &target)?;
        } else {
            fs::copy(&source, &target).with_context(|| format!("copying {}", source.display()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_come_once() {
        let mut ports = free_ports(20).expect("there are ports");
        ports.sort_unstable();
        ports.dedup();
        assert_eq!(ports.len(), 20);
    }

    #[test]
    fn a_secret_is_its_owners() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("secret");
        write_secret(&file, &password()).expect("it is written");
        let meta = fs::metadata(&file).expect("it is there");
        assert_eq!((meta.mode() & 0o777, meta.len()), (0o600, 32));
    }

    #[test]
    fn things_are_made_once_and_again_after_an_interruption() {
        let folder = tempfile::tempdir().expect("a folder");
        let thing = folder.path().join("thing");
        once(&thing, |_| anyhow::bail!("interrupted")).expect_err("it was interrupted");
        let mut made = 0;
        for _ in 0..2 {
            once(&thing, |_| {
                made += 1;
                Ok(())
            })
            .expect("it is made");
        }
        assert_eq!(made, 1);
    }
}
