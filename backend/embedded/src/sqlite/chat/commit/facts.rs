//! Reading what a batch needs to know: one statement for each kind of fact, whatever the number of writes.

use std::collections::{BTreeSet, HashMap};

use echopulse_core::{
    chat::{
        model::Author,
        write::{Post, Write, WriteKind},
    },
    common::{ChannelId, MessageId, StoreError, StreamKey, Timestamp, UserId},
};
use sqlx::SqliteConnection;

use super::batch::{Batch, NonceKey};
use crate::sqlite::{
    chat::{
        message::{self, author_kind, read_nonce},
        stream,
    },
    codec::{bits, get, octets, time, to_json},
    query::{all, one},
};

/// For nonces that are used already.
pub(in crate::sqlite::chat) const NONCES: &str = "SELECT nonce.* FROM json_each(?) AS wanted CROSS JOIN nonce
    ON nonce.author = unhex(wanted.value ->> 0) AND nonce.nonce = wanted.value ->> 1";

/// For how authors are shown in channels.
pub(in crate::sqlite::chat) const AUTHORS: &str =
    "SELECT unhex(wanted.value ->> 0) AS channel, unhex(wanted.value ->> 1) AS author,
    coalesce(member_copy.nickname, user_copy.display_name, '') AS name, coalesce(user_copy.kind, 0) AS kind
    FROM json_each(?) AS wanted
    LEFT JOIN channel_copy ON channel_copy.channel = unhex(wanted.value ->> 0)
    LEFT JOIN member_copy ON member_copy.server = channel_copy.server
        AND member_copy.user = unhex(wanted.value ->> 1)
    LEFT JOIN user_copy ON user_copy.user = unhex(wanted.value ->> 1)";

/// For somebody's last message in a channel.
pub(in crate::sqlite::chat) const LAST_POST: &str =
    "SELECT created_at FROM message WHERE channel = ? AND author = ?
    ORDER BY created_at DESC LIMIT 1";

/// Reads what these writes need to know.
pub(super) async fn read(db: &mut SqliteConnection, writes: &[Write]) -> Result<Batch, StoreError> {
    let channels: BTreeSet<_> = writes.iter().map(|write| StreamKey::Channel(write.channel)).collect();
    let heads = stream::heads_of(db, channels).await?;
    let channels = heads.into_iter().filter_map(|(stream, head)| match stream {
        StreamKey::Channel(channel) => Some((channel, head)),
        _ => None,
    });
    let mut batch = Batch { channels: channels.collect(), ..Batch::default() };
    let posts: Vec<_> = writes.iter().filter_map(post).collect();
    if !posts.is_empty() {
        read_nonces(db, &mut batch, &posts).await?;
        read_authors(db, &mut batch, &posts).await?;
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

fn text(id: u128) -> String {
    format!("{id:032x}")
}

async fn read_nonces(
    db: &mut SqliteConnection,
    batch: &mut Batch,
    posts: &[(&Write, &Post)],
) -> Result<(), StoreError> {
    let wanted: Vec<_> =
        posts.iter().map(|(write, post)| (text(write.actor.as_u128()), &post.nonce)).collect();
    let known = sqlx::query(NONCES).bind(to_json(&wanted)?);
    let known = all(db, known, |row| {
        let key: NonceKey = (UserId::from_u128(bits(row, "author")?), get(row, "nonce")?);
        Ok((key, read_nonce(row)?))
    });
    batch.nonces = known.await?.into_iter().collect();
    Ok(())
}

async fn read_authors(
    db: &mut SqliteConnection,
    batch: &mut Batch,
    posts: &[(&Write, &Post)],
) -> Result<(), StoreError> {
    let wanted: BTreeSet<_> =
        posts.iter().map(|(write, _)| (text(write.channel.as_u128()), text(write.actor.as_u128()))).collect();
    let found = sqlx::query(AUTHORS).bind(to_json(&wanted)?);
    let found = all(db, found, |row| {
        let channel = ChannelId::from_u128(bits(row, "channel")?);
        let id = UserId::from_u128(bits(row, "author")?);
        let author = Author { id, kind: author_kind(get(row, "kind")?), name: get(row, "name")? };
        Ok(((channel, id), author))
    });
    batch.authors = found.await?.into_iter().collect();
    Ok(())
}

/// Only where slow mode holds: for others it says nothing.
async fn read_last_posts(
    db: &mut SqliteConnection,
    batch: &mut Batch,
    posts: &[(&Write, &Post)],
) -> Result<(), StoreError> {
    let slowed = posts.iter().filter(|(_, post)| !post.slow_mode.is_zero());
    let slowed: BTreeSet<_> = slowed.map(|(write, _)| (write.channel, write.actor)).collect();
    let mut found: HashMap<(ChannelId, UserId), Timestamp> = HashMap::new();
    for (channel, author) in slowed {
        let last = sqlx::query(LAST_POST).bind(octets(channel.as_u128())).bind(octets(author.as_u128()));
        if let Some(row) = one(db, last).await? {
            found.insert((channel, author), time(&row, "created_at")?);
        }
    }
    batch.last_posts = found;
    Ok(())
}

/// The messages that writes name, and those that these answer, which an edit shows again.
async fn read_messages(
    db: &mut SqliteConnection,
    batch: &mut Batch,
    writes: &[Write],
) -> Result<(), StoreError> {
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
