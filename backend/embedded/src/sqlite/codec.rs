//! Core's values in columns.

use echopulse_core::common::{ChannelId, Epoch, Seq, ServerId, StoreError, StreamKey, Timestamp, UserId};
use serde::{Serialize, de::DeserializeOwned};
use sqlx::{Row, sqlite::SqliteRow};

/// A column does not hold what it has to: the database is damaged.
#[derive(Debug, thiserror::Error)]
#[error("the column {0} holds a value that it cannot have")]
pub(super) struct Damaged(&'static str);

/// The damage of a column.
pub(super) fn damaged(column: &'static str) -> StoreError {
    StoreError::new(Damaged(column))
}

/// An id's octets.
pub(super) fn octets(bits: u128) -> Vec<u8> {
    bits.to_be_bytes().to_vec()
}

/// Octets as text, for lists that are bound as JSON; `unhex` reads them back.
pub(super) fn hex(octets: &[u8]) -> String {
    use std::fmt::Write;
    octets.iter().fold(String::with_capacity(octets.len() * 2), |mut text, octet| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{octet:02x}");
        text
    })
}

/// A list of ids, bound as JSON.
pub(super) fn id_list(ids: impl IntoIterator<Item = u128>) -> String {
    let quoted: Vec<_> = ids.into_iter().map(|id| format!("\"{id:032x}\"")).collect();
    format!("[{}]", quoted.join(","))
}

/// The bits of a column of 16 octets.
pub(super) fn bits(row: &SqliteRow, column: &'static str) -> Result<u128, StoreError> {
    optional_bits(row, column)?.ok_or_else(|| damaged(column))
}

/// The bits of a column of 16 octets, or NULL.
pub(super) fn optional_bits(row: &SqliteRow, column: &'static str) -> Result<Option<u128>, StoreError> {
    let Some(octets) = row.try_get::<Option<&[u8]>, _>(column).map_err(StoreError::new)? else {
        return Ok(None);
    };
    let octets = octets.try_into().map_err(|_| damaged(column))?;
    Ok(Some(u128::from_be_bytes(octets)))
}

/// A stream's octets: its kind and its id.
pub(super) fn stream_octets(stream: StreamKey) -> Vec<u8> {
    let (kind, bits) = match stream {
        StreamKey::Channel(id) => (1, id.as_u128()),
        StreamKey::Server(id) => (2, id.as_u128()),
        StreamKey::User(id) => (3, id.as_u128()),
    };
    let mut octets = vec![kind];
    octets.extend_from_slice(&bits.to_be_bytes());
    octets
}

/// The stream of a column.
pub(super) fn stream(row: &SqliteRow, column: &'static str) -> Result<StreamKey, StoreError> {
    let octets: &[u8] = row.try_get(column).map_err(StoreError::new)?;
    let (kind, id) = octets.split_first().ok_or_else(|| damaged(column))?;
    let bits = u128::from_be_bytes(id.try_into().map_err(|_| damaged(column))?);
    match kind {
        1 => Ok(StreamKey::Channel(ChannelId::from_u128(bits))),
        2 => Ok(StreamKey::Server(ServerId::from_u128(bits))),
        3 => Ok(StreamKey::User(UserId::from_u128(bits))),
        _ => Err(damaged(column)),
    }
}

/// 64 bits in SQLite's signed integers.
pub(super) const fn signed(bits: u64) -> i64 {
    bits.cast_signed()
}

/// A column of any type.
pub(super) fn get<'r, T>(row: &'r SqliteRow, column: &'static str) -> Result<T, StoreError>
where
    T: sqlx::Decode<'r, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>,
{
    row.try_get(column).map_err(StoreError::new)
}

/// A column by its number, of any type.
pub(super) fn get_at<'r, T>(row: &'r SqliteRow, column: usize) -> Result<T, StoreError>
where
    T: sqlx::Decode<'r, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>,
{
    row.try_get(column).map_err(StoreError::new)
}

/// A place.
pub(super) fn seq(row: &SqliteRow, column: &'static str) -> Result<Seq, StoreError> {
    Ok(Seq(get::<i64>(row, column)?.cast_unsigned()))
}

/// A numbering.
pub(super) fn epoch(row: &SqliteRow, column: &'static str) -> Result<Epoch, StoreError> {
    Ok(Epoch(get::<i64>(row, column)?.cast_unsigned()))
}

/// A moment.
pub(super) fn time(row: &SqliteRow, column: &'static str) -> Result<Timestamp, StoreError> {
    Ok(Timestamp::from_millis(get(row, column)?))
}

/// A moment, or NULL.
pub(super) fn optional_time(row: &SqliteRow, column: &'static str) -> Result<Option<Timestamp>, StoreError> {
    Ok(get::<Option<i64>>(row, column)?.map(Timestamp::from_millis))
}

/// A value as JSON.
pub(super) fn to_json(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(StoreError::new)
}

/// A value from a column of JSON.
pub(super) fn from_json<T: DeserializeOwned>(row: &SqliteRow, column: &'static str) -> Result<T, StoreError> {
    let text: &str = row.try_get(column).map_err(StoreError::new)?;
    serde_json::from_str(text).map_err(StoreError::new)
}
