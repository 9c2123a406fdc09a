//! The bots that a server made.

use echopulse_core::{
    common::{ServerId, StoreError, UserId, name::Username},
    server::view::Bot,
};
use sqlx::{PgConnection, postgres::PgRow};

use crate::postgres::{
    codec::{bits, damaged, get, id, time},
    query::{all, run},
};

/// All of them, by account.
pub(super) async fn made_by(db: &mut PgConnection, server: ServerId) -> Result<Vec<Bot>, StoreError> {
    let found = sqlx::query("SELECT * FROM bot WHERE server = $1 ORDER BY person");
    all(db, found.bind(id(server.as_u128())), bot).await
}

fn bot(row: &PgRow) -> Result<Bot, StoreError> {
    Ok(Bot {
        user: UserId::from_u128(bits(row, "person")?),
        name: Username::parse(get(row, "name")?).map_err(|_| damaged("name"))?,
        client_id: get(row, "client_id")?,
        iss: get(row, "iss")?,
        sub: get(row, "sub")?,
        created_by: UserId::from_u128(bits(row, "created_by")?),
        created_at: time(row, "created_at")?,
    })
}

/// Keeps one.
pub(super) async fn put(db: &mut PgConnection, server: ServerId, bot: &Bot) -> Result<(), StoreError> {
    let put = "INSERT INTO bot (person, server, name, client_id, iss, sub, created_by, created_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let put = sqlx::query(put)
        .bind(id(bot.user.as_u128()))
        .bind(id(server.as_u128()))
        .bind(bot.name.as_str())
        .bind(&bot.client_id)
        .bind(&bot.iss)
        .bind(&bot.sub)
        .bind(id(bot.created_by.as_u128()))
        .bind(bot.created_at.as_millis());
    run(db, put).await?;
    Ok(())
}

/// Forgets one.
pub(super) async fn delete(db: &mut PgConnection, server: ServerId, user: UserId) -> Result<(), StoreError> {
    let delete = sqlx::query("DELETE FROM bot WHERE server = $1 AND person = $2");
    run(db, delete.bind(id(server.as_u128())).bind(id(user.as_u128()))).await?;
    Ok(())
}
