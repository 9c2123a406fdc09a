//! Storing what a batch left behind: a statement for each table, whatever the number of rows.

use std::collections::BTreeMap;

use echopulse_core::{
    chat::{model::Message, port::outbound::NonceRecord},
    common::{ChannelId, Seq, StoreError, StreamKey},
};
use sqlx::PgConnection;
use uuid::Uuid;

use super::batch::{Batch, NonceKey};
use crate::postgres::{
    chat::{
        message::{author_kind_number, deleted_by_number, mentions_column},
        outbox, stream,
    },
    codec::{id, signed, stream_octets},
    database::PgError,
    query::run,
};

/// Stores messages, nonces, events and rows for the bus that are not in the tables yet.
pub(super) async fn rows(db: &mut PgConnection, batch: &mut Batch) -> Result<(), StoreError> {
    let used: BTreeMap<_, _> =
        batch.used.drain(..).filter_map(|key| batch.nonces.get_key_value(&key)).collect();
    insert_nonces(db, used).await?;
    let mut created = Vec::with_capacity(batch.created.len());
    for id in batch.created.drain(..) {
        batch.changed.remove(&id);
        created.extend(batch.messages.get(&id));
    }
    insert_messages(db, &created).await?;
    let changed: Vec<_> = batch.changed.iter().filter_map(|id| batch.messages.get(id)).collect();
    update_messages(db, &changed).await?;
    batch.changed.clear();
    let events = std::mem::take(&mut batch.events);
    outbox::insert(db, events.iter().map(|event| (event.stream, event.seq))).await?;
    stream::insert_events(db, events).await
}

/// Takes nonces, in one order for everybody. One that another transaction takes is waited for; if that one commits, this one has
/// to begin anew.
async fn insert_nonces(
    db: &mut PgConnection,
    used: BTreeMap<&NonceKey, &NonceRecord>,
) -> Result<(), StoreError> {
    if used.is_empty() {
        return Ok(());
    }
    let of = |read: fn(&NonceRecord) -> Uuid| used.values().map(|record| read(record)).collect::<Vec<_>>();
    let number =
        |read: fn(&NonceRecord) -> u64| used.values().map(|record| signed(read(record))).collect::<Vec<_>>();
    let insert = "INSERT INTO nonce (author, nonce, channel, message, seq, epoch, fingerprint)
                  SELECT * FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::uuid[], $5::bigint[],
                  $6::bigint[], $7::bigint[]) ON CONFLICT DO NOTHING";
    let insert = sqlx::query(insert)
        .bind(used.keys().map(|(author, _)| id(author.as_u128())).collect::<Vec<_>>())
        .bind(used.keys().map(|(_, nonce)| nonce.as_str()).collect::<Vec<_>>())
        .bind(of(|record| id(record.channel.as_u128())))
        .bind(of(|record| id(record.message.as_u128())))
        .bind(number(|record| record.seq.0))
        .bind(number(|record| record.epoch.0))
        .bind(number(|record| record.fingerprint));
    if run(db, insert).await? == used.len() as u64 {
        return Ok(());
    }
    Err(StoreError::new(PgError::NonceTaken))
}

/// One column of these messages.
fn column<T>(messages: &[&Message], read: impl Fn(&Message) -> T) -> Vec<T> {
    messages.iter().map(|message| read(message)).collect()
}

fn mentions(messages: &[&Message]) -> Result<Vec<Option<String>>, StoreError> {
    messages.iter().map(|message| mentions_column(&message.mentions)).collect()
}

fn edited_at(message: &Message) -> Option<i64> {
    message.edited_at.map(|at| at.as_millis())
}

fn deleted_at(message: &Message) -> Option<i64> {
    message.deleted.map(|deletion| deletion.at.as_millis())
}

fn deleted_by(message: &Message) -> Option<i16> {
    message.deleted.map(|deletion| deleted_by_number(deletion.by))
}

