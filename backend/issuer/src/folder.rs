//! Secret files: made whole, 0600 in a 0700 folder, and refused when others can read them.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

use crate::error::IssuerError;

/// Makes a folder that only its owner can open, unless it is there already.
pub(crate) fn make_private_dir(path: &Path) -> Result<(), IssuerError> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|source| file_error(path, source))
}

/// Makes an empty file that only its owner can read, unless it is there already. SQLite gives its side files the same mode.
pub(crate) fn touch_private(path: &Path) -> Result<(), IssuerError> {
    match private_options().create_new(true).open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => refuse_exposed(path),
        Err(source) => Err(file_error(path, source)),
    }
}

/// Writes a secret file that was not there. A crash leaves the whole file or none.
pub(crate) fn write_private(path: &Path, content: &[u8]) -> Result<(), IssuerError> {
    let draft = path.with_extension("new");
    let written = (|| {
        let mut file = private_options().create(true).truncate(true).open(&draft)?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&draft, path)?;
        path.parent().map_or(Ok(()), sync_dir)
    })();
    written.map_err(|source| file_error(path, source))
}

/// Reads a secret file; `None` when it is not there.
pub(crate) fn read_private(path: &Path) -> Result<Option<Vec<u8>>, IssuerError> {
    match fs::read(path) {
        Ok(content) => refuse_exposed(path).map(|()| Some(content)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(file_error(path, source)),
    }
}

/// The files of a folder with this extension, in the order of their names.
pub(crate) fn files_in(dir: &Path, extension: &str) -> Result<Vec<PathBuf>, IssuerError> {
    let entries = fs::read_dir(dir).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let entries = entries.map_err(|source| file_error(dir, source))?;
    let mut files: Vec<_> = entries.into_iter().map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|found| found == extension));
    files.sort();
    Ok(files)
}

/// Refuses a path whose permission bits let others in.
#[cfg(unix)]
pub(crate) fn refuse_exposed(path: &Path) -> Result<(), IssuerError> {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(path).map_err(|source| file_error(path, source))?.permissions().mode() & 0o777;
    if mode & 0o077 == 0 { Ok(()) } else { Err(IssuerError::Exposed { path: path.to_owned(), mode }) }
}

#[cfg(not(unix))]
pub(crate) fn refuse_exposed(_: &Path) -> Result<(), IssuerError> {
    Ok(())
}

pub(crate) fn file_error(path: &Path, source: io::Error) -> IssuerError {
    IssuerError::File { path: path.to_owned(), source }
}

fn private_options() -> OpenOptions {
    let mut options = File::options();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn sync_dir(dir: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(dir)?.sync_all() } else { Ok(()) }
}
