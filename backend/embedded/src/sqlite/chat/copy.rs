//! The copy of what the server service publishes, as others ask for it.

use std::collections::BTreeMap;

use echopulse_core::{
    chat::port::outbound::Community,
    common::{
        ChannelId, Epoch, Seq, ServerId, StoreError, UserId,
        community::{Channel, Member, Role, User, UserKind},
        event::RemovalCause,
    },
};
use echopulse_wire as wire;
use sqlx::{SqliteConnection, sqlite::SqliteRow};

use crate::sqlite::{
    codec::{bits, damaged, epoch, from_json, get, octets, seq, signed, to_json},
    database::Database,
    query::{Statement, all, one, run},
};

/// How far the copy of a server goes.
pub(super) async fn position(
    db: &mut SqliteConnection,
    server: ServerId,
) -> Result<Option<(Epoch, Seq)>, StoreError> {
    let found = sqlx::query("SELECT epoch, seq FROM server_copy WHERE server = ?");
    let row = one(db, found.bind(octets(server.as_u128()))).await?;
    row.map(|row| Ok((epoch(&row, "epoch")?, seq(&row, "seq")?))).transpose()
}

/// Keeps a profile of a higher revision than the one kept.
pub(super) async fn keep_user(database: &Database, user: User, revision: u64) -> Result<bool, StoreError> {
    let keep = "INSERT INTO user_copy (user, revision, kind, display_name, body) VALUES (?, ?, ?, ?, ?)
                ON CONFLICT (user) DO UPDATE SET revision = excluded.revision, kind = excluded.kind,
                display_name = excluded.display_name, body = excluded.body
                WHERE excluded.revision > user_copy.revision";
    let mut tx = database.write().await?;
    let kept = run(&mut tx, bind_user(sqlx::query(keep), &user, revision)?).await?;
    tx.commit().await?;
    Ok(kept == 1)
}

/// Keeps the profile of somebody who has none here yet; any published one is newer.
pub(super) async fn meet_user(db: &mut SqliteConnection, user: &User) -> Result<(), StoreError> {
    let keep = "INSERT INTO user_copy (user, revision, kind, display_name, body) VALUES (?, ?, ?, ?, ?)
                ON CONFLICT (user) DO NOTHING";
    run(db, bind_user(sqlx::query(keep), user, 0)?).await?;
    Ok(())
}

fn bind_user<'q>(to: Statement<'q>, user: &'q User, revision: u64) -> Result<Statement<'q>, StoreError> {
    let kind = i64::from(user.kind == UserKind::Bot);
    Ok(to
        .bind(octets(user.id.as_u128()))
        .bind(signed(revision))
        .bind(kind)
        .bind(user.display_name.as_str())
        .bind(to_json(&wire::user(user.clone()))?))
}

/// Where a living channel belongs.
pub(super) async fn server_of(
    db: &mut SqliteConnection,
    channel: ChannelId,
) -> Result<Option<ServerId>, StoreError> {
    let found = sqlx::query("SELECT server FROM channel_copy WHERE channel = ? AND deleted = 0");
    let row = one(db, found.bind(octets(channel.as_u128()))).await?;
    row.as_ref().map(server).transpose()
}

/// A deleted channel as it last was.
pub(super) async fn deleted_channel(
    db: &mut SqliteConnection,
    id: ChannelId,
) -> Result<Option<(ServerId, Channel)>, StoreError> {
    let found = sqlx::query("SELECT server, body FROM channel_copy WHERE channel = ? AND deleted = 1");
    let row = one(db, found.bind(octets(id.as_u128()))).await?;
    row.as_ref().map(|row| Ok((server(row)?, channel(row)?))).transpose()
}

fn server(row: &SqliteRow) -> Result<ServerId, StoreError> {
    Ok(ServerId::from_u128(bits(row, "server")?))
}

fn channel(row: &SqliteRow) -> Result<Channel, StoreError> {
    Ok(wire::channel_from(from_json(row, "body")?))
}

fn role(row: &SqliteRow) -> Result<Role, StoreError> {
    Ok(wire::role_from(from_json(row, "body")?))
}

/// What the copy knows of a server, from one snapshot.
pub(super) async fn community(
    db: &mut SqliteConnection,
    server: ServerId,
) -> Result<Option<Community>, StoreError> {
    let id = octets(server.as_u128());
    let found = "SELECT body FROM server_copy WHERE server = ? AND body IS NOT NULL";
    let Some(row) = one(db, sqlx::query(found).bind(&id)).await? else { return Ok(None) };
    let channels = "SELECT body FROM channel_copy WHERE server = ? AND deleted = 0";
    let channels = all(db, sqlx::query(channels).bind(&id), channel).await?;
    let roles = "SELECT body FROM role_copy WHERE server = ?";
    Ok(Some(Community {
        server: wire::server_from(from_json(&row, "body")?),
        channels: channels.into_iter().map(|channel| (channel.id, channel)).collect::<BTreeMap<_, _>>(),
        roles: all(db, sqlx::query(roles).bind(&id), role).await?,
    }))
}

/// A membership.
pub(super) async fn member(
    db: &mut SqliteConnection,
    server: ServerId,
    user: UserId,
) -> Result<Option<Member>, StoreError> {
    let found = sqlx::query("SELECT body FROM member_copy WHERE server = ? AND user = ?");
    let row = one(db, found.bind(octets(server.as_u128())).bind(octets(user.as_u128()))).await?;
    row.map(|row| Ok(wire::member_from(from_json(&row, "body")?))).transpose()
}

/// Who is in a server.
pub(super) async fn members(db: &mut SqliteConnection, server: ServerId) -> Result<Vec<UserId>, StoreError> {
    let found = sqlx::query("SELECT user FROM member_copy WHERE server = ? ORDER BY user");
    let found = found.bind(octets(server.as_u128()));
    all(db, found, |row| Ok(UserId::from_u128(bits(row, "user")?))).await
}

/// The servers that somebody is in.
pub(super) async fn servers_of(db: &mut SqliteConnection, user: UserId) -> Result<Vec<ServerId>, StoreError> {
    let found = sqlx::query("SELECT server FROM member_copy WHERE user = ? ORDER BY server");
    all(db, found.bind(octets(user.as_u128())), server).await
}

/// Why somebody's membership last ended.
pub(super) async fn removal(
    db: &mut SqliteConnection,
    server: ServerId,
    user: UserId,
) -> Result<Option<RemovalCause>, StoreError> {
    let found = sqlx::query("SELECT cause FROM removal WHERE server = ? AND user = ?");
    let row = one(db, found.bind(octets(server.as_u128())).bind(octets(user.as_u128()))).await?;
    row.map(|row| match get::<i64>(&row, "cause")? {
        0 => Ok(RemovalCause::Left),
        1 => Ok(RemovalCause::Kicked),
        2 => Ok(RemovalCause::Banned),
        3 => Ok(RemovalCause::Deleted),
        _ => Err(damaged("cause")),
    })
    .transpose()
}

/// The number of the column `cause`.
pub(super) const fn cause_number(cause: RemovalCause) -> i64 {
    match cause {
        RemovalCause::Left => 0,
        RemovalCause::Kicked => 1,
        RemovalCause::Banned => 2,
        RemovalCause::Deleted => 3,
    }
}
