//! The heads of streams, and appending to them.

use std::collections::HashMap;

use echopulse_core::{
    chat::{model::EventBody, port::outbound::StreamHead},
    common::{Epoch, MessageId, Seq, StoreError, StreamKey, Timestamp, UserId, port::Chance},
};
use echopulse_wire as wire;
use sqlx::{SqliteConnection, sqlite::SqliteRow};

use crate::sqlite::{
    codec::{self, epoch, hex, octets, seq, signed, stream_octets},
    database::Database,
    insert::{Target, insert},
    query::{Statement, all, one, run},
};

/// A stream's numbering.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    pub(super) epoch: Epoch,
    pub(super) head: Seq,
    pub(super) purged_through: Seq,
}

impl Head {
    fn read(row: &SqliteRow) -> Result<Self, StoreError> {
        Ok(Self {
            epoch: epoch(row, "epoch")?,
            head: seq(row, "head")?,
            purged_through: seq(row, "purged_through")?,
        })
    }
}

/// A stream's numbering. `None`: no such stream.
pub(super) async fn head(db: &mut SqliteConnection, stream: StreamKey) -> Result<Option<Head>, StoreError> {
    let found = sqlx::query("SELECT * FROM stream_head WHERE stream = ?").bind(stream_octets(stream));
    one(db, found).await?.as_ref().map(Head::read).transpose()
}

/// The numbering of each of these streams that exists.
pub(super) async fn heads_of(
    db: &mut SqliteConnection,
    streams: impl IntoIterator<Item = StreamKey>,
) -> Result<HashMap<StreamKey, Head>, StoreError> {
    let wanted: Vec<_> = streams.into_iter().map(|stream| hex(&stream_octets(stream))).collect();
    let found = "SELECT stream_head.* FROM json_each(?) AS wanted
                 CROSS JOIN stream_head ON stream_head.stream = unhex(wanted.value)";
    let found = sqlx::query(found).bind(codec::to_json(&wanted)?);
    let found = all(db, found, |row| Ok((codec::stream(row, "stream")?, Head::read(row)?))).await?;
    Ok(found.into_iter().collect())
}

/// The same in the order of `streams`, as the port answers it.
pub(super) async fn heads(
    db: &mut SqliteConnection,
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
    let known = heads_of(&mut *database.reader().await?, persons()).await?;
    let missing: Vec<_> = persons().filter(|stream| !known.contains_key(stream)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let mut tx = database.write().await?;
    for stream in missing {
        make(&mut tx, chance, stream).await?;
    }
    tx.commit().await
}

/// Makes a stream, unless it exists.
pub(super) async fn make(
    db: &mut SqliteConnection,
    chance: &dyn Chance,
    stream: StreamKey,
) -> Result<(), StoreError> {
    make_with(db, Epoch(chance.next_u64()), stream).await
}

/// Makes a stream of this numbering, unless it exists.
pub(super) async fn make_with(
    db: &mut SqliteConnection,
    epoch: Epoch,
    stream: StreamKey,
) -> Result<(), StoreError> {
    let make = "INSERT INTO stream_head (stream, epoch, head) VALUES (?, ?, 0) ON CONFLICT DO NOTHING";
    run(db, sqlx::query(make).bind(stream_octets(stream)).bind(signed(epoch.0))).await?;
    Ok(())
}

/// Moves a stream's numbering on; [`bind_head`] binds its values.
pub(super) const SET_HEAD: &str = "UPDATE stream_head SET head = ?, purged_through = ? WHERE stream = ?;";

/// Moves a stream's numbering on.
pub(super) async fn set_head(
    db: &mut SqliteConnection,
    stream: StreamKey,
    head: Seq,
    purged_through: Seq,
) -> Result<(), StoreError> {
    run(db, bind_head(sqlx::query(SET_HEAD), stream, head, purged_through)).await?;
    Ok(())
}

pub(super) fn bind_head<'q>(
    to: Statement<'q>,
    stream: StreamKey,
    head: Seq,
    purged_through: Seq,
) -> Statement<'q> {
    to.bind(signed(head.0)).bind(signed(purged_through.0)).bind(stream_octets(stream))
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

    /// The number of the column `kind`.
    const fn kind(&self) -> i64 {
        match self {
            Self::Created(_) => CREATED,
            Self::Updated(_) => UPDATED,
            Self::Other(_) => OTHER,
        }
    }
}

pub(super) const CREATED: i64 = 1;
pub(super) const UPDATED: i64 = 2;
pub(super) const OTHER: i64 = 3;

/// One row of an event.
#[derive(Debug, Clone)]
pub(super) struct EventRow {
    pub(super) stream: StreamKey,
    pub(super) seq: Seq,
    pub(super) at: Timestamp,
    pub(super) actor: Option<UserId>,
    pub(super) said: Said,
}

pub(super) const EVENT: Target =
    Target { into: "event (stream, seq, kind, at, actor, message, body)", columns: 7 };
pub(super) const OUTBOX: Target = Target { into: "outbox (stream, seq)", columns: 2 };

pub(super) fn bind_event<'q>(to: Statement<'q>, row: &'q EventRow) -> Statement<'q> {
    let (message, body) = match &row.said {
        Said::Created(id) | Said::Updated(id) => (Some(octets(id.as_u128())), None),
        Said::Other(body) => (None, Some(body.as_str())),
    };
    to.bind(stream_octets(row.stream))
        .bind(signed(row.seq.0))
        .bind(row.said.kind())
        .bind(row.at.as_millis())
        .bind(row.actor.map(|actor| octets(actor.as_u128())))
        .bind(message)
        .bind(body)
}

pub(super) fn bind_outbox<'q>(to: Statement<'q>, row: &EventRow) -> Statement<'q> {
    to.bind(stream_octets(row.stream)).bind(signed(row.seq.0))
}

/// Appends one event to a stream that exists, with its row for the bus.
pub(super) async fn append(
    db: &mut SqliteConnection,
    stream: StreamKey,
    at: Timestamp,
    actor: Option<UserId>,
    said: Said,
) -> Result<Seq, StoreError> {
    let next = "UPDATE stream_head SET head = head + 1 WHERE stream = ? RETURNING head";
    let next = one(db, sqlx::query(next).bind(stream_octets(stream))).await?;
    let seq = seq(&next.ok_or_else(|| codec::damaged("stream"))?, "head")?;
    let row = EventRow { stream, seq, at, actor, said };
    run(db, bind_outbox(bind_event(insert(&[(&EVENT, 1), (&OUTBOX, 1)], ""), &row), &row)).await?;
    Ok(seq)
}
