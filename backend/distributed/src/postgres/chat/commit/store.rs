//! Storing what a batch left behind: few statements, whatever the number of rows.

use std::collections::BTreeMap;

use echopulse_core::{
    chat::{model::Message, port::outbound::NonceRecord},
    common::{ChannelId, Seq, StoreError, StreamKey},
};
use sqlx::PgConnection;

use super::batch::Batch;
use crate::postgres::{
    chat::{
        message::{author_kind_number, deleted_by_number, mentions_column},
        outbox,
        stream::{self, Said},
    },
    codec::{id, signed, stream_octets},
    database::PgError,
    query::{Statement, count, run},
};

/// Stores all rows of a batch at once, and moves the heads. Answers how many nonces were free.
///
/// A post's nonce, message, event and row for the bus say the same in other words, so its values are sent once. Nonces are taken
/// in the order the posts come in; one that another transaction takes at this moment is waited for. An array that is shorter
/// than the others is filled with NULL.
const ROWS: &str = "WITH post AS MATERIALIZED (
    SELECT * FROM unnest($1::smallint[], $2::uuid[], $3::bigint[], $4::bigint[], $5::bigint[], $6::uuid[],
        $7::bigint[], $8::text[], $9::uuid[], $10::smallint[], $11::text[], $12::bigint[], $13::uuid[],
        $14::bigint[], $15::uuid[], $16::text[], $17::bigint[], $18::bigint[], $19::smallint[])
    AS post (partition, channel, epoch, fingerprint, seq, id, revision, nonce, author, author_kind, content,
        created_at, reply_id, reply_seq, reply_author, mentions, edited_at, deleted_at, deleted_by)
), said AS MATERIALIZED (
    SELECT partition, '\\x01'::bytea || uuid_send(channel) AS stream, seq, 1::smallint AS kind, created_at AS at,
        author AS actor, id AS message, NULL AS body FROM post
    UNION ALL SELECT * FROM unnest($20::smallint[], $21::bytea[], $22::bigint[], $23::smallint[], $24::bigint[],
        $25::uuid[], $26::uuid[], $27::text[])
), taken AS (
    INSERT INTO nonce (author, nonce, channel, message, seq, epoch, fingerprint)
        SELECT author, nonce, channel, id, seq, epoch, fingerprint FROM post ON CONFLICT DO NOTHING RETURNING 1
), created AS (
    INSERT INTO message (channel, seq, id, revision, nonce, author, author_kind, content, created_at, reply_id,
            reply_seq, reply_author, mentions, edited_at, deleted_at, deleted_by)
        SELECT channel, seq, id, revision, nonce, author, author_kind, content, created_at, reply_id,
            reply_seq, reply_author, mentions, edited_at, deleted_at, deleted_by FROM post
), told AS (
    INSERT INTO event (stream, seq, kind, at, actor, message, body)
        SELECT stream, seq, kind, at, actor, message, body FROM said
), hinted AS (
    INSERT INTO outbox (partition, stream, seq) SELECT partition, stream, seq FROM said
), moved AS (
    UPDATE stream_head SET head = moved.head, purged_through = moved.purged_through
        FROM unnest($28::bytea[], $29::bigint[], $30::bigint[]) AS moved (stream, head, purged_through)
        WHERE stream_head.stream = moved.stream
) SELECT count(*) FROM taken";

/// A new message, with what became of its nonce.
type Created<'b> = (&'b Message, &'b NonceRecord);

