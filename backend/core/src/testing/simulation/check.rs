//! The shadow model: what must hold, by acknowledgements alone.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::{
    chat::{
        model::{EventBody, HistoryQuery, StreamEvent},
        port::{inbound::Receipt, outbound::MessageStore},
    },
    common::{ChannelId, MessageId, Seq, StreamKey, UserId},
    testing::{chat::MemoryChatStore, executor::block_on},
};

/// What everybody was shown, by stream and place: all have to agree.
#[derive(Default)]
pub(super) struct Order(HashMap<(StreamKey, Seq), (u8, Vec<MessageId>)>);

impl Order {
    pub(super) fn agree(&mut self, event: &StreamEvent) -> Result<(), String> {
        let what = match &event.body {
            EventBody::MessageCreated { message, .. } => (0, vec![message.id]),
            EventBody::MessageUpdated { message, .. } => (1, vec![message.id]),
            EventBody::MessagesDeleted { messages, .. } => (2, messages.iter().map(|(id, _)| *id).collect()),
            _ => (3, Vec::new()),
        };
        let kept = self.0.entry((event.stream, event.seq)).or_insert_with(|| what.clone());
        if *kept == what {
            return Ok(());
        }
        Err(format!("{} at {} was shown to others as {kept:?}, here as {what:?}", event.stream, event.seq))
    }
}

/// What was acknowledged.
#[derive(Default)]
pub(super) struct Acknowledged {
    posts: BTreeMap<(UserId, String), (ChannelId, Receipt)>,
}

impl Acknowledged {
    /// Notes a receipt, which has to be durable already.
    pub(super) fn note(
        &mut self,
        store: &MemoryChatStore,
        author: UserId,
        nonce: &str,
        channel: ChannelId,
        receipt: Receipt,
    ) -> Result<(), String> {
        let stored = block_on(store.find_nonce(author, nonce.to_owned())).ok().flatten();
        let Some(stored) = stored else {
            return Err(format!("the receipt of {author:?} {nonce} came before its commit"));
        };
        if (stored.message, stored.seq) != (receipt.message, receipt.seq) {
            return Err(format!("the receipt of {author:?} {nonce} names {receipt:?}, stored is {stored:?}"));
        }
        self.posts.insert((author, nonce.to_owned()), (channel, receipt));
        Ok(())
    }

    pub(super) fn len(&self) -> usize {
        self.posts.len()
    }

    /// Every acknowledged post is in history exactly once, at its place.
    pub(super) fn check(&self, store: &MemoryChatStore, channels: &[ChannelId]) -> Result<(), String> {
        let mut found: HashMap<MessageId, (ChannelId, Seq)> = HashMap::new();
        for channel in channels {
            read_all(store, *channel, &mut found)?;
        }
        for ((author, nonce), (channel, receipt)) in &self.posts {
            if found.get(&receipt.message) != Some(&(*channel, receipt.seq)) {
                return Err(format!(
                    "{author:?} {nonce} was acknowledged as {receipt:?} and is not in history there"
                ));
            }
        }
        let distinct: HashSet<_> = self.posts.values().map(|(_, receipt)| receipt.message).collect();
        if distinct.len() == self.posts.len() {
            Ok(())
        } else {
            Err("two nonces have one message".to_owned())
        }
    }
}

fn read_all(
    store: &MemoryChatStore,
    channel: ChannelId,
    found: &mut HashMap<MessageId, (ChannelId, Seq)>,
) -> Result<(), String> {
    let mut after = Seq::ZERO;
    loop {
        let page = block_on(store.history(channel, HistoryQuery::After(after), 100)).ok().flatten();
        let Some(page) = page else { return Ok(()) };
        for message in &page.messages {
            if message.seq <= after {
                return Err(format!("history of {channel:?} is out of order at {}", message.seq));
            }
            after = message.seq;
            if found.insert(message.id, (channel, message.seq)).is_some() {
                return Err(format!("{} is in history twice", message.id));
            }
        }
        if page.messages.is_empty() {
            return Ok(());
        }
    }
}
