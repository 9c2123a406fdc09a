//! Webhooks of a channel.

use echopulse_protocol::rest::{Webhook, WebhookToken};
use serde_json::json;

use super::{Connected, Exit, args::Webhooks, failure};

pub(super) async fn run(connected: &Connected, what: Webhooks) -> anyhow::Result<()> {
    match what {
        Webhooks::Create { channel, name } => create(connected, &channel, name).await,
        Webhooks::List { channel } => list(connected, &channel).await,
        Webhooks::Rotate { channel, name } => rotate(connected, &channel, &name).await,
        Webhooks::Delete { channel, name } => delete(connected, &channel, &name).await,
    }
}

async fn create(connected: &Connected, channel: &str, name: String) -> anyhow::Result<()> {
    let (_, channel) = connected.channel(channel).await?;
    tell(connected, &connected.client.rest().create_webhook(channel.id, name).await?).await
}

async fn rotate(connected: &Connected, channel: &str, name: &str) -> anyhow::Result<()> {
    let webhook = find(connected, channel, name).await?;
    tell(connected, &connected.client.rest().rotate_webhook(webhook.id).await?).await
}

async fn list(connected: &Connected, channel: &str) -> anyhow::Result<()> {
    let (_, channel) = connected.channel(channel).await?;
    for webhook in connected.client.rest().webhooks(channel.id).await? {
        connected.output.print(&object(&webhook), &format!("{}   {}", webhook.name, webhook.id))?;
    }
    Ok(())
}

async fn delete(connected: &Connected, channel: &str, name: &str) -> anyhow::Result<()> {
    let webhook = find(connected, channel, name).await?;
    connected.client.rest().delete_webhook(webhook.id).await?;
    connected.output.print(&object(&webhook), &format!("{} is gone.", webhook.name))
}

/// The webhook of that name or id; names need not be unique.
async fn find(connected: &Connected, channel: &str, name: &str) -> anyhow::Result<Webhook> {
    let (_, channel) = connected.channel(channel).await?;
    let mut found = connected.client.rest().webhooks(channel.id).await?;
    found.retain(|webhook| webhook.name == name || webhook.id.to_string() == name);
    match found.len() {
        1 => Ok(found.remove(0)),
        0 => Err(failure(Exit::NotFound, format!("#{} has no webhook `{name}`", channel.name))),
        _ => Err(failure(Exit::Usage, format!("several webhooks are called `{name}`; name one by its id"))),
    }
}

/// The only time that the address is shown.
async fn tell(connected: &Connected, made: &WebhookToken) -> anyhow::Result<()> {
    let url = connected.client.rest().webhook_url(made.webhook.id, &made.token.0).await?;
    let mut object = object(&made.webhook);
    object["url"] = json!(url);
    let lines = format!("{url}\nKeep the address: whoever has it may post, and it is not shown again.");
    connected.output.print(&object, &lines)
}

fn object(webhook: &Webhook) -> serde_json::Value {
    json!({
        "id": webhook.id, "name": webhook.name, "channel_id": webhook.channel_id, "created_at": webhook.created_at
    })
}
