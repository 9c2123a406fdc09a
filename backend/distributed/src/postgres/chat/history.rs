//! Pages of a channel's history. A page is a range of the primary key: its cost does not depend on the channel's size.

use std::collections::BTreeSet;

use echopulse_core::{
    chat::model::{HistoryPage, HistoryQuery, Message},
    common::{ChannelId, Seq, StoreError, StreamKey},
};
use sqlx::PgConnection;

use super::{
    message::{self, shown},
    stream,
};
use crate::postgres::{codec::id, query::all};

pub(super) const BELOW: &str =
    shown!("message", "WHERE message.channel = $1 AND message.seq < $2 ORDER BY message.seq DESC LIMIT $3");
pub(super) const FROM: &str =
    shown!("message", "WHERE message.channel = $1 AND message.seq >= $2 ORDER BY message.seq LIMIT $3");

/// Messages on one side of a place.
#[derive(Default)]
struct Side {
    /// By ascending seq.
    messages: Vec<Message>,
    /// The next one on this side, which the page does not hold.
    beyond: Option<Seq>,
}

async fn side(
    db: &mut PgConnection,
    sql: &'static str,
    channel: ChannelId,
    place: Seq,
    limit: usize,
) -> Result<Side, StoreError> {
    let rows = i64::try_from(limit + 1).unwrap_or(i64::MAX);
    // Places beyond what PostgreSQL counts hold no message.
    let place = i64::try_from(place.0).unwrap_or(i64::MAX);
    let found = sqlx::query(sql).bind(id(channel.as_u128())).bind(place).bind(rows);
    let mut messages = all(db, found, message::read).await?;
    let beyond = messages.get(limit).map(|message| message.seq);
    messages.truncate(limit);
    Ok(Side { messages, beyond })
}

async fn below(
    db: &mut PgConnection,
    channel: ChannelId,
    place: Seq,
    limit: usize,
) -> Result<Side, StoreError> {
    let mut side = side(db, BELOW, channel, place, limit).await?;
    side.messages.reverse();
    Ok(side)
}

async fn from(
    db: &mut PgConnection,
    channel: ChannelId,
    place: Seq,
    limit: usize,
) -> Result<Side, StoreError> {
    side(db, FROM, channel, place, limit).await
}

/// A page, read from one snapshot. `None`: no such channel.
pub(super) async fn page(
    db: &mut PgConnection,
    channel: ChannelId,
    query: HistoryQuery,
    limit: usize,
) -> Result<Option<HistoryPage>, StoreError> {
    let Some(stream) = stream::head(db, StreamKey::Channel(channel)).await? else { return Ok(None) };
    let oldest = stream.purged_through.next();
    let behind = |beyond: Option<Seq>| beyond.map_or(oldest, Seq::next);
    let before = |beyond: Option<Seq>| beyond.map_or(stream.head, |seq| Seq(seq.0 - 1));
    let (messages, covers) = match query {
        HistoryQuery::Latest => {
            let side = below(db, channel, Seq(u64::MAX), limit).await?;
            (side.messages, (behind(side.beyond), stream.head))
        }
        HistoryQuery::Before(place) => {
            let side = below(db, channel, place, limit).await?;
            (side.messages, (behind(side.beyond), stream.head.min(Seq(place.0.saturating_sub(1)))))
        }
        HistoryQuery::After(place) => {
            let next = Seq(place.0.saturating_add(1));
            let side = from(db, channel, next, limit).await?;
            (side.messages, (next.max(oldest), before(side.beyond)))
        }
        HistoryQuery::Around(place) => {
            let older = below(db, channel, place, limit / 2).await?;
            let newer = from(db, channel, place, limit - older.messages.len()).await?;
            let covers = (behind(older.beyond), before(newer.beyond));
            (older.messages.into_iter().chain(newer.messages).collect(), covers)
        }
    };
    Ok(Some(HistoryPage {
        epoch: stream.epoch,
        head: stream.head,
        purged_through: stream.purged_through,
        referenced: referenced(db, &messages).await?,
        messages,
        covers,
    }))
}

/// The answered messages that are not on the page.
async fn referenced(db: &mut PgConnection, page: &[Message]) -> Result<Vec<Message>, StoreError> {
    let here: BTreeSet<_> = page.iter().map(|message| message.id).collect();
    let answered = page.iter().filter_map(|message| message.reply_to).map(|reply| reply.id);
    let missing: BTreeSet<_> = answered.filter(|id| !here.contains(id)).collect();
    let mut found: Vec<_> = message::find_all(db, missing).await?.into_values().collect();
    found.sort_by_key(|message| message.id);
    Ok(found)
}
