//! Read states and presence.

use echopulse_documents::{Operation, samples};
use echopulse_protocol::{
    problem::ProblemCode as Code,
    rest::{MoveRead, Page, ReadState, UserPresence},
};
use serde_json::json;

use crate::HIDDEN;

pub(crate) fn operations() -> Vec<Operation> {
    let state = json!({
        "channel_id": samples::CHANNEL, "read_seq": 40, "version": 0, "head": 41, "unread": 1, "mentions": 0
    });
    let there = json!({ "user_id": samples::BEN, "status": "online" });
    vec![
        Operation::new("list_read_states", "What is unread, in every channel that one may view")
            .answers::<Page<ReadState>>(200, "all of them", samples::page(&state)),
        Operation::new(
            "move_read_state",
            "Moves a read position: forward with `seq`, back with `unread_from`",
        )
        .details("A forward move that names an older `version` is dropped, and answered with the state.")
        .takes::<MoveRead>(json!({ "seq": 40, "version": 0 }))
        .answers::<ReadState>(200, "the state as it is now", state)
        .refuses(&HIDDEN),
        Operation::new("list_presence", "Who of a server is there")
            .answers::<Page<UserPresence>>(200, "those who are not offline", samples::page(&there))
            .refuses(&[Code::ServerNotFound]),
    ]
}
