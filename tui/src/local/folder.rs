//! The data folder: private, with one lock that says who serves it, and an address for everybody else.

use std::{
    fs::{self, File},
    io::{self, Read, Seek, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::config::Limits;

/// Where everything of this computer is kept, and how often people may ask whoever serves it from here.
#[derive(Clone, Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    pub(crate) limits: Limits,
}

/// Where the process that serves the folder is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Address {
    /// Its URL.
    pub(crate) url: String,
    /// Its number.
    pub(crate) pid: u32,
}

/// The right to serve the folder, until it is dropped or its process ends, however that ends.
#[derive(Debug)]
pub(crate) struct ServeLock {
    _file: File,
}

impl Folder {
    /// Opens a folder, and makes it if it is not there.
    pub(crate) fn open(named: Option<PathBuf>, limits: Limits) -> anyhow::Result<Self> {
        let path = match named {
            Some(path) => path,
            None => default_path()?,
        };
        if !path.is_dir() {
            let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(&path);
            made.with_context(|| format!("the data folder {} cannot be made", path.display()))?;
        }
        // Writing is tried now, so that what is wrong is said before anything else happens.
        let folder = Self { path, limits };
        let tried = folder.open_lock_file();
        tried.with_context(|| format!("the data folder {} cannot be written", folder.path.display()))?;
        Ok(folder)
    }

    /// Its path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A file in it.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    fn open_lock_file(&self) -> io::Result<File> {
        let options = || {
            let mut options = File::options();
            options.read(true).write(true).create(true).truncate(false).mode(0o600);
            options
        };
        options().open(self.file("serve.lock"))
    }

    /// Takes the right to serve, if nobody has it.
    pub(crate) fn try_lock(&self) -> anyhow::Result<Option<ServeLock>> {
        let file = self.open_lock_file().context("the lock of the data folder cannot be opened")?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(ServeLock::signed(file)?)),
            Err(error) if error == rustix::io::Errno::WOULDBLOCK => Ok(None),
            Err(error) => Err(error).context("the lock of the data folder cannot be taken"),
        }
    }

    /// Waits for the right to serve. Blocks its thread until whoever has it ends.
    pub(crate) fn wait_for_lock(&self) -> anyhow::Result<ServeLock> {
        let file = self.open_lock_file().context("the lock of the data folder cannot be opened")?;
        loop {
            match flock(&file, FlockOperation::LockExclusive) {
                Ok(()) => return ServeLock::signed(file),
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error).context("the lock of the data folder cannot be taken"),
            }
        }
    }

    /// Which process has the lock, as it wrote itself.
    pub(crate) fn lock_holder(&self) -> Option<u32> {
        fs::read_to_string(self.file("serve.lock")).ok()?.trim().parse().ok()
    }

    /// Where the folder is served, or was served last.
    pub(crate) fn address(&self) -> Option<Address> {
        self.read("serve.json").ok().flatten()
    }

    /// Reads a small JSON file; `None` if it is not there.
    pub(crate) fn read<T: DeserializeOwned>(&self, name: &str) -> anyhow::Result<Option<T>> {
        let path = self.file(name);
        match fs::read(&path) {
            Ok(octets) => {
                let read = serde_json::from_slice(&octets);
                Ok(Some(
                    read.with_context(|| format!("{} is damaged; remove it to begin anew", path.display()))?,
                ))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("{} cannot be read", path.display())),
        }
    }

    /// Writes a small JSON file, private from birth, all of it or nothing.
    pub(crate) fn write(&self, name: &str, value: &impl Serialize) -> anyhow::Result<()> {
        let path = self.file(name);
        write_private(&path, &serde_json::to_vec_pretty(value)?)
            .with_context(|| format!("{} cannot be written", path.display()))
    }

    /// Removes a file, if it is there.
    pub(crate) fn remove(&self, name: &str) -> anyhow::Result<()> {
        match fs::remove_file(self.file(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("{} cannot be removed", self.file(name).display()))
            }
            _ => Ok(()),
        }
    }
}

impl ServeLock {
    /// Writes this process's number into the lock, for people who ask who has it.
    fn signed(mut file: File) -> anyhow::Result<Self> {
        file.set_len(0)?;
        file.rewind()?;
        writeln!(file, "{}", std::process::id()).context("the lock of the data folder cannot be written")?;
        Ok(Self { _file: file })
    }
}

/// Writes a file 0600 beside its place, then puts it there.
pub(crate) fn write_private(path: &Path, octets: &[u8]) -> io::Result<()> {
    let beside = path.with_extension(format!("{}.new", std::process::id()));
    let mut file = File::options().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    file.write_all(octets)?;
    file.sync_all()?;
    fs::rename(&beside, path)
}

/// Reads a file that holds a secret, and refuses one that others can read.
pub(crate) fn read_secret(path: &Path) -> anyhow::Result<Option<Vec<u8>>> {
    use std::os::unix::fs::PermissionsExt;
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("{} cannot be read", path.display())),
    };
    if file.metadata()?.permissions().mode() & 0o077 != 0 {
        bail!("{} can be read by others; run: chmod 600 {}", path.display(), path.display());
    }
    let mut octets = Vec::new();
    file.read_to_end(&mut octets).with_context(|| format!("{} cannot be read", path.display()))?;
    Ok(Some(octets))
}

/// The folder that a variable names; the XDG base directories count only if they are absolute.
pub(crate) fn folder_of(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute())
}

fn default_path() -> anyhow::Result<PathBuf> {
    match (folder_of("XDG_DATA_HOME"), folder_of("HOME")) {
        (Some(data), _) => Ok(data.join("echopulse")),
        (None, Some(home)) => Ok(home.join(".local/share/echopulse")),
        (None, None) => {
            bail!("neither XDG_DATA_HOME nor HOME says where data goes; name a folder with --data")
        }
    }
}

#[cfg(test)]
mod tests;
