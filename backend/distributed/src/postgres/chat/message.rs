//! Messages in rows.

use std::collections::HashMap;

use echopulse_core::{
    chat::{
        model::{Author, AuthorKind, DeletedBy, Deletion, Mentions, Message, ReplyTo},
        port::outbound::NonceRecord,
    },
    common::{ChannelId, MessageId, StoreError, UserId},
};
use echopulse_wire as wire;
use sqlx::{PgConnection, postgres::PgRow};

use crate::postgres::{
    codec::{
        bits, damaged, epoch, from_json, get, id, ids, optional_bits, optional_time, seq, time, to_json,
    },
    query::{all, one},
};

/// A statement for messages as they are shown now: whatever stands behind `FROM`, with the author's name looked up.
macro_rules! shown {
    ($from:literal, $rest:literal) => {
        concat!(
            "SELECT message.*, coalesce(member_copy.nickname, user_copy.display_name, '') AS author_name FROM ",
            $from,
            " LEFT JOIN channel_copy ON channel_copy.channel = message.channel AND NOT channel_copy.deleted",
            " LEFT JOIN member_copy ON member_copy.server = channel_copy.server",
            " AND member_copy.person = message.author",
            " LEFT JOIN user_copy ON user_copy.person = message.author ",
            $rest
        )
    };
}
pub(super) use shown;

/// For messages by their ids.
pub(super) const NAMED: &str = shown!("message", "WHERE message.id = ANY($1)");

/// A message from a row of [`shown!`].
pub(super) fn read(row: &PgRow) -> Result<Message, StoreError> {
    Ok(Message {
        id: MessageId::from_u128(bits(row, "id")?),
        channel: ChannelId::from_u128(bits(row, "channel")?),
        seq: seq(row, "seq")?,
        revision: seq(row, "revision")?,
        nonce: get(row, "nonce")?,
        author: Author {
            id: UserId::from_u128(bits(row, "author")?),
            kind: author_kind(get(row, "author_kind")?),
            name: get(row, "author_name")?,
        },
        content: get(row, "content")?,
        reply_to: reply_to(row)?,
        mentions: mentions(row)?,
        created_at: time(row, "created_at")?,
        edited_at: optional_time(row, "edited_at")?,
        deleted: deletion(row)?,
    })
}

fn reply_to(row: &PgRow) -> Result<Option<ReplyTo>, StoreError> {
    let Some(id) = optional_bits(row, "reply_id")? else { return Ok(None) };
    let author = UserId::from_u128(bits(row, "reply_author")?);
    Ok(Some(ReplyTo { id: MessageId::from_u128(id), seq: seq(row, "reply_seq")?, author }))
}

fn mentions(row: &PgRow) -> Result<Mentions, StoreError> {
    match get::<Option<&str>>(row, "mentions")? {
        None => Ok(Mentions::default()),
        Some(_) => Ok(wire::mentions_from(from_json(row, "mentions")?)),
    }
}

fn deletion(row: &PgRow) -> Result<Option<Deletion>, StoreError> {
    let Some(at) = optional_time(row, "deleted_at")? else { return Ok(None) };
    let by = match get::<i16>(row, "deleted_by")? {
        0 => DeletedBy::Author,
        1 => DeletedBy::Moderator,
        2 => DeletedBy::Ban,
        3 => DeletedBy::Erasure,
        _ => return Err(damaged("deleted_by")),
    };
    Ok(Some(Deletion { at, by }))
}

/// The number of the column `deleted_by`.
pub(super) const fn deleted_by_number(by: DeletedBy) -> i16 {
    match by {
        DeletedBy::Author => 0,
        DeletedBy::Moderator => 1,
        DeletedBy::Ban => 2,
        DeletedBy::Erasure => 3,
    }
}

/// What an author is, by the number of a column.
pub(super) const fn author_kind(number: i16) -> AuthorKind {
    match number {
        1 => AuthorKind::Bot,
        2 => AuthorKind::Webhook,
        _ => AuthorKind::Person,
    }
}

/// The number of the column `author_kind`.
pub(super) const fn author_kind_number(kind: AuthorKind) -> i16 {
    match kind {
        AuthorKind::Person => 0,
        AuthorKind::Bot => 1,
        AuthorKind::Webhook => 2,
    }
}

/// The column `mentions`: NULL for nobody, which is most messages.
pub(super) fn mentions_column(mentions: &Mentions) -> Result<Option<String>, StoreError> {
    if *mentions == Mentions::default() {
        return Ok(None);
    }
    to_json(&wire::mentions(mentions.clone())).map(Some)
}

/// A message of this channel.
pub(super) async fn find(
    db: &mut PgConnection,
    channel: ChannelId,
    message: MessageId,
) -> Result<Option<Message>, StoreError> {
    let found = shown!("message", "WHERE message.id = $1 AND message.channel = $2");
    let found = sqlx::query(found).bind(id(message.as_u128())).bind(id(channel.as_u128()));
    one(db, found).await?.as_ref().map(read).transpose()
}

/// Those of these messages that exist.
pub(super) async fn find_all(
    db: &mut PgConnection,
    messages: impl IntoIterator<Item = MessageId>,
) -> Result<HashMap<MessageId, Message>, StoreError> {
    let wanted = ids(messages.into_iter().map(MessageId::as_u128));
    if wanted.is_empty() {
        return Ok(HashMap::new());
    }
    let found = all(db, sqlx::query(NAMED).bind(wanted), read).await?;
    Ok(found.into_iter().map(|message| (message.id, message)).collect())
}

/// The original of an author's nonce.
pub(super) async fn nonce(
    db: &mut PgConnection,
    author: UserId,
    nonce: &str,
) -> Result<Option<NonceRecord>, StoreError> {
    let found = sqlx::query("SELECT * FROM nonce WHERE author = $1 AND nonce = $2");
    let found = found.bind(id(author.as_u128())).bind(nonce);
    one(db, found).await?.as_ref().map(read_nonce).transpose()
}

/// A nonce from its row.
pub(super) fn read_nonce(row: &PgRow) -> Result<NonceRecord, StoreError> {
    Ok(NonceRecord {
        channel: ChannelId::from_u128(bits(row, "channel")?),
        message: MessageId::from_u128(bits(row, "message")?),
        seq: seq(row, "seq")?,
        epoch: epoch(row, "epoch")?,
        fingerprint: get::<i64>(row, "fingerprint")?.cast_unsigned(),
    })
}
