//! Bots that a server makes.

use echopulse_documents::{Operation, samples};
use echopulse_protocol::{
    problem::ProblemCode as Code,
    rest::{Bot, BotSecret, CreateBot, Page},
};
use serde_json::{Value, json};

use crate::FORBIDDEN;

fn bot() -> Value {
    json!({
        "user_id": samples::BEN, "name": "ben", "client_id": "bot-ben", "created_by": samples::ADA, "created_at": samples::TIME
    })
}

fn told_once() -> Value {
    let mut bot = bot();
    bot["client_secret"] = "shown here and never again".into();
    bot
}

pub(crate) fn operations() -> Vec<Operation> {
    vec![
        Operation::new("list_bots", "The bots that a server made")
            .answers::<Page<Bot>>(200, "all of them", samples::page(&bot()))
            .refuses(&FORBIDDEN),
        Operation::new("create_bot", "Makes a bot: a client of the issuer, which is let into the server")
            .details("The secret is in this answer and nowhere else.")
            .audited()
            .takes::<CreateBot>(json!({ "name": "ben" }))
            .answers::<BotSecret>(201, "the bot with its secret", told_once())
            .refuses(&FORBIDDEN)
            .refuses(&[Code::NameTaken, Code::LimitReached]),
        Operation::new("revoke_bot", "Ends a bot: its secret, its tokens and its membership")
            .audited()
            .says(204, "it is gone")
            .refuses(&FORBIDDEN)
            .refuses(&[Code::UserNotFound, Code::Hierarchy]),
        Operation::new("rotate_bot", "Gives a bot another secret")
            .audited()
            .answers::<BotSecret>(200, "the bot with its new secret", told_once())
            .refuses(&FORBIDDEN)
            .refuses(&[Code::UserNotFound, Code::Hierarchy]),
    ]
}
