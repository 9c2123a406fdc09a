//! From a body to a command: texts cleaned, mentions found. The same for SEND and for POST.

use echopulse_core::{
    chat::{
        model::{Mentions, ReadMove},
        port::inbound::{EditMessage, PostMessage},
    },
    common::{ChannelId, MessageId, actor::Actor},
};
use echopulse_http::ApiError;
use echopulse_protocol::{
    problem::ProblemCode,
    rest,
    text::{clean_content, named},
};
use echopulse_wire as wire;

/// A post. `nonce` is the header's over STOMP, the body's over REST.
pub(crate) fn post(
    actor: Actor,
    channel: ChannelId,
    body: rest::PostMessage,
    nonce: Option<String>,
) -> Result<PostMessage, ApiError> {
    let content = clean_content(&body.content);
    Ok(PostMessage {
        actor,
        channel,
        nonce,
        named: mentions(&content)?,
        content,
        reply_to: body.reply_to.map(wire::message_id_from),
        mention_author: body.mention_author.unwrap_or(true),
    })
}

/// An edit.
pub(crate) fn edit(
    actor: Actor,
    channel: ChannelId,
    message: MessageId,
    body: &rest::EditMessage,
) -> Result<EditMessage, ApiError> {
    let content = clean_content(&body.content);
    Ok(EditMessage { actor, channel, message, named: mentions(&content)?, content })
}

/// Whom a cleaned text names.
pub(crate) fn mentions(content: &str) -> Result<Mentions, ApiError> {
    let found =
        named(content).map_err(|error| ApiError::new(ProblemCode::TooManyMentions, error.to_string()))?;
    Ok(Mentions {
        users: found.users.into_iter().map(wire::user_id_from).collect(),
        roles: found.roles.into_iter().map(wire::role_id_from).collect(),
        everyone: found.everyone,
    })
}

/// A move of a read position: either forward, or back.
pub(crate) fn read_move(body: rest::MoveRead) -> Result<ReadMove, ApiError> {
    match (body.seq, body.unread_from) {
        (Some(to), None) => Ok(ReadMove::Forward { to: wire::seq_from(to), version: body.version }),
        (None, Some(from)) => Ok(ReadMove::UnreadFrom(wire::seq_from(from))),
        _ => Err(ApiError::invalid("/seq", "or `/unread_from` has to be there, and not both")),
    }
}
