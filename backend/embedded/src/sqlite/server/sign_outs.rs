//! Sign-ins that ended before their tokens did.

use echopulse_core::common::{
    StoreError, Timestamp,
    sign_out::{Ended, SignOut},
};
use sqlx::{SqliteConnection, sqlite::SqliteRow};

use crate::sqlite::{
    codec::{damaged, get, time},
    database::Database,
    query::{all, one, run},
};

const fn kind_number(ended: &Ended) -> i64 {
    match ended {
        Ended::Session(_) => 0,
        Ended::Subject(_) => 1,
    }
}

/// A sign-out from its row, whose columns have names that no other table of the outbox has.
pub(super) fn sign_out(row: &SqliteRow) -> Result<SignOut, StoreError> {
    let name: String = get(row, "ended_name")?;
    let ended = match get::<i64>(row, "ended_kind")? {
        0 => Ended::Session(name),
        1 => Ended::Subject(name),
        _ => return Err(damaged("kind")),
    };
    Ok(SignOut {
        iss: get(row, "ended_iss")?,
        ended,
        at: time(row, "ended_at")?,
        until: time(row, "ended_until")?,
    })
}

/// Remembers one, unless its notice came before, and forgets what is over.
pub(super) async fn remember(
    database: &Database,
    told: SignOut,
    token: Option<String>,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let mut tx = database.write().await?;
    let forget = "DELETE FROM sign_out WHERE until <= ?
                  AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.sign_out = sign_out.number)";
    run(&mut tx, sqlx::query(forget).bind(now.as_millis())).await?;
    let insert = "INSERT INTO sign_out (iss, kind, name, ended_at, until, remembered_at, token)
                  VALUES (?, ?, ?, ?, ?, ?, ?)
                  ON CONFLICT (iss, token) DO NOTHING RETURNING number";
    let kind = kind_number(&told.ended);
    let (Ended::Session(name) | Ended::Subject(name)) = told.ended;
    let insert = sqlx::query(insert)
        .bind(told.iss)
        .bind(kind)
        .bind(name)
        .bind(told.at.as_millis())
        .bind(told.until.as_millis())
        .bind(now.as_millis())
        .bind(token);
    let Some(row) = one(&mut tx, insert).await? else { return Ok(false) };
    let number: i64 = get(&row, "number")?;
    run(&mut tx, sqlx::query("INSERT INTO outbox (sign_out) VALUES (?)").bind(number)).await?;
    tx.commit().await?;
    Ok(true)
}

/// Those that are not over, and were remembered at `since` or later.
pub(super) async fn remembered(
    db: &mut SqliteConnection,
    since: Option<Timestamp>,
    now: Timestamp,
) -> Result<Vec<SignOut>, StoreError> {
    let found =
        "SELECT iss AS ended_iss, kind AS ended_kind, name AS ended_name, ended_at, until AS ended_until
                 FROM sign_out WHERE until > ? AND remembered_at >= ? ORDER BY number";
    let since = since.map_or(i64::MIN, Timestamp::as_millis);
    let found = sqlx::query(found).bind(now.as_millis()).bind(since);
    all(db, found, sign_out).await
}
