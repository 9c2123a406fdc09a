//! What the chat service asks.

use echopulse_documents::{Operation, samples};
use echopulse_protocol::internal::{Actor, ChannelPlace, Identity, ServerEvents, SignOuts};
use echopulse_protocol::problem::ProblemCode as Code;
use serde_json::json;

pub(crate) fn operations() -> Vec<Operation> {
    let identity = json!({
        "iss": "https://id.example", "sub": "f3a1", "preferred_username": "ada", "name": "Ada", "kind": "person", "admin": false
    });
    let joined = json!({
        "event": "member.joined", "version": 1, "stream": format!("server/{}", samples::SERVER), "epoch": samples::EPOCH,
        "seq": 8, "at": samples::TIME, "actor_id": samples::ADA, "member": samples::member(), "user": samples::user()
    });
    let sign_out =
        json!({ "iss": "https://id.example", "sid": "7b1e", "at": samples::TIME, "until": samples::TIME });
    vec![
        Operation::new(
            "identify_person",
            "Who of ours somebody is, as the issuer of their token describes them",
        )
        .internal()
        .takes::<Identity>(identity)
        .answers::<Actor>(
            200,
            "who they are",
            json!({ "user_id": samples::ADA, "kind": "person", "admin": false }),
        ),
        Operation::new("list_server_events", "A server's changes behind a place, ascending")
            .internal()
            .query("after", json!({ "type": "integer", "minimum": 0 }), "the place that is known")
            .limited()
            .answers::<ServerEvents>(200, "the changes", json!({ "events": [joined] })),
        Operation::new("list_sign_outs", "Sign-ins that ended before their tokens did")
            .internal()
            .query(
                "since",
                json!({ "type": "integer" }),
                "only those remembered since then, in milliseconds since 1970",
            )
            .answers::<SignOuts>(200, "those that still matter", json!({ "sign_outs": [sign_out] }))
            .refuses(&[Code::InvalidRequest]),
        Operation::new("place_channel", "Where a channel belongs").internal().answers::<ChannelPlace>(
            200,
            "its server, if there is one",
            json!({ "server_id": samples::SERVER }),
        ),
    ]
}
