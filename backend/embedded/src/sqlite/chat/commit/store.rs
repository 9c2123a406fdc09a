//! Storing what a batch left behind.

use echopulse_core::{
    chat::{
        model::{Mentions, Message},
        port::outbound::NonceRecord,
    },
    common::{ChannelId, Seq, StoreError, StreamKey},
};
use sqlx::SqliteConnection;

use super::batch::{Batch, NonceKey};
use crate::sqlite::{
    chat::{
        message::{author_kind_number, deleted_by_number, mentions_column},
        stream::{self, Head},
    },
    codec::{octets, signed, stream_octets},
    insert::{Target, insert},
    query::{Statement, run},
};

const MESSAGE: Target = Target {
    into: "message (channel, seq, id, revision, nonce, author, author_kind, content, reply_id, reply_seq,
           reply_author, mentions, created_at, edited_at, deleted_at, deleted_by)",
    columns: 16,
};
/// A message that says something and no more, as most do: what is left out is NULL.
const PLAIN: Target = Target {
    into: "message (channel, seq, id, revision, nonce, author, author_kind, content, created_at)",
    columns: 9,
};
const NONCE: Target =
    Target { into: "nonce (author, nonce, channel, message, seq, epoch, fingerprint)", columns: 7 };

/// Stores messages, nonces, events and rows for the bus that are not in the tables yet.
pub(super) async fn rows(db: &mut SqliteConnection, batch: &mut Batch) -> Result<(), StoreError> {
    store(db, batch, &[]).await
}

/// The same, and moves the heads of the channels that grew.
pub(super) async fn rows_and_heads(db: &mut SqliteConnection, batch: &mut Batch) -> Result<(), StoreError> {
    let moved = batch.moved.iter().filter_map(|channel| Some((*channel, *batch.channels.get(channel)?)));
    let moved: Vec<_> = moved.collect();
    store(db, batch, &moved).await
}

async fn store(
    db: &mut SqliteConnection,
    batch: &mut Batch,
    heads: &[(ChannelId, Head)],
) -> Result<(), StoreError> {
    let (mut plain, mut created) = (Vec::with_capacity(batch.created.len()), Vec::new());
    for id in batch.created.drain(..) {
        batch.changed.remove(&id);
        let Some(message) = batch.messages.get(&id) else { continue };
        if is_plain(message) {
            plain.push(message);
        } else {
            created.push((message, mentions_column(&message.mentions)?));
        }
    }
    for id in std::mem::take(&mut batch.changed) {
        if let Some(message) = batch.messages.get(&id) {
            update(db, message).await?;
        }
    }
    let used = batch.used.drain(..).filter_map(|key| batch.nonces.get_key_value(&key)).collect::<Vec<_>>();
    let events = std::mem::take(&mut batch.events);
    let targets = [
        (&PLAIN, plain.len()),
        (&MESSAGE, created.len()),
        (&NONCE, used.len()),
        (&stream::EVENT, events.len()),
        (&stream::OUTBOX, events.len()),
    ];
    let mut all = insert(&targets, &stream::SET_HEAD.repeat(heads.len()));
    all = plain.iter().fold(all, |all, message| bind_plain(all, message));
    all = created.iter().fold(all, bind_message);
    all = used.iter().fold(all, bind_nonce);
    all = events.iter().fold(all, stream::bind_event);
    all = events.iter().fold(all, stream::bind_outbox);
    for (channel, head) in heads {
        all = stream::bind_head(all, StreamKey::Channel(*channel), head.head, head.purged_through);
    }
    run(db, all).await?;
    Ok(())
}

fn is_plain(message: &Message) -> bool {
    message.reply_to.is_none()
        && message.mentions == Mentions::default()
        && message.edited_at.is_none()
        && message.deleted.is_none()
}

fn bind_plain<'q>(to: Statement<'q>, message: &'q Message) -> Statement<'q> {
    to.bind(octets(message.channel.as_u128()))
        .bind(signed(message.seq.0))
        .bind(octets(message.id.as_u128()))
        .bind(signed(message.revision.0))
        .bind(message.nonce.as_str())
        .bind(octets(message.author.id.as_u128()))
        .bind(author_kind_number(message.author.kind))
        .bind(message.content.as_str())
        .bind(message.created_at.as_millis())
}

fn bind_message<'q>(to: Statement<'q>, row: &'q (&Message, Option<String>)) -> Statement<'q> {
    let (message, mentions) = row;
    let reply = message.reply_to;
    to.bind(octets(message.channel.as_u128()))
        .bind(signed(message.seq.0))
        .bind(octets(message.id.as_u128()))
        .bind(signed(message.revision.0))
        .bind(message.nonce.as_str())
        .bind(octets(message.author.id.as_u128()))
        .bind(author_kind_number(message.author.kind))
        .bind(message.content.as_str())
        .bind(reply.map(|reply| octets(reply.id.as_u128())))
        .bind(reply.map(|reply| signed(reply.seq.0)))
        .bind(reply.map(|reply| octets(reply.author.as_u128())))
        .bind(mentions.as_deref())
        .bind(message.created_at.as_millis())
        .bind(message.edited_at.map(|at| at.as_millis()))
        .bind(message.deleted.map(|deletion| deletion.at.as_millis()))
        .bind(message.deleted.map(|deletion| deleted_by_number(deletion.by)))
}

fn bind_nonce<'q>(to: Statement<'q>, row: &'q (&NonceKey, &NonceRecord)) -> Statement<'q> {
    let ((author, nonce), record) = row;
    to.bind(octets(author.as_u128()))
        .bind(nonce.as_str())
        .bind(octets(record.channel.as_u128()))
        .bind(octets(record.message.as_u128()))
        .bind(signed(record.seq.0))
        .bind(signed(record.epoch.0))
        .bind(signed(record.fingerprint))
}

async fn update(db: &mut SqliteConnection, message: &Message) -> Result<(), StoreError> {
    let update = "UPDATE message SET revision = ?, content = ?, mentions = ?, edited_at = ?, deleted_at = ?,
                  deleted_by = ? WHERE channel = ? AND seq = ?";
    let update = sqlx::query(update)
        .bind(signed(message.revision.0))
        .bind(message.content.as_str())
        .bind(mentions_column(&message.mentions)?)
        .bind(message.edited_at.map(|at| at.as_millis()))
        .bind(message.deleted.map(|deletion| deletion.at.as_millis()))
        .bind(message.deleted.map(|deletion| deleted_by_number(deletion.by)))
        .bind(octets(message.channel.as_u128()))
        .bind(signed(message.seq.0));
    run(db, update).await?;
    Ok(())
}

/// Removes messages and events up to a place. Rows for the bus that could not be shown any more go too.
pub(super) async fn purge(
    db: &mut SqliteConnection,
    channel: ChannelId,
    through: Seq,
) -> Result<(), StoreError> {
    let (stream, place) = (stream_octets(StreamKey::Channel(channel)), signed(through.0));
    let hints = "DELETE FROM outbox WHERE stream = ?1 AND (seq <= ?2 OR EXISTS (
                     SELECT 1 FROM event JOIN message ON message.id = event.message
                     WHERE event.stream = outbox.stream AND event.seq = outbox.seq AND message.seq <= ?2))";
    run(db, sqlx::query(hints).bind(&stream).bind(place)).await?;
    run(db, sqlx::query("DELETE FROM event WHERE stream = ? AND seq <= ?").bind(stream).bind(place)).await?;
    let messages = "DELETE FROM message WHERE channel = ? AND seq <= ?";
    run(db, sqlx::query(messages).bind(octets(channel.as_u128())).bind(place)).await?;
    Ok(())
}
