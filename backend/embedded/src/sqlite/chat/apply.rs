//! Applying a change of a server to the copy, with everything that follows from it, in one transaction.

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
use sqlx::SqliteConnection;

use super::{
    copy::{self, cause_number},
    message::deleted_by_number,
    stream::{self, EventRow, Said},
    tail::Tail,
    webhooks,
};
use crate::sqlite::{
    codec::{bits, id_list, octets, seq, signed, stream_octets, to_json},
    database::Database,
    insert::insert,
    query::{all, run},
};

/// Messages that one event of a deletion names.
const DELETED_AT_ONCE: usize = 100;

/// Applies a change if it is the next one.
pub(super) async fn apply(
    database: &Database,
    tail: &Tail,
    chance: &dyn Chance,
    event: ServerEvent,
) -> Result<Applied, StoreError> {
    let mut tx = database.write().await?;
    let place = copy::position(&mut tx, event.server).await?;
    let at = place.map_or(Seq::ZERO, |(_, seq)| seq);
    if place.is_some_and(|(epoch, _)| epoch != event.epoch) || event.seq > at.next() {
        return Ok(Applied::Gap { at });
    }
    if event.seq <= at {
        return Ok(Applied::Stale);
    }
    keep_event(&mut tx, &event).await?;
    let mut change = Change { db: &mut tx, chance, event: &event, grown: Vec::new() };
    change.project().await?;
    let grown = change.grown;
    let _changing = tail.changing();
    tx.commit().await?;
    Ok(Applied::Done { grown })
}

/// Moves the copy on, and appends to the server's stream. It has no row for the bus: every node hears of it from the
/// server service.
async fn keep_event(db: &mut SqliteConnection, event: &ServerEvent) -> Result<(), StoreError> {
    let server = octets(event.server.as_u128());
    let place = "INSERT INTO server_copy (server, epoch, seq) VALUES (?, ?, ?)
                 ON CONFLICT (server) DO UPDATE SET seq = excluded.seq";
    let place = sqlx::query(place).bind(server).bind(signed(event.epoch.0)).bind(signed(event.seq.0));
    run(db, place).await?;
    let stream = StreamKey::Server(event.server);
    stream::make_with(db, event.epoch, stream).await?;
    stream::set_head(db, stream, event.seq, Seq::ZERO).await?;
    let said = Said::other(EventBody::Server(event.change.clone()));
    let ServerEvent { seq, at, actor, .. } = *event;
    let row = EventRow { stream, seq, at, actor, said };
    run(db, stream::bind_event(insert(&[(&stream::EVENT, 1)], ""), &row)).await?;
    Ok(())
}

