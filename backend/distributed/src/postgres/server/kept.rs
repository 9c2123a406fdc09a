//! What was answered to requests that are made once.

use echopulse_core::{
    common::{StoreError, Timestamp, UserId},
    server::kept::{KEPT_FOR, KeptAnswer, Made, RequestKey},
};
use echopulse_wire as wire;
use sqlx::{PgConnection, postgres::PgRow};

use crate::postgres::{
    codec::{bits, damaged, from_json, get, id, time, to_json},
    query::{one, run},
};

/// Keeps an answer in the transaction that did what it tells. `false`: another one holds under its name.
pub(super) async fn keep(db: &mut PgConnection, answer: &KeptAnswer) -> Result<bool, StoreError> {
    let put =
        "INSERT INTO kept_answer (person, name, fingerprint, at, kind, body) VALUES ($1, $2, $3, $4, $5, $6)
               ON CONFLICT (person, name) DO UPDATE SET fingerprint = excluded.fingerprint, at = excluded.at,
               kind = excluded.kind, body = excluded.body WHERE kept_answer.at + $7 <= excluded.at";
    let (kind, body) = write(&answer.made)?;
    let put = sqlx::query(put)
        .bind(id(answer.user.as_u128()))
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
    db: &mut PgConnection,
    user: UserId,
    name: &str,
) -> Result<Option<KeptAnswer>, StoreError> {
    let found = "SELECT * FROM kept_answer WHERE person = $1 AND name = $2";
    one(db, sqlx::query(found).bind(id(user.as_u128())).bind(name)).await?.as_ref().map(read).transpose()
}

/// Forgets answers of before `at`.
pub(super) async fn forget(db: &mut PgConnection, at: Timestamp, limit: usize) -> Result<u64, StoreError> {
    let old = "DELETE FROM kept_answer WHERE (person, name) IN
               (SELECT person, name FROM kept_answer WHERE at < $1 ORDER BY at LIMIT $2)";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    run(db, sqlx::query(old).bind(at.as_millis()).bind(limit)).await
}

fn write(made: &Made) -> Result<(i16, String), StoreError> {
    Ok(match made {
        Made::Server(server) => (1, to_json(&wire::server(server.clone()))?),
        Made::Channel(channel) => (2, to_json(&wire::channel(channel.clone()))?),
        Made::Invite(invite) => (3, to_json(&wire::invite(invite.clone()))?),
    })
}

fn read(row: &PgRow) -> Result<KeptAnswer, StoreError> {
    let made = match get::<i16>(row, "kind")? {
        1 => Made::Server(wire::server_from(from_json(row, "body")?)),
        2 => Made::Channel(wire::channel_from(from_json(row, "body")?)),
        3 => Made::Invite(wire::invite_from(from_json(row, "body")?).map_err(|_| damaged("body"))?),
        _ => return Err(damaged("kind")),
    };
    let fingerprint: &[u8] = get(row, "fingerprint")?;
    let fingerprint = fingerprint.try_into().map_err(|_| damaged("fingerprint"))?;
    Ok(KeptAnswer {
        user: UserId::from_u128(bits(row, "person")?),
        key: RequestKey { name: get(row, "name")?, fingerprint },
        at: time(row, "at")?,
        made,
    })
}
