//! History, and writing without a socket.

use echopulse_documents::{Operation, samples};
use echopulse_protocol::{
    event::Message,
    problem::ProblemCode as Code,
    rest::{DeleteMessages, HistoryPage, PostMessage, PurgeHistory, Receipt},
};
use serde_json::json;

use crate::{FORBIDDEN, HIDDEN};

pub(crate) fn operations() -> Vec<Operation> {
    let page = json!({
        "items": [samples::message()], "referenced": [], "epoch": samples::EPOCH, "head": 41, "purged_through": 0,
        "covers": { "from": 41, "to": 41 }
    });
    let place = || json!({ "type": "string", "pattern": "^([0-9]+|[0-9a-f-]{36})$" });
    vec![
        Operation::new("list_messages", "Messages of a channel, by ascending seq, tombstones included")
            .details("At most one of `before`, `after` and `around`; without one of them the latest messages are answered.")
            .query("before", place(), "a seq, or a message's id: what stands before it")
            .query("after", place(), "a seq, or a message's id: what stands behind it")
            .query("around", place(), "a seq, or a message's id: what stands on both sides of it, and itself")
            .limited()
            .answers::<HistoryPage>(200, "a page; `covers` says of which places it has every message", page)
            .refuses(&HIDDEN)
            .refuses(&[Code::MessageNotFound]),
        Operation::new("post_message", "Posts a message, as SEND does")
            .details("The same `nonce` with the same body is the same message: a request may be sent again.")
            .takes::<PostMessage>(json!({ "content": "Hello, Lyon!", "nonce": "8c1f" }))
            .answers::<Receipt>(201, "it is durable", samples::receipt())
            .refuses(&FORBIDDEN)
            .refuses(&[
                Code::MessageNotFound,
                Code::MessageDeleted,
                Code::NonceReused,
                Code::ContentEmpty,
                Code::ContentTooLong,
                Code::TooManyMentions,
                Code::SlowMode,
            ]),
        Operation::new("delete_messages", "Deletes messages: all of them, or none")
            .audited()
            .takes::<DeleteMessages>(json!({ "message_ids": [samples::MESSAGE] }))
            .answers::<Receipt>(200, "they are tombstones", samples::receipt())
            .refuses(&FORBIDDEN)
            .refuses(&[Code::MessageNotFound]),
        Operation::new("get_message", "One message, as it is now")
            .cached()
            .answers::<Message>(200, "the message, or its tombstone", samples::message())
            .refuses(&HIDDEN)
            .refuses(&[Code::MessageNotFound]),
        Operation::new("purge_channel", "Removes everything up to a place, for ever")
            .audited()
            .takes::<PurgeHistory>(json!({ "through": 40 }))
            .answers::<Receipt>(200, "it is gone", samples::receipt())
            .refuses(&FORBIDDEN),
    ]
}
