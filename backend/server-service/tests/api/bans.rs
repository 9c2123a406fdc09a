//! Bans.

use echopulse_documents::{Operation, samples};
use echopulse_protocol::{
    problem::ProblemCode as Code,
    rest::{Ban, BanMember, Page},
};
use serde_json::json;

use crate::FORBIDDEN;

pub(crate) fn operations() -> Vec<Operation> {
    vec![
        Operation::new("list_bans", "The bans in force")
            .paged()
            .answers::<Page<Ban>>(200, "a page", samples::page(&samples::ban()))
            .refuses(&FORBIDDEN),
        Operation::new("ban_user", "Bans somebody, member or not; the reason is that of the header")
            .audited()
            .takes::<BanMember>(json!({ "delete_messages_s": 3600 }))
            .or_nothing()
            .answers::<Ban>(200, "the ban", samples::ban())
            .refuses(&FORBIDDEN)
            .refuses(&[Code::UserNotFound, Code::Hierarchy]),
        Operation::new("lift_ban", "Lifts a ban")
            .audited()
            .says(204, "it is lifted")
            .refuses(&FORBIDDEN)
            .refuses(&[Code::BanNotFound]),
    ]
}
