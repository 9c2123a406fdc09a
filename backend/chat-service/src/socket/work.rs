//! What a SEND asks for, from its destination and body to core's answer.

use echopulse_core::{
    chat::port::inbound::{DeleteMessages, Receipt},
    common::{ChannelId, MessageId, limit::Standing},
};
use echopulse_http::{ApiError, Caller, bearer, body};
use echopulse_protocol::{destination::SendTo, problem::ProblemCode, stomp::Frame};
use echopulse_wire as wire;

use crate::{ChatApp, compose, limits};

/// One piece of work.
pub(super) struct Work {
    pub(super) to: SendTo,
    pub(super) frame: Frame,
    pub(super) caller: Caller,
}

/// What came of it.
pub(super) enum Done {
    /// Something is durable.
    Stored(Receipt),
    /// Nothing that has a place.
    Fine,
    /// A fresh token was accepted.
    Refreshed(Box<Caller>),
}

impl Work {
    /// The channel it concerns; work of one channel is done in order.
    pub(super) fn channel(&self) -> Option<ChannelId> {
        match self.to {
            SendTo::Messages(channel)
            | SendTo::Edit(channel, _)
            | SendTo::Delete(channel, _)
            | SendTo::Typing(channel)
            | SendTo::Read(channel) => Some(wire::channel_id_from(channel)),
            SendTo::Refresh => None,
        }
    }

    /// Counts it, in front of everything else.
    pub(super) async fn count(&self, app: &ChatApp) -> Result<Vec<Standing>, ApiError> {
        match limits::buckets_of(self.to) {
            [] => Ok(Vec::new()),
            buckets => app.limiting.take(&self.caller, buckets, self.channel()).await,
        }
    }

    /// Does it.
    pub(super) async fn perform(self, app: &ChatApp) -> Result<Done, ApiError> {
        let ports = &app.ports;
        let actor = self.caller.actor;
        match self.to {
            SendTo::Messages(channel) => {
                let nonce = self.frame.header("nonce").map(|nonce| nonce.into_owned());
                let command = compose::post(
                    actor,
                    wire::channel_id_from(channel),
                    body::parse(self.frame.body())?,
                    nonce,
                )?;
                Ok(Done::Stored(ports.posting.post(command).await?))
            }
            SendTo::Edit(channel, message) => {
                let (channel, message) = ids(channel, message);
                let body = body::parse(self.frame.body())?;
                let command = compose::edit(actor, channel, message, &body)?;
                Ok(Done::Stored(ports.posting.edit(command).await?))
            }
            SendTo::Delete(channel, message) => {
                let (channel, message) = ids(channel, message);
                let command = DeleteMessages { actor, channel, messages: vec![message] };
                Ok(Done::Stored(ports.posting.delete(command).await?))
            }
            SendTo::Typing(channel) => {
                ports.posting.typing(actor, wire::channel_id_from(channel)).await?;
                Ok(Done::Fine)
            }
            SendTo::Read(channel) => {
                let to = compose::read_move(body::parse(self.frame.body())?)?;
                ports.reading.move_read(actor, wire::channel_id_from(channel), to).await?;
                Ok(Done::Fine)
            }
            SendTo::Refresh => {
                let header = self.frame.header("Authorization");
                let token = header.as_deref().and_then(bearer).ok_or_else(|| {
                    ApiError::new(
                        ProblemCode::Unauthenticated,
                        "a fresh token stands in the header Authorization",
                    )
                })?;
                Ok(Done::Refreshed(Box::new(app.guard.admit(token).await?)))
            }
        }
    }
}

fn ids(
    channel: echopulse_protocol::id::ChannelId,
    message: echopulse_protocol::id::MessageId,
) -> (ChannelId, MessageId) {
    (wire::channel_id_from(channel), wire::message_id_from(message))
}
