//! What was answered to requests that are made once.

use echopulse_core::{
    common::{StoreError, Timestamp, UserId},
    server::kept::{KEPT_FOR, KeptAnswer, Made, RequestKey},
};
use echopulse_wire as wire;
use sqlx::{SqliteConnection, sqlite::SqliteRow};

use crate::sqlite::{
    codec::{bits, damaged, from_json, get, octets, time, to_json},
    query::{one, run},
};

/// Keeps an answer in the transaction that did what it tells. `false`: another one holds under its name.
pub(super) async fn keep(db: &mut SqliteConnection, answer: &KeptAnswer) -> Result<bool, StoreError> {
    let put = "INSERT INTO kept_answer (user, name, fingerprint, at, kind, body) VALUES (?, ?, ?, ?, ?, ?)
               ON CONFLICT (user, name) DO UPDATE SET fingerprint = excluded.fingerprint, at = excluded.at,
               kind = excluded.kind, body = excluded.body WHERE kept_answer.at + ? <= excluded.at";
    let (kind, body) = write(&answer.made)?;
    let put = sqlx::query(put)
        .bind(octets(answer.user.as_u128()))
        .bind(&answer.key.name)
        .bind(answer.key.fingerprint.to_vec())
        .bind(answer.at.as_millis())
        .bind(kind)
        .bind(body)
        .bind(i64::try_from(KEPT_FOR.as_millis()).unwrap_or(i64::MAX));
    Ok(run(db, put).await? == 1)
}

/// The answer under a name.
pub(super) async fn answer(
    db: &mut SqliteConnection,
    user: UserId,
    name: &str,
) -> Result<Option<KeptAnswer>, StoreError> {
    let found = "SELECT * FROM kept_answer WHERE user = ? AND name = ?";
    one(db, sqlx::query(found).bind(octets(user.as_u128())).bind(name)).await?.as_ref().map(read).transpose()
}

/// Forgets answers of before `at`.
pub(super) async fn forget(
    db: &mut SqliteConnection,
    at: Timestamp,
    limit: usize,
) -> Result<u64, StoreError> {
    let old = "DELETE FROM kept_answer WHERE (user, name) IN
               (SELECT user, name FROM kept_answer WHERE at < ? ORDER BY at LIMIT ?)";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    run(db, sqlx::query(old).bind(at.as_millis()).bind(limit)).await
}

fn write(made: &Made) -> Result<(i64, String), StoreError> {
    Ok(match made {
        Made::Server(server) => (1, to_json(&wire::server(server.clone()))?),
        Made::Channel(channel) => (2, to_json(&wire::channel(channel.clone()))?),
        Made::Invite(invite) => (3, to_json(&wire::invite(invite.clone()))?),
    })
}

fn read(row: &SqliteRow) -> Result<KeptAnswer, StoreError> {
    let made = match get::<i64>(row, "kind")? {
        1 => Made::Server(wire::server_from(from_json(row, "body")?)),
        2 => Made::Channel(wire::channel_from(from_json(row, "body")?)),
        3 => Made::Invite(wire::invite_from(from_json(row, "body")?).map_err(|_| damaged("body"))?),
        _ => return Err(damaged("kind")),
    };
    let fingerprint: &[u8] = get(row, "fingerprint")?;
    let fingerprint = fingerprint.try_into().map_err(|_| damaged("fingerprint"))?;
    Ok(KeptAnswer {
        user: UserId::from_u128(bits(row, "user")?),
        key: RequestKey { name: get(row, "name")?, fingerprint },
        at: time(row, "at")?,
        made,
    })
}
