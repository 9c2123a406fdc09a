//! Servers.

use echopulse_documents::{Operation, samples};
use echopulse_protocol::{
    event::Server,
    problem::ProblemCode as Code,
    rest::{CreateServer, Page, ServerDetail, TransferServer, UpdateServer},
};
use serde_json::json;

use crate::{FORBIDDEN, HIDDEN};

pub(crate) fn operations() -> Vec<Operation> {
    let flag = || json!({ "type": "boolean", "default": false });
    vec![
        Operation::new("list_servers", "One's servers, or those that are open")
            .details("Without `open` and `all` the list of one's own servers is whole, and `limit` and `cursor` do nothing.")
            .query("open", flag(), "those that anybody may join")
            .query("all", flag(), "all of the instance; for instance admins")
            .paged()
            .answers::<Page<Server>>(200, "a page", samples::page(&samples::server()))
            .refuses(&[Code::PermissionMissing]),
        Operation::new("create_server", "Makes a server, with the role @everyone and the channel #general")
            .keyed()
            .takes::<CreateServer>(json!({ "name": "Rust Lyon", "description": "Who writes Rust in Lyon" }))
            .answers::<Server>(201, "the server", samples::server())
            .refuses(&[Code::LimitReached]),
        Operation::new("get_server", "A server as the asker sees it")
            .details("The channels are those that the asker may view. `epoch` and `seq` are where to subscribe behind.")
            .cached()
            .answers::<ServerDetail>(200, "the server", samples::server_detail())
            .refuses(&HIDDEN),
        Operation::new("update_server", "Changes a server; `retention_days` is for its owner")
            .matched()
            .audited()
            .takes::<UpdateServer>(json!({ "join_policy": "open", "retention_days": null }))
            .answers::<Server>(200, "the server as it is now", samples::server())
            .refuses(&FORBIDDEN)
            .refuses(&[Code::OwnerRequired]),
        Operation::new("delete_server", "Deletes a server with everything in it")
            .query("confirm", json!({ "type": "string" }), "the server's name; the request is refused without it")
            .audited()
            .says(204, "it is gone")
            .refuses(&FORBIDDEN)
            .refuses(&[Code::ConfirmationMismatch]),
        Operation::new("transfer_server", "Gives a server to another member, who is no bot")
            .audited()
            .takes::<TransferServer>(json!({ "user_id": samples::BEN }))
            .answers::<Server>(200, "the server as it is now", samples::server())
            .refuses(&HIDDEN)
            .refuses(&[Code::OwnerRequired, Code::MemberNotFound, Code::BotRefused, Code::LimitReached]),
    ]
}
