//! Reading a server as a decision has to see it.

use std::collections::BTreeMap;

use echopulse_core::{
    common::{
        ServerId, StoreError, Timestamp, UserId,
        community::{Category, Channel, Member, Role, Server},
        name::InviteCode,
    },
    server::view::{Ban, Invite, Person, Scope, ServerView},
};
use echopulse_wire as wire;
use sqlx::{PgConnection, postgres::PgRow};

use super::{bots, people};
use crate::postgres::{
    codec::{bits, damaged, epoch, from_json, get, id, optional_time, seq, small, time},
    query::{all, count, one},
};

/// What `scope` names. `None`: no such server.
pub(super) async fn load(
    db: &mut PgConnection,
    scope: &Scope,
    now: Timestamp,
) -> Result<Option<ServerView>, StoreError> {
    let key = id(scope.server.as_u128());
    let head = "SELECT body, epoch, head FROM server JOIN server_head ON server_head.server = server.id
                WHERE server.id = $1";
    let Some(head) = one(db, sqlx::query(head).bind(key)).await? else { return Ok(None) };
    let channels = "SELECT body FROM channel WHERE server = $1 ORDER BY position, id";
    let categories = "SELECT body FROM category WHERE server = $1 ORDER BY position, id";
    let roles = "SELECT body FROM role WHERE server = $1 ORDER BY position, id";
    let members = "SELECT count(*) FROM member WHERE server = $1";
    let live = "SELECT count(*) FROM invite WHERE server = $1 AND (max_uses = 0 OR uses < max_uses)
                AND (max_age_s = 0 OR created_at + max_age_s * 1000 > $2)";
    Ok(Some(ServerView {
        server: server(&head)?,
        epoch: epoch(&head, "epoch")?,
        seq: seq(&head, "head")?,
        channels: all(db, sqlx::query(channels).bind(key), channel).await?,
        categories: all(db, sqlx::query(categories).bind(key), category).await?,
        roles: all(db, sqlx::query(roles).bind(key), role).await?,
        people: people_of(db, scope).await?,
        invite: match &scope.invite {
            Some(code) => invite_of(db, scope.server, code).await?,
            None => None,
        },
        members: count(db, sqlx::query(members).bind(key)).await?,
        live_invites: count(db, sqlx::query(live).bind(key).bind(now.as_millis())).await?,
        bots: if scope.bots { bots::made_by(db, scope.server).await? } else { Vec::new() },
    }))
}

async fn people_of(db: &mut PgConnection, scope: &Scope) -> Result<BTreeMap<UserId, Person>, StoreError> {
    let mut people = BTreeMap::new();
    for user in &scope.people {
        people.insert(*user, person(db, scope.server, *user).await?);
    }
    Ok(people)
}

async fn person(db: &mut PgConnection, server: ServerId, user: UserId) -> Result<Person, StoreError> {
    let (server, key) = (id(server.as_u128()), id(user.as_u128()));
    let found = "SELECT body FROM member WHERE server = $1 AND person = $2";
    let found = one(db, sqlx::query(found).bind(server).bind(key)).await?;
    let banned = "SELECT * FROM ban WHERE server = $1 AND person = $2";
    let banned = one(db, sqlx::query(banned).bind(server).bind(key)).await?;
    let silenced = "SELECT until FROM timeout WHERE server = $1 AND person = $2";
    let silenced = one(db, sqlx::query(silenced).bind(server).bind(key)).await?;
    Ok(Person {
        user: people::user(db, user).await?,
        member: found.as_ref().map(member).transpose()?,
        ban: banned.as_ref().map(ban).transpose()?,
        timeout_until: silenced.as_ref().map(|row| time(row, "until")).transpose()?,
        servers: servers_of(db, user).await?,
    })
}

/// How many servers somebody is in.
pub(super) async fn servers_of(db: &mut PgConnection, user: UserId) -> Result<u64, StoreError> {
    let counted = "SELECT count(*) FROM member WHERE person = $1";
    count(db, sqlx::query(counted).bind(id(user.as_u128()))).await
}

async fn invite_of(
    db: &mut PgConnection,
    server: ServerId,
    code: &InviteCode,
) -> Result<Option<Invite>, StoreError> {
    let found = "SELECT * FROM invite WHERE code = $1 AND server = $2";
    let found = sqlx::query(found).bind(code.as_str()).bind(id(server.as_u128()));
    one(db, found).await?.as_ref().map(invite).transpose()
}

/// A server from its row.
pub(super) fn server(row: &PgRow) -> Result<Server, StoreError> {
    Ok(wire::server_from(from_json(row, "body")?))
}

fn channel(row: &PgRow) -> Result<Channel, StoreError> {
    Ok(wire::channel_from(from_json(row, "body")?))
}

fn category(row: &PgRow) -> Result<Category, StoreError> {
    Ok(wire::category_from(from_json(row, "body")?))
}

fn role(row: &PgRow) -> Result<Role, StoreError> {
    Ok(wire::role_from(from_json(row, "body")?))
}

/// A membership from its row.
pub(super) fn member(row: &PgRow) -> Result<Member, StoreError> {
    Ok(wire::member_from(from_json(row, "body")?))
}

/// A ban from its row.
pub(super) fn ban(row: &PgRow) -> Result<Ban, StoreError> {
    Ok(Ban {
        user: UserId::from_u128(bits(row, "person")?),
        reason: get(row, "reason")?,
        created_by: UserId::from_u128(bits(row, "created_by")?),
        expires_at: optional_time(row, "expires_at")?,
    })
}

/// An invite from its row.
pub(super) fn invite(row: &PgRow) -> Result<Invite, StoreError> {
    Ok(Invite {
        code: InviteCode::parse(get(row, "code")?).map_err(|_| damaged("code"))?,
        server: ServerId::from_u128(bits(row, "server")?),
        created_by: UserId::from_u128(bits(row, "created_by")?),
        created_at: time(row, "created_at")?,
        max_uses: small(row, "max_uses")?,
        max_age_s: small(row, "max_age_s")?,
        uses: small(row, "uses")?,
    })
}
