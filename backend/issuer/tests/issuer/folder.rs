//! The data folder: who may read it, what survives, and what a damaged one says.

use std::fs;

use crate::support::{PASSWORD, World};
use echopulse_issuer::{Issuer, IssuerError};

#[cfg(unix)]
#[tokio::test]
async fn secrets_are_readable_by_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::new().await;
    world.folder_sign_in("anna").await;
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&world.config.data_dir), 0o700);
    assert_eq!(mode(&world.path("issuer-keys")), 0o700);
    for file in ["folder.key", "issuer.db", "issuer.db-wal", "issuer.db-shm"] {
        assert_eq!(mode(&world.path(file)), 0o600, "{file}");
    }
    assert_eq!(mode(&key_file(&world)), 0o600);
}

#[cfg(unix)]
#[tokio::test]
async fn a_key_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::new().await;
    world.issuer.shutdown().await;
    for path in [key_file(&world), world.path("folder.key")] {
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let error = Issuer::open(world.config.clone()).await.unwrap_err();
        assert!(
            matches!(&error, IssuerError::Exposed { path: named, mode: 0o644 } if *named == path),
            "{error}"
        );
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }
}

#[tokio::test]
async fn a_damaged_key_is_named_and_not_replaced() {
    let world = World::new().await;
    world.issuer.shutdown().await;
    for path in [key_file(&world), world.path("folder.key")] {
        let good = fs::read(&path).unwrap();
        fs::write(&path, "not a key").unwrap();
        let error = Issuer::open(world.config.clone()).await.unwrap_err();
        assert!(matches!(&error, IssuerError::KeyFile { .. }), "{error}");
        assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
        assert_eq!(fs::read(&path).unwrap(), b"not a key");
        fs::write(&path, good).unwrap();
    }
    assert!(Issuer::open(world.config.clone()).await.is_ok());
}

#[tokio::test]
async fn a_damaged_database_is_named_and_left_alone() {
    let world = World::new().await;
    world.issuer.shutdown().await;
    let path = world.path("issuer.db");
    let garbage = b"this is not a database ".repeat(400);
    fs::write(&path, &garbage).unwrap();
    let error = Issuer::open(world.config.clone()).await.unwrap_err();
    assert!(matches!(&error, IssuerError::Damaged { path: named } if *named == path), "{error:?}");
    assert_eq!(fs::read(&path).unwrap(), garbage);
}

#[tokio::test]
async fn a_newer_database_is_refused_with_both_versions() {
    let world = World::new().await;
    world.issuer.shutdown().await;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(world.path("issuer.db"));
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    sqlx::query("PRAGMA user_version = 99").execute(&pool).await.unwrap();
    pool.close().await;
    let error = Issuer::open(world.config.clone()).await.unwrap_err();
    assert!(matches!(error, IssuerError::NewerSchema { found: 99, known: 1, .. }), "{error}");
}

#[tokio::test]
async fn an_older_key_stays_published_beside_the_one_that_signs() {
    let mut world = World::new().await;
    let token = world.folder_sign_in("anna").await.field("access_token");
    let old = crate::support::token_header(&token)["kid"].clone();
    let other = World::new().await;
    fs::copy(key_file(&other), world.path("issuer-keys/es256-999999999999.pem")).unwrap();
    world.restart().await;
    let jwks = world.get("/jwks").await.json();
    let kids: Vec<_> = jwks["keys"].as_array().unwrap().iter().map(|key| key["kid"].clone()).collect();
    let new = crate::support::token_header(&world.folder_sign_in("anna").await.field("access_token"))["kid"]
        .clone();
    assert_ne!(old, new);
    assert!(kids.contains(&old) && kids.contains(&new));
}

#[tokio::test]
async fn the_owner_needs_a_password_before_strangers_may_come() {
    let world = World::new().await;
    assert!(world.issuer.owner_needs_password().await.unwrap(), "nobody yet");
    assert!(matches!(world.issuer.set_owner_password(PASSWORD).await, Err(IssuerError::NoOwner)));
    world.issuer.ensure_person("anna").await.unwrap();
    world.person("ben").await;
    assert_eq!(world.issuer.owner().await.unwrap().as_deref(), Some("anna"));
    assert!(world.issuer.owner_needs_password().await.unwrap());
    assert!(matches!(world.issuer.set_owner_password("short").await, Err(IssuerError::Password(_))));
    world.issuer.set_owner_password(PASSWORD).await.unwrap();
    assert!(!world.issuer.owner_needs_password().await.unwrap());
    assert!(world.issuer.has_password("anna").await.unwrap());
    assert!(matches!(
        world.issuer.set_password("nobody", PASSWORD).await,
        Err(IssuerError::UnknownPerson(_))
    ));
}

fn key_file(world: &World) -> std::path::PathBuf {
    let mut files: Vec<_> =
        fs::read_dir(world.path("issuer-keys")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.remove(0)
}
