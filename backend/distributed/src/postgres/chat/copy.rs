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
use sqlx::{PgConnection, postgres::PgRow};

use crate::postgres::{
    codec::{bits, damaged, epoch, from_json, get, id, seq, signed, to_json},
    database::Database,
    query::{Statement, all, one, run},
};

/// How far the copy of a server goes.
pub(super) async fn position(
    db: &mut PgConnection,
    server: ServerId,
) -> Result<Option<(Epoch, Seq)>, StoreError> {
    let found = sqlx::query("SELECT epoch, seq FROM server_copy WHERE server = $1");
    let row = one(db, found.bind(id(server.as_u128()))).await?;
    row.map(|row| Ok((epoch(&row, "epoch")?, seq(&row, "seq")?))).transpose()
}

/// The same, its row locked: whoever else applies a change of this server waits.
pub(super) async fn lock(
    db: &mut PgConnection,
    server: ServerId,
) -> Result<Option<(Epoch, Seq)>, StoreError> {
    let found = sqlx::query("SELECT epoch, seq FROM server_copy WHERE server = $1 FOR UPDATE");
    let row = one(db, found.bind(id(server.as_u128()))).await?;
    row.map(|row| Ok((epoch(&row, "epoch")?, seq(&row, "seq")?))).transpose()
}

/// Keeps a profile of a higher revision than the one kept.
pub(super) async fn keep_user(database: &Database, user: User, revision: u64) -> Result<bool, StoreError> {
    let keep =
        "INSERT INTO user_copy (person, revision, kind, display_name, body) VALUES ($1, $2, $3, $4, $5)
                ON CONFLICT (person) DO UPDATE SET revision = excluded.revision, kind = excluded.kind,
                display_name = excluded.display_name, body = excluded.body
                WHERE excluded.revision > user_copy.revision";
    let keep = bind_user(sqlx::query(keep), &user, revision)?;
    Ok(run(&mut *database.reader().await?, keep).await? == 1)
}

/// Keeps the profile of somebody who has none here yet; any published one is newer.
pub(super) async fn meet_user(db: &mut PgConnection, user: &User) -> Result<(), StoreError> {
    let keep =
        "INSERT INTO user_copy (person, revision, kind, display_name, body) VALUES ($1, $2, $3, $4, $5)
                ON CONFLICT (person) DO NOTHING";
    run(db, bind_user(sqlx::query(keep), user, 0)?).await?;
    Ok(())
}

fn bind_user<'q>(to: Statement<'q>, user: &'q User, revision: u64) -> Result<Statement<'q>, StoreError> {
    let kind = i16::from(user.kind == UserKind::Bot);
    Ok(to
        .bind(id(user.id.as_u128()))
        .bind(signed(revision))
        .bind(kind)
        .bind(user.display_name.as_str())
        .bind(to_json(&wire::user(user.clone()))?))
}

/// Where a living channel belongs.
pub(super) async fn server_of(
    db: &mut PgConnection,
    channel: ChannelId,
) -> Result<Option<ServerId>, StoreError> {
    let found = sqlx::query("SELECT server FROM channel_copy WHERE channel = $1 AND NOT deleted");
    let row = one(db, found.bind(id(channel.as_u128()))).await?;
    row.as_ref().map(server).transpose()
}

/// A deleted channel as it last was.
pub(super) async fn deleted_channel(
    db: &mut PgConnection,
    named: ChannelId,
) -> Result<Option<(ServerId, Channel)>, StoreError> {
    let found = sqlx::query("SELECT server, body FROM channel_copy WHERE channel = $1 AND deleted");
    let row = one(db, found.bind(id(named.as_u128()))).await?;
    row.as_ref().map(|row| Ok((server(row)?, channel(row)?))).transpose()
}

fn server(row: &PgRow) -> Result<ServerId, StoreError> {
    Ok(ServerId::from_u128(bits(row, "server")?))
}

fn channel(row: &PgRow) -> Result<Channel, StoreError> {
    Ok(wire::channel_from(from_json(row, "body")?))
}

fn role(row: &PgRow) -> Result<Role, StoreError> {
    Ok(wire::role_from(from_json(row, "body")?))
}

/// What the copy knows of a server, from one snapshot.
pub(super) async fn community(
    db: &mut PgConnection,
    server: ServerId,
) -> Result<Option<Community>, StoreError> {
    let server = id(server.as_u128());
    let found = "SELECT body FROM server_copy WHERE server = $1 AND body IS NOT NULL";
    let Some(row) = one(db, sqlx::query(found).bind(server)).await? else { return Ok(None) };
    let channels = "SELECT body FROM channel_copy WHERE server = $1 AND NOT deleted";
    let channels = all(db, sqlx::query(channels).bind(server), channel).await?;
    let roles = "SELECT body FROM role_copy WHERE server = $1";
    Ok(Some(Community {
        server: wire::server_from(from_json(&row, "body")?),
        channels: channels.into_iter().map(|channel| (channel.id, channel)).collect::<BTreeMap<_, _>>(),
        roles: all(db, sqlx::query(roles).bind(server), role).await?,
    }))
}

/// A membership.
pub(super) async fn member(
    db: &mut PgConnection,
    server: ServerId,
    user: UserId,
) -> Result<Option<Member>, StoreError> {
    let found = sqlx::query("SELECT body FROM member_copy WHERE server = $1 AND person = $2");
    let row = one(db, found.bind(id(server.as_u128())).bind(id(user.as_u128()))).await?;
    row.map(|row| Ok(wire::member_from(from_json(&row, "body")?))).transpose()
}

/// Who is in a server.
pub(super) async fn members(db: &mut PgConnection, server: ServerId) -> Result<Vec<UserId>, StoreError> {
    let found = sqlx::query("SELECT person FROM member_copy WHERE server = $1 ORDER BY person");
    let found = found.bind(id(server.as_u128()));
    all(db, found, |row| Ok(UserId::from_u128(bits(row, "person")?))).await
}

/// The servers that somebody is in.
pub(super) async fn servers_of(db: &mut PgConnection, user: UserId) -> Result<Vec<ServerId>, StoreError> {
    let found = sqlx::query("SELECT server FROM member_copy WHERE person = $1 ORDER BY server");
    all(db, found.bind(id(user.as_u128())), server).await
}

/// Why somebody's membership last ended.
pub(super) async fn removal(
    db: &mut PgConnection,
    server: ServerId,
    user: UserId,
) -> Result<Option<RemovalCause>, StoreError> {
    let found = sqlx::query("SELECT cause FROM removal WHERE server = $1 AND person = $2");
    let row = one(db, found.bind(id(server.as_u128())).bind(id(user.as_u128()))).await?;
    row.map(|row| match get::<i16>(&row, "cause")? {
        0 => Ok(RemovalCause::Left),
        1 => Ok(RemovalCause::Kicked),
        2 => Ok(RemovalCause::Banned),
        3 => Ok(RemovalCause::Deleted),
        _ => Err(damaged("cause")),
    })
    .transpose()
}

/// The number of the column `cause`.
pub(super) const fn cause_number(cause: RemovalCause) -> i16 {
    match cause {
        RemovalCause::Left => 0,
        RemovalCause::Kicked => 1,
        RemovalCause::Banned => 2,
        RemovalCause::Deleted => 3,
    }
}
