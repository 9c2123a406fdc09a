//! Reading streams. Rows name messages; what is answered shows them as they are now.

use std::collections::HashMap;

use echopulse_core::{
    chat::{
        model::{EventBody, Message, StreamEvent},
        port::outbound::EventPage,
    },
    common::{Epoch, MessageId, Seq, StoreError, StreamKey, UserId},
};
use echopulse_wire as wire;
use sqlx::{PgConnection, postgres::PgRow};

use super::{
    message,
    stream::{self, CREATED, EventRow, OTHER, Said, UPDATED},
};
use crate::postgres::{
    codec::{self, bits, damaged, get, optional_bits, seq, signed, stream_octets, time},
    query::all,
};

/// A part of a stream, read from one snapshot. `None`: no such stream.
pub(super) async fn page(
    db: &mut PgConnection,
    stream: StreamKey,
    after: Seq,
    limit: usize,
) -> Result<Option<EventPage>, StoreError> {
    let Some(head) = stream::head(db, stream).await? else { return Ok(None) };
    let from = after.max(head.purged_through);
    let through = Seq(from.0.saturating_add(limit as u64).min(head.head.0)).max(from);
    let found = "SELECT * FROM event WHERE stream = $1 AND seq > $2 AND seq <= $3 ORDER BY seq";
    let found = sqlx::query(found)
        .bind(stream_octets(stream))
        .bind(i64::try_from(from.0).unwrap_or(i64::MAX))
        .bind(signed(head.head.min(through).0));
    let rows = all(db, found, row).await?;
    let events = show(db, rows, |_| Some(head.epoch)).await?;
    Ok(Some(EventPage {
        epoch: head.epoch,
        head: head.head,
        purged_through: head.purged_through,
        through,
        events,
    }))
}

/// An event from its row.
pub(super) fn row(row: &PgRow) -> Result<EventRow, StoreError> {
    let message = || Ok::<_, StoreError>(MessageId::from_u128(bits(row, "message")?));
    Ok(EventRow {
        stream: codec::stream(row, "stream")?,
        seq: seq(row, "seq")?,
        at: time(row, "at")?,
        actor: optional_bits(row, "actor")?.map(UserId::from_u128),
        said: match get::<i16>(row, "kind")? {
            CREATED => Said::Created(message()?),
            UPDATED => Said::Updated(message()?),
            OTHER => Said::Other(get(row, "body")?),
            _ => return Err(damaged("kind")),
        },
    })
}

/// Events with their messages as they are now. What speaks of a message that was purged is left out, and so is what a
/// newer version wrote.
pub(super) async fn show(
    db: &mut PgConnection,
    rows: Vec<EventRow>,
    epoch: impl Fn(StreamKey) -> Option<Epoch>,
) -> Result<Vec<StreamEvent>, StoreError> {
    let named = rows.iter().filter_map(|row| match row.said {
        Said::Created(id) | Said::Updated(id) => Some(id),
        Said::Other(_) => None,
    });
    let mut messages = message::find_all(db, named).await?;
    let answered = messages.values().filter_map(|message| message.reply_to).map(|reply| reply.id);
    let missing: Vec<_> = answered.filter(|id| !messages.contains_key(id)).collect();
    messages.extend(message::find_all(db, missing).await?);
    let event = |row: EventRow| {
        let body = body(row.said, &messages)?;
        let EventRow { stream, seq, at, actor, .. } = row;
        Some(StreamEvent { stream, epoch: epoch(stream)?, seq, at, actor, body })
    };
    Ok(rows.into_iter().filter_map(event).collect())
}

fn body(said: Said, messages: &HashMap<MessageId, Message>) -> Option<EventBody> {
    let shown = |id| {
        let message: Message = messages.get(&id)?.clone();
        let referenced = message.reply_to.and_then(|reply| messages.get(&reply.id)).cloned().map(Box::new);
        Some((message, referenced))
    };
    match said {
        Said::Created(id) => {
            shown(id).map(|(message, referenced)| EventBody::MessageCreated { message, referenced })
        }
        Said::Updated(id) => {
            shown(id).map(|(message, referenced)| EventBody::MessageUpdated { message, referenced })
        }
        Said::Other(body) => wire::stored_body_from(&body),
    }
}
