//! Members of a server.

use echopulse_documents::{Operation, samples};
use echopulse_protocol::{
    event::Member,
    problem::ProblemCode as Code,
    rest::{AddMember, Joined, MemberDetail, Page, UpdateMember},
};
use serde_json::json;

use crate::{FORBIDDEN, HIDDEN};

pub(crate) fn operations() -> Vec<Operation> {
    vec![
        Operation::new("list_members", "The members of a server")
            .query("q", json!({ "type": "string" }), "what a name begins with")
            .paged()
            .answers::<Page<MemberDetail>>(200, "a page", samples::page(&samples::member_detail()))
            .refuses(&HIDDEN),
        Operation::new("join_server", "Joins an open server, or lets a bot into a server")
            .details("With `user_id` of a bot it is let in by whoever has MANAGE_SERVER.")
            .audited()
            .takes::<AddMember>(json!({ "user_id": samples::BEN }))
            .or_nothing()
            .answers::<Joined>(201, "where one is now", samples::joined())
            .answers::<Joined>(200, "one was there before", samples::joined())
            .refuses(&FORBIDDEN)
            .refuses(&[Code::UserNotFound, Code::Banned, Code::BotRefused, Code::LimitReached]),
        Operation::new("leave_server", "Leaves a server")
            .says(204, "one is in it no more")
            .refuses(&HIDDEN)
            .refuses(&[Code::MemberNotFound, Code::OwnerCannotLeave]),
        Operation::new("get_member", "One member")
            .answers::<MemberDetail>(200, "the membership", samples::member_detail())
            .refuses(&HIDDEN)
            .refuses(&[Code::MemberNotFound]),
        Operation::new("update_member", "Changes a nickname, or silences a member for a while")
            .audited()
            .takes::<UpdateMember>(json!({ "timeout_until": "2026-11-25T07:00:00.000Z" }))
            .answers::<Member>(200, "the membership as it is now", samples::member())
            .refuses(&FORBIDDEN)
            .refuses(&[Code::MemberNotFound, Code::Hierarchy]),
        Operation::new("kick_member", "Ends a membership")
            .audited()
            .says(204, "they are in it no more")
            .refuses(&FORBIDDEN)
            .refuses(&[Code::MemberNotFound, Code::Hierarchy]),
    ]
}
