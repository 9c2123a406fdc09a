//! Invites.

use echopulse_documents::{Operation, samples};
use echopulse_protocol::{
    problem::ProblemCode as Code,
    rest::{CreateInvite, Invite, InvitePreview, Joined, Page},
};
use serde_json::json;

use crate::{FORBIDDEN, HIDDEN};

pub(crate) fn operations() -> Vec<Operation> {
    let preview = json!({
        "code": "9aZkQ2LmTr", "name": "Rust Lyon", "description": "Who writes Rust in Lyon", "member_count": 2, "inviter": "Ada"
    });
    vec![
        Operation::new("list_invites", "One's own invites to a server; all of them with MANAGE_SERVER")
            .answers::<Page<Invite>>(200, "all of them", samples::page(&samples::invite()))
            .refuses(&HIDDEN),
        Operation::new("create_invite", "Makes an invite; without a body it holds for a week")
            .keyed()
            .audited()
            .takes::<CreateInvite>(json!({ "max_uses": 0, "max_age_s": 604_800 }))
            .or_nothing()
            .answers::<Invite>(201, "the invite", samples::invite())
            .refuses(&FORBIDDEN)
            .refuses(&[Code::LimitReached]),
        Operation::new("preview_invite", "What an invite leads to")
            .answers::<InvitePreview>(200, "the server, as strangers may see it", preview)
            .refuses(&[Code::InviteNotFound]),
        Operation::new("redeem_invite", "Joins a server by an invite")
            .answers::<Joined>(201, "where one is now", samples::joined())
            .answers::<Joined>(200, "one was there before, and no use was counted", samples::joined())
            .refuses(&[Code::InviteNotFound, Code::Banned, Code::BotRefused, Code::LimitReached]),
        Operation::new("delete_invite", "Deletes an invite: its maker, or with MANAGE_SERVER")
            .audited()
            .says(204, "it is gone")
            .refuses(&[Code::InviteNotFound, Code::PermissionMissing, Code::TimedOut]),
    ]
}
