//! Lists and single look-ups. Pages go by id: the cursor is the last id of the page before.

use echopulse_core::{
    common::{
        ChannelId, Seq, ServerId, StoreError, Timestamp, UserId,
        community::{Member, Server, User},
        event::ServerEvent,
        name::{self, InviteCode},
    },
    server::{
        port::outbound::Page,
        view::{Ban, Invite},
    },
};
use echopulse_wire as wire;
use sqlx::{PgConnection, postgres::PgRow};
use uuid::Uuid;

use super::{people, view};
use crate::postgres::{
    codec::{bits, damaged, from_json, id},
    query::{all, one},
};

/// Where a page begins. The first begins behind the id of nothing; a cursor that is no id has nothing behind it.
fn behind(after: Option<&str>) -> Uuid {
    match after {
        None => Uuid::nil(),
        Some(text) => text.parse::<UserId>().map_or(Uuid::max(), |cursor| id(cursor.as_u128())),
    }
}

/// How many rows tell whether another page follows.
fn rows_for(limit: usize) -> i64 {
    i64::try_from(limit.saturating_add(1)).unwrap_or(i64::MAX)
}

fn page<T>(mut items: Vec<T>, limit: usize, cursor: impl Fn(&T) -> String) -> Page<T> {
    let more = items.len() > limit;
    items.truncate(limit);
    Page { next: items.last().filter(|_| more).map(cursor), items }
}

/// The servers somebody is in, oldest membership first.
pub(super) async fn servers_of(db: &mut PgConnection, user: UserId) -> Result<Vec<Server>, StoreError> {
    let found = "SELECT server.body FROM member JOIN server ON server.id = member.server
                 WHERE member.person = $1 ORDER BY member.joined_at, server.id";
    all(db, sqlx::query(found).bind(id(user.as_u128())), view::server).await
}

/// All servers, or the open ones.
pub(super) async fn servers(
    db: &mut PgConnection,
    open_only: bool,
    after: Option<&str>,
    limit: usize,
) -> Result<Page<Server>, StoreError> {
    let found = "SELECT body FROM server WHERE id > $1 AND open >= $2 ORDER BY id LIMIT $3";
    let found = sqlx::query(found).bind(behind(after)).bind(open_only).bind(rows_for(limit));
    Ok(page(all(db, found, view::server).await?, limit, |server| server.id.to_string()))
}

/// Members whose names begin with `query`, whatever the case.
pub(super) async fn members(
    db: &mut PgConnection,
    server: ServerId,
    query: &str,
    after: Option<&str>,
    limit: usize,
) -> Result<Page<(Member, User)>, StoreError> {
    let found = "SELECT member.body, person.* FROM member JOIN person ON person.id = member.person
                 WHERE member.server = $1 AND member.person > $2 AND ($3 = ''
                     OR starts_with(username, $3) OR starts_with(display_key, $3)
                     OR starts_with(nickname_key, $3))
                 ORDER BY member.person LIMIT $4";
    let found = sqlx::query(found)
        .bind(id(server.as_u128()))
        .bind(behind(after))
        .bind(name::key(query))
        .bind(rows_for(limit));
    let found = all(db, found, |row| Ok((view::member(row)?, people::profile(row)?))).await?;
    Ok(page(found, limit, |(member, _)| member.user.to_string()))
}

/// Invites that live at `now`; those of one maker, or all.
pub(super) async fn invites(
    db: &mut PgConnection,
    server: ServerId,
    made_by: Option<UserId>,
    now: Timestamp,
) -> Result<Vec<Invite>, StoreError> {
    let found = "SELECT * FROM invite WHERE server = $1 AND ($2 IS NULL OR created_by = $2) ORDER BY code";
    let found = sqlx::query(found).bind(id(server.as_u128())).bind(made_by.map(|user| id(user.as_u128())));
    let mut invites = all(db, found, view::invite).await?;
    invites.retain(|invite| invite.lives(now));
    Ok(invites)
}

/// Where an invite leads.
pub(super) async fn server_of_invite(
    db: &mut PgConnection,
    code: &InviteCode,
) -> Result<Option<ServerId>, StoreError> {
    let found = sqlx::query("SELECT server FROM invite WHERE code = $1").bind(code.as_str());
    one(db, found).await?.as_ref().map(server_id).transpose()
}

/// Where a channel belongs.
pub(super) async fn server_of_channel(
    db: &mut PgConnection,
    channel: ChannelId,
) -> Result<Option<ServerId>, StoreError> {
    let found = sqlx::query("SELECT server FROM channel WHERE id = $1").bind(id(channel.as_u128()));
    one(db, found).await?.as_ref().map(server_id).transpose()
}

fn server_id(row: &PgRow) -> Result<ServerId, StoreError> {
    Ok(ServerId::from_u128(bits(row, "server")?))
}

/// Bans that hold at `now`.
pub(super) async fn bans(
    db: &mut PgConnection,
    server: ServerId,
    now: Timestamp,
    after: Option<&str>,
    limit: usize,
) -> Result<Page<Ban>, StoreError> {
    let found = "SELECT * FROM ban WHERE server = $1 AND person > $2
                 AND (expires_at IS NULL OR expires_at > $3) ORDER BY person LIMIT $4";
    let found = sqlx::query(found)
        .bind(id(server.as_u128()))
        .bind(behind(after))
        .bind(now.as_millis())
        .bind(rows_for(limit));
    Ok(page(all(db, found, view::ban).await?, limit, |ban| ban.user.to_string()))
}

/// A server's changes behind `after`.
pub(super) async fn events(
    db: &mut PgConnection,
    server: ServerId,
    after: Seq,
    limit: usize,
) -> Result<Vec<ServerEvent>, StoreError> {
    let found = "SELECT body FROM server_event WHERE server = $1 AND seq > $2 ORDER BY seq LIMIT $3";
    let found = sqlx::query(found)
        .bind(id(server.as_u128()))
        .bind(i64::try_from(after.0).unwrap_or(i64::MAX))
        .bind(i64::try_from(limit).unwrap_or(i64::MAX));
    all(db, found, event).await
}

/// A change from its row.
pub(super) fn event(row: &PgRow) -> Result<ServerEvent, StoreError> {
    wire::server_event_from(from_json(row, "body")?).ok_or_else(|| damaged("body"))
}
