//! SQLite keeps the contracts of the server context's ports.

use echopulse_core::testing::server_contract::{
    Stores, kept_answer_contract, server_outbox_contract, server_store_contract, sign_out_store_contract,
    user_store_contract,
};
use echopulse_embedded::sqlite::SqliteServerStore;
use tempfile::TempDir;

/// A store in a folder that lives as long.
struct Fixture {
    store: SqliteServerStore,
    _folder: TempDir,
}

async fn fresh() -> Fixture {
    let folder = TempDir::new().unwrap();
    Fixture { store: SqliteServerStore::connect(folder.path()).await.unwrap(), _folder: folder }
}

fn views(fixture: &Fixture) -> Stores<'_> {
    let store = &fixture.store;
    Stores { servers: store, users: store, outbox: store, sign_outs: store }
}

#[tokio::test]
async fn sqlite_keeps_the_contract_of_servers() {
    server_store_contract(fresh, views).await;
}

#[tokio::test]
async fn sqlite_keeps_the_contract_of_kept_answers() {
    kept_answer_contract(fresh, views).await;
}

#[tokio::test]
async fn sqlite_keeps_the_contract_of_people() {
    user_store_contract(fresh, views).await;
}

#[tokio::test]
async fn sqlite_keeps_the_contract_of_the_outbox() {
    server_outbox_contract(fresh, views).await;
}

#[tokio::test]
async fn sqlite_keeps_the_contract_of_sign_outs() {
    sign_out_store_contract(fresh, views).await;
}
