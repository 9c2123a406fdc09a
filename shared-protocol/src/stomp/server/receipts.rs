//! Receipts leave in the order of their frames, in whatever order these are done.

use std::collections::VecDeque;

use super::{Output, ServerSession};
use crate::stomp::codec::{Command, encode};

/// The place of a receipt among the receipts of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(u64);

/// The headers of a RECEIPT besides `receipt-id`; `None`: it will never be sent.
type Answer = Option<Vec<(&'static str, String)>>;

struct Waiting {
    ticket: Ticket,
    receipt: String,
    /// There once the frame is done.
    answer: Option<Answer>,
}

/// The receipts that are owed, oldest first.
#[derive(Default)]
pub(super) struct Receipts {
    waiting: VecDeque<Waiting>,
    issued: u64,
}

impl Receipts {
    pub(super) fn issue(&mut self, receipt: String) -> Ticket {
        self.issued += 1;
        let ticket = Ticket(self.issued);
        self.waiting.push_back(Waiting { ticket, receipt, answer: None });
        ticket
    }

    fn settle(&mut self, ticket: Ticket, answer: Answer) -> Option<String> {
        // Tickets ascend along the queue.
        let at = self.waiting.binary_search_by_key(&ticket, |waiting| waiting.ticket).ok()?;
        let waiting = self.waiting.get_mut(at).filter(|waiting| waiting.answer.is_none())?;
        waiting.answer = Some(answer);
        Some(waiting.receipt.clone())
    }

    fn pop_settled(&mut self) -> Option<(String, Answer)> {
        let waiting = self.waiting.pop_front_if(|waiting| waiting.answer.is_some())?;
        Some((waiting.receipt, waiting.answer.flatten()))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.waiting.clear();
    }
}

impl ServerSession {
    /// Settles a ticket: with headers its RECEIPT leaves as soon as those before it have; without, it never does. Answers the
    /// `receipt` it was for, or nothing if it was settled already.
    pub fn settle(&mut self, ticket: Ticket, headers: Option<Vec<(&'static str, String)>>) -> Option<String> {
        let receipt = self.receipts.settle(ticket, headers)?;
        while let Some((receipt, answer)) = self.receipts.pop_settled() {
            let Some(headers) = answer else { continue };
            let mut all = vec![("receipt-id", receipt.as_str())];
            all.extend(headers.iter().map(|(name, value)| (*name, value.as_str())));
            self.output.push_back(Output::Frame(encode(Command::Receipt, &all, None, self.version)));
        }
        self.end_if_settled();
        Some(receipt)
    }

    /// Whether a receipt is still owed.
    #[must_use]
    pub fn owes_receipts(&self) -> bool {
        !self.receipts.is_empty()
    }

    /// Answers a frame that is done as soon as it is looked at.
    pub(super) fn settle_now(&mut self, receipt: Option<String>, headers: Vec<(&'static str, String)>) {
        if let Some(receipt) = receipt {
            let ticket = self.receipts.issue(receipt);
            self.settle(ticket, Some(headers));
        }
    }
}
