//! Bots of a server.

use echopulse_protocol::rest::{Bot, BotSecret};
use serde_json::json;

use super::{Connected, Exit, args::Bots, failure};

pub(super) async fn run(connected: &Connected, what: Bots) -> anyhow::Result<()> {
    match what {
        Bots::Create { name } => create(connected, name).await,
        Bots::List => list(connected).await,
        Bots::Rotate { name } => rotate(connected, &name).await,
        Bots::Revoke { name } => revoke(connected, &name).await,
    }
}

async fn create(connected: &Connected, name: String) -> anyhow::Result<()> {
    let server = connected.server().await?;
    let made = connected.client.rest().create_bot(server.id, name).await?;
    tell(connected, &made)
}

async fn rotate(connected: &Connected, name: &str) -> anyhow::Result<()> {
    let server = connected.server().await?;
    let bot = find(connected, name).await?;
    tell(connected, &connected.client.rest().rotate_bot(server.id, bot.user_id).await?)
}

async fn list(connected: &Connected) -> anyhow::Result<()> {
    let server = connected.server().await?;
    for bot in connected.client.rest().bots(server.id).await? {
        connected.output.print(&object(&bot), &format!("{}   {}", bot.name, bot.client_id))?;
    }
    Ok(())
}

async fn revoke(connected: &Connected, name: &str) -> anyhow::Result<()> {
    let server = connected.server().await?;
    let bot = find(connected, name).await?;
    connected.client.rest().revoke_bot(server.id, bot.user_id).await?;
    connected.output.print(&object(&bot), &format!("{} is gone.", bot.name))
}

async fn find(connected: &Connected, name: &str) -> anyhow::Result<Bot> {
    let server = connected.server().await?;
    let bots = connected.client.rest().bots(server.id).await?;
    let all: Vec<_> = bots.iter().map(|bot| bot.name.clone()).collect();
    bots.into_iter().find(|bot| bot.name == name || bot.user_id.to_string() == name).ok_or_else(|| {
        let has =
            if all.is_empty() { "it made none".to_owned() } else { format!("it made {}", all.join(", ")) };
        failure(Exit::NotFound, format!("{} made no bot `{name}`; {has}", server.name))
    })
}

/// The only time that the secret is shown.
fn tell(connected: &Connected, made: &BotSecret) -> anyhow::Result<()> {
    let mut object = object(&made.bot);
    object["client_secret"] = json!(made.client_secret.0);
    let lines = format!(
        "client id      {}\nclient secret  {}\nKeep the secret: it is not shown again.",
        made.bot.client_id, made.client_secret.0
    );
    connected.output.print(&object, &lines)
}

fn object(bot: &Bot) -> serde_json::Value {
    json!({"id": bot.user_id, "name": bot.name, "client_id": bot.client_id, "created_at": bot.created_at})
}
