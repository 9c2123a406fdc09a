//! The heads of streams, and appending to them.
//!
//! A head's row is locked before anything is written under its numbers, and stays so until the commit: so places become
//! visible in their order, and a reader that has seen one has seen all before it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use echopulse_core::{
    chat::{model::EventBody, port::outbound::StreamHead},
    common::{Epoch, MessageId, Seq, StoreError, StreamKey, Timestamp, UserId, port::Chance},
};
use echopulse_wire as wire;
use sqlx::{PgConnection, postgres::PgRow};
use uuid::Uuid;

use super::outbox;
use crate::postgres::{
    codec::{self, epoch, id, seq, signed, stream_octets},
    database::Database,
    query::{all, one, run},
};

/// A stream's numbering.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    pub(super) epoch: Epoch,
    pub(super) head: Seq,
    pub(super) purged_through: Seq,
}

impl Head {
    fn read(row: &PgRow) -> Result<Self, StoreError> {
        Ok(Self {
            epoch: epoch(row, "epoch")?,
            head: seq(row, "head")?,
            purged_through: seq(row, "purged_through")?,
        })
    }
}

fn named(row: &PgRow) -> Result<(StreamKey, Head), StoreError> {
    Ok((codec::stream(row, "stream")?, Head::read(row)?))
}

/// A stream's numbering. `None`: no such stream.
pub(super) async fn head(db: &mut PgConnection, stream: StreamKey) -> Result<Option<Head>, StoreError> {
    let found = sqlx::query("SELECT * FROM stream_head WHERE stream = $1").bind(stream_octets(stream));
    one(db, found).await?.as_ref().map(Head::read).transpose()
}

fn names(streams: impl IntoIterator<Item = StreamKey>) -> Vec<Vec<u8>> {
    streams.into_iter().map(stream_octets).collect()
}

/// The numbering of each of these streams that exists.
pub(super) async fn heads_of(
    db: &mut PgConnection,
    streams: impl IntoIterator<Item = StreamKey>,
) -> Result<HashMap<StreamKey, Head>, StoreError> {
    let found = sqlx::query("SELECT * FROM stream_head WHERE stream = ANY($1)").bind(names(streams));
    Ok(all(db, found, named).await?.into_iter().collect())
}

/// Locks each of these streams that exists, in one order for everybody, and answers its numbering.
pub(super) async fn lock(
    db: &mut PgConnection,
    streams: impl IntoIterator<Item = StreamKey>,
) -> Result<BTreeMap<StreamKey, Head>, StoreError> {
    let locked = "SELECT * FROM stream_head WHERE stream = ANY($1) ORDER BY stream FOR UPDATE";
    let locked = sqlx::query(locked).bind(names(streams));
    Ok(all(db, locked, named).await?.into_iter().collect())
}

/// The same in the order of `streams`, as the port answers it.
pub(super) async fn heads(
    db: &mut PgConnection,
    streams: &[StreamKey],
) -> Result<Vec<StreamHead>, StoreError> {
    let found = heads_of(db, streams.iter().copied()).await?;
    let head = |stream: &StreamKey| {
        let found = found.get(stream)?;
        Some(StreamHead { stream: *stream, epoch: found.epoch, head: found.head })
    };
    Ok(streams.iter().filter_map(head).collect())
}

/// Makes the streams of persons that do not exist yet.
pub(super) async fn make_persons(
    database: &Database,
    chance: &dyn Chance,
    streams: &[StreamKey],
) -> Result<(), StoreError> {
    let persons = || streams.iter().copied().filter(|stream| matches!(stream, StreamKey::User(_)));
    if persons().next().is_none() {
        return Ok(());
    }
    let mut db = database.reader().await?;
    let known = heads_of(&mut db, persons()).await?;
    let missing: BTreeSet<_> = persons().filter(|stream| !known.contains_key(stream)).collect();
    make(&mut db, chance, missing).await
}

/// Makes those of these streams that do not exist. Each has a numbering of its own.
pub(super) async fn make(
    db: &mut PgConnection,
    chance: &dyn Chance,
    streams: BTreeSet<StreamKey>,
) -> Result<(), StoreError> {
    if streams.is_empty() {
        return Ok(());
    }
    let epochs: Vec<_> = streams.iter().map(|_| signed(chance.next_u64())).collect();
    let make = "INSERT INTO stream_head (stream, epoch, head)
                SELECT stream, epoch, 0 FROM unnest($1::bytea[], $2::bigint[]) AS made (stream, epoch)
                ON CONFLICT DO NOTHING";
    run(db, sqlx::query(make).bind(names(streams)).bind(epochs)).await?;
    Ok(())
}

/// Puts a stream's numbering where somebody else's stands: the copy of a server's stream.
pub(super) async fn put(
    db: &mut PgConnection,
    stream: StreamKey,
    epoch: Epoch,
    head: Seq,
) -> Result<(), StoreError> {
    let put = "INSERT INTO stream_head (stream, epoch, head) VALUES ($1, $2, $3)
               ON CONFLICT (stream) DO UPDATE SET head = excluded.head";
    let put = sqlx::query(put).bind(stream_octets(stream)).bind(signed(epoch.0)).bind(signed(head.0));
    run(db, put).await?;
    Ok(())
}

