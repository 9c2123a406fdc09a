//! The data folder: nobody but its owner reads it, from its first moment.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Makes the folder 0700 and the file 0600 before SQLite sees it: SQLite gives its side files the file's mode.
pub(super) fn prepare(folder: &Path, file: &Path) -> Result<(), (PathBuf, io::Error)> {
    make_folder(folder).map_err(|error| (folder.to_owned(), error))?;
    make_file(file).map_err(|error| (file.to_owned(), error))
}

#[cfg(unix)]
fn make_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
    if !folder.is_dir() {
        return fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    }
    if fs::metadata(folder)?.permissions().mode() & 0o077 != 0 {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

#[cfg(unix)]
fn make_file(file: &Path) -> io::Result<()> {
    use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
    let opened = fs::OpenOptions::new().create(true).append(true).mode(0o600).open(file)?;
    if opened.metadata()?.permissions().mode() & 0o077 != 0 {
        opened.set_permissions(fs::Permissions::from_mode(0o600))?;
    }
    Ok(())
}

#[cfg(not(unix))]
fn make_folder(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}

#[cfg(not(unix))]
fn make_file(file: &Path) -> io::Result<()> {
    fs::OpenOptions::new().create(true).append(true).open(file).map(drop)
}
