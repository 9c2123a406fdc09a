//! Problem bodies (RFC 9457) and the closed list of their codes.

use serde::{Deserialize, Serialize};

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $word:literal, $status:literal;)*) => {
        /// What went wrong. A code of a newer version reads as [`ProblemCode::Unknown`].
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[non_exhaustive]
        pub enum ProblemCode {
            $($(#[$doc])* #[serde(rename = $word)] $name,)*
            /// A code of a newer version.
            #[serde(other, rename = "unknown")]
            #[cfg_attr(feature = "schema", schemars(skip))]
            Unknown,
        }

        impl ProblemCode {
            /// Every code this version knows.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The word on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)* Self::Unknown => "unknown" }
            }

            /// The HTTP status that goes with it; 400 for what only STOMP says.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(Self::$name => $status,)* Self::Unknown => 500 }
            }
        }
    };
}

codes! {
    /// A body or parameter is not what it has to be; `errors` says which.
    InvalidRequest = "invalid-request", 400;
    /// A cursor of another list, or none at all.
    InvalidCursor = "invalid-cursor", 400;
    /// A search that cannot be understood.
    InvalidQuery = "invalid-query", 400;
    /// The confirming name is not the name.
    ConfirmationMismatch = "confirmation-mismatch", 400;
    /// No token.
    Unauthenticated = "unauthenticated", 401;
    /// A token that does not hold.
    TokenInvalid = "token-invalid", 401;
    /// A token whose time is over.
    TokenExpired = "token-expired", 401;
    /// The account has no role of this deployment.
    RealmRoleMissing = "realm-role-missing", 403;
    /// The account is suspended.
    Suspended = "suspended", 403;
    /// Seen, but not allowed; `permission` says what is missing.
    PermissionMissing = "permission-missing", 403;
    /// Somebody or something of one's own rank or above.
    Hierarchy = "hierarchy", 403;
    /// Silenced; `retry_after` says for how long.
    TimedOut = "timed-out", 403;
    /// Banned from the server.
    Banned = "banned", 403;
    /// Only the author may.
    NotAuthor = "not-author", 403;
    /// Only the owner may.
    OwnerRequired = "owner-required", 403;
    /// They take no direct messages from here.
    DirectRefused = "direct-refused", 403;
    /// Not for bots.
    BotRefused = "bot-refused", 403;
    /// No such server.
    ServerNotFound = "server-not-found", 404;
    /// No such channel.
    ChannelNotFound = "channel-not-found", 404;
    /// No such category.
    CategoryNotFound = "category-not-found", 404;
    /// No such role.
    RoleNotFound = "role-not-found", 404;
    /// No such member.
    MemberNotFound = "member-not-found", 404;
    /// No such user.
    UserNotFound = "user-not-found", 404;
    /// No such message.
    MessageNotFound = "message-not-found", 404;
    /// No such invite, or it is used up, or its time is over.
    InviteNotFound = "invite-not-found", 404;
    /// No such ban.
    BanNotFound = "ban-not-found", 404;
    /// No such webhook.
    WebhookNotFound = "webhook-not-found", 404;
    /// No such export.
    ExportNotFound = "export-not-found", 404;
    /// No such route.
    NotFound = "not-found", 404;
    /// Another one has that name.
    NameTaken = "name-taken", 409;
    /// There are as many as may be; `limit` says how many.
    LimitReached = "limit-reached", 409;
    /// The nonce belongs to another message.
    NonceReused = "nonce-reused", 409;
    /// The message is a tombstone.
    MessageDeleted = "message-deleted", 409;
    /// The owner cannot leave.
    OwnerCannotLeave = "owner-cannot-leave", 409;
    /// They own servers.
    OwnsServers = "owns-servers", 409;
    /// The role cannot be changed so.
    RoleFixed = "role-fixed", 409;
    /// The same request is still being worked on.
    RequestInProgress = "request-in-progress", 409;
    /// What was to be replaced has changed meanwhile.
    PreconditionFailed = "precondition-failed", 412;
    /// Replacing needs If-Match.
    PreconditionRequired = "precondition-required", 428;
    /// The body is too large.
    TooLarge = "too-large", 413;
    /// The body is not JSON.
    UnsupportedMediaType = "unsupported-media-type", 415;
    /// Nothing visible in it.
    ContentEmpty = "content-empty", 422;
    /// More than 4000 characters.
    ContentTooLong = "content-too-long", 422;
    /// More than 50 mentions.
    TooManyMentions = "too-many-mentions", 422;
    /// Not an emoji of the list.
    InvalidEmoji = "invalid-emoji", 422;
    /// The key belongs to another request.
    IdempotencyKeyReused = "idempotency-key-reused", 422;
    /// Too many requests; `bucket` says which, `retry_after` for how long.
    RateLimited = "rate-limited", 429;
    /// Too soon after the last message.
    SlowMode = "slow-mode", 429;
    /// Our fault.
    Internal = "internal", 500;
    /// A part does not answer; the outcome is unknown.
    Unavailable = "unavailable", 503;
    /// A projection is behind.
    NotReady = "not-ready", 503;
    /// Too much waits already.
    Overloaded = "overloaded", 503;
    /// STOMP: a frame that is none.
    MalformedFrame = "malformed-frame", 400;
    /// STOMP: no version in common.
    UnsupportedVersion = "unsupported-version", 400;
    /// STOMP: a frame before CONNECT.
    NotConnected = "not-connected", 400;
    /// STOMP: no such destination.
    UnknownDestination = "unknown-destination", 400;
    /// STOMP: the subscription's id is in use.
    DuplicateSubscription = "duplicate-subscription", 400;
    /// STOMP: too many subscriptions.
    TooManySubscriptions = "too-many-subscriptions", 400;
    /// STOMP: no CONNECT in time.
    ConnectTimeout = "connect-timeout", 400;
    /// STOMP: the other side fell silent.
    HeartBeatMissed = "heart-beat-missed", 400;
    /// STOMP: the service is being stopped.
    GoingAway = "going-away", 400;
    /// STOMP: the reader is too slow.
    SlowConsumer = "slow-consumer", 400;
}

