//! What a commit costs beside what cannot be saved: inserting the same rows.

use std::time::{Duration, Instant};

use echopulse_core::{
    chat::{port::outbound::MessageStore, write::Outcome},
    common::ChannelId,
    testing::chat_contract::{ADA, GENERAL, RANDOM, post},
};
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

use crate::database::Chat;

const BATCH: u32 = 64;
const ROUNDS: u32 = 60;
/// So many rounds come first, until plans are made.
const WARM_UP: u32 = 10;
const TEXT: &str = "A message as people write them: a sentence, or two.";

/// The rows that a commit of 64 posts stores, in one transaction of four statements.
async fn bare(db: &mut PgConnection, channel: ChannelId, from: u32) {
    let seqs: Vec<_> = (from..from + BATCH).map(|n| i64::from(n) + 1).collect();
    let ids: Vec<_> = (from..from + BATCH).map(|n| Uuid::from_u128(0x2_0000_0000 + u128::from(n))).collect();
    let nonces: Vec<_> = (from..from + BATCH).map(|n| format!("bare-{n}")).collect();
    let channel = Uuid::from_u128(channel.as_u128());
    let author = Uuid::from_u128(ADA.as_u128());
    let mut tx = db.begin().await.unwrap();
    let message =
        "INSERT INTO message (channel, seq, id, revision, nonce, author, author_kind, content, created_at)
                   SELECT $1, seq, id, seq, nonce, $2, 0, $3, 0
                   FROM unnest($4::bigint[], $5::uuid[], $6::text[]) AS row (seq, id, nonce)";
    let message =
        sqlx::query(message).bind(channel).bind(author).bind(TEXT).bind(&seqs).bind(&ids).bind(&nonces);
    message.execute(&mut *tx).await.unwrap();
    let nonce = "INSERT INTO nonce (author, nonce, channel, message, seq, epoch, fingerprint)
                 SELECT $2, nonce, $1, id, seq, 7, 9
                 FROM unnest($3::bigint[], $4::uuid[], $5::text[]) AS row (seq, id, nonce)";
    let nonce = sqlx::query(nonce).bind(channel).bind(author).bind(&seqs).bind(&ids).bind(&nonces);
    nonce.execute(&mut *tx).await.unwrap();
    let event = "INSERT INTO event (stream, seq, kind, at, actor, message)
                 SELECT '\\x01'::bytea || uuid_send($1), seq, 1, 0, $2, id
                 FROM unnest($3::bigint[], $4::uuid[]) AS row (seq, id)";
    sqlx::query(event).bind(channel).bind(author).bind(&seqs).bind(&ids).execute(&mut *tx).await.unwrap();
    let outbox = "INSERT INTO outbox (partition, stream, seq)
                  SELECT 0, '\\x01'::bytea || uuid_send($1), seq FROM unnest($2::bigint[]) AS row (seq)";
    sqlx::query(outbox).bind(channel).bind(&seqs).execute(&mut *tx).await.unwrap();
    tx.commit().await.unwrap();
}

/// Rounds alternate, so that both meet the same weather; the middle of each is compared.
#[tokio::test]
#[expect(clippy::print_stdout, reason = "the number is worth more than the verdict")]
async fn a_commit_has_half_the_speed_of_bare_inserts() {
    let chat = Chat::founded().await;
    let mut db = chat.database.raw().await;
    let (mut commits, mut inserts) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS + WARM_UP {
        let from = round * BATCH;
        let begun = Instant::now();
        bare(&mut db, RANDOM, from).await;
        inserts.push(begun.elapsed());
        let batch = (from..from + BATCH).map(|n| post(ADA, GENERAL, n, TEXT)).collect();
        let begun = Instant::now();
        let outcomes = chat.store.commit(batch).await.unwrap();
        commits.push(begun.elapsed());
        assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Stored(_))));
    }
    let (commit, insert) = (middle(commits), middle(inserts));
    let ratio = insert.as_secs_f64() / commit.as_secs_f64();
    println!("{ratio:.2} of the speed of bare inserts: {commit:?} instead of {insert:?}");
    assert!(ratio >= floor(), "{ratio:.2} of the speed of bare inserts: {commit:?} instead of {insert:?}");
}

/// Half of the speed is asked of what is delivered. This program's own part runs several times slower unoptimized.
fn floor() -> f64 {
    if cfg!(debug_assertions) { 0.25 } else { 0.5 }
}

fn middle(mut times: Vec<Duration>) -> Duration {
    let mut times = times.split_off(WARM_UP as usize);
    times.sort_unstable();
    times[times.len() / 2]
}
