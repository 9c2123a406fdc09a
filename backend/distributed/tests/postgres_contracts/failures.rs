//! A database that is gone, slow or old.

use std::{net::TcpListener, time::Duration};

use echopulse_core::{
    chat::port::outbound::{EventLog, MessageStore},
    common::StreamKey,
    testing::chat_contract::{ADA, GENERAL, post},
};
use echopulse_distributed::postgres::{OpenError, PgChatStore, PgOptions, PgServerStore, is_unavailable};
use sqlx::Connection;
use tokio::time::Instant;

use crate::database::{Chat, TestDatabase, chat_node};

#[tokio::test]
async fn a_schema_that_was_not_migrated_is_refused_by_name() {
    let database = TestDatabase::new().await;
    let error = PgServerStore::connect(&database.options()).await.unwrap_err();
    assert!(matches!(error, OpenError::NotMigrated { .. }), "{error:?}");
    assert!(error.to_string().contains("echopulse_test_"), "{error}");
    PgServerStore::migrate(&database.options()).await.unwrap();
    PgServerStore::migrate(&database.options()).await.unwrap();
    PgServerStore::connect(&database.options()).await.unwrap();
}

#[tokio::test]
async fn nodes_that_migrate_at_once_wait_for_each_other() {
    let database = TestDatabase::new().await;
    let options = database.options();
    let (one, other) = tokio::join!(PgChatStore::migrate(&options), PgChatStore::migrate(&options));
    one.unwrap();
    other.unwrap();
}

#[tokio::test]
async fn a_server_that_nobody_answers_for_is_named_without_the_password() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let options = PgOptions::parse(&format!("postgres://chat_svc:hunter2@127.0.0.1:{port}/chat")).unwrap();
    let error =
        PgServerStore::connect(&options.acquire_timeout(Duration::from_millis(300))).await.unwrap_err();
    let told = format!("{error} {error:?}");
    assert!(told.contains(&format!("chat_svc@127.0.0.1:{port}/chat")), "{told}");
    assert!(!told.contains("hunter2"), "{told}");
}

#[tokio::test]
async fn who_finds_no_connection_is_told_so_in_time() {
    let chat = Chat::founded().await;
    let options = chat.database.options().max_connections(1).acquire_timeout(Duration::from_millis(200));
    let store = chat_node(&options).await;
    let mut raw = chat.database.raw().await;
    let mut blocker = raw.begin().await.unwrap();
    sqlx::query("SELECT 1 FROM stream_head FOR UPDATE").execute(&mut *blocker).await.unwrap();
    let writing = store.clone();
    let write = tokio::spawn(async move { writing.commit(vec![post(ADA, GENERAL, 1, "text")]).await });
    let begun = Instant::now();
    let error = loop {
        // Until the commit has taken the only connection, there is one.
        match store.heads(vec![StreamKey::Channel(GENERAL)]).await {
            Ok(_) => tokio::task::yield_now().await,
            Err(error) => break error,
        }
    };
    assert!(is_unavailable(&error), "{error:?}");
    assert!(begun.elapsed() < Duration::from_secs(3));
    blocker.rollback().await.unwrap();
    write.await.unwrap().unwrap();
}

#[tokio::test]
async fn what_the_database_refuses_is_not_unavailable() {
    let chat = Chat::founded().await;
    let error = chat.store.commit(vec![post(ADA, GENERAL, 1, "no \0 in text")]).await.unwrap_err();
    assert!(!is_unavailable(&error), "{error:?}");
}

#[tokio::test]
async fn who_waits_too_long_for_a_channel_is_told_so() {
    let chat = Chat::founded().await;
    let mut raw = chat.database.raw().await;
    let mut blocker = raw.begin().await.unwrap();
    sqlx::query("SELECT 1 FROM stream_head FOR UPDATE").execute(&mut *blocker).await.unwrap();
    let error = chat.store.commit(vec![post(ADA, GENERAL, 1, "text")]).await.unwrap_err();
    assert!(is_unavailable(&error), "{error:?}");
    blocker.rollback().await.unwrap();
    chat.store.commit(vec![post(ADA, GENERAL, 1, "text")]).await.unwrap();
}

#[tokio::test]
async fn lost_connections_are_replaced() {
    let chat = Chat::founded().await;
    let heads = async || chat.store.heads(vec![StreamKey::Channel(GENERAL)]).await;
    heads().await.unwrap();
    let end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
               WHERE datname = current_database() AND pid <> pg_backend_pid()";
    assert!(chat.database.number(end).await > 0);
    let mut failures = 0;
    while let Err(error) = heads().await {
        assert!(is_unavailable(&error), "{error:?}");
        failures += 1;
        assert!(failures <= 10, "as many as there were connections");
    }
}
