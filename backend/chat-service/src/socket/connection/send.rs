//! SEND: what is worked on, and what is said when it is done.

use echopulse_http::{ApiError, limits};
use echopulse_protocol::{
    destination::{SendTo, Topic},
    stomp::{
        Frame,
        server::{Ticket, close},
    },
};
use tokio::time::Instant;

use super::Connection;
use crate::socket::{
    encode,
    lanes::Finished,
    work::{Done, Work},
};

impl Connection {
    pub(super) fn send(&mut self, destination: &str, frame: Frame, ticket: Option<Ticket>) {
        let Some(to) = SendTo::parse(destination) else {
            return self.session.fail_request(
                ticket,
                close::PROTOCOL,
                "unknown-destination",
                "there is no such destination to SEND to",
            );
        };
        let Some(caller) = &self.caller else { return };
        if let SendTo::Typing(channel) = to
            && !self.typing.may_tell(channel, Instant::now())
        {
            if let Some(ticket) = ticket {
                self.session.settle(ticket, Some(Vec::new()));
            }
            return;
        }
        self.lanes.push(Work { to, frame, caller: caller.clone() }, ticket);
    }

    pub(super) fn settle(&mut self, finished: Finished) {
        let code = finished.outcome.as_ref().err().map_or("done", |error| error.code().as_str());
        metrics::counter!("echopulse_sends_total", "outcome" => code).increment(1);
        let outcome = match finished.outcome {
            Ok(Done::Refreshed(caller)) => self.refresh(*caller).map(|()| Vec::new()),
            Ok(Done::Stored(receipt)) => Ok(vec![
                ("message-id", receipt.message.to_string()),
                ("epoch", receipt.epoch.to_string()),
                ("seq", receipt.seq.to_string()),
            ]),
            Ok(Done::Fine) => Ok(Vec::new()),
            Err(error) => Err(error),
        };
        match (outcome, finished.ticket) {
            (Ok(mut headers), Some(ticket)) => {
                headers.extend(limits::header(&finished.standings));
                self.session.settle(ticket, Some(headers));
            }
            (Ok(_), None) => {}
            (Err(error), _) if self.ends_for(&error) => {}
            (Err(error), ticket) => {
                let receipt = ticket.and_then(|ticket| self.session.settle(ticket, None));
                self.refuse(receipt, &error);
            }
        }
    }

    /// Tells a refusal, if the client listens for refusals.
    pub(super) fn refuse(&mut self, receipt: Option<String>, error: &ApiError) {
        // Receipts of earlier frames stand in front of it.
        self.flush();
        let reply = encode::reply(receipt, error);
        for name in self.topics.names_of(Topic::Replies) {
            self.outbox.push_message(name, &reply);
        }
    }
}