impl std::fmt::Display for ProblemCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FieldError {
    /// The field, as a JSON pointer (RFC 6901) or a parameter's name.
    pub pointer: String,
    /// What is wrong with it.
    pub detail: String,
}

/// The body of every REST answer that is none: `application/problem+json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Problem {
    /// Always `about:blank`: the code tells problems apart.
    #[serde(rename = "type", default = "about_blank")]
    pub kind: String,
    /// The HTTP status in words.
    #[serde(default)]
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What happened, for people.
    #[serde(default)]
    pub detail: String,
    /// What happened, for programs.
    pub code: ProblemCode,
    /// For invalid-request.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// For permission-missing: which.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permission: Option<String>,
    /// For limit-reached: how many may be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// When it may work again, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
    /// For rate-limited: which bucket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bucket: Option<String>,
}

fn about_blank() -> String {
    "about:blank".to_owned()
}

impl Problem {
    /// A problem with nothing but a code and its words.
    #[must_use]
    pub fn new(code: ProblemCode, detail: impl Into<String>) -> Self {
        let status = code.status();
        Self {
            kind: about_blank(),
            title: title(status).to_owned(),
            status,
            detail: detail.into(),
            code,
            errors: Vec::new(),
            permission: None,
            limit: None,
            retry_after: None,
            bucket: None,
        }
    }
}

const fn title(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        409 => "Conflict",
        412 => "Precondition Failed",
        413 => "Content Too Large",
        415 => "Unsupported Media Type",
        422 => "Unprocessable Content",
        428 => "Precondition Required",
        429 => "Too Many Requests",
        503 => "Service Unavailable",
        _ => "Internal Server Error",
    }
}

/// The body of a refusal on `/user/queue/replies`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Reply {
    /// The `receipt` of the refused frame.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt_id: Option<String>,
    /// What happened, for programs.
    pub code: ProblemCode,
    /// What happened, for people.
    #[serde(default)]
    pub detail: String,
    /// For permission-missing: which.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permission: Option<String>,
    /// When it may work again, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_has_its_code_and_no_empty_fields() {
        let body = serde_json::to_value(Problem::new(ProblemCode::NameTaken, "the name is taken")).unwrap();
        let expected = serde_json::json!({
            "type": "about:blank", "title": "Conflict", "status": 409, "detail": "the name is taken", "code": "name-taken"
        });
        assert_eq!(body, expected);
    }

    #[test]
    fn every_code_reads_back_and_an_unknown_one_is_unknown() {
        for code in ProblemCode::ALL {
            let word = serde_json::to_string(code).unwrap();
            assert_eq!(word, format!("\"{code}\""));
            assert_eq!(serde_json::from_str::<ProblemCode>(&word).unwrap(), *code);
        }
        assert_eq!(serde_json::from_str::<ProblemCode>("\"teapot\"").unwrap(), ProblemCode::Unknown);
    }
}
