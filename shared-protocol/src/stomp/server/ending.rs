//! How a session fails: an ERROR, at once or in its turn, and a close code behind it.

use bytes::Bytes;

use super::{Output, Phase, ServerSession, Ticket, close};
use crate::stomp::codec::{Command, Frame, encode};

/// Octets of the longest reason of a Close frame (RFC 6455, 5.5).
const LONGEST_REASON: usize = 123;

/// An ERROR that waits for earlier receipts, and the close code behind it.
pub(super) struct Failure {
    error: Bytes,
    close: u16,
    code: String,
}

impl ServerSession {
    /// Ends the session at once with an ERROR and a close code. Frames behind are not looked at, and receipts that are still owed
    /// are not sent any more.
    pub fn fail(&mut self, close: u16, code: &str, text: &str) {
        if self.is_over() {
            return;
        }
        let error = self.error(code, text, None);
        self.output.push_back(Output::Frame(error));
        self.close(close, code);
    }

    /// Ends the session for what a frame asked: the SEND of this ticket, or the SUBSCRIBE at hand. The ERROR names its receipt, and
    /// leaves when those of earlier frames have left.
    pub fn fail_request(&mut self, ticket: Option<Ticket>, close: u16, code: &str, text: &str) {
        let receipt = match (&self.phase, ticket) {
            (_, Some(ticket)) => self.settle(ticket, None),
            (Phase::Subscribing(_, receipt), None) => receipt.clone(),
            _ => None,
        };
        self.fail_in_turn(close, code, text, receipt.as_deref());
    }

    pub(super) fn fail_frame<T>(&mut self, frame: &Frame, code: &str, text: &str) -> Option<T> {
        // "receipt" is for "any client frame other than CONNECT".
        let receipt = frame.header("receipt").filter(|_| !frame.command().is_unescaped());
        self.fail_in_turn(close::PROTOCOL, code, text, receipt.as_deref());
        None
    }

    pub(super) fn fail_in_turn(&mut self, close: u16, code: &str, text: &str, receipt: Option<&str>) {
        if self.is_over() {
            return;
        }
        let error = self.error(code, text, receipt);
        self.phase = Phase::Over;
        self.failure = Some(Failure { error, close, code: code.to_owned() });
        self.end_if_settled();
    }

    pub(super) fn end_if_settled(&mut self) {
        if self.receipts.is_empty()
            && let Some(Failure { error, close, code }) = self.failure.take()
        {
            self.output.push_back(Output::Frame(error));
            self.close(close, &code);
        }
    }

    fn error(&self, code: &str, text: &str, receipt: Option<&str>) -> Bytes {
        let mut headers = vec![("message", code), ("content-type", "text/plain")];
        headers.extend(receipt.map(|receipt| ("receipt-id", receipt)));
        encode(Command::Error, &headers, Some(text.as_bytes()), self.version)
    }

    /// Ends the session with a close code alone.
    pub fn close(&mut self, code: u16, reason: &str) {
        self.phase = Phase::Over;
        self.failure = None;
        self.receipts.clear();
        let reason = &reason[..reason.floor_char_boundary(LONGEST_REASON)];
        self.output.push_back(Output::Close(code, reason.to_owned()));
    }
}
