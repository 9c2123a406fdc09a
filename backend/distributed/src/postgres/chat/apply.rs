//! Applying a change of a server to the copy, with everything that follows from it, in one transaction.

use std::collections::BTreeSet;

use echopulse_core::{
    chat::{
        model::{DeletedBy, EventBody},
        port::outbound::Applied,
    },
    common::{
        ChannelId, MessageId, RoleId, Seq, ServerId, StoreError, StreamKey, Timestamp, UserId,
        community::{Channel, Member, Role, Server, User},
        event::{RemovalCause, ServerChange, ServerEvent},
        port::Chance,
    },
};
use echopulse_wire as wire;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    copy::{self, cause_number},
    message::deleted_by_number,
    outbox,
    stream::{self, EventRow, Said},
    webhooks,
};
use crate::postgres::{
    codec::{bits, damaged, id, ids, seq, signed, stream_octets, to_json},
    database::{Attempts, Database},
    query::{all, run},
};

/// Messages that one event of a deletion names.
const DELETED_AT_ONCE: usize = 100;

/// Applies a change if it is the next one.
pub(super) async fn apply(
    database: &Database,
    chance: &dyn Chance,
    event: ServerEvent,
) -> Result<Applied, StoreError> {
    let mut attempts = Attempts::new();
    loop {
        match apply_once(database, chance, &event).await {
            Err(error) if attempts.again(&error) => {}
            answer => return answer,
        }
    }
}

async fn apply_once(
    database: &Database,
    chance: &dyn Chance,
    event: &ServerEvent,
) -> Result<Applied, StoreError> {
    let mut tx = database.write().await?;
    if event.seq == Seq(1) {
        make_place(&mut tx, event).await?;
    }
    let place = copy::lock(&mut tx, event.server).await?;
    let at = place.map_or(Seq::ZERO, |(_, seq)| seq);
    if place.is_some_and(|(epoch, _)| epoch != event.epoch) || event.seq > at.next() {
        return Ok(Applied::Gap { at });
    }
    if event.seq <= at {
        return Ok(Applied::Stale);
    }
    keep_event(&mut tx, event).await?;
    let mut change = Change { db: &mut tx, chance, event, grown: Vec::new() };
    change.project().await?;
    let grown = change.grown;
    tx.commit().await?;
    Ok(Applied::Done { grown })
}

/// Makes a row to lock. Another node that makes it is waited for; nobody sees it before something was applied.
async fn make_place(db: &mut PgConnection, event: &ServerEvent) -> Result<(), StoreError> {
    let make = "INSERT INTO server_copy (server, epoch, seq) VALUES ($1, $2, 0) ON CONFLICT DO NOTHING";
    run(db, sqlx::query(make).bind(id(event.server.as_u128())).bind(signed(event.epoch.0))).await?;
    Ok(())
}

/// Moves the copy on, and appends to the server's stream. It has no row for the bus: every node hears of it from the
/// server service.
async fn keep_event(db: &mut PgConnection, event: &ServerEvent) -> Result<(), StoreError> {
    let place = "UPDATE server_copy SET seq = $2 WHERE server = $1";
    let place = sqlx::query(place).bind(id(event.server.as_u128())).bind(signed(event.seq.0));
    run(db, place).await?;
    let stream = StreamKey::Server(event.server);
    stream::put(db, stream, event.epoch, event.seq).await?;
    let said = Said::other(EventBody::Server(event.change.clone()));
    let ServerEvent { seq, at, actor, .. } = *event;
    stream::insert_events(db, vec![EventRow { stream, seq, at, actor, said }]).await
}

/// A change on its way into the copy.
struct Change<'a> {
    db: &'a mut PgConnection,
    chance: &'a dyn Chance,
    event: &'a ServerEvent,
    grown: Vec<StreamKey>,
}

