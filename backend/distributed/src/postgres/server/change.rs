//! Storing what changes about a server.
//!
//! A change locks the server's head first, then the persons it speaks of in the order of their ids: how many servers somebody
//! is in is counted for a limit, and must not grow elsewhere meanwhile.

use echopulse_core::{
    common::{
        ChannelId, Epoch, RoleId, Seq, ServerId, StoreError, Timestamp, UserId,
        community::{Category, Channel, Member, Role, Server},
        event::{ServerChange, ServerEvent},
        name,
    },
    server::{
        error::Refusal,
        port::outbound::Decide,
        view::{Ban, Change, Invite, Scope},
    },
};
use echopulse_wire as wire;
use sqlx::PgConnection;

use super::{bots, kept, people, view};
use crate::postgres::{
    codec::{id, signed, to_json},
    database::Database,
    query::run,
};

/// Judges a change under its locks and stores what the judgement answers.
pub(super) async fn change(
    database: &Database,
    scope: Scope,
    at: Timestamp,
    actor: UserId,
    decide: Decide,
) -> Result<Result<Vec<ServerEvent>, Refusal>, StoreError> {
    let mut tx = database.write().await?;
    lock(&mut tx, &scope).await?;
    let Some(view) = view::load(&mut tx, &scope, at).await? else {
        return Ok(Err(Refusal::ServerNotFound));
    };
    let changes = match decide(&view) {
        Ok(changes) => changes,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let mut numbering =
        Numbering { server: scope.server, epoch: view.epoch, head: view.seq, at, actor: Some(actor) };
    let mut events = Vec::new();
    for change in changes {
        if let Change::Answered(answer) = &change
            && !kept::keep(&mut tx, answer).await?
        {
            return Ok(Err(Refusal::InProgress));
        }
        if let Some(event) = apply(&mut tx, &mut numbering, change).await? {
            events.push(event);
        }
    }
    let head = "UPDATE server_head SET head = $1 WHERE server = $2";
    let head = sqlx::query(head).bind(signed(numbering.head.0)).bind(id(scope.server.as_u128()));
    run(&mut tx, head).await?;
    tx.commit().await?;
    Ok(Ok(events))
}

async fn lock(db: &mut PgConnection, scope: &Scope) -> Result<(), StoreError> {
    let head = sqlx::query("SELECT 1 FROM server_head WHERE server = $1 FOR UPDATE");
    run(db, head.bind(id(scope.server.as_u128()))).await?;
    people::lock(db, &scope.people).await
}

/// Gives a server's changes their places.
pub(super) struct Numbering {
    pub(super) server: ServerId,
    pub(super) epoch: Epoch,
    pub(super) head: Seq,
    pub(super) at: Timestamp,
    pub(super) actor: Option<UserId>,
}

impl Numbering {
    fn next(&mut self, change: ServerChange) -> ServerEvent {
        self.head = self.head.next();
        let Self { server, epoch, head, at, actor } = *self;
        ServerEvent { server, epoch, seq: head, at, actor, change }
    }
}

async fn apply(
    db: &mut PgConnection,
    numbering: &mut Numbering,
    change: Change,
) -> Result<Option<ServerEvent>, StoreError> {
    let server = id(numbering.server.as_u128());
    let statement = match change {
        Change::Event(change) => return Ok(Some(tell(db, numbering, change).await?)),
        // `change` has kept it.
        Change::Answered(_) => return Ok(None),
        Change::InviteMade(invite) => return put_invite(db, &invite).await.map(|()| None),
        Change::BotMade(bot) => return bots::put(db, numbering.server, &bot).await.map(|()| None),
        Change::BotGone(user) => return bots::delete(db, numbering.server, user).await.map(|()| None),
        Change::BanSet(ban) => return put_ban(db, numbering.server, &ban).await.map(|()| None),
        Change::InviteUsed(code) => {
            sqlx::query("UPDATE invite SET uses = uses + 1 WHERE server = $1 AND code = $2")
                .bind(server)
                .bind(code.as_str().to_owned())
        }
        Change::InviteDeleted(code) => sqlx::query("DELETE FROM invite WHERE server = $1 AND code = $2")
            .bind(server)
            .bind(code.as_str().to_owned()),
        Change::InvitesOfDeleted(user) => {
            sqlx::query("DELETE FROM invite WHERE server = $1 AND created_by = $2")
                .bind(server)
                .bind(id(user.as_u128()))
        }
        Change::BanLifted(user) => sqlx::query("DELETE FROM ban WHERE server = $1 AND person = $2")
            .bind(server)
            .bind(id(user.as_u128())),
    };
    run(db, statement).await?;
    Ok(None)
}

/// Stores a numbered change: the state, the event and its row for the bus.
pub(super) async fn tell(
    db: &mut PgConnection,
    numbering: &mut Numbering,
    change: ServerChange,
) -> Result<ServerEvent, StoreError> {
    let event = numbering.next(change);
    store(db, event.server, &event.change).await?;
    let (server, seq) = (id(event.server.as_u128()), signed(event.seq.0));
    let body = to_json(&wire::server_event(event.clone()))?;
    let row = "INSERT INTO server_event (server, seq, body) VALUES ($1, $2, $3)";
    run(db, sqlx::query(row).bind(server).bind(seq).bind(body)).await?;
    run(db, sqlx::query("INSERT INTO outbox (server, seq) VALUES ($1, $2)").bind(server).bind(seq)).await?;
    Ok(event)
}

async fn store(db: &mut PgConnection, server: ServerId, change: &ServerChange) -> Result<(), StoreError> {
    match change {
        ServerChange::ServerCreated(server) | ServerChange::ServerUpdated(server) => {
            put_server(db, server).await
        }
        ServerChange::ChannelCreated(channel) | ServerChange::ChannelUpdated(channel) => {
            put_channel(db, server, channel).await
        }
        ServerChange::CategoryCreated(category) | ServerChange::CategoryUpdated(category) => {
            put_category(db, server, category).await
        }
        ServerChange::RoleCreated(role) | ServerChange::RoleUpdated(role) => put_role(db, server, role).await,
        ServerChange::MemberJoined { member, .. } => {
            put_member(db, server, member).await?;
            forget_timeout(db, server, member.user).await
        }
        ServerChange::MemberUpdated(member) => put_member(db, server, member).await,
        ServerChange::ServerDeleted(_) => delete_server(db, server).await,
        ServerChange::ChannelDeleted(channel) => delete_channel(db, *channel).await,
        ServerChange::CategoryDeleted(category) => delete_category(db, server, category.as_u128()).await,
        ServerChange::RoleDeleted(role) => delete_role(db, server, *role).await,
        ServerChange::MemberRemoved { user, .. } => remove_member(db, server, *user).await,
        // The ban itself is a change of its own.
        ServerChange::MemberBanned { .. } => Ok(()),
    }
}

async fn put_server(db: &mut PgConnection, server: &Server) -> Result<(), StoreError> {
    let put = "INSERT INTO server (id, open, body) VALUES ($1, $2, $3)
               ON CONFLICT (id) DO UPDATE SET open = excluded.open, body = excluded.body";
    let open = server.join_policy == echopulse_core::common::community::JoinPolicy::Open;
    let body = to_json(&wire::server(server.clone()))?;
    run(db, sqlx::query(put).bind(id(server.id.as_u128())).bind(open).bind(body)).await?;
    Ok(())
}

async fn put_channel(db: &mut PgConnection, server: ServerId, channel: &Channel) -> Result<(), StoreError> {
    let put = "INSERT INTO channel (id, server, position, body) VALUES ($1, $2, $3, $4)
               ON CONFLICT (id) DO UPDATE SET position = excluded.position, body = excluded.body";
    let (key, server) = (id(channel.id.as_u128()), id(server.as_u128()));
    let body = to_json(&wire::channel(channel.clone()))?;
    run(db, sqlx::query(put).bind(key).bind(server).bind(i64::from(channel.position)).bind(body)).await?;
    Ok(())
}

async fn put_category(
    db: &mut PgConnection,
    server: ServerId,
    category: &Category,
) -> Result<(), StoreError> {
    let put = "INSERT INTO category (id, server, position, body) VALUES ($1, $2, $3, $4)
               ON CONFLICT (id) DO UPDATE SET position = excluded.position, body = excluded.body";
    let (key, server) = (id(category.id.as_u128()), id(server.as_u128()));
    let body = to_json(&wire::category(category.clone()))?;
    run(db, sqlx::query(put).bind(key).bind(server).bind(i64::from(category.position)).bind(body)).await?;
    Ok(())
}

async fn put_role(db: &mut PgConnection, server: ServerId, role: &Role) -> Result<(), StoreError> {
    let put = "INSERT INTO role (id, server, position, body) VALUES ($1, $2, $3, $4)
               ON CONFLICT (server, id) DO UPDATE SET position = excluded.position, body = excluded.body";
    let (key, server) = (id(role.id.as_u128()), id(server.as_u128()));
    let body = to_json(&wire::role(role.clone()))?;
    run(db, sqlx::query(put).bind(key).bind(server).bind(i64::from(role.position)).bind(body)).await?;
    Ok(())
}

async fn put_member(db: &mut PgConnection, server: ServerId, member: &Member) -> Result<(), StoreError> {
    let put = "INSERT INTO member (server, person, nickname_key, joined_at, timeout_until, body)
               VALUES ($1, $2, $3, $4, $5, $6)
               ON CONFLICT (server, person) DO UPDATE SET nickname_key = excluded.nickname_key,
               joined_at = excluded.joined_at, timeout_until = excluded.timeout_until, body = excluded.body";
    let put = sqlx::query(put)
        .bind(id(server.as_u128()))
        .bind(id(member.user.as_u128()))
        .bind(member.nickname.as_deref().map(name::key))
        .bind(member.joined_at.as_millis())
        .bind(member.timeout_until.map(Timestamp::as_millis))
        .bind(to_json(&wire::member(member.clone()))?);
    run(db, put).await?;
    Ok(())
}

async fn put_invite(db: &mut PgConnection, invite: &Invite) -> Result<(), StoreError> {
    let put = "INSERT INTO invite (code, server, created_by, created_at, max_uses, max_age_s, uses)
               VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let put = sqlx::query(put)
        .bind(invite.code.as_str())
        .bind(id(invite.server.as_u128()))
        .bind(id(invite.created_by.as_u128()))
        .bind(invite.created_at.as_millis())
        .bind(i64::from(invite.max_uses))
        .bind(i64::from(invite.max_age_s))
        .bind(i64::from(invite.uses));
    run(db, put).await?;
    Ok(())
}

async fn put_ban(db: &mut PgConnection, server: ServerId, ban: &Ban) -> Result<(), StoreError> {
    let put = "INSERT INTO ban (server, person, reason, created_by, expires_at) VALUES ($1, $2, $3, $4, $5)
               ON CONFLICT (server, person) DO UPDATE SET reason = excluded.reason,
               created_by = excluded.created_by, expires_at = excluded.expires_at";
    let put = sqlx::query(put)
        .bind(id(server.as_u128()))
        .bind(id(ban.user.as_u128()))
        .bind(&ban.reason)
        .bind(id(ban.created_by.as_u128()))
        .bind(ban.expires_at.map(Timestamp::as_millis));
    run(db, put).await?;
    Ok(())
}

/// Takes everything in the server along; its head and events stay.
async fn delete_server(db: &mut PgConnection, server: ServerId) -> Result<(), StoreError> {
    run(db, sqlx::query("DELETE FROM server WHERE id = $1").bind(id(server.as_u128()))).await?;
    Ok(())
}

async fn delete_channel(db: &mut PgConnection, channel: ChannelId) -> Result<(), StoreError> {
    run(db, sqlx::query("DELETE FROM channel WHERE id = $1").bind(id(channel.as_u128()))).await?;
    Ok(())
}

/// Its channels stand free afterwards.
async fn delete_category(db: &mut PgConnection, server: ServerId, category: u128) -> Result<(), StoreError> {
    let text = echopulse_core::common::CategoryId::from_u128(category).to_string();
    let free = "UPDATE channel SET body = jsonb_set(body::jsonb, '{category_id}', 'null')::text
                WHERE server = $1 AND body::jsonb ->> 'category_id' = $2";
    run(db, sqlx::query(free).bind(id(server.as_u128())).bind(text)).await?;
    run(db, sqlx::query("DELETE FROM category WHERE id = $1").bind(id(category))).await?;
    Ok(())
}

async fn delete_role(db: &mut PgConnection, server: ServerId, role: RoleId) -> Result<(), StoreError> {
    let delete = "DELETE FROM role WHERE server = $1 AND id = $2";
    let delete = sqlx::query(delete).bind(id(server.as_u128())).bind(id(role.as_u128()));
    run(db, delete).await?;
    Ok(())
}

/// Ends a membership. A timeout outlives it.
async fn remove_member(db: &mut PgConnection, server: ServerId, user: UserId) -> Result<(), StoreError> {
    let (server, person) = (id(server.as_u128()), id(user.as_u128()));
    let keep = "INSERT INTO timeout (server, person, until) SELECT server, person, timeout_until FROM member
                WHERE server = $1 AND person = $2 AND timeout_until IS NOT NULL
                ON CONFLICT (server, person) DO UPDATE SET until = excluded.until";
    run(db, sqlx::query(keep).bind(server).bind(person)).await?;
    run(db, sqlx::query("DELETE FROM member WHERE server = $1 AND person = $2").bind(server).bind(person))
        .await?;
    Ok(())
}

/// The membership carries the timeout from now on.
async fn forget_timeout(db: &mut PgConnection, server: ServerId, user: UserId) -> Result<(), StoreError> {
    let forget = "DELETE FROM timeout WHERE server = $1 AND person = $2";
    let forget = sqlx::query(forget).bind(id(server.as_u128())).bind(id(user.as_u128()));
    run(db, forget).await?;
    Ok(())
}
