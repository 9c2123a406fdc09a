//! Reading what a batch needs to know: one statement for each kind of fact, whatever the number of writes.

use std::collections::BTreeSet;

use echopulse_core::{
    chat::{
        model::Author,
        port::outbound::NonceRecord,
        write::{Post, Write, WriteKind},
    },
    common::{ChannelId, MessageId, StoreError, StreamKey, UserId},
};
use sqlx::{PgConnection, postgres::PgRow};
use uuid::Uuid;

use super::batch::{Batch, NonceKey};
use crate::postgres::{
    chat::{
        message::{self, author_kind, read_nonce},
        stream,
    },
    codec::{bits, get, id, ids, time},
    query::all,
};

/// For what posts need to know, in one go: nonces of persons that are used already, and persons as they are shown in channels,
/// whose rows have no nonce.
const KNOWN: &str = "SELECT nonce.author, nonce.channel, nonce.nonce, nonce.message, nonce.seq, nonce.epoch,
        nonce.fingerprint, NULL AS name, NULL::smallint AS kind
    FROM unnest($1::uuid[], $2::text[]) AS wanted (author, nonce)
    JOIN nonce ON nonce.author = wanted.author AND nonce.nonce = wanted.nonce
    UNION ALL SELECT wanted.author, wanted.channel, NULL, NULL, NULL, NULL, NULL,
        coalesce(member_copy.nickname, user_copy.display_name, ''), coalesce(user_copy.kind, 0::smallint)
    FROM unnest($3::uuid[], $4::uuid[]) AS wanted (author, channel)
    LEFT JOIN channel_copy ON channel_copy.channel = wanted.channel
    LEFT JOIN member_copy ON member_copy.server = channel_copy.server AND member_copy.person = wanted.author
    LEFT JOIN user_copy ON user_copy.person = wanted.author";

/// For somebody's last message in a channel.
const LAST_POSTS: &str = "SELECT wanted.channel, wanted.author, last.created_at
    FROM unnest($1::uuid[], $2::uuid[]) AS wanted (channel, author)
    CROSS JOIN LATERAL (SELECT created_at FROM message
        WHERE message.channel = wanted.channel AND message.author = wanted.author
        ORDER BY created_at DESC LIMIT 1) AS last";

/// Locks the heads of the channels that these writes name, and reads what they need to know.
pub(super) async fn read(db: &mut PgConnection, writes: &[Write]) -> Result<Batch, StoreError> {
    let channels: BTreeSet<_> = writes.iter().map(|write| StreamKey::Channel(write.channel)).collect();
    let heads = stream::lock(db, channels).await?;
    let channels = heads.into_iter().filter_map(|(stream, head)| match stream {
        StreamKey::Channel(channel) => Some((channel, head)),
        _ => None,
    });
    let mut batch = Batch { channels: channels.collect(), ..Batch::default() };
    let posts: Vec<_> = writes.iter().filter_map(post).collect();
    if !posts.is_empty() {
        read_known(db, &mut batch, &posts).await?;
        read_last_posts(db, &mut batch, &posts).await?;
    }
    read_messages(db, &mut batch, writes).await?;
    Ok(batch)
}

fn post(write: &Write) -> Option<(&Write, &Post)> {
    match &write.kind {
        WriteKind::Post(post) => Some((write, post)),
        _ => None,
    }
}

/// A row of [`KNOWN`].
enum Known {
    Nonce(NonceKey, NonceRecord),
    Author(ChannelId, Author),
}

fn known(row: &PgRow) -> Result<Known, StoreError> {
    let id = UserId::from_u128(bits(row, "author")?);
    if let Some(nonce) = get(row, "nonce")? {
        return Ok(Known::Nonce((id, nonce), read_nonce(row)?));
    }
    let author = Author { id, kind: author_kind(get(row, "kind")?), name: get(row, "name")? };
    Ok(Known::Author(ChannelId::from_u128(bits(row, "channel")?), author))
}

async fn read_known(
    db: &mut PgConnection,
    batch: &mut Batch,
    posts: &[(&Write, &Post)],
) -> Result<(), StoreError> {
    let senders = ids(posts.iter().map(|(write, _)| write.actor.as_u128()));
    let nonces: Vec<_> = posts.iter().map(|(_, post)| post.nonce.as_str()).collect();
    let shown: BTreeSet<_> = posts.iter().map(|(write, _)| (write.channel, write.actor)).collect();
    let (channels, authors) = columns(&shown);
    let found = sqlx::query(KNOWN).bind(senders).bind(nonces).bind(authors).bind(channels);
    for known in all(db, found, known).await? {
        match known {
            Known::Nonce(key, record) => drop(batch.nonces.insert(key, record)),
            Known::Author(channel, author) => drop(batch.authors.insert((channel, author.id), author)),
        }
    }
    Ok(())
}

fn columns(places: &BTreeSet<(ChannelId, UserId)>) -> (Vec<Uuid>, Vec<Uuid>) {
    places.iter().map(|(channel, user)| (id(channel.as_u128()), id(user.as_u128()))).unzip()
}

/// Only where slow mode holds: for others it says nothing.
async fn read_last_posts(
    db: &mut PgConnection,
    batch: &mut Batch,
    posts: &[(&Write, &Post)],
) -> Result<(), StoreError> {
    let slowed = posts.iter().filter(|(_, post)| !post.slow_mode.is_zero());
    let slowed: BTreeSet<_> = slowed.map(|(write, _)| (write.channel, write.actor)).collect();
    if slowed.is_empty() {
        return Ok(());
    }
    let (channels, authors) = columns(&slowed);
    let found = sqlx::query(LAST_POSTS).bind(channels).bind(authors);
    let found = all(db, found, |row| {
        let place = (ChannelId::from_u128(bits(row, "channel")?), UserId::from_u128(bits(row, "author")?));
        Ok((place, time(row, "created_at")?))
    });
    batch.last_posts = found.await?.into_iter().collect();
    Ok(())
}

/// The messages that writes name, and those that these answer, which an edit shows again.
async fn read_messages(db: &mut PgConnection, batch: &mut Batch, writes: &[Write]) -> Result<(), StoreError> {
    let mut named = BTreeSet::new();
    for write in writes {
        match &write.kind {
            WriteKind::Post(post) => named.extend(post.reply_to),
            WriteKind::Edit { message, .. } => named.extend([*message]),
            WriteKind::Delete { messages, .. } => named.extend(messages),
            WriteKind::Purge { .. } => {}
        }
    }
    batch.messages = message::find_all(db, named).await?;
    let answered = batch.messages.values().filter_map(|message| message.reply_to).map(|reply| reply.id);
    let missing: BTreeSet<MessageId> = answered.filter(|id| !batch.messages.contains_key(id)).collect();
    batch.messages.extend(message::find_all(db, missing).await?);
    Ok(())
}
