//! Facts about webhooks.

use super::{ADA, GENERAL, LIN, RANDOM, SERVER, Stores, at, change, created, found, one, post};
use crate::{
    chat::{
        model::AuthorKind,
        port::outbound::Made,
        webhook::{TokenHash, Webhook},
        write::Write,
    },
    common::{
        ChannelId, UserId, WebhookId,
        event::{RemovalCause, ServerChange},
        name::WebhookName,
    },
};

fn name(text: &str) -> WebhookName {
    WebhookName::parse(text).unwrap()
}

fn webhook(number: u128, channel: ChannelId, created_by: UserId) -> Webhook {
    let id = WebhookId::from_u128(0x3b_0000 + number);
    Webhook { id, channel, name: name(&format!("hook {number}")), created_by, created_at: at(3) }
}

const fn hash(octet: u8) -> TokenHash {
    TokenHash([octet; 32])
}

async fn make(stores: Stores<'_>, webhook: &Webhook) -> Made {
    stores.webhooks.create(webhook.clone(), hash(1), 3).await.unwrap()
}

async fn there(stores: Stores<'_>, webhook: &Webhook) -> bool {
    stores.webhooks.find(webhook.id).await.unwrap().is_some()
}

pub(super) async fn a_webhook_is_kept_with_its_hash_until_it_is_deleted(stores: Stores<'_>) {
    found(stores).await;
    let (one, two) = (webhook(1, GENERAL, ADA), webhook(2, RANDOM, LIN));
    assert_eq!((make(stores, &two).await, make(stores, &one).await), (Made::Done, Made::Done));
    assert_eq!(stores.webhooks.of_channel(GENERAL).await.unwrap(), std::slice::from_ref(&one));
    let (kept, token) = stores.webhooks.find(one.id).await.unwrap().unwrap();
    assert!(kept == one && token.is(&hash(1)));
    assert!(stores.webhooks.set_token(one.id, hash(2)).await.unwrap());
    assert!(stores.webhooks.rename(one.id, name("CI")).await.unwrap());
    let (kept, token) = stores.webhooks.find(one.id).await.unwrap().unwrap();
    assert!(kept == Webhook { name: name("CI"), ..one.clone() } && token.is(&hash(2)));
    let (_, other) = stores.webhooks.find(two.id).await.unwrap().unwrap();
    assert!(other.is(&hash(1)), "another one keeps its own");
    assert!(stores.webhooks.delete(one.id).await.unwrap());
    assert!(!stores.webhooks.delete(one.id).await.unwrap());
    assert!(!stores.webhooks.rename(one.id, name("x")).await.unwrap());
    assert!(!stores.webhooks.set_token(one.id, hash(3)).await.unwrap());
    assert!(!there(stores, &one).await && there(stores, &two).await);
}

pub(super) async fn a_channel_has_no_more_webhooks_than_it_may(stores: Stores<'_>) {
    found(stores).await;
    for number in 1..=3 {
        assert_eq!(make(stores, &webhook(number, GENERAL, ADA)).await, Made::Done);
    }
    assert_eq!(make(stores, &webhook(4, GENERAL, ADA)).await, Made::Full);
    assert_eq!(make(stores, &webhook(5, RANDOM, ADA)).await, Made::Done, "each channel has its own");
    assert_eq!(stores.webhooks.of_channel(GENERAL).await.unwrap().len(), 3);
    let nowhere = webhook(6, ChannelId::from_u128(0xdead), ADA);
    assert_eq!(make(stores, &nowhere).await, Made::Gone);
    let strangers = webhook(7, RANDOM, UserId::from_u128(0xdead));
    assert_eq!(make(stores, &strangers).await, Made::Gone, "its maker is no member");
}

pub(super) async fn a_webhooks_messages_keep_its_name_when_it_is_gone(stores: Stores<'_>) {
    found(stores).await;
    let hook = webhook(1, GENERAL, ADA);
    make(stores, &hook).await;
    let outcome = one(stores, Write { actor: hook.author(), ..post(ADA, GENERAL, 1, "built") }).await;
    let author = created(&outcome).author.clone();
    assert_eq!((author.kind, author.name.as_str()), (AuthorKind::Webhook, "hook 1"));
    stores.webhooks.rename(hook.id, name("CI")).await.unwrap();
    stores.webhooks.delete(hook.id).await.unwrap();
    let shown = stores.messages.find_message(GENERAL, created(&outcome).id).await.unwrap().unwrap();
    assert_eq!((shown.author.kind, shown.author.name.as_str()), (AuthorKind::Webhook, "CI"));
}

pub(super) async fn who_is_kicked_or_banned_leaves_no_webhook(stores: Stores<'_>) {
    found(stores).await;
    let (of_lin, of_ada) = (webhook(1, GENERAL, LIN), webhook(2, GENERAL, ADA));
    make(stores, &of_lin).await;
    make(stores, &of_ada).await;
    let removed = |cause| ServerChange::MemberRemoved { user: LIN, cause };
    stores.projection.apply(change(7, removed(RemovalCause::Left))).await.unwrap();
    assert!(there(stores, &of_lin).await, "leaving is no reason");
    stores
        .projection
        .apply(change(8, ServerChange::MemberBanned { user: LIN, delete_messages_s: 0 }))
        .await
        .unwrap();
    assert!(!there(stores, &of_lin).await && there(stores, &of_ada).await, "a ban reaches who left");
    stores
        .projection
        .apply(change(9, ServerChange::MemberRemoved { user: ADA, cause: RemovalCause::Kicked }))
        .await
        .unwrap();
    assert!(!there(stores, &of_ada).await);
    assert_eq!(stores.projection.position(SERVER).await.unwrap().map(|(_, seq)| seq.0), Some(9));
}

pub(super) async fn a_deleted_channel_takes_its_webhooks_along(stores: Stores<'_>) {
    found(stores).await;
    let (general, random) = (webhook(1, GENERAL, ADA), webhook(2, RANDOM, ADA));
    make(stores, &general).await;
    make(stores, &random).await;
    stores.projection.apply(change(7, ServerChange::ChannelDeleted(GENERAL))).await.unwrap();
    assert!(!there(stores, &general).await && there(stores, &random).await);
    stores.projection.apply(change(8, ServerChange::ServerDeleted(SERVER))).await.unwrap();
    assert!(!there(stores, &random).await);
}
