//! Posting, following, reading back.

use std::{io::Read, time::Duration};

use echopulse_protocol::{
    client::{PostMessage, SendOutcome, SessionEvent, StreamPosition},
    destination::Topic,
    event::{Channel, EventBody, Message},
    id::{ChannelId, Seq},
    problem::ProblemCode,
};
use serde_json::json;
use tokio::time::sleep;

use super::{Connected, Exit, failure};

/// Messages in one page of history.
const PAGE: usize = 100;

/// Posts a message. It is repeated with the same nonce, over every loss of the connection, until it is durable or refused.
pub(super) async fn send(connected: &Connected, channel: &str, text: Option<String>) -> anyhow::Result<()> {
    let content = match text.filter(|text| text != "-") {
        Some(text) => text,
        None => {
            let mut read = String::new();
            let done = std::io::stdin().read_to_string(&mut read);
            done.map_err(|error| {
                failure(Exit::Refused, format!("standard input cannot be read as text: {error}"))
            })?;
            read
        }
    };
    let (_, channel) = connected.channel(channel).await?;
    let (session, mut events) = connected.client.session();
    let nonce = uuid::Uuid::now_v7().to_string();
    loop {
        let post = PostMessage {
            channel: channel.id,
            nonce: nonce.clone(),
            content: content.clone(),
            reply_to: None,
            mention_author: None,
        };
        let outgoing = session.post(post).await;
        let outcome = outgoing.outcome();
        tokio::pin!(outcome);
        let outcome = loop {
            tokio::select! {
                outcome = &mut outcome => break outcome,
                event = events.recv() => match event {
                    Some(SessionEvent::Over(reason)) => return Err(over(&reason)),
                    Some(_) => {}
                    None => return Err(failure(Exit::Unreachable, "the session ended")),
                },
            }
        };
        match outcome {
            SendOutcome::Done(receipt) => {
                let object = json!({
                    "id": receipt.message_id, "seq": receipt.seq, "epoch": receipt.epoch, "channel": channel.name
                });
                return connected.output.print(&object, &format!("{} {}", receipt.message_id, receipt.seq));
            }
            SendOutcome::Refused(reply) if is_passing(reply.code) => {
                sleep(Duration::from_secs(reply.retry_after.unwrap_or(1).clamp(1, 60))).await;
            }
            SendOutcome::Refused(reply) => {
                let exit = match reply.code.status() {
                    403 | 404 => Exit::NotFound,
                    _ => Exit::Refused,
                };
                return Err(failure(exit, format!("{} ({})", reply.detail, reply.code)));
            }
            // Nobody knows: with the same nonce it cannot become two.
            SendOutcome::Noted | SendOutcome::Unknown => sleep(Duration::from_secs(1)).await,
        }
    }
}

/// A refusal that says nothing about the message.
const fn is_passing(code: ProblemCode) -> bool {
    matches!(
        code,
        ProblemCode::Unavailable
            | ProblemCode::NotReady
            | ProblemCode::Overloaded
            | ProblemCode::RateLimited
            | ProblemCode::SlowMode
    )
}

fn over(reason: &echopulse_protocol::client::EndReason) -> anyhow::Error {
    use echopulse_protocol::client::EndReason;
    match reason {
        EndReason::SignIn(why) => {
            failure(Exit::NotSignedIn, format!("the deployment does not know you: {why}"))
        }
        EndReason::Forbidden(why) => failure(Exit::NotFound, why.clone()),
    }
}

/// Follows a channel until it is interrupted.
pub(super) async fn tail(connected: &Connected, channel: &str, since: Option<Seq>) -> anyhow::Result<()> {
    let (_, channel) = connected.channel(channel).await?;
    let page = connected.client.rest().history(channel.id, None, 1).await?;
    let position = StreamPosition { epoch: page.epoch, after: since.unwrap_or(page.head) };
    let (session, mut events) = connected.client.session();
    session.subscribe(Topic::Channel(channel.id), Some(position)).await;
    if connected.output.is_for_people() {
        connected.output.print(&json!({}), &format!("Following #{}; Ctrl-C ends it.", channel.name))?;
    }
    loop {
        let event = tokio::select! {
            event = events.recv() => event,
            _ = tokio::signal::ctrl_c() => return Ok(()),
        };
        match event {
            Some(SessionEvent::Event { envelope, .. }) => show(connected, &channel, envelope.body)?,
            Some(SessionEvent::Gap { from, to, reason, .. }) => {
                fill(connected, &channel, from, to, reason.as_str()).await?;
            }
            Some(SessionEvent::Ended { code, .. }) => {
                let words = format!("#{} cannot be followed any more: {}", channel.name, code.as_str());
                return Err(failure(Exit::NotFound, words));
            }
            Some(SessionEvent::SubscribeRefused { code, .. }) => {
                return Err(failure(Exit::NotFound, format!("#{} cannot be followed: {code}", channel.name)));
            }
            Some(SessionEvent::Over(reason)) => return Err(over(&reason)),
            Some(_) => {}
            None => return Ok(()),
        }
    }
}

fn show(connected: &Connected, channel: &Channel, body: EventBody) -> anyhow::Result<()> {
    let name = body.name();
    match body {
        EventBody::MessageCreated { message, .. } | EventBody::MessageUpdated { message, .. } => {
            connected.output.message(name, &channel.name, &message)
        }
        EventBody::MessageDeleted { messages, by } => {
            for deleted in messages {
                let object = json!({
                    "event": name, "channel": channel.name, "id": deleted.id, "seq": deleted.seq, "by": by.as_str()
                });
                connected.output.print(&object, &format!("-- message {} was deleted --", deleted.seq))?;
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Prints what history has of a gap; what is gone is named.
async fn fill(
    connected: &Connected,
    channel: &Channel,
    from: Seq,
    to: Seq,
    reason: &str,
) -> anyhow::Result<()> {
    if reason == "purged" {
        return connected.output.gap(&channel.name, from, to, reason);
    }
    let mut after = Seq(from.0.saturating_sub(1));
    loop {
        let page = connected.client.rest().history(channel.id, Some(("after", after)), PAGE).await?;
        if page.purged_through > after {
            connected.output.gap(&channel.name, after.next(), page.purged_through, "purged")?;
        }
        let Some(last) = page.items.last().map(|message| message.seq) else { return Ok(()) };
        for message in page.items.iter().filter(|message| message.seq <= to) {
            connected.output.message("message.created", &channel.name, message)?;
        }
        if last >= to {
            return Ok(());
        }
        after = last;
    }
}

/// Prints the newest messages, oldest first.
pub(super) async fn history(
    connected: &Connected,
    channel: &str,
    limit: usize,
    before: Option<Seq>,
) -> anyhow::Result<()> {
    let (_, channel) = connected.channel(channel).await?;
    for message in newest(connected, channel.id, limit, before).await? {
        connected.output.message("message.created", &channel.name, &message)?;
    }
    Ok(())
}

async fn newest(
    connected: &Connected,
    channel: ChannelId,
    limit: usize,
    mut before: Option<Seq>,
) -> anyhow::Result<Vec<Message>> {
    let mut pages: Vec<Vec<Message>> = Vec::new();
    let mut left = limit;
    while left > 0 {
        let query = before.map(|seq| ("before", seq));
        let page = connected.client.rest().history(channel, query, left.min(PAGE)).await?;
        let Some(first) = page.items.first().map(|message| message.seq) else { break };
        left -= page.items.len().min(left);
        before = Some(first);
        pages.push(page.items);
    }
    Ok(pages.into_iter().rev().flatten().collect())
}