/// Moves numberings on; their rows are locked.
async fn set_heads(
    db: &mut PgConnection,
    heads: impl IntoIterator<Item = (StreamKey, Head)>,
) -> Result<(), StoreError> {
    let heads = Heads::of(heads);
    let set = "UPDATE stream_head SET head = moved.head, purged_through = moved.purged_through
               FROM unnest($1::bytea[], $2::bigint[], $3::bigint[]) AS moved (stream, head, purged_through)
               WHERE stream_head.stream = moved.stream";
    run(db, sqlx::query(set).bind(heads.streams).bind(heads.places).bind(heads.purged)).await?;
    Ok(())
}

/// What an event row says.
#[derive(Debug, Clone)]
pub(super) enum Said {
    /// `message.created` of this message.
    Created(MessageId),
    /// `message.updated` of this message.
    Updated(MessageId),
    /// Anything else, as its body on the wire.
    Other(String),
}

impl Said {
    /// A body that shows no message.
    pub(super) fn other(body: EventBody) -> Self {
        Self::Other(wire::stored_body(body))
    }
}

pub(super) const CREATED: i16 = 1;
pub(super) const UPDATED: i16 = 2;
pub(super) const OTHER: i16 = 3;

/// One row of an event.
#[derive(Debug, Clone)]
pub(super) struct EventRow {
    pub(super) stream: StreamKey,
    pub(super) seq: Seq,
    pub(super) at: Timestamp,
    pub(super) actor: Option<UserId>,
    pub(super) said: Said,
}

/// Event rows by column, with the partition of their rows for the bus.
#[derive(Default)]
pub(super) struct Columns {
    pub(super) partitions: Vec<i16>,
    pub(super) streams: Vec<Vec<u8>>,
    pub(super) seqs: Vec<i64>,
    pub(super) kinds: Vec<i16>,
    pub(super) at: Vec<i64>,
    pub(super) actors: Vec<Option<Uuid>>,
    pub(super) messages: Vec<Option<Uuid>>,
    pub(super) bodies: Vec<Option<String>>,
}

impl Columns {
    pub(super) fn of(rows: Vec<EventRow>) -> Self {
        let mut columns = Self::default();
        for row in rows {
            let (kind, message, body) = match row.said {
                Said::Created(id) => (CREATED, Some(id), None),
                Said::Updated(id) => (UPDATED, Some(id), None),
                Said::Other(body) => (OTHER, None, Some(body)),
            };
            columns.partitions.push(outbox::partition(row.stream));
            columns.streams.push(stream_octets(row.stream));
            columns.seqs.push(signed(row.seq.0));
            columns.kinds.push(kind);
            columns.at.push(row.at.as_millis());
            columns.actors.push(row.actor.map(|actor| id(actor.as_u128())));
            columns.messages.push(message.map(|message| id(message.as_u128())));
            columns.bodies.push(body);
        }
        columns
    }
}

/// Numberings by column.
#[derive(Default)]
pub(super) struct Heads {
    pub(super) streams: Vec<Vec<u8>>,
    pub(super) places: Vec<i64>,
    pub(super) purged: Vec<i64>,
}

impl Heads {
    pub(super) fn of(heads: impl IntoIterator<Item = (StreamKey, Head)>) -> Self {
        let mut columns = Self::default();
        for (stream, head) in heads {
            columns.streams.push(stream_octets(stream));
            columns.places.push(signed(head.head.0));
            columns.purged.push(signed(head.purged_through.0));
        }
        columns
    }
}

/// Stores event rows.
pub(super) async fn insert_events(db: &mut PgConnection, rows: Vec<EventRow>) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let columns = Columns::of(rows);
    let insert = "INSERT INTO event (stream, seq, kind, at, actor, message, body)
                  SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::smallint[], $4::bigint[], $5::uuid[],
                  $6::uuid[], $7::text[])";
    let insert = sqlx::query(insert)
        .bind(columns.streams)
        .bind(columns.seqs)
        .bind(columns.kinds)
        .bind(columns.at)
        .bind(columns.actors)
        .bind(columns.messages)
        .bind(columns.bodies);
    run(db, insert).await?;
    Ok(())
}

/// Appends one event to each of these streams that exists, with its row for the bus. Answers the places.
pub(super) async fn append(
    db: &mut PgConnection,
    streams: impl IntoIterator<Item = StreamKey>,
    at: Timestamp,
    actor: Option<UserId>,
    said: Said,
) -> Result<BTreeMap<StreamKey, Seq>, StoreError> {
    let mut heads = lock(db, streams).await?;
    for head in heads.values_mut() {
        head.head = head.head.next();
    }
    let places: BTreeMap<_, _> = heads.iter().map(|(stream, head)| (*stream, head.head)).collect();
    let row = |(stream, seq): (&StreamKey, &Seq)| EventRow {
        stream: *stream,
        seq: *seq,
        at,
        actor,
        said: said.clone(),
    };
    set_heads(db, heads).await?;
    insert_events(db, places.iter().map(row).collect()).await?;
    outbox::insert(db, places.iter().map(|(stream, seq)| (*stream, *seq))).await?;
    Ok(places)
}