async fn insert_messages(db: &mut PgConnection, messages: &[&Message]) -> Result<(), StoreError> {
    if messages.is_empty() {
        return Ok(());
    }
    let insert = "INSERT INTO message (channel, seq, id, revision, nonce, author, author_kind, content, reply_id,
                  reply_seq, reply_author, mentions, created_at, edited_at, deleted_at, deleted_by)
                  SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::uuid[], $4::bigint[], $5::text[], $6::uuid[],
                  $7::smallint[], $8::text[], $9::uuid[], $10::bigint[], $11::uuid[], $12::text[],
                  $13::bigint[], $14::bigint[], $15::bigint[], $16::smallint[])";
    let insert = sqlx::query(insert)
        .bind(column(messages, |message| id(message.channel.as_u128())))
        .bind(column(messages, |message| signed(message.seq.0)))
        .bind(column(messages, |message| id(message.id.as_u128())))
        .bind(column(messages, |message| signed(message.revision.0)))
        .bind(messages.iter().map(|message| message.nonce.as_str()).collect::<Vec<_>>())
        .bind(column(messages, |message| id(message.author.id.as_u128())))
        .bind(column(messages, |message| author_kind_number(message.author.kind)))
        .bind(messages.iter().map(|message| message.content.as_str()).collect::<Vec<_>>())
        .bind(column(messages, |message| message.reply_to.map(|reply| id(reply.id.as_u128()))))
        .bind(column(messages, |message| message.reply_to.map(|reply| signed(reply.seq.0))))
        .bind(column(messages, |message| message.reply_to.map(|reply| id(reply.author.as_u128()))))
        .bind(mentions(messages)?)
        .bind(column(messages, |message| message.created_at.as_millis()))
        .bind(column(messages, edited_at))
        .bind(column(messages, deleted_at))
        .bind(column(messages, deleted_by));
    run(db, insert).await?;
    Ok(())
}

async fn update_messages(db: &mut PgConnection, messages: &[&Message]) -> Result<(), StoreError> {
    if messages.is_empty() {
        return Ok(());
    }
    let update = "UPDATE message SET revision = changed.revision, content = changed.content,
                  mentions = changed.mentions, edited_at = changed.edited_at, deleted_at = changed.deleted_at,
                  deleted_by = changed.deleted_by
                  FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::bigint[],
                  $7::bigint[], $8::smallint[]) AS changed
                  (channel, seq, revision, content, mentions, edited_at, deleted_at, deleted_by)
                  WHERE message.channel = changed.channel AND message.seq = changed.seq";
    let update = sqlx::query(update)
        .bind(column(messages, |message| id(message.channel.as_u128())))
        .bind(column(messages, |message| signed(message.seq.0)))
        .bind(column(messages, |message| signed(message.revision.0)))
        .bind(messages.iter().map(|message| message.content.as_str()).collect::<Vec<_>>())
        .bind(mentions(messages)?)
        .bind(column(messages, edited_at))
        .bind(column(messages, deleted_at))
        .bind(column(messages, deleted_by));
    run(db, update).await?;
    Ok(())
}

/// Moves the heads of the channels that grew, each once.
pub(super) async fn heads(db: &mut PgConnection, batch: &Batch) -> Result<(), StoreError> {
    let moved = batch.moved.iter().filter_map(|channel| {
        let head = batch.channels.get(channel)?;
        Some((StreamKey::Channel(*channel), *head))
    });
    stream::set_heads(db, moved).await
}

/// Removes messages and events up to a place. Rows for the bus that could not be shown any more go too.
pub(super) async fn purge(db: &mut PgConnection, channel: ChannelId, through: Seq) -> Result<(), StoreError> {
    let (stream, place) = (StreamKey::Channel(channel), signed(through.0));
    outbox::forget_through(db, stream, through).await?;
    let events = "DELETE FROM event WHERE stream = $1 AND seq <= $2";
    run(db, sqlx::query(events).bind(stream_octets(stream)).bind(place)).await?;
    let messages = "DELETE FROM message WHERE channel = $1 AND seq <= $2";
    run(db, sqlx::query(messages).bind(id(channel.as_u128())).bind(place)).await?;
    Ok(())
}
