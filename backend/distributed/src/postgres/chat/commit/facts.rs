//! Reading what a batch needs to know: one statement for each kind of fact, whatever the number of writes.

use std::collections::BTreeSet;

use echopulse_core::{
    chat::{
        model::Author,
        write::{Post, Write, WriteKind},
    },
    common::{ChannelId, MessageId, StoreError, StreamKey, UserId},
};
use sqlx::{PgConnection, postgres::PgRow};

use super::batch::{Batch, NonceKey};
use crate::postgres::{
    chat::{
        message::{self, author_kind, read_nonce},
        stream,
    },
    codec::{bits, get, ids, time},
    query::all,
};

/// For nonces that are used already.
const NONCES: &str = "SELECT nonce.* FROM unnest($1::uuid[], $2::text[]) AS wanted (author, nonce)
    JOIN nonce ON nonce.author = wanted.author AND nonce.nonce = wanted.nonce";

/// For how authors are shown in channels.
const AUTHORS: &str = "SELECT wanted.channel, wanted.author,
    coalesce(member_copy.nickname, user_copy.display_name, '') AS name,
    coalesce(user_copy.kind, 0::smallint) AS kind
    FROM unnest($1::uuid[], $2::uuid[]) AS wanted (channel, author)
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

async fn read_nonces(
    db: &mut PgConnection,
    batch: &mut Batch,
    posts: &[(&Write, &Post)],
) -> Result<(), StoreError> {
    let authors = ids(posts.iter().map(|(write, _)| write.actor.as_u128()));
    let nonces: Vec<_> = posts.iter().map(|(_, post)| post.nonce.as_str()).collect();
    let known = all(db, sqlx::query(NONCES).bind(authors).bind(nonces), |row| {
        let key: NonceKey = (UserId::from_u128(bits(row, "author")?), get(row, "nonce")?);
        Ok((key, read_nonce(row)?))
    });
    batch.nonces = known.await?.into_iter().collect();
    Ok(())
}

type Place = (ChannelId, UserId);

/// Asks about persons in channels; `wanted` names each pair once.
async fn ask<T>(
    db: &mut PgConnection,
    sql: &'static str,
    wanted: BTreeSet<Place>,
    read: impl Fn(UserId, &PgRow) -> Result<T, StoreError>,
) -> Result<Vec<(Place, T)>, StoreError> {
    let channels = ids(wanted.iter().map(|(channel, _)| channel.as_u128()));
    let authors = ids(wanted.iter().map(|(_, author)| author.as_u128()));
    let asked = sqlx::query(sql).bind(channels).bind(authors);
    all(db, asked, |row| {
        let author = UserId::from_u128(bits(row, "author")?);
        Ok(((ChannelId::from_u128(bits(row, "channel")?), author), read(author, row)?))
    })
    .await
}

async fn read_authors(
    db: &mut PgConnection,
    batch: &mut Batch,
    posts: &[(&Write, &Post)],
) -> Result<(), StoreError> {
    let wanted = posts.iter().map(|(write, _)| (write.channel, write.actor)).collect();
    let found = ask(db, AUTHORS, wanted, |id, row| {
        Ok(Author { id, kind: author_kind(get(row, "kind")?), name: get(row, "name")? })
    });
    batch.authors = found.await?.into_iter().collect();
    Ok(())
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
    let found = ask(db, LAST_POSTS, slowed, |_, row| time(row, "created_at")).await?;
    batch.last_posts = found.into_iter().collect();
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
