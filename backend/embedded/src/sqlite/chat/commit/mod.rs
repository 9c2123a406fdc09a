//! The write path: one transaction for a micro-batch.
//!
//! What the batch needs to know is read in a few statements ([`facts`]), each write is judged on it and on what the writes
//! before it did ([`batch`]), and what came of it is stored in a few statements ([`store`]).

mod batch;
mod facts;
mod store;

use echopulse_core::{
    chat::write::{Outcome, Write},
    common::StoreError,
};

#[cfg(test)]
pub(super) use self::facts::{AUTHORS, LAST_POST, NONCES};
use super::tail::Tail;
use crate::sqlite::database::Database;

/// Stores a batch; answers each write in its order.
pub(super) async fn commit(
    database: &Database,
    tail: &Tail,
    writes: Vec<Write>,
) -> Result<Vec<Outcome>, StoreError> {
    let mut tx = database.write().await?;
    let mut batch = facts::read(&mut tx, &writes).await?;
    let mut outcomes = Vec::with_capacity(writes.len());
    for write in &writes {
        let (outcome, purged) = batch.judge(write);
        if let Some(through) = purged {
            // What a purge removes has to be in the tables first.
            store::rows(&mut tx, &mut batch).await?;
            store::purge(&mut tx, write.channel, through).await?;
            batch.forget(write.channel, through);
        }
        outcomes.push(outcome);
    }
    if batch.is_empty() {
        return Ok(outcomes);
    }
    store::rows_and_heads(&mut tx, &mut batch).await?;
    let changing = tail.changing();
    tx.commit_and(|| changing.done(&outcomes)).await?;
    Ok(outcomes)
}
