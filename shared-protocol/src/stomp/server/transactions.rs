//! Transactions: frames that wait for COMMIT ("BEGIN", "COMMIT", "ABORT").

use super::{Demand, ServerSession, Step, deliveries::Claim, frames::owned};
use crate::stomp::codec::{Command, Frame};

/// A transaction that is open.
pub(super) struct Transaction {
    id: String,
    work: Vec<Work>,
    octets: usize,
}

/// A frame that waits.
pub(super) enum Work {
    Send { destination: String, frame: Frame },
    Settle(Claim),
}

impl From<Claim> for Work {
    fn from(claim: Claim) -> Self {
        Self::Settle(claim)
    }
}

impl Work {
    fn octets(&self) -> usize {
        match self {
            Self::Send { frame, .. } => frame.octets(),
            Self::Settle(claim) => claim.frame.octets(),
        }
    }
}

impl ServerSession {
    /// Keeps a frame until its transaction is committed. Its receipt says that it is kept, and leaves at once: a client that waits
    /// for each receipt before the next frame would never come to COMMIT otherwise.
    pub(super) fn transact(
        &mut self,
        frame: &Frame,
        id: &str,
        receipt: Option<String>,
        work: impl Into<Work>,
    ) -> Option<Demand> {
        let work = work.into();
        let Some(limits) = self.config.broker else {
            return self.malformed(frame, "transactions are not offered");
        };
        let Some(open) = self.transactions.iter_mut().find(|open| open.id == id) else {
            return self.unknown(frame);
        };
        open.octets += work.octets();
        if open.work.len() >= limits.transaction_frames || open.octets > limits.transaction_octets {
            let text = "the transaction is larger than it may be";
            return self.fail_frame(frame, "transaction-too-large", text);
        }
        open.work.push(work);
        self.settle_now(receipt, Vec::new());
        None
    }

    fn unknown<T>(&mut self, frame: &Frame) -> Option<T> {
        self.fail_frame(frame, "unknown-transaction", "there is no such transaction")
    }

    /// BEGIN, COMMIT and ABORT.
    pub(super) fn take_transaction(&mut self, frame: &Frame) -> Option<Demand> {
        let Some(limits) = self.config.broker else {
            return self.malformed(frame, "acknowledgements and transactions are not offered");
        };
        let Some(id) = owned(frame, "transaction") else {
            return self.malformed(frame, "the frame names no transaction");
        };
        let open = self.transactions.iter().position(|open| open.id == id);
        match (frame.command(), open) {
            (Command::Begin, Some(_)) => {
                self.fail_frame(frame, "duplicate-transaction", "the transaction is open already")
            }
            (Command::Begin, None) if self.transactions.len() >= limits.transactions => {
                let text = "the session has as many transactions as it may";
                self.fail_frame(frame, "too-many-transactions", text)
            }
            (Command::Begin, None) => {
                self.transactions.push(Transaction { id, work: Vec::new(), octets: 0 });
                self.settle_now(owned(frame, "receipt"), Vec::new());
                None
            }
            (_, None) => self.unknown(frame),
            (Command::Commit, Some(at)) => Some(self.commit(frame, at)),
            (_, Some(at)) => {
                self.transactions.remove(at);
                self.settle_now(owned(frame, "receipt"), Vec::new());
                None
            }
        }
    }

    fn commit(&mut self, frame: &Frame, at: usize) -> Demand {
        let ticket = owned(frame, "receipt").map(|receipt| self.receipts.issue(receipt));
        let work = self.transactions.remove(at).work;
        let step = |work| match work {
            Work::Send { destination, frame } => Step::Send { destination, frame },
            Work::Settle(claim) => Step::Settle(self.settle_claim(claim)),
        };
        Demand::Commit { steps: work.into_iter().map(step).collect(), ticket }
    }
}
