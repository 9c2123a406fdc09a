//! Data folders with a history.

use std::{path::Path, sync::Arc};

use anyhow::Context;
use echopulse_core::{
    chat::{
        model::Mentions,
        port::{inbound::PostMessage, outbound::MessageStore},
        relay::Relay,
        write::{Post, Write, WriteKind},
    },
    common::{ChannelId, MessageId, Timestamp, UserId, actor::Actor, community::UserKind},
};
use echopulse_embedded::{bus::InProcessBus, sqlite::SqliteChatStore};
use echopulse_system::OsChance;
use echopulse_tests::Person;
use tempfile::TempDir;
use uuid::Uuid;

/// Messages of one transaction while a history is made.
const AT_ONCE: usize = 1_000;

/// A folder with a person, a server and its first channel.
pub(crate) struct Folder {
    dir: TempDir,
    pub(crate) channel: ChannelId,
    pub(crate) author: UserId,
}

impl Folder {
    /// One that the real program made, where a channel holds so many messages.
    pub(crate) fn with_messages(count: usize) -> anyhow::Result<Self> {
        let dir = TempDir::new()?;
        let person = Person::named(dir.path(), "ada");
        person.says(&["servers", "create", "Home"]);
        // The chat service learns of the channel when somebody asks for it.
        person.says(&["history", "#general"]);
        let id = |args: &[&str], key: &str| -> anyhow::Result<u128> {
            let line = person.json(args).into_iter().next().context("a line was printed")?;
            let text = line[key].as_str().with_context(|| format!("{line} has no {key}"))?;
            Ok(Uuid::parse_str(text)?.as_u128())
        };
        let channel = ChannelId::from_u128(id(&["channels"], "id")?);
        let author = UserId::from_u128(id(&["whoami"], "id")?);
        let folder = Self { dir, channel, author };
        folder.fill(count)?;
        Ok(folder)
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// A post as the chat service hands it to its store.
    pub(crate) fn post(&self, number: usize) -> Write {
        let post = Post {
            id: MessageId::from_u128(Uuid::now_v7().as_u128()),
            nonce: format!("bench-{number}"),
            content: format!("message {number}, as long as what people say to each other most of the time"),
            reply_to: None,
            mention_author: false,
            mentions: Mentions::default(),
            slow_mode: std::time::Duration::ZERO,
        };
        let at = Timestamp::from_millis(1_795_000_000_000 + i64::try_from(number).unwrap_or(0) * 1000);
        Write { at, actor: self.author, channel: self.channel, kind: WriteKind::Post(post) }
    }

    /// The same as the chat service is asked for it.
    pub(crate) fn command(&self, number: usize) -> PostMessage {
        let WriteKind::Post(post) = self.post(number).kind else { unreachable!("a post is written") };
        PostMessage {
            actor: Actor { user: self.author, kind: UserKind::Person, admin: false },
            channel: self.channel,
            nonce: Some(post.nonce),
            content: post.content,
            reply_to: None,
            mention_author: false,
            named: Mentions::default(),
        }
    }

    fn fill(&self, count: usize) -> anyhow::Result<()> {
        let tokio = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        tokio.block_on(async {
            let store = SqliteChatStore::connect(self.path(), Arc::new(OsChance)).await?;
            let bus = Arc::new(InProcessBus::default());
            let relay = Relay::new(Arc::new(store.clone()), bus, 0);
            let numbers: Vec<_> = (0..count).collect();
            for numbers in numbers.chunks(AT_ONCE) {
                store.commit(numbers.iter().map(|number| self.post(*number)).collect()).await?;
                // What was said long ago does not wait for the bus any more.
                relay.drain().await?;
            }
            store.close().await;
            Ok(())
        })
    }
}
