//! People and bots.

use echopulse_core::{
    common::{
        StoreError, Timestamp, UserId,
        actor::Identity,
        community::{User, UserKind},
        name,
    },
    server::port::outbound::ProfileChange,
};
use sqlx::{PgConnection, postgres::PgRow};

use crate::postgres::{
    codec::{bits, get, id, ids, time},
    database::Database,
    query::{one, run},
};

/// The longest username.
const USERNAME: usize = 32;

/// Somebody who signs in, and what they become if nobody knows them.
pub(super) struct Arrival {
    pub(super) identity: Identity,
    pub(super) username: String,
    pub(super) display_name: String,
    pub(super) id: UserId,
    pub(super) now: Timestamp,
}

impl Arrival {
    /// Whether the row of a known person says already what they bring.
    fn is_known_as(&self, row: &PgRow) -> Result<bool, StoreError> {
        let same_wish = get::<&str>(row, "wish")? == self.username;
        Ok(same_wish && get::<i16>(row, "kind")? == kind_number(self.identity.kind))
    }
}

const fn kind_number(kind: UserKind) -> i16 {
    match kind {
        UserKind::Person => 0,
        UserKind::Bot => 1,
    }
}

/// A profile from its row.
pub(super) fn profile(row: &PgRow) -> Result<User, StoreError> {
    Ok(User {
        id: UserId::from_u128(bits(row, "id")?),
        username: get(row, "username")?,
        display_name: get(row, "display_name")?,
        bio: get(row, "bio")?,
        kind: if get::<i16>(row, "kind")? == 1 { UserKind::Bot } else { UserKind::Person },
        created_at: time(row, "created_at")?,
    })
}

/// Somebody's profile.
pub(super) async fn user(db: &mut PgConnection, user: UserId) -> Result<Option<User>, StoreError> {
    let found = sqlx::query("SELECT * FROM person WHERE id = $1").bind(id(user.as_u128()));
    one(db, found).await?.as_ref().map(profile).transpose()
}

/// Whether two people are in one server.
pub(super) async fn share_a_server(
    db: &mut PgConnection,
    one_user: UserId,
    other: UserId,
) -> Result<bool, StoreError> {
    let shared = "SELECT 1 FROM member AS mine JOIN member AS theirs ON theirs.server = mine.server
                  WHERE mine.person = $1 AND theirs.person = $2 LIMIT 1";
    let shared = sqlx::query(shared).bind(id(one_user.as_u128())).bind(id(other.as_u128()));
    Ok(one(db, shared).await?.is_some())
}

async fn by_identity(db: &mut PgConnection, identity: &Identity) -> Result<Option<PgRow>, StoreError> {
    let found = "SELECT * FROM person WHERE iss = $1 AND sub = $2";
    one(db, sqlx::query(found).bind(&identity.iss).bind(&identity.sub)).await
}

/// Who somebody is. Whoever is known and brings nothing new is found without a lock.
pub(super) async fn sign_in(database: &Database, arrival: Arrival) -> Result<User, StoreError> {
    if let Some(row) = by_identity(&mut *database.reader().await?, &arrival.identity).await?
        && arrival.is_known_as(&row)?
    {
        return profile(&row);
    }
    let mut tx = database.write().await?;
    // Nobody else meets this identity meanwhile, on whatever node.
    lock_identity(&mut tx, &arrival.identity).await?;
    let user = match by_identity(&mut tx, &arrival.identity).await? {
        Some(row) if arrival.is_known_as(&row)? => profile(&row)?,
        Some(row) => welcome_back(&mut tx, &row, &arrival).await?,
        None => welcome(&mut tx, arrival).await?,
    };
    tx.commit().await?;
    Ok(user)
}

async fn lock_identity(db: &mut PgConnection, identity: &Identity) -> Result<(), StoreError> {
    let Identity { iss, sub, .. } = identity;
    let lock = "SELECT pg_advisory_xact_lock(hashtextextended($1, hashtextextended($2, 0)))";
    run(db, sqlx::query(lock).bind(iss).bind(sub)).await?;
    let row = "SELECT 1 FROM person WHERE iss = $1 AND sub = $2 FOR UPDATE";
    run(db, sqlx::query(row).bind(iss).bind(sub)).await?;
    Ok(())
}