/// Stores what is not in the tables yet, and moves the heads of the channels that grew.
pub(super) async fn rows(db: &mut PgConnection, batch: &mut Batch) -> Result<(), StoreError> {
    let used = std::mem::take(&mut batch.used);
    // By name, which is the same order for everybody.
    let used: BTreeMap<_, _> = used.into_iter().zip(batch.created.drain(..)).collect();
    for id in used.values() {
        batch.changed.remove(id);
    }
    let created: Vec<Created<'_>> =
        used.iter().filter_map(|(key, id)| Some((batch.messages.get(id)?, batch.nonces.get(key)?))).collect();
    let changed: Vec<_> = batch.changed.iter().filter_map(|id| batch.messages.get(id)).collect();
    update_messages(db, &changed).await?;
    let heads = stream::Heads::of(batch.moved.iter().filter_map(|channel| {
        let head = batch.channels.get(channel)?;
        Some((StreamKey::Channel(*channel), *head))
    }));
    let mut said = std::mem::take(&mut batch.events);
    said.retain(|event| !matches!(event.said, Said::Created(_)));
    let said = stream::Columns::of(said);
    let statement = bind_heads(bind_said(bind_posts(sqlx::query(ROWS), &created)?, said), heads);
    let free = count(db, statement).await?;
    batch.changed.clear();
    if free == created.len() as u64 { Ok(()) } else { Err(StoreError::new(PgError::NonceTaken)) }
}

fn bind_posts<'q>(to: Statement<'q>, created: &[Created<'q>]) -> Result<Statement<'q>, StoreError> {
    let messages: Vec<_> = created.iter().map(|(message, _)| *message).collect();
    let of = |read: fn(&NonceRecord) -> u64| {
        created.iter().map(|(_, record)| signed(read(record))).collect::<Vec<_>>()
    };
    let messages = messages.as_slice();
    Ok(to
        .bind(column(messages, |message| outbox::partition(StreamKey::Channel(message.channel))))
        .bind(column(messages, |message| id(message.channel.as_u128())))
        .bind(of(|record| record.epoch.0))
        .bind(of(|record| record.fingerprint))
        .bind(column(messages, |message| signed(message.seq.0)))
        .bind(column(messages, |message| id(message.id.as_u128())))
        .bind(column(messages, |message| signed(message.revision.0)))
        .bind(column(messages, |message| message.nonce.as_str()))
        .bind(column(messages, |message| id(message.author.id.as_u128())))
        .bind(column(messages, |message| author_kind_number(message.author.kind)))
        .bind(column(messages, |message| message.content.as_str()))
        .bind(column(messages, |message| message.created_at.as_millis()))
        .bind(sparse(column(messages, |message| message.reply_to.map(|reply| id(reply.id.as_u128())))))
        .bind(sparse(column(messages, |message| message.reply_to.map(|reply| signed(reply.seq.0)))))
        .bind(sparse(column(messages, |message| message.reply_to.map(|reply| id(reply.author.as_u128())))))
        .bind(sparse(mentions(messages)?))
        .bind(sparse(column(messages, edited_at)))
        .bind(sparse(column(messages, deleted_at)))
        .bind(sparse(column(messages, deleted_by))))
}

fn bind_said(to: Statement<'_>, said: stream::Columns) -> Statement<'_> {
    to.bind(said.partitions)
        .bind(said.streams)
        .bind(said.seqs)
        .bind(said.kinds)
        .bind(said.at)
        .bind(said.actors)
        .bind(said.messages)
        .bind(said.bodies)
}

fn bind_heads(to: Statement<'_>, heads: stream::Heads) -> Statement<'_> {
    to.bind(heads.streams).bind(heads.places).bind(heads.purged)
}

/// A column of NULL alone as nothing at all, which reads the same and costs less.
fn sparse<T>(column: Vec<Option<T>>) -> Vec<Option<T>> {
    if column.iter().all(Option::is_none) { Vec::new() } else { column }
}

/// One column of these messages.
fn column<'m, T>(messages: &[&'m Message], read: impl Fn(&'m Message) -> T) -> Vec<T> {
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
        .bind(column(messages, |message| message.content.as_str()))
        .bind(mentions(messages)?)
        .bind(column(messages, edited_at))
        .bind(column(messages, deleted_at))
        .bind(column(messages, deleted_by));
    run(db, update).await?;
    Ok(())
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
