//! The local store: what the first frame shows before any network, and what was typed or not sent yet.
//!
//! A cache of one account in one SQLite file. It may be thrown away at any time, but for drafts and what was not sent.
//! A damaged file is put aside and begun anew.

use std::{path::Path, sync::Arc};

use echopulse_protocol::{
    event::{Envelope, EventBody, Message},
    id::{ChannelId, Epoch, MessageId, Seq},
    rest::{HistoryPage, Range},
};
use serde::{Serialize, de::DeserializeOwned};
use sqlx::{
    Row, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions},
};

use crate::{
    app::{effect::Unsent, event::Restored},
    local::folder::Folder,
};

/// Messages kept for a channel's first frame.
const SHOWN: i64 = 200;

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS value (name TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS message (
    channel BLOB NOT NULL, seq INTEGER NOT NULL, id BLOB NOT NULL, body TEXT NOT NULL, PRIMARY KEY (channel, seq)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS message_by_id ON message (id);
CREATE TABLE IF NOT EXISTS reach (
    channel BLOB PRIMARY KEY, epoch TEXT NOT NULL, low INTEGER NOT NULL, high INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS draft (channel BLOB PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS unsent (
    nonce TEXT PRIMARY KEY, channel BLOB NOT NULL, content TEXT NOT NULL, reply_to BLOB
) WITHOUT ROWID;
";

/// One account's store. What cannot be kept is lost without a word, but for the log: it is a cache.
#[derive(Clone)]
pub(super) struct Cache(Option<Arc<SqlitePool>>);

fn octets(bits: u128) -> Vec<u8> {
    bits.to_be_bytes().to_vec()
}

fn bits(row: &sqlx::sqlite::SqliteRow, column: &str) -> Option<u128> {
    let octets: &[u8] = row.try_get(column).ok()?;
    Some(u128::from_be_bytes(octets.try_into().ok()?))
}

impl Cache {
    /// A store that keeps nothing, for somebody who has no name yet.
    pub(super) const fn none() -> Self {
        Self(None)
    }

    /// Opens a store; one that cannot be read is put aside.
    pub(super) async fn open(folder: &Folder, name: &str) -> Self {
        let path = folder.file(name);
        match connect(&path).await {
            Ok(pool) => Self(Some(Arc::new(pool))),
            Err(error) => {
                tracing::warn!(%error, "the local store cannot be read and is begun anew");
                let aside = path.with_extension("damaged");
                let moved = std::fs::rename(&path, aside);
                let pool = if moved.is_ok() { connect(&path).await.ok() } else { None };
                Self(pool.map(Arc::new))
            }
        }
    }

    async fn keep<T>(&self, work: impl AsyncFnOnce(&SqlitePool) -> Result<T, sqlx::Error>) -> Option<T> {
        let pool = self.0.as_ref()?;
        match work(pool).await {
            Ok(value) => Some(value),
            Err(error) => {
                tracing::warn!(%error, "the local store failed");
                None
            }
        }
    }

    /// Keeps a value under a name.
    pub(super) async fn keep_value(&self, name: &str, value: &impl Serialize) {
        let Ok(body) = serde_json::to_string(value) else { return };
        self.keep(async |pool| {
            let query =
                "INSERT INTO value (name, body) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET body = ?2";
            sqlx::query(query).bind(name).bind(&body).execute(pool).await
        })
        .await;
    }

    async fn value<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        let body: Option<String> = self
            .keep(async |pool| {
                sqlx::query_scalar("SELECT body FROM value WHERE name = ?")
                    .bind(name)
                    .fetch_optional(pool)
                    .await
            })
            .await?;
        serde_json::from_str(&body?).ok()
    }

    /// Keeps a page of history, and how far what is kept reaches without a hole.
    pub(super) async fn keep_page(&self, channel: ChannelId, page: &HistoryPage) {
        self.keep(async |pool| {
            let mut transaction = pool.begin().await?;
            let key = octets(channel.as_u128());
            let kept: Option<(String, i64, i64)> =
                sqlx::query_as("SELECT epoch, low, high FROM reach WHERE channel = ?")
                    .bind(&key)
                    .fetch_optional(&mut *transaction)
                    .await?;
            let (from, to) = (page.covers.from.0.cast_signed(), page.covers.to.0.cast_signed());
            let epoch = page.epoch.to_string();
            let joined = kept
                .filter(|(of, low, high)| *of == epoch && from <= high + 1 && to + 1 >= *low)
                .map(|(_, low, high)| (low.min(from), high.max(to)));
            if joined.is_none() {
                sqlx::query("DELETE FROM message WHERE channel = ?")
                    .bind(&key)
                    .execute(&mut *transaction)
                    .await?;
            }
            let (low, high) = joined.unwrap_or((from, to));
            sqlx::query("INSERT OR REPLACE INTO reach (channel, epoch, low, high) VALUES (?, ?, ?, ?)")
                .bind(&key)
                .bind(&epoch)
                .bind(low)
                .bind(high)
                .execute(&mut *transaction)
                .await?;
            for message in &page.items {
                put(&mut transaction, message).await?;
            }
            transaction.commit().await
        })
        .await;
    }

    /// Keeps what a live event changes.
    pub(super) async fn keep_event(&self, envelope: &Envelope) {
        match &envelope.body {
            EventBody::MessageCreated { message, .. } | EventBody::MessageUpdated { message, .. } => {
                self.keep_live(envelope, message).await;
            }
            EventBody::MessageDeleted { messages, .. } => {
                self.keep(async |pool| {
                    for deleted in messages {
                        let id = octets(deleted.id.as_u128());
                        sqlx::query("DELETE FROM message WHERE id = ?").bind(id).execute(pool).await?;
                    }
                    Ok(())
                })
                .await;
            }
            _ => {}
        }
    }

    async fn keep_live(&self, envelope: &Envelope, message: &Message) {
        let Some(seq) = envelope.seq else { return };
        self.keep(async |pool| {
            let mut transaction = pool.begin().await?;
            let key = octets(message.channel_id.as_u128());
            // Only what joins what is kept is kept: the first frame never hides a hole.
            let moved =
                sqlx::query("UPDATE reach SET high = max(high, ?2) WHERE channel = ?1 AND high >= ?2 - 1")
                    .bind(key)
                    .bind(seq.0.cast_signed())
                    .execute(&mut *transaction)
                    .await?;
            if moved.rows_affected() > 0 {
                put(&mut transaction, message).await?;
            }
            transaction.commit().await
        })
        .await;
    }

    /// The newest messages of a channel, as a page.
    pub(super) async fn page(&self, channel: ChannelId) -> Option<HistoryPage> {
        let key = octets(channel.as_u128());
        let (reach, rows) = self
            .keep(async |pool| {
                let reach: Option<(String, i64, i64)> =
                    sqlx::query_as("SELECT epoch, low, high FROM reach WHERE channel = ?")
                        .bind(&key)
                        .fetch_optional(pool)
                        .await?;
                let query = "SELECT body FROM message WHERE channel = ? ORDER BY seq DESC LIMIT ?";
                let rows: Vec<String> =
                    sqlx::query_scalar(query).bind(&key).bind(SHOWN).fetch_all(pool).await?;
                Ok((reach, rows))
            })
            .await?;
        let (epoch, low, high) = reach?;
        let epoch: Epoch = epoch.parse().ok()?;
        let full = rows.len() as i64 == SHOWN;
        let mut items: Vec<Message> =
            rows.iter().filter_map(|body| serde_json::from_str(body).ok()).collect();
        items.reverse();
        let first = items.first().map(|message| message.seq);
        let from = match first {
            Some(first) if full => first,
            _ => Seq(low.cast_unsigned()),
        };
        let head = Seq(high.cast_unsigned());
        let covers = Range { from, to: head };
        Some(HistoryPage { items, referenced: Vec::new(), epoch, head, purged_through: Seq(0), covers })
    }

    /// Keeps a draft; an empty one is forgotten.
    pub(super) async fn keep_draft(&self, channel: ChannelId, text: &str) {
        let key = octets(channel.as_u128());
        self.keep(async |pool| {
            if text.is_empty() {
                return sqlx::query("DELETE FROM draft WHERE channel = ?").bind(key).execute(pool).await;
            }
            let query = "INSERT OR REPLACE INTO draft (channel, text) VALUES (?, ?)";
            sqlx::query(query).bind(key).bind(text).execute(pool).await
        })
        .await;
    }

    /// Keeps a message that is not sent yet.
    pub(super) async fn keep_unsent(&self, entry: &Unsent) {
        let reply = entry.reply_to.map(|id| octets(id.as_u128()));
        self.keep(async |pool| {
            sqlx::query(
                "INSERT OR REPLACE INTO unsent (nonce, channel, content, reply_to) VALUES (?, ?, ?, ?)",
            )
            .bind(&entry.nonce)
            .bind(octets(entry.channel.as_u128()))
            .bind(&entry.content)
            .bind(reply)
            .execute(pool)
            .await
        })
        .await;
    }

    /// Forgets a message that is sent or discarded.
    pub(super) async fn forget_unsent(&self, nonce: &str) {
        self.keep(async |pool| {
            sqlx::query("DELETE FROM unsent WHERE nonce = ?").bind(nonce).execute(pool).await
        })
        .await;
    }

    /// Everything for the first frame.
    pub(super) async fn restore(&self) -> Restored {
        let drafts = self
            .keep(async |pool| sqlx::query("SELECT channel, text FROM draft").fetch_all(pool).await)
            .await
            .unwrap_or_default();
        let unsent = self
            .keep(async |pool| sqlx::query("SELECT * FROM unsent ORDER BY nonce").fetch_all(pool).await)
            .await
            .unwrap_or_default();
        Restored {
            user: self.value("user").await,
            servers: self.value("servers").await.unwrap_or_default(),
            members: self.value("members").await.unwrap_or_default(),
            read_states: self.value("read-states").await.unwrap_or_default(),
            open: self.value("open").await,
            drafts: drafts
                .iter()
                .filter_map(|row| {
                    Some((ChannelId::from_u128(bits(row, "channel")?), row.try_get("text").ok()?))
                })
                .collect(),
            outbox: unsent.iter().filter_map(unsent_from).collect(),
        }
    }

    /// Closes the file.
    pub(super) async fn close(&self) {
        if let Some(pool) = &self.0 {
            pool.close().await;
        }
    }
}

fn unsent_from(row: &sqlx::sqlite::SqliteRow) -> Option<Unsent> {
    Some(Unsent {
        nonce: row.try_get("nonce").ok()?,
        channel: ChannelId::from_u128(bits(row, "channel")?),
        content: row.try_get("content").ok()?,
        reply_to: bits(row, "reply_to").map(MessageId::from_u128),
    })
}

async fn put(transaction: &mut sqlx::SqliteConnection, message: &Message) -> Result<(), sqlx::Error> {
    let Ok(body) = serde_json::to_string(message) else { return Ok(()) };
    sqlx::query("INSERT OR REPLACE INTO message (channel, seq, id, body) VALUES (?, ?, ?, ?)")
        .bind(octets(message.channel_id.as_u128()))
        .bind(message.seq.0.cast_signed())
        .bind(octets(message.id.as_u128()))
        .bind(body)
        .execute(transaction)
        .await?;
    Ok(())
}

async fn connect(path: &Path) -> Result<SqlitePool, sqlx::Error> {
    use std::os::unix::fs::OpenOptionsExt;
    std::fs::File::options().create(true).append(true).mode(0o600).open(path).map_err(sqlx::Error::Io)?;
    let options = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .busy_timeout(std::time::Duration::from_secs(2));
    let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await?;
    sqlx::raw_sql(SCHEMA).execute(&pool).await?;
    Ok(pool)
}