impl Change<'_> {
    async fn project(&mut self) -> Result<(), StoreError> {
        match &self.event.change {
            ServerChange::ServerCreated(server) | ServerChange::ServerUpdated(server) => {
                self.put_server(server).await
            }
            ServerChange::ServerDeleted(_) => self.delete_server().await,
            ServerChange::ChannelCreated(channel) | ServerChange::ChannelUpdated(channel) => {
                self.put_channel(channel).await
            }
            ServerChange::ChannelDeleted(channel) => self.delete_channel(*channel).await,
            ServerChange::RoleCreated(role) | ServerChange::RoleUpdated(role) => self.put_role(role).await,
            ServerChange::RoleDeleted(role) => self.delete_role(*role).await,
            // Headings carry no right: clients learn of them from the stream.
            ServerChange::CategoryCreated(_)
            | ServerChange::CategoryUpdated(_)
            | ServerChange::CategoryDeleted(_) => Ok(()),
            ServerChange::MemberJoined { member, user } => self.join(member, user).await,
            ServerChange::MemberUpdated(member) => self.put_member(member).await,
            ServerChange::MemberRemoved { user, cause } => self.remove(*user, *cause).await,
            ServerChange::MemberBanned { user, delete_messages_s } => {
                webhooks::revoke(self.db, self.event.server, *user).await?;
                self.erase(*user, *delete_messages_s).await
            }
        }
    }

    fn server(&self) -> Uuid {
        id(self.event.server.as_u128())
    }

    async fn put_server(&mut self, server: &Server) -> Result<(), StoreError> {
        let put = sqlx::query("UPDATE server_copy SET body = $1 WHERE server = $2");
        let put = put.bind(to_json(&wire::server(server.clone()))?).bind(self.server());
        run(self.db, put).await?;
        Ok(())
    }

    async fn put_channel(&mut self, channel: &Channel) -> Result<(), StoreError> {
        let put = "INSERT INTO channel_copy (channel, server, body) VALUES ($1, $2, $3)
                   ON CONFLICT (channel) DO UPDATE SET body = excluded.body";
        let put = sqlx::query(put).bind(id(channel.id.as_u128())).bind(self.server());
        run(self.db, put.bind(to_json(&wire::channel(channel.clone()))?)).await?;
        stream::make(self.db, self.chance, [StreamKey::Channel(channel.id)].into()).await
    }

    async fn put_role(&mut self, role: &Role) -> Result<(), StoreError> {
        let put = "INSERT INTO role_copy (server, role, body) VALUES ($1, $2, $3)
                   ON CONFLICT (server, role) DO UPDATE SET body = excluded.body";
        let put = sqlx::query(put).bind(self.server()).bind(id(role.id.as_u128()));
        run(self.db, put.bind(to_json(&wire::role(role.clone()))?)).await?;
        Ok(())
    }

    async fn delete_role(&mut self, role: RoleId) -> Result<(), StoreError> {
        let delete = sqlx::query("DELETE FROM role_copy WHERE server = $1 AND role = $2");
        run(self.db, delete.bind(self.server()).bind(id(role.as_u128()))).await?;
        Ok(())
    }

    async fn put_member(&mut self, member: &Member) -> Result<(), StoreError> {
        let put = "INSERT INTO member_copy (server, person, nickname, body) VALUES ($1, $2, $3, $4)
                   ON CONFLICT (server, person)
                   DO UPDATE SET nickname = excluded.nickname, body = excluded.body";
        let put = sqlx::query(put)
            .bind(self.server())
            .bind(id(member.user.as_u128()))
            .bind(member.nickname.as_deref())
            .bind(to_json(&wire::member(member.clone()))?);
        run(self.db, put).await?;
        Ok(())
    }

    /// A newcomer starts read, and so does somebody who comes back.
    async fn join(&mut self, member: &Member, user: &User) -> Result<(), StoreError> {
        copy::meet_user(self.db, user).await?;
        self.put_member(member).await?;
        let newcomer = id(user.id.as_u128());
        let forget = sqlx::query("DELETE FROM removal WHERE server = $1 AND person = $2");
        run(self.db, forget.bind(self.server()).bind(newcomer)).await?;
        let unread = "DELETE FROM read_state WHERE person = $1 AND channel IN
                      (SELECT channel FROM channel_copy WHERE server = $2)";
        run(self.db, sqlx::query(unread).bind(newcomer).bind(self.server())).await?;
        // A channel's stream is named by its kind, 1, and its id.
        let heads = "INSERT INTO joined_head (person, channel, head)
                     SELECT $1, channel_copy.channel, stream_head.head FROM channel_copy
                     JOIN stream_head ON stream_head.stream = '\\x01'::bytea || uuid_send(channel_copy.channel)
                     WHERE channel_copy.server = $2
                     ON CONFLICT (person, channel) DO UPDATE SET head = excluded.head";
        run(self.db, sqlx::query(heads).bind(newcomer).bind(self.server())).await?;
        let server_seq = self.event.seq;
        self.tell(&[user.id], EventBody::ServerJoined { server: self.event.server, server_seq }).await
    }

    async fn remove(&mut self, user: UserId, cause: RemovalCause) -> Result<(), StoreError> {
        let person = id(user.as_u128());
        let delete = sqlx::query("DELETE FROM member_copy WHERE server = $1 AND person = $2");
        run(self.db, delete.bind(self.server()).bind(person)).await?;
        let keep = "INSERT INTO removal (server, person, cause) VALUES ($1, $2, $3)
                    ON CONFLICT (server, person) DO UPDATE SET cause = excluded.cause";
        run(self.db, sqlx::query(keep).bind(self.server()).bind(person).bind(cause_number(cause))).await?;
        if matches!(cause, RemovalCause::Kicked | RemovalCause::Banned) {
            webhooks::revoke(self.db, self.event.server, user).await?;
        }
        self.tell_of_end(&[user], cause).await
    }

    async fn tell_of_end(&mut self, users: &[UserId], cause: RemovalCause) -> Result<(), StoreError> {
        let (server, server_seq): (ServerId, Seq) = (self.event.server, self.event.seq);
        self.tell(users, EventBody::ServerLeft { server, server_seq, cause }).await
    }

    /// Appends to the streams of persons.
    async fn tell(&mut self, users: &[UserId], body: EventBody) -> Result<(), StoreError> {
        let streams: BTreeSet<_> = users.iter().copied().map(StreamKey::User).collect();
        stream::make(self.db, self.chance, streams.clone()).await?;
        let said = Said::other(body);
        let grown = stream::append(self.db, streams, self.event.at, self.event.actor, said).await?;
        self.grown.extend(grown.into_keys());
        Ok(())
    }

    async fn channels(&mut self) -> Result<Vec<ChannelId>, StoreError> {
        let found = "SELECT channel FROM channel_copy WHERE server = $1 AND NOT deleted ORDER BY channel";
        let found = sqlx::query(found).bind(self.server());
        all(self.db, found, |row| Ok(ChannelId::from_u128(bits(row, "channel")?))).await
    }

    async fn delete_server(&mut self) -> Result<(), StoreError> {
        for channel in self.channels().await? {
            self.delete_channel(channel).await?;
        }
        let members = copy::members(self.db, self.event.server).await?;
        self.tell_of_end(&members, RemovalCause::Deleted).await?;
        for emptied in [
            "UPDATE server_copy SET body = NULL WHERE server = $1",
            "DELETE FROM role_copy WHERE server = $1",
            "DELETE FROM member_copy WHERE server = $1",
        ] {
            let server = self.server();
            run(self.db, sqlx::query(emptied).bind(server)).await?;
        }
        Ok(())
    }

    /// Removes everything of a channel at once but the nonces, and the channel as it last was: its deletion is told to
    /// those who saw it. The stream goes first: whoever posts there has finished by then, and nobody begins.
    async fn delete_channel(&mut self, channel: ChannelId) -> Result<(), StoreError> {
        let stream = StreamKey::Channel(channel);
        for emptied in ["DELETE FROM stream_head WHERE stream = $1", "DELETE FROM event WHERE stream = $1"] {
            run(self.db, sqlx::query(emptied).bind(stream_octets(stream))).await?;
        }
        outbox::forget(self.db, stream).await?;
        for emptied in [
            "UPDATE channel_copy SET deleted = true WHERE channel = $1",
            "DELETE FROM message WHERE channel = $1",
            "DELETE FROM read_state WHERE channel = $1",
            "DELETE FROM joined_head WHERE channel = $1",
            "DELETE FROM webhook WHERE channel = $1",
        ] {
            run(self.db, sqlx::query(emptied).bind(id(channel.as_u128()))).await?;
        }
        Ok(())
    }

    /// Makes tombstones of somebody's messages of the last seconds, in every channel of the server.
    async fn erase(&mut self, user: UserId, seconds: u32) -> Result<(), StoreError> {
        if seconds == 0 {
            return Ok(());
        }
        let since = Timestamp::from_millis(self.event.at.as_millis() - i64::from(seconds) * 1000);
        let channels = self.channels().await?;
        // Nobody posts or edits there from here on.
        stream::lock(self.db, channels.iter().copied().map(StreamKey::Channel)).await?;
        for channel in channels {
            let messages = self.messages_since(channel, user, since).await?;
            for part in messages.chunks(DELETED_AT_ONCE) {
                self.tombstone(channel, part).await?;
            }
            if !messages.is_empty() {
                self.grown.push(StreamKey::Channel(channel));
            }
        }
        Ok(())
    }

    async fn messages_since(
        &mut self,
        channel: ChannelId,
        author: UserId,
        since: Timestamp,
    ) -> Result<Vec<(MessageId, Seq)>, StoreError> {
        let found = "SELECT id, seq FROM message
                     WHERE channel = $1 AND author = $2 AND created_at >= $3 AND deleted_at IS NULL ORDER BY seq";
        let found =
            sqlx::query(found).bind(id(channel.as_u128())).bind(id(author.as_u128())).bind(since.as_millis());
        all(self.db, found, |row| Ok((MessageId::from_u128(bits(row, "id")?), seq(row, "seq")?))).await
    }

    async fn tombstone(
        &mut self,
        channel: ChannelId,
        messages: &[(MessageId, Seq)],
    ) -> Result<(), StoreError> {
        let body = EventBody::MessagesDeleted { messages: messages.to_vec(), by: DeletedBy::Ban };
        let (stream, at) = (StreamKey::Channel(channel), self.event.at);
        let places = stream::append(self.db, [stream], at, self.event.actor, Said::other(body)).await?;
        let revision = places.get(&stream).copied().ok_or_else(|| damaged("stream"))?;
        let update =
            "UPDATE message SET content = '', mentions = NULL, revision = $1, deleted_at = $2, deleted_by = $3
             WHERE id = ANY($4)";
        let update = sqlx::query(update)
            .bind(signed(revision.0))
            .bind(at.as_millis())
            .bind(deleted_by_number(DeletedBy::Ban))
            .bind(ids(messages.iter().map(|(id, _)| id.as_u128())));
        run(self.db, update).await?;
        Ok(())
    }
}
