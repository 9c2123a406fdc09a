//! What the store in memory does not keep for ever.

use std::time::Duration;

use super::{MemoryChatStore, State, ready};
use crate::{
    chat::port::outbound::RetentionStore,
    common::{BoxFuture, ChannelId, Seq, StoreError, StreamKey, Timestamp, sync::lock},
};

impl State {
    fn forget_events(&mut self, at: Timestamp, limit: usize) -> u64 {
        let mut forgotten = 0;
        for (key, stream) in &mut self.streams {
            if matches!(key, StreamKey::Channel(_)) {
                continue;
            }
            let first = usize::try_from(stream.purged_through.0).unwrap_or(usize::MAX);
            for row in stream.rows.iter().skip(first) {
                let seq = stream.purged_through.next();
                if row.at >= at || forgotten == limit as u64 || self.outbox.contains(&(*key, seq)) {
                    break;
                }
                stream.purged_through = seq;
                forgotten += 1;
            }
        }
        forgotten
    }
}

impl RetentionStore for MemoryChatStore {
    fn retained(
        &self,
        after: Option<ChannelId>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<(ChannelId, u16)>, StoreError>> {
        let state = lock(&self.0);
        let communities = state.servers.values().filter_map(|copy| copy.community.as_ref());
        let mut found: Vec<_> = communities
            .flat_map(|community| {
                let days = community.server.retention_days;
                community.channels.values().map(move |channel| (channel.id, channel.retention_days.or(days)))
            })
            .filter_map(|(channel, days)| Some((channel, days?)))
            .filter(|(channel, _)| after.is_none_or(|after| *channel > after))
            .collect();
        found.sort_unstable();
        found.truncate(limit);
        ready(found)
    }

    fn last_before(
        &self,
        channel: ChannelId,
        at: Timestamp,
    ) -> BoxFuture<'_, Result<Option<Seq>, StoreError>> {
        let state = lock(&self.0);
        let messages = || state.messages.values().filter(|message| message.channel == channel);
        let newer = messages().filter(|message| message.created_at >= at).map(|message| message.seq).min();
        let older =
            messages().map(|message| message.seq).filter(|seq| newer.is_none_or(|newer| *seq < newer));
        ready(older.max())
    }

    fn forget_events(&self, at: Timestamp, limit: usize) -> BoxFuture<'_, Result<u64, StoreError>> {
        ready(lock(&self.0).forget_events(at, limit))
    }

    fn claim(
        &self,
        chore: &'static str,
        now: Timestamp,
        every: Duration,
    ) -> BoxFuture<'_, Result<bool, StoreError>> {
        let mut state = lock(&self.0);
        let free = state.chores.get(chore).is_none_or(|at| at.after(every) <= now);
        if free {
            state.chores.insert(chore, now);
        }
        ready(free)
    }

    fn give_back(&self, chore: &'static str) -> BoxFuture<'_, Result<(), StoreError>> {
        lock(&self.0).chores.remove(chore);
        ready(())
    }
}
