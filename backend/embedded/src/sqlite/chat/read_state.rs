//! How far somebody has read, and what is unread behind that.

use echopulse_core::{
    chat::model::{ReadMove, ReadState},
    common::{ChannelId, Seq, StoreError, UserId},
};
use sqlx::{SqliteConnection, sqlite::SqliteRow};

use crate::sqlite::{
    codec::{bits, get, id_list, octets, seq, signed},
    database::Database,
    query::{all, one, run},
};

/// Counts end here: from then on "many" is enough.
const COUNTED: u32 = 1000;

/// Messages are looked for among this many, the newest: somebody with more tombstones and own messages than this at the end
/// of a channel, or more messages that mention others, is told a smaller number, and nobody's look costs more than this.
const LOOKED_AT: u32 = 20_000;

/// For how far somebody has read in channels that exist. A channel's stream is named by its kind, 1, and its id.
pub(super) const STATES: &str = "SELECT unhex(wanted.value) AS channel, stream_head.head,
    coalesce(read_state.read, joined_head.head, 0) AS read, coalesce(read_state.version, 0) AS version,
    coalesce(member_copy.body ->> 'role_ids', '[]') AS roles
    FROM json_each(?1) AS wanted
    CROSS JOIN stream_head ON stream_head.stream = unhex('01' || wanted.value)
    LEFT JOIN read_state ON read_state.user = ?2 AND read_state.channel = unhex(wanted.value)
    LEFT JOIN joined_head ON joined_head.user = ?2 AND joined_head.channel = unhex(wanted.value)
    LEFT JOIN channel_copy ON channel_copy.channel = unhex(wanted.value)
    LEFT JOIN member_copy ON member_copy.server = channel_copy.server AND member_copy.user = ?2
    ORDER BY wanted.key";

/// For what is unread: `?1` the channel, `?2` the place, `?3` the person, `?4` their id and `?5` their roles as in the JSON
/// of mentions. A tombstone mentions nobody.
pub(super) const COUNTS: &str = "SELECT
    (SELECT count(*) FROM (SELECT 1 FROM
        (SELECT author, deleted_at FROM message WHERE channel = ?1 AND seq > ?2 ORDER BY seq DESC LIMIT ?6)
        WHERE deleted_at IS NULL AND author <> ?3 LIMIT ?7)) AS unread,
    (SELECT count(*) FROM (SELECT 1 FROM
        (SELECT author, mentions FROM message INDEXED BY message_that_mentions
         WHERE channel = ?1 AND seq > ?2 AND mentions IS NOT NULL ORDER BY seq DESC LIMIT ?6)
        WHERE author <> ?3 AND (mentions ->> 'everyone'
            OR EXISTS (SELECT 1 FROM json_each(mentions, '$.users') WHERE value = ?4)
            OR EXISTS (SELECT 1 FROM json_each(mentions, '$.roles') AS role
                       JOIN json_each(?5) AS own ON own.value = role.value))
        LIMIT ?7)) AS mentions";

/// The read states of one person, in the order of `channels`.
pub(super) async fn of(
    db: &mut SqliteConnection,
    user: UserId,
    channels: &[ChannelId],
) -> Result<Vec<ReadState>, StoreError> {
    let wanted = sqlx::query(STATES)
        .bind(id_list(channels.iter().map(|channel| channel.as_u128())))
        .bind(octets(user.as_u128()));
    let found = all(db, wanted, |row| Ok((position(row)?, get::<String>(row, "roles")?))).await?;
    let mut states = Vec::with_capacity(found.len());
    for (state, roles) in found {
        states.push(count(db, user, state, roles).await?);
    }
    Ok(states)
}

fn position(row: &SqliteRow) -> Result<ReadState, StoreError> {
    Ok(ReadState {
        channel: ChannelId::from_u128(bits(row, "channel")?),
        read: seq(row, "read")?,
        version: get::<i64>(row, "version")?.cast_unsigned(),
        head: seq(row, "head")?,
        unread: 0,
        mentions: 0,
    })
}

async fn count(
    db: &mut SqliteConnection,
    user: UserId,
    state: ReadState,
    roles: String,
) -> Result<ReadState, StoreError> {
    if state.read >= state.head {
        return Ok(state);
    }
    let counts = sqlx::query(COUNTS)
        .bind(octets(state.channel.as_u128()))
        .bind(signed(state.read.0))
        .bind(octets(user.as_u128()))
        .bind(user.to_string())
        .bind(roles)
        .bind(LOOKED_AT)
        .bind(COUNTED);
    let Some(row) = one(db, counts).await? else { return Ok(state) };
    Ok(ReadState { unread: get(&row, "unread")?, mentions: get(&row, "mentions")?, ..state })
}

/// Moves a read position. A power cut may take the move back: the device reports it again.
pub(super) async fn set(
    database: &Database,
    user: UserId,
    channel: ChannelId,
    to: ReadMove,
) -> Result<Option<ReadState>, StoreError> {
    let mut tx = database.write_relaxed().await?;
    let Some(now) = of(&mut tx, user, &[channel]).await?.pop() else { return Ok(None) };
    let (read, version) = match to {
        ReadMove::Forward { version: Some(known), .. } if known < now.version => return Ok(Some(now)),
        ReadMove::Forward { to, .. } => (now.read.max(to.min(now.head)), now.version),
        ReadMove::UnreadFrom(place) => (Seq(place.0.saturating_sub(1)).min(now.head), now.version + 1),
    };
    let put = "INSERT OR REPLACE INTO read_state (user, channel, read, version) VALUES (?, ?, ?, ?)";
    let put = sqlx::query(put)
        .bind(octets(user.as_u128()))
        .bind(octets(channel.as_u128()))
        .bind(signed(read.0))
        .bind(signed(version));
    run(&mut tx, put).await?;
    let moved = of(&mut tx, user, &[channel]).await?.pop();
    tx.commit().await?;
    Ok(moved)
}
