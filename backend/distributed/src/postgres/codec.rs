//! Core's values in columns.

use echopulse_core::common::{ChannelId, Epoch, Seq, ServerId, StoreError, StreamKey, Timestamp, UserId};
use serde::{Serialize, de::DeserializeOwned};
use sqlx::{Row, postgres::PgRow};
use uuid::Uuid;

use super::database::failed;

/// A column does not hold what it has to: the database is damaged.
#[derive(Debug, thiserror::Error)]
#[error("the column {0} holds a value that it cannot have")]
pub(super) struct Damaged(&'static str);

/// The damage of a column.
pub(super) fn damaged(column: &'static str) -> StoreError {
    StoreError::new(Damaged(column))
}

/// The column of an id.
pub(super) const fn id(bits: u128) -> Uuid {
    Uuid::from_u128(bits)
}

/// A list of ids.
pub(super) fn ids(bits: impl IntoIterator<Item = u128>) -> Vec<Uuid> {
    bits.into_iter().map(id).collect()
}

/// The bits of an id.
pub(super) fn bits(row: &PgRow, column: &'static str) -> Result<u128, StoreError> {
    Ok(get::<Uuid>(row, column)?.as_u128())
}

/// The bits of an id, or NULL.
pub(super) fn optional_bits(row: &PgRow, column: &'static str) -> Result<Option<u128>, StoreError> {
    Ok(get::<Option<Uuid>>(row, column)?.map(|id| id.as_u128()))
}

const fn parts(stream: StreamKey) -> (u8, u128) {
    match stream {
        StreamKey::Channel(id) => (1, id.as_u128()),
        StreamKey::Server(id) => (2, id.as_u128()),
        StreamKey::User(id) => (3, id.as_u128()),
    }
}

/// A stream's octets: its kind and its id.
pub(super) fn stream_octets(stream: StreamKey) -> Vec<u8> {
    let (kind, bits) = parts(stream);
    let mut octets = vec![kind];
    octets.extend_from_slice(&bits.to_be_bytes());
    octets
}

/// The stream of a column.
pub(super) fn stream(row: &PgRow, column: &'static str) -> Result<StreamKey, StoreError> {
    let octets: &[u8] = get(row, column)?;
    let (kind, id) = octets.split_first().ok_or_else(|| damaged(column))?;
    let bits = u128::from_be_bytes(id.try_into().map_err(|_| damaged(column))?);
    match kind {
        1 => Ok(StreamKey::Channel(ChannelId::from_u128(bits))),
        2 => Ok(StreamKey::Server(ServerId::from_u128(bits))),
        3 => Ok(StreamKey::User(UserId::from_u128(bits))),
        _ => Err(damaged(column)),
    }
}

/// A number that follows from a stream, the same on every node and in every version: it is stored, and it names locks.
pub(super) const fn stream_hash(stream: StreamKey) -> u64 {
    let (kind, bits) = parts(stream);
    spread(bits.wrapping_add(kind as u128))
}

/// A number that follows from two ids, the same on every node.
pub(super) const fn pair_hash(one: u128, other: u128) -> u64 {
    spread(one.wrapping_add((spread(other) as u128) << 64))
}

/// 128 bits stirred to 64, as `SplitMix64` does with 64.
#[expect(clippy::cast_possible_truncation, reason = "both halves are taken")]
const fn spread(bits: u128) -> u64 {
    let mut state = (bits as u64) ^ ((bits >> 64) as u64).rotate_left(32).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

/// 64 bits in PostgreSQL's signed integers.
pub(super) const fn signed(bits: u64) -> i64 {
    bits.cast_signed()
}

/// A column of any type.
pub(super) fn get<'r, T>(row: &'r PgRow, column: &'static str) -> Result<T, StoreError>
where
    T: sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
{
    row.try_get(column).map_err(failed)
}

/// A column by its number, of any type.
pub(super) fn get_at<'r, T>(row: &'r PgRow, column: usize) -> Result<T, StoreError>
where
    T: sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
{
    row.try_get(column).map_err(failed)
}

/// A number that is never negative and fits 32 bits.
pub(super) fn small(row: &PgRow, column: &'static str) -> Result<u32, StoreError> {
    get::<i64>(row, column)?.try_into().map_err(|_| damaged(column))
}

/// A place.
pub(super) fn seq(row: &PgRow, column: &'static str) -> Result<Seq, StoreError> {
    Ok(Seq(get::<i64>(row, column)?.cast_unsigned()))
}

/// A numbering.
pub(super) fn epoch(row: &PgRow, column: &'static str) -> Result<Epoch, StoreError> {
    Ok(Epoch(get::<i64>(row, column)?.cast_unsigned()))
}

/// A moment.
pub(super) fn time(row: &PgRow, column: &'static str) -> Result<Timestamp, StoreError> {
    Ok(Timestamp::from_millis(get(row, column)?))
}

/// A moment, or NULL.
pub(super) fn optional_time(row: &PgRow, column: &'static str) -> Result<Option<Timestamp>, StoreError> {
    Ok(get::<Option<i64>>(row, column)?.map(Timestamp::from_millis))
}

/// A value as JSON.
pub(super) fn to_json(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(StoreError::new)
}

/// A value from a column of JSON.
pub(super) fn from_json<T: DeserializeOwned>(row: &PgRow, column: &'static str) -> Result<T, StoreError> {
    serde_json::from_str(get(row, column)?).map_err(StoreError::new)
}
