//! What opening a folder answers when something is wrong with it.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use sqlx::{ConnectOptions, Connection, sqlite::SqliteConnectOptions};
use tempfile::TempDir;

use super::{OpenError, SqliteServerStore};

async fn refusal(folder: &Path) -> OpenError {
    SqliteServerStore::connect(folder).await.map(drop).unwrap_err()
}

/// Changes a database behind the stores' back.
async fn meddle(path: &Path, sql: &'static str) {
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
    let mut db = options.connect().await.unwrap();
    sqlx::raw_sql(sql).execute(&mut db).await.unwrap();
    db.close().await.unwrap();
}

fn mode(path: PathBuf) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn files_are_private_from_birth() {
    let outside = TempDir::new().unwrap();
    let folder = outside.path().join("a/b");
    let store = SqliteServerStore::connect(&folder).await.unwrap();
    assert_eq!(mode(folder.clone()), 0o700);
    for name in ["server.db", "server.db-wal", "server.db-shm"] {
        assert_eq!(mode(folder.join(name)), 0o600, "{name}");
    }
    store.close().await;
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(folder.join("server.db"), fs::Permissions::from_mode(0o644)).unwrap();
    SqliteServerStore::connect(&folder).await.unwrap();
    assert_eq!((mode(folder.clone()), mode(folder.join("server.db"))), (0o700, 0o600));
}

#[tokio::test]
async fn a_closed_store_is_one_file() {
    let folder = TempDir::new().unwrap();
    SqliteServerStore::connect(folder.path()).await.unwrap().close().await;
    let names: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["server.db"]);
}

#[tokio::test]
async fn a_newer_version_is_named() {
    let folder = TempDir::new().unwrap();
    SqliteServerStore::connect(folder.path()).await.unwrap().close().await;
    let path = folder.path().join("server.db");
    meddle(
        &path,
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (9999, 'of tomorrow', 1, x'00', 0)",
    )
    .await;
    let error = refusal(folder.path()).await;
    assert!(matches!(&error, OpenError::Newer { path: named } if *named == path), "{error:?}");
    assert!(error.to_string().contains("newer version"), "{error}");
}

#[tokio::test]
async fn a_file_that_is_no_database_is_named() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("server.db");
    fs::write(&path, "a letter to my aunt, and long enough to have a header: ".repeat(100)).unwrap();
    let error = refusal(folder.path()).await;
    assert!(matches!(&error, OpenError::Corrupt { path: named } if *named == path), "{error:?}");
    assert!(fs::read_to_string(&path).unwrap().starts_with("a letter"), "it is left as it was");
}

#[tokio::test]
async fn a_damaged_database_is_named() {
    let folder = TempDir::new().unwrap();
    SqliteServerStore::connect(folder.path()).await.unwrap().close().await;
    let path = folder.path().join("server.db");
    let mut octets = fs::read(&path).unwrap();
    octets[4096..].fill(0xff);
    fs::write(&path, octets).unwrap();
    let error = refusal(folder.path()).await;
    assert!(matches!(&error, OpenError::Corrupt { path: named } if *named == path), "{error:?}");
}

#[tokio::test]
async fn a_database_of_another_program_is_left_alone() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("server.db");
    meddle(&path, "CREATE TABLE recipe (name TEXT)").await;
    let error = refusal(folder.path()).await;
    assert!(matches!(&error, OpenError::Foreign { path: named } if *named == path), "{error:?}");
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_named() {
    let outside = TempDir::new().unwrap();
    let file = outside.path().join("file");
    fs::write(&file, "").unwrap();
    let folder = file.join("data");
    let error = refusal(&folder).await;
    assert!(matches!(&error, OpenError::Unwritable { path, .. } if *path == folder), "{error:?}");
    assert!(error.to_string().contains("data"), "{error}");
}

#[tokio::test]
async fn a_file_that_cannot_be_written_is_named() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("server.db");
    fs::create_dir(&path).unwrap();
    let error = refusal(folder.path()).await;
    assert!(matches!(&error, OpenError::Unwritable { path: named, .. } if *named == path), "{error:?}");
}
