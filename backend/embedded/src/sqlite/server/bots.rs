//! The bots that a server made.

use echopulse_core::{
    common::{ServerId, StoreError, UserId, name::Username},
    server::view::Bot,
};
use sqlx::{SqliteConnection, sqlite::SqliteRow};

use crate::sqlite::{
    codec::{bits, damaged, get, octets, time},
    query::{all, run},
};

/// All of them, by account.
pub(super) async fn made_by(db: &mut SqliteConnection, server: ServerId) -> Result<Vec<Bot>, StoreError> {
    let found = sqlx::query("SELECT * FROM bot WHERE server = ? ORDER BY user");
    all(db, found.bind(octets(server.as_u128())), bot).await
}

fn bot(row: &SqliteRow) -> Result<Bot, StoreError> {
    Ok(Bot {
        user: UserId::from_u128(bits(row, "user")?),
        name: Username::parse(get(row, "name")?).map_err(|_| damaged("name"))?,
        client_id: get(row, "client_id")?,
        iss: get(row, "iss")?,
        sub: get(row, "sub")?,
        created_by: UserId::from_u128(bits(row, "created_by")?),
        created_at: time(row, "created_at")?,
    })
}

/// Keeps one.
pub(super) async fn put(db: &mut SqliteConnection, server: ServerId, bot: &Bot) -> Result<(), StoreError> {
    let put = "INSERT INTO bot (user, server, name, client_id, iss, sub, created_by, created_at)
               VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
    let put = sqlx::query(put)
        .bind(octets(bot.user.as_u128()))
        .bind(octets(server.as_u128()))
        .bind(bot.name.as_str())
        .bind(&bot.client_id)
        .bind(&bot.iss)
        .bind(&bot.sub)
        .bind(octets(bot.created_by.as_u128()))
        .bind(bot.created_at.as_millis());
    run(db, put).await?;
    Ok(())
}

/// Forgets one.
pub(super) async fn delete(
    db: &mut SqliteConnection,
    server: ServerId,
    user: UserId,
) -> Result<(), StoreError> {
    let delete = sqlx::query("DELETE FROM bot WHERE server = ? AND user = ?");
    run(db, delete.bind(octets(server.as_u128())).bind(octets(user.as_u128()))).await?;
    Ok(())
}
