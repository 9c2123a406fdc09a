//! How far somebody has read, and what is unread behind that.

use echopulse_core::{
    chat::model::{ReadMove, ReadState},
    common::{ChannelId, Seq, StoreError, UserId},
};
use sqlx::{PgConnection, postgres::PgRow};

use crate::postgres::{
    codec::{bits, get, id, ids, pair_hash, seq, signed, small},
    database::Database,
    query::{all, lock, run},
};

/// Counts end here: from then on "many" is enough.
const COUNTED: i64 = 1000;

/// Messages are looked for among this many, the newest: somebody with more tombstones and own messages than this at the end
/// of a channel, or more messages that mention others, is told a smaller number, and nobody's look costs more than this.
const LOOKED_AT: i64 = 20_000;

/// For how far somebody has read in channels that exist, and what is unread there: `$1` the channels, `$2` the person, `$3`
/// their id as in the JSON of mentions. A channel's stream is named by its kind, 1, and its id. A tombstone mentions nobody.
pub(super) const STATES: &str = "SELECT state.channel, state.head, state.read, state.version,
    coalesce(unread.count, 0) AS unread, coalesce(told.count, 0) AS mentions
    FROM (SELECT wanted.channel, wanted.place, stream_head.head,
            coalesce(read_state.read, joined_head.head, 0) AS read, coalesce(read_state.version, 0) AS version,
            ARRAY(SELECT jsonb_array_elements_text(coalesce(member_copy.body::jsonb -> 'role_ids', '[]'))) AS roles
        FROM unnest($1::uuid[]) WITH ORDINALITY AS wanted (channel, place)
        JOIN stream_head ON stream_head.stream = '\\x01'::bytea || uuid_send(wanted.channel)
        LEFT JOIN read_state ON read_state.person = $2 AND read_state.channel = wanted.channel
        LEFT JOIN joined_head ON joined_head.person = $2 AND joined_head.channel = wanted.channel
        LEFT JOIN channel_copy ON channel_copy.channel = wanted.channel
        LEFT JOIN member_copy ON member_copy.server = channel_copy.server AND member_copy.person = $2
        OFFSET 0) AS state
    LEFT JOIN LATERAL (SELECT count(*) FROM (SELECT 1 FROM
        (SELECT author, deleted_at FROM message WHERE channel = state.channel AND seq > state.read
         ORDER BY seq DESC LIMIT $4) AS looked
        WHERE deleted_at IS NULL AND author <> $2 LIMIT $5) AS counted) AS unread ON state.read < state.head
    LEFT JOIN LATERAL (SELECT count(*) FROM (SELECT 1 FROM
        (SELECT author, mentions::jsonb AS mentions FROM message
         WHERE channel = state.channel AND seq > state.read AND mentions IS NOT NULL
         ORDER BY seq DESC LIMIT $4) AS looked
        WHERE author <> $2 AND ((mentions ->> 'everyone')::boolean
            OR (mentions -> 'users') ? $3 OR (mentions -> 'roles') ?| state.roles)
        LIMIT $5) AS counted) AS told ON state.read < state.head
    ORDER BY state.place";

/// The read states of one person, in the order of `channels`.
pub(super) async fn of(
    db: &mut PgConnection,
    user: UserId,
    channels: &[ChannelId],
) -> Result<Vec<ReadState>, StoreError> {
    let wanted = sqlx::query(STATES)
        .bind(ids(channels.iter().map(|channel| channel.as_u128())))
        .bind(id(user.as_u128()))
        .bind(user.to_string())
        .bind(LOOKED_AT)
        .bind(COUNTED);
    all(db, wanted, read).await
}

fn read(row: &PgRow) -> Result<ReadState, StoreError> {
    Ok(ReadState {
        channel: ChannelId::from_u128(bits(row, "channel")?),
        read: seq(row, "read")?,
        version: get::<i64>(row, "version")?.cast_unsigned(),
        head: seq(row, "head")?,
        unread: small(row, "unread")?,
        mentions: small(row, "mentions")?,
    })
}

/// Moves a read position. Moves of one person in one channel wait for each other, on whatever node they are.
pub(super) async fn set(
    database: &Database,
    user: UserId,
    channel: ChannelId,
    to: ReadMove,
) -> Result<Option<ReadState>, StoreError> {
    let mut tx = database.write().await?;
    lock(&mut tx, pair_hash(user.as_u128(), channel.as_u128())).await?;
    let Some(now) = of(&mut tx, user, &[channel]).await?.pop() else { return Ok(None) };
    let (read, version) = match to {
        ReadMove::Forward { version: Some(known), .. } if known < now.version => return Ok(Some(now)),
        ReadMove::Forward { to, .. } => (now.read.max(to.min(now.head)), now.version),
        ReadMove::UnreadFrom(place) => (Seq(place.0.saturating_sub(1)).min(now.head), now.version + 1),
    };
    let put = "INSERT INTO read_state (person, channel, read, version) VALUES ($1, $2, $3, $4)
               ON CONFLICT (person, channel) DO UPDATE SET read = excluded.read, version = excluded.version";
    let put = sqlx::query(put)
        .bind(id(user.as_u128()))
        .bind(id(channel.as_u128()))
        .bind(signed(read.0))
        .bind(signed(version));
    run(&mut tx, put).await?;
    let moved = of(&mut tx, user, &[channel]).await?.pop();
    tx.commit().await?;
    Ok(moved)
}