/// A change on its way into the copy.
struct Change<'a> {
    db: &'a mut SqliteConnection,
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

    fn server(&self) -> Vec<u8> {
        octets(self.event.server.as_u128())
    }

    async fn put_server(&mut self, server: &Server) -> Result<(), StoreError> {
        let put = sqlx::query("UPDATE server_copy SET body = ? WHERE server = ?");
        let put = put.bind(to_json(&wire::server(server.clone()))?).bind(self.server());
        run(self.db, put).await?;
        Ok(())
    }

    async fn put_channel(&mut self, channel: &Channel) -> Result<(), StoreError> {
        let put = "INSERT INTO channel_copy (channel, server, body) VALUES (?, ?, ?)
                   ON CONFLICT (channel) DO UPDATE SET body = excluded.body";
        let put = sqlx::query(put).bind(octets(channel.id.as_u128())).bind(self.server());
        run(self.db, put.bind(to_json(&wire::channel(channel.clone()))?)).await?;
        stream::make(self.db, self.chance, StreamKey::Channel(channel.id)).await
    }

    async fn put_role(&mut self, role: &Role) -> Result<(), StoreError> {
        let put = "INSERT INTO role_copy (server, role, body) VALUES (?, ?, ?)
                   ON CONFLICT (server, role) DO UPDATE SET body = excluded.body";
        let put = sqlx::query(put).bind(self.server()).bind(octets(role.id.as_u128()));
        run(self.db, put.bind(to_json(&wire::role(role.clone()))?)).await?;
        Ok(())
    }

    async fn delete_role(&mut self, role: RoleId) -> Result<(), StoreError> {
        let delete = sqlx::query("DELETE FROM role_copy WHERE server = ? AND role = ?");
        run(self.db, delete.bind(self.server()).bind(octets(role.as_u128()))).await?;
        Ok(())
    }

    async fn put_member(&mut self, member: &Member) -> Result<(), StoreError> {
        let put = "INSERT INTO member_copy (server, user, nickname, body) VALUES (?, ?, ?, ?)
                   ON CONFLICT (server, user) DO UPDATE SET nickname = excluded.nickname, body = excluded.body";
        let put = sqlx::query(put)
            .bind(self.server())
            .bind(octets(member.user.as_u128()))
            .bind(member.nickname.as_deref())
            .bind(to_json(&wire::member(member.clone()))?);
        run(self.db, put).await?;
        Ok(())
    }

    /// A newcomer starts read, and so does somebody who comes back.
    async fn join(&mut self, member: &Member, user: &User) -> Result<(), StoreError> {
        copy::meet_user(self.db, user).await?;
        self.put_member(member).await?;
        let id = octets(user.id.as_u128());
        let forget = sqlx::query("DELETE FROM removal WHERE server = ? AND user = ?");
        run(self.db, forget.bind(self.server()).bind(&id)).await?;
        let unread = "DELETE FROM read_state WHERE user = ? AND channel IN
                      (SELECT channel FROM channel_copy WHERE server = ?)";
        run(self.db, sqlx::query(unread).bind(&id).bind(self.server())).await?;
        // A channel's stream is named by its kind, 1, and its id.
        let heads = "INSERT OR REPLACE INTO joined_head (user, channel, head)
                     SELECT ?, channel_copy.channel, stream_head.head FROM channel_copy
                     JOIN stream_head ON stream_head.stream = unhex('01' || hex(channel_copy.channel))
                     WHERE channel_copy.server = ?";
        run(self.db, sqlx::query(heads).bind(&id).bind(self.server())).await?;
        let server_seq = self.event.seq;
        self.tell(user.id, EventBody::ServerJoined { server: self.event.server, server_seq }).await
    }

    async fn remove(&mut self, user: UserId, cause: RemovalCause) -> Result<(), StoreError> {
        let id = octets(user.as_u128());
        let delete = sqlx::query("DELETE FROM member_copy WHERE server = ? AND user = ?");
        run(self.db, delete.bind(self.server()).bind(&id)).await?;
        let keep = "INSERT OR REPLACE INTO removal (server, user, cause) VALUES (?, ?, ?)";
        run(self.db, sqlx::query(keep).bind(self.server()).bind(&id).bind(cause_number(cause))).await?;
        if matches!(cause, RemovalCause::Kicked | RemovalCause::Banned) {
            webhooks::revoke(self.db, self.event.server, user).await?;
        }
        self.tell_of_end(user, cause).await
    }

    async fn tell_of_end(&mut self, user: UserId, cause: RemovalCause) -> Result<(), StoreError> {
        let (server, server_seq): (ServerId, Seq) = (self.event.server, self.event.seq);
        self.tell(user, EventBody::ServerLeft { server, server_seq, cause }).await
    }

    /// Appends to a person's stream.
    async fn tell(&mut self, user: UserId, body: EventBody) -> Result<(), StoreError> {
        let stream = StreamKey::User(user);
        stream::make(self.db, self.chance, stream).await?;
        stream::append(self.db, stream, self.event.at, self.event.actor, Said::other(body)).await?;
        self.grown.push(stream);
        Ok(())
    }

    async fn channels(&mut self) -> Result<Vec<ChannelId>, StoreError> {
        let found = "SELECT channel FROM channel_copy WHERE server = ? AND deleted = 0 ORDER BY channel";
        let found = sqlx::query(found).bind(self.server());
        all(self.db, found, |row| Ok(ChannelId::from_u128(bits(row, "channel")?))).await
    }

    async fn delete_server(&mut self) -> Result<(), StoreError> {
        for channel in self.channels().await? {
            self.delete_channel(channel).await?;
        }
        for user in copy::members(self.db, self.event.server).await? {
            self.tell_of_end(user, RemovalCause::Deleted).await?;
        }
        for emptied in [
            "UPDATE server_copy SET body = NULL WHERE server = ?",
            "DELETE FROM role_copy WHERE server = ?",
            "DELETE FROM member_copy WHERE server = ?",
        ] {
            let server = self.server();
            run(self.db, sqlx::query(emptied).bind(server)).await?;
        }
        Ok(())
    }

    /// Removes everything of a channel at once but the nonces, and the channel as it last was: its deletion is told to
    /// those who saw it.
    async fn delete_channel(&mut self, channel: ChannelId) -> Result<(), StoreError> {
        let id = octets(channel.as_u128());
        let stream = stream_octets(StreamKey::Channel(channel));
        for (emptied, name) in [
            ("UPDATE channel_copy SET deleted = 1 WHERE channel = ?", &id),
            ("DELETE FROM outbox WHERE stream = ?", &stream),
            ("DELETE FROM event WHERE stream = ?", &stream),
            ("DELETE FROM stream_head WHERE stream = ?", &stream),
            ("DELETE FROM message WHERE channel = ?", &id),
            ("DELETE FROM read_state WHERE channel = ?", &id),
            ("DELETE FROM joined_head WHERE channel = ?", &id),
            ("DELETE FROM webhook WHERE channel = ?", &id),
        ] {
            run(self.db, sqlx::query(emptied).bind(name)).await?;
        }
        Ok(())
    }

    /// Makes tombstones of somebody's messages of the last seconds, in every channel of the server.
    async fn erase(&mut self, user: UserId, seconds: u32) -> Result<(), StoreError> {
        if seconds == 0 {
            return Ok(());
        }
        let since = Timestamp::from_millis(self.event.at.as_millis() - i64::from(seconds) * 1000);
        for channel in self.channels().await? {
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
                     WHERE channel = ? AND author = ? AND created_at >= ? AND deleted_at IS NULL ORDER BY seq";
        let found = sqlx::query(found)
            .bind(octets(channel.as_u128()))
            .bind(octets(author.as_u128()))
            .bind(since.as_millis());
        all(self.db, found, |row| Ok((MessageId::from_u128(bits(row, "id")?), seq(row, "seq")?))).await
    }

    async fn tombstone(
        &mut self,
        channel: ChannelId,
        messages: &[(MessageId, Seq)],
    ) -> Result<(), StoreError> {
        let body = EventBody::MessagesDeleted { messages: messages.to_vec(), by: DeletedBy::Ban };
        let (stream, at) = (StreamKey::Channel(channel), self.event.at);
        let revision = stream::append(self.db, stream, at, self.event.actor, Said::other(body)).await?;
        let update =
            "UPDATE message SET content = '', mentions = NULL, revision = ?, deleted_at = ?, deleted_by = ?
                      WHERE id IN (SELECT unhex(value) FROM json_each(?))";
        let update = sqlx::query(update)
            .bind(signed(revision.0))
            .bind(at.as_millis())
            .bind(deleted_by_number(DeletedBy::Ban))
            .bind(id_list(messages.iter().map(|(id, _)| id.as_u128())));
        run(self.db, update).await?;
        Ok(())
    }
}