/// Locks persons, in one order for everybody.
pub(super) async fn lock(db: &mut PgConnection, users: &[UserId]) -> Result<(), StoreError> {
    if users.is_empty() {
        return Ok(());
    }
    let lock = "SELECT 1 FROM person WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE";
    run(db, sqlx::query(lock).bind(ids(users.iter().map(|user| user.as_u128())))).await?;
    Ok(())
}

async fn welcome(db: &mut PgConnection, arrival: Arrival) -> Result<User, StoreError> {
    let user = User {
        id: arrival.id,
        username: take_username(db, &arrival.username, arrival.id).await?,
        display_name: arrival.display_name,
        bio: String::new(),
        kind: arrival.identity.kind,
        created_at: arrival.now,
    };
    let insert = "INSERT INTO person
                  (id, iss, sub, wish, username, display_name, display_key, kind, created_at)
                  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let insert = sqlx::query(insert)
        .bind(id(user.id.as_u128()))
        .bind(arrival.identity.iss)
        .bind(arrival.identity.sub)
        .bind(arrival.username)
        .bind(&user.username)
        .bind(&user.display_name)
        .bind(name::key(&user.display_name))
        .bind(kind_number(user.kind))
        .bind(user.created_at.as_millis());
    run(db, insert).await?;
    publish(db, user.id).await?;
    Ok(user)
}

async fn welcome_back(db: &mut PgConnection, row: &PgRow, arrival: &Arrival) -> Result<User, StoreError> {
    let mut user = profile(row)?;
    if get::<&str>(row, "wish")? != arrival.username {
        user.username = take_username(db, &arrival.username, user.id).await?;
    }
    user.kind = arrival.identity.kind;
    let update =
        "UPDATE person SET wish = $1, username = $2, kind = $3, revision = revision + 1 WHERE id = $4";
    let update = sqlx::query(update)
        .bind(&arrival.username)
        .bind(&user.username)
        .bind(kind_number(user.kind))
        .bind(id(user.id.as_u128()));
    run(db, update).await?;
    publish(db, user.id).await?;
    Ok(user)
}

/// The wish, or the first of `-2`, `-3` … behind it that never was somebody else's; `user`'s for ever from then on.
async fn take_username(db: &mut PgConnection, wish: &str, user: UserId) -> Result<String, StoreError> {
    let owner = id(user.as_u128());
    for number in 1_u64.. {
        let name = numbered(wish, number);
        let take =
            "INSERT INTO username (username, person) VALUES ($1, $2) ON CONFLICT (username) DO NOTHING";
        if run(db, sqlx::query(take).bind(&name).bind(owner)).await? == 1 {
            return Ok(name);
        }
        let own = "SELECT 1 FROM username WHERE username = $1 AND person = $2";
        if one(db, sqlx::query(own).bind(&name).bind(owner)).await?.is_some() {
            return Ok(name);
        }
    }
    unreachable!("there are more numbers than usernames")
}

fn numbered(wish: &str, number: u64) -> String {
    if number == 1 {
        return wish.to_owned();
    }
    let suffix = format!("-{number}");
    let kept: String = wish.chars().take(USERNAME - suffix.len()).collect();
    kept + &suffix
}

/// Changes a profile. `None`: nobody we know.
pub(super) async fn change_profile(
    database: &Database,
    named: UserId,
    change: ProfileChange,
) -> Result<Option<User>, StoreError> {
    let mut tx = database.write().await?;
    lock(&mut tx, &[named]).await?;
    let Some(before) = user(&mut tx, named).await? else { return Ok(None) };
    let mut after = before.clone();
    after.display_name = change.display_name.unwrap_or(after.display_name);
    after.bio = change.bio.unwrap_or(after.bio);
    if after == before {
        return Ok(Some(after));
    }
    let update = "UPDATE person SET display_name = $1, display_key = $2, bio = $3, revision = revision + 1
                  WHERE id = $4";
    let update = sqlx::query(update)
        .bind(&after.display_name)
        .bind(name::key(&after.display_name))
        .bind(&after.bio)
        .bind(id(named.as_u128()));
    run(&mut tx, update).await?;
    publish(&mut tx, named).await?;
    tx.commit().await?;
    Ok(Some(after))
}

async fn publish(db: &mut PgConnection, user: UserId) -> Result<(), StoreError> {
    run(db, sqlx::query("INSERT INTO outbox (person) VALUES ($1)").bind(id(user.as_u128()))).await?;
    Ok(())
}
