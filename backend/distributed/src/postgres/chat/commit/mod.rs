//! The write path: one transaction for a micro-batch.
//!
//! The heads of the batch's channels are locked first, in the order of their ids. What is read then shows all that was
//! committed to these channels, and nobody else commits to them until this transaction ends. A nonce that another node uses
//! at the same moment in the same channel is therefore found; in another channel, storing it waits for the other
//! transaction, and if that commits, this one begins anew and finds it.
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

use crate::postgres::database::{Attempts, Database};

/// Stores a batch; answers each write in its order.
pub(super) async fn commit(database: &Database, writes: Vec<Write>) -> Result<Vec<Outcome>, StoreError> {
    let mut attempts = Attempts::new();
    loop {
        match commit_once(database, &writes).await {
            Err(error) if attempts.again(&error) => {}
            answer => return answer,
        }
    }
}

async fn commit_once(database: &Database, writes: &[Write]) -> Result<Vec<Outcome>, StoreError> {
    let mut tx = database.write().await?;
    let mut batch = facts::read(&mut tx, writes).await?;
    let mut outcomes = Vec::with_capacity(writes.len());
    for write in writes {
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
    store::rows(&mut tx, &mut batch).await?;
    tx.commit().await?;
    Ok(outcomes)
}
