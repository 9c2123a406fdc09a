//! Webhooks: managed with an account, used with nothing but their token.

use echopulse_documents::{Operation, samples};
use echopulse_protocol::{
    event::Message,
    problem::ProblemCode as Code,
    rest::{NameWebhook, Page, PostByWebhook, Webhook, WebhookToken},
};
use serde_json::{Value, json};

use crate::FORBIDDEN;

/// What somebody gets who may not manage a webhook.
const HIDDEN: [Code; 3] = [Code::WebhookNotFound, Code::PermissionMissing, Code::TimedOut];

fn webhook() -> Value {
    json!({
        "id": "01935c2e-7a10-7000-8000-0000000000f1", "channel_id": samples::CHANNEL, "name": "builds",
        "created_by": samples::ADA, "created_at": samples::TIME
    })
}

fn told_once() -> Value {
    let mut webhook = webhook();
    webhook["token"] = "shown here and never again".into();
    webhook
}

pub(crate) fn operations() -> Vec<Operation> {
    let name = || json!({ "name": "builds" });
    vec![
        Operation::new("list_webhooks", "The webhooks of a channel, without their tokens")
            .answers::<Page<Webhook>>(200, "all of them", samples::page(&webhook()))
            .refuses(&FORBIDDEN),
        Operation::new("create_webhook", "Makes a webhook; its token is in this answer and nowhere else")
            .audited()
            .takes::<NameWebhook>(name())
            .answers::<WebhookToken>(201, "the webhook with its token", told_once())
            .refuses(&FORBIDDEN)
            .refuses(&[Code::LimitReached]),
        Operation::new("rename_webhook", "Changes what a webhook is called")
            .audited()
            .takes::<NameWebhook>(name())
            .answers::<Webhook>(200, "the webhook as it is now", webhook())
            .refuses(&HIDDEN),
        Operation::new("delete_webhook", "Deletes a webhook; its messages stay")
            .audited()
            .says(204, "it is gone")
            .refuses(&HIDDEN),
        Operation::new("rotate_webhook", "Gives a webhook another token; the old one opens nothing from then on")
            .audited()
            .answers::<WebhookToken>(200, "the webhook with its new token", told_once())
            .refuses(&HIDDEN),
        Operation::new("post_by_webhook", "Posts a message by a webhook, with nothing but its token")
            .details(
                "`Idempotency-Key` is the nonce of the message, and holds for ever. With `X-GitHub-Event` the body is what GitHub \
                 sends, and `X-GitHub-Delivery` the nonce.",
            )
            .public()
            .takes::<PostByWebhook>(json!({ "content": "The build is green." }))
            .answers::<Message>(201, "the message", samples::message())
            .says(204, "nothing was said: the event is of no interest")
            .refuses(&[
                Code::WebhookNotFound,
                Code::NonceReused,
                Code::ContentEmpty,
                Code::ContentTooLong,
                Code::TooManyMentions,
                Code::Unavailable,
            ]),
    ]
}
