//! Listing and making.

use echopulse_protocol::{
    rest::{CreateChannel, CreateInvite, CreateServer},
    text,
};
use serde_json::json;

use super::{Connected, Exit, args::Invite, failure};
use crate::local::account::Account;

pub(super) async fn whoami(connected: &Connected) -> anyhow::Result<()> {
    let me = connected.client.rest().me().await?;
    let place = match &connected.account {
        Account::Local { .. } => "this data folder".to_owned(),
        Account::Remote { url } => url.clone(),
    };
    let object = json!({"id": me.id, "username": me.username, "display_name": me.display_name, "at": place});
    connected.output.print(&object, &format!("{} ({}) at {place}", me.display_name, me.username))
}

pub(super) async fn servers(connected: &Connected) -> anyhow::Result<()> {
    for server in connected.client.rest().servers().await? {
        let object = json!({"id": server.id, "name": server.name, "description": server.description});
        connected.output.print(&object, &server.name)?;
    }
    Ok(())
}

pub(super) async fn create_server(connected: &Connected, name: String) -> anyhow::Result<()> {
    let new = CreateServer { name, description: String::new(), join_policy: None };
    let server = connected.client.rest().create_server(&new).await?;
    let object = json!({"id": server.id, "name": server.name, "description": server.description});
    connected.output.print(&object, &server.name)
}

pub(super) async fn channels(connected: &Connected) -> anyhow::Result<()> {
    for channel in connected.detail().await?.channels {
        let object = json!({"id": channel.id, "name": channel.name, "topic": channel.topic});
        let topic = if channel.topic.is_empty() { String::new() } else { format!("   {}", channel.topic) };
        connected.output.print(&object, &format!("#{}{topic}", channel.name))?;
    }
    Ok(())
}

pub(super) async fn create_channel(connected: &Connected, name: String) -> anyhow::Result<()> {
    let server = connected.server().await?;
    let new = CreateChannel {
        name: text::channel_name(&name),
        kind: None,
        topic: String::new(),
        category_id: None,
    };
    let channel = connected.client.rest().create_channel(server.id, &new).await?;
    let object = json!({"id": channel.id, "name": channel.name, "topic": channel.topic});
    connected.output.print(&object, &format!("#{}", channel.name))
}

pub(super) async fn members(connected: &Connected) -> anyhow::Result<()> {
    let server = connected.server().await?;
    for member in connected.client.rest().members(server.id).await? {
        let name = member.member.nickname.clone().unwrap_or_else(|| member.user.display_name.clone());
        let object = json!({"id": member.user.id, "username": member.user.username, "name": name});
        connected.output.print(&object, &format!("{name} ({})", member.user.username))?;
    }
    Ok(())
}

pub(super) async fn invite(connected: &Connected, options: Invite) -> anyhow::Result<()> {
    let server = connected.server().await?;
    let new = CreateInvite { max_uses: options.max_uses, max_age_s: options.max_age };
    let invite = connected.client.rest().create_invite(server.id, &new).await?;
    let object = json!({
        "code": invite.code, "server": server.name, "max_uses": invite.max_uses, "max_age_s": invite.max_age_s
    });
    connected.output.print(&object, &invite.code)
}

pub(super) async fn join(connected: &Connected, code: &str) -> anyhow::Result<()> {
    let code = code.trim();
    if code.is_empty() {
        return Err(failure(Exit::Usage, "an invite has a code of ten characters"));
    }
    let joined = connected.client.rest().join(code).await?;
    let object = json!({"id": joined.server.id, "name": joined.server.name});
    connected.output.print(&object, &format!("You are in {} now.", joined.server.name))
}
