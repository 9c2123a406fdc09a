//! Webhooks, and how they are shown: as authors they stand beside people, in `user_copy`.

use echopulse_core::{
    chat::{
        port::outbound::Made,
        webhook::{TokenHash, Webhook},
    },
    common::{ChannelId, ServerId, StoreError, UserId, WebhookId, name::WebhookName},
};
use sqlx::{SqliteConnection, sqlite::SqliteRow};

use crate::sqlite::{
    codec::{bits, damaged, get, octets, time},
    database::Database,
    query::{all, count, one, run},
};

/// The kind in `user_copy` that is nobody's account.
const KIND: i64 = 2;

/// Keeps a new one, unless its channel has `limit`.
pub(super) async fn create(
    database: &Database,
    webhook: Webhook,
    token: TokenHash,
    limit: usize,
) -> Result<Made, StoreError> {
    let mut tx = database.write().await?;
    let made = put(&mut tx, &webhook, token, limit).await?;
    if made == Made::Done {
        tx.commit().await?;
    }
    Ok(made)
}

async fn put(
    db: &mut SqliteConnection,
    webhook: &Webhook,
    token: TokenHash,
    limit: usize,
) -> Result<Made, StoreError> {
    let channel = octets(webhook.channel.as_u128());
    let home = "SELECT 1 FROM channel_copy JOIN member_copy ON member_copy.server = channel_copy.server
                WHERE channel_copy.channel = ?1 AND channel_copy.deleted = 0 AND member_copy.user = ?2";
    let home = sqlx::query(home).bind(channel.clone()).bind(octets(webhook.created_by.as_u128()));
    if one(db, home).await?.is_none() {
        return Ok(Made::Gone);
    }
    let there = sqlx::query("SELECT count(*) FROM webhook WHERE channel = ?1").bind(channel.clone());
    if count(db, there).await? >= limit as u64 {
        return Ok(Made::Full);
    }
    let put = "INSERT INTO webhook (id, channel, name, created_by, created_at, token_hash)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let put = sqlx::query(put)
        .bind(octets(webhook.id.as_u128()))
        .bind(channel)
        .bind(webhook.name.as_str())
        .bind(octets(webhook.created_by.as_u128()))
        .bind(webhook.created_at.as_millis())
        .bind(token.0.to_vec());
    run(db, put).await?;
    let shown =
        "INSERT INTO user_copy (user, revision, kind, display_name, body) VALUES (?1, 0, ?2, ?3, '{}')";
    let shown = sqlx::query(shown).bind(octets(webhook.id.as_u128())).bind(KIND).bind(webhook.name.as_str());
    run(db, shown).await?;
    Ok(Made::Done)
}

/// Those of a channel, by id.
pub(super) async fn of_channel(
    db: &mut SqliteConnection,
    channel: ChannelId,
) -> Result<Vec<Webhook>, StoreError> {
    let found = sqlx::query("SELECT * FROM webhook WHERE channel = ?1 ORDER BY id");
    all(db, found.bind(octets(channel.as_u128())), read).await
}

/// One, and the hash of its token.
pub(super) async fn find(
    db: &mut SqliteConnection,
    webhook: WebhookId,
) -> Result<Option<(Webhook, TokenHash)>, StoreError> {
    let found = sqlx::query("SELECT * FROM webhook WHERE id = ?1").bind(octets(webhook.as_u128()));
    let Some(row) = one(db, found).await? else { return Ok(None) };
    let hash = get::<&[u8]>(&row, "token_hash")?.try_into().map_err(|_| damaged("token_hash"))?;
    Ok(Some((read(&row)?, TokenHash(hash))))
}

fn read(row: &SqliteRow) -> Result<Webhook, StoreError> {
    Ok(Webhook {
        id: WebhookId::from_u128(bits(row, "id")?),
        channel: ChannelId::from_u128(bits(row, "channel")?),
        name: WebhookName::parse(get(row, "name")?).map_err(|_| damaged("name"))?,
        created_by: UserId::from_u128(bits(row, "created_by")?),
        created_at: time(row, "created_at")?,
    })
}

/// Shows it under another name from now on. Answers whether it is there.
pub(super) async fn rename(
    database: &Database,
    webhook: WebhookId,
    name: &WebhookName,
) -> Result<bool, StoreError> {
    let mut tx = database.write().await?;
    let rename = sqlx::query("UPDATE webhook SET name = ?1 WHERE id = ?2");
    let renamed = run(&mut tx, rename.bind(name.as_str()).bind(octets(webhook.as_u128()))).await?;
    if renamed == 1 {
        let shown = sqlx::query("UPDATE user_copy SET display_name = ?1 WHERE user = ?2");
        run(&mut tx, shown.bind(name.as_str()).bind(octets(webhook.as_u128()))).await?;
    }
    tx.commit().await?;
    Ok(renamed == 1)
}

/// Opens it with another token from now on. Answers whether it is there.
pub(super) async fn set_token(
    database: &Database,
    webhook: WebhookId,
    token: TokenHash,
) -> Result<bool, StoreError> {
    let mut tx = database.write().await?;
    let set = sqlx::query("UPDATE webhook SET token_hash = ?1 WHERE id = ?2");
    let changed = run(&mut tx, set.bind(token.0.to_vec()).bind(octets(webhook.as_u128()))).await?;
    tx.commit().await?;
    Ok(changed == 1)
}

/// Deletes it. Answers whether it was there.
pub(super) async fn delete(database: &Database, webhook: WebhookId) -> Result<bool, StoreError> {
    let mut tx = database.write().await?;
    let delete = sqlx::query("DELETE FROM webhook WHERE id = ?1").bind(octets(webhook.as_u128()));
    let deleted = run(&mut tx, delete).await?;
    tx.commit().await?;
    Ok(deleted == 1)
}

/// Deletes those that somebody made in a server.
pub(super) async fn revoke(
    db: &mut SqliteConnection,
    server: ServerId,
    maker: UserId,
) -> Result<(), StoreError> {
    let delete = "DELETE FROM webhook WHERE created_by = ?1
                  AND channel IN (SELECT channel FROM channel_copy WHERE server = ?2)";
    let delete = sqlx::query(delete).bind(octets(maker.as_u128())).bind(octets(server.as_u128()));
    run(db, delete).await?;
    Ok(())
}
