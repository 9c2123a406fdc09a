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
use sqlx::{SqliteConnection, sqlite::SqliteRow};

use super::{people, view};
use crate::sqlite::{
    codec::{bits, damaged, from_json, octets},
    query::{all, one},
};

/// Where a page begins. An id begins behind nothing; a cursor that is no id has nothing behind it.
fn behind(after: Option<&str>) -> Vec<u8> {
    match after {
        None => Vec::new(),
        Some(text) => text.parse::<UserId>().map_or_else(|_| vec![0xff; 17], |id| octets(id.as_u128())),
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
pub(super) async fn servers_of(db: &mut SqliteConnection, user: UserId) -> Result<Vec<Server>, StoreError> {
    let found = "SELECT server.body FROM member JOIN server ON server.id = member.server
                 WHERE member.user = ? ORDER BY member.joined_at, server.id";
    all(db, sqlx::query(found).bind(octets(user.as_u128())), view::server).await
}

/// All servers, or the open ones.
pub(super) async fn servers(
    db: &mut SqliteConnection,
    open_only: bool,
    after: Option<&str>,
    limit: usize,
) -> Result<Page<Server>, StoreError> {
    let found = "SELECT body FROM server WHERE id > ? AND open >= ? ORDER BY id LIMIT ?";
    let found = sqlx::query(found).bind(behind(after)).bind(open_only).bind(rows_for(limit));
    Ok(page(all(db, found, view::server).await?, limit, |server| server.id.to_string()))
}

/// Members whose names begin with `query`, whatever the case.
pub(super) async fn members(
    db: &mut SqliteConnection,
    server: ServerId,
    query: &str,
    after: Option<&str>,
    limit: usize,
) -> Result<Page<(Member, User)>, StoreError> {
    let found = "SELECT member.body, user.* FROM member JOIN user ON user.id = member.user
                 WHERE member.server = ?1 AND member.user > ?2 AND (?3 = ''
                     OR substr(username, 1, length(?3)) = ?3
                     OR substr(display_key, 1, length(?3)) = ?3
                     OR substr(nickname_key, 1, length(?3)) = ?3)
                 ORDER BY member.user LIMIT ?4";
    let found = sqlx::query(found)
        .bind(octets(server.as_u128()))
        .bind(behind(after))
        .bind(name::key(query))
        .bind(rows_for(limit));
    let found = all(db, found, |row| Ok((view::member(row)?, people::profile(row)?))).await?;
    Ok(page(found, limit, |(member, _)| member.user.to_string()))
}

/// Invites that live at `now`; those of one maker, or all.
pub(super) async fn invites(
    db: &mut SqliteConnection,
    server: ServerId,
    made_by: Option<UserId>,
    now: Timestamp,
) -> Result<Vec<Invite>, StoreError> {
    let found = "SELECT * FROM invite WHERE server = ?1 AND (?2 IS NULL OR created_by = ?2) ORDER BY code";
    let found =
        sqlx::query(found).bind(octets(server.as_u128())).bind(made_by.map(|user| octets(user.as_u128())));
    let mut invites = all(db, found, view::invite).await?;
    invites.retain(|invite| invite.lives(now));
    Ok(invites)
}

/// Where an invite leads.
pub(super) async fn server_of_invite(
    db: &mut SqliteConnection,
    code: &InviteCode,
) -> Result<Option<ServerId>, StoreError> {
    let found = sqlx::query("SELECT server FROM invite WHERE code = ?").bind(code.as_str());
    one(db, found).await?.as_ref().map(server_id).transpose()
}

/// Where a channel belongs.
pub(super) async fn server_of_channel(
    db: &mut SqliteConnection,
    channel: ChannelId,
) -> Result<Option<ServerId>, StoreError> {
    let found = sqlx::query("SELECT server FROM channel WHERE id = ?").bind(octets(channel.as_u128()));
    one(db, found).await?.as_ref().map(server_id).transpose()
}

fn server_id(row: &SqliteRow) -> Result<ServerId, StoreError> {
    Ok(ServerId::from_u128(bits(row, "server")?))
}

/// Bans that hold at `now`.
pub(super) async fn bans(
    db: &mut SqliteConnection,
    server: ServerId,
    now: Timestamp,
    after: Option<&str>,
    limit: usize,
) -> Result<Page<Ban>, StoreError> {
    let found = "SELECT * FROM ban WHERE server = ? AND user > ? AND (expires_at IS NULL OR expires_at > ?)
                 ORDER BY user LIMIT ?";
    let found = sqlx::query(found)
        .bind(octets(server.as_u128()))
        .bind(behind(after))
        .bind(now.as_millis())
        .bind(rows_for(limit));
    Ok(page(all(db, found, view::ban).await?, limit, |ban| ban.user.to_string()))
}

/// A server's changes behind `after`.
pub(super) async fn events(
    db: &mut SqliteConnection,
    server: ServerId,
    after: Seq,
    limit: usize,
) -> Result<Vec<ServerEvent>, StoreError> {
    let found = "SELECT body FROM server_event WHERE server = ? AND seq > ? ORDER BY seq LIMIT ?";
    let found = sqlx::query(found)
        .bind(octets(server.as_u128()))
        .bind(i64::try_from(after.0).unwrap_or(i64::MAX))
        .bind(i64::try_from(limit).unwrap_or(i64::MAX));
    all(db, found, event).await
}

/// A change from its row.
pub(super) fn event(row: &SqliteRow) -> Result<ServerEvent, StoreError> {
    wire::server_event_from(from_json(row, "body")?).ok_or_else(|| damaged("body"))
}
