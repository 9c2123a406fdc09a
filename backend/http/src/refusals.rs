//! Core's refusals in the words of the wire. A new variant in core breaks this file until it has a word.

use std::time::Duration;

use echopulse_core::{
    chat::error::{ChatError, InvalidContent, Refusal as ChatRefusal},
    server::error::{Refusal as ServerRefusal, ServerError},
};
use echopulse_protocol::problem::ProblemCode as Code;

use crate::ApiError;

/// Whole seconds, rounded up: a client that waits them is not refused again for the same reason.
pub(crate) fn seconds(span: Duration) -> u64 {
    span.as_secs() + u64::from(span.subsec_nanos() > 0)
}

impl From<ChatError> for ApiError {
    fn from(error: ChatError) -> Self {
        match error {
            ChatError::Refused(refusal) => refusal.into(),
            ChatError::Store(error) => Self::unavailable(&error),
        }
    }
}

impl From<ChatRefusal> for ApiError {
    fn from(refusal: ChatRefusal) -> Self {
        let detail = refusal.to_string();
        let plain = |code| Self::new(code, detail.clone());
        match refusal {
            ChatRefusal::ChannelNotFound => plain(Code::ChannelNotFound),
            ChatRefusal::ServerNotFound => plain(Code::ServerNotFound),
            ChatRefusal::MessageNotFound => plain(Code::MessageNotFound),
            ChatRefusal::WebhookNotFound => plain(Code::WebhookNotFound),
            ChatRefusal::LimitReached { limit, .. } => plain(Code::LimitReached).limit(limit),
            ChatRefusal::MessageDeleted => plain(Code::MessageDeleted),
            ChatRefusal::PermissionMissing(permission) => {
                plain(Code::PermissionMissing).permission(permission.as_str())
            }
            ChatRefusal::TimedOut(left) => plain(Code::TimedOut).retry_after(seconds(left)),
            ChatRefusal::NotAuthor => plain(Code::NotAuthor),
            ChatRefusal::NonceReused => plain(Code::NonceReused),
            ChatRefusal::SlowMode(left) => plain(Code::SlowMode).retry_after(seconds(left)),
            ChatRefusal::Invalid { rule, .. } => plain(match rule {
                InvalidContent::Empty => Code::ContentEmpty,
                InvalidContent::TooLong => Code::ContentTooLong,
                InvalidContent::TooManyMentions => Code::TooManyMentions,
                InvalidContent::Request => Code::InvalidRequest,
            }),
            ChatRefusal::Overloaded(pause) => plain(Code::Overloaded).retry_after(seconds(pause)),
            ChatRefusal::Unavailable => plain(Code::Unavailable),
            ChatRefusal::NotReady => plain(Code::NotReady),
        }
    }
}

impl From<ServerError> for ApiError {
    fn from(error: ServerError) -> Self {
        match error {
            ServerError::Refused(refusal) => refusal.into(),
            ServerError::Store(error) => Self::unavailable(&error),
        }
    }
}

impl From<ServerRefusal> for ApiError {
    fn from(refusal: ServerRefusal) -> Self {
        let detail = refusal.to_string();
        let plain = |code| Self::new(code, detail.clone());
        match refusal {
            ServerRefusal::ServerNotFound => plain(Code::ServerNotFound),
            ServerRefusal::ChannelNotFound => plain(Code::ChannelNotFound),
            ServerRefusal::CategoryNotFound => plain(Code::CategoryNotFound),
            ServerRefusal::MemberNotFound => plain(Code::MemberNotFound),
            ServerRefusal::UserNotFound => plain(Code::UserNotFound),
            ServerRefusal::InviteNotFound => plain(Code::InviteNotFound),
            ServerRefusal::BanNotFound => plain(Code::BanNotFound),
            ServerRefusal::PermissionMissing(permission) => {
                plain(Code::PermissionMissing).permission(permission.as_str())
            }
            ServerRefusal::TimedOut(left) => plain(Code::TimedOut).retry_after(seconds(left)),
            ServerRefusal::Hierarchy => plain(Code::Hierarchy),
            ServerRefusal::Banned => plain(Code::Banned),
            ServerRefusal::OwnerRequired => plain(Code::OwnerRequired),
            ServerRefusal::BotRefused => plain(Code::BotRefused),
            ServerRefusal::OwnerCannotLeave => plain(Code::OwnerCannotLeave),
            ServerRefusal::NameTaken(_) => plain(Code::NameTaken),
            ServerRefusal::LimitReached { limit, .. } => plain(Code::LimitReached).limit(limit),
            ServerRefusal::ConfirmationMismatch => plain(Code::ConfirmationMismatch),
            ServerRefusal::PreconditionFailed => plain(Code::PreconditionFailed),
            ServerRefusal::KeyReused => plain(Code::IdempotencyKeyReused),
            ServerRefusal::InProgress => plain(Code::RequestInProgress).retry_after(1),
            ServerRefusal::Invalid { pointer, detail } => Self::invalid_value(pointer, detail),
        }
    }
}
