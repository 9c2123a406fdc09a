//! Typing is told once in five seconds per channel; more is dropped silently.

use std::{collections::HashMap, time::Duration};

use echopulse_protocol::id::ChannelId;
use tokio::time::Instant;

const PAUSE: Duration = Duration::from_secs(5);
/// Channels remembered; beyond it those of long ago are forgotten, which changes nothing.
const REMEMBERED: usize = 64;

/// When typing was last told, by channel.
#[derive(Debug, Default)]
pub(super) struct Typing(HashMap<ChannelId, Instant>);

impl Typing {
    /// Whether it may be told now; then it counts as told.
    pub(super) fn may_tell(&mut self, channel: ChannelId, now: Instant) -> bool {
        if self.0.get(&channel).is_some_and(|at| now.duration_since(*at) < PAUSE) {
            return false;
        }
        if self.0.len() >= REMEMBERED {
            self.0.retain(|_, at| now.duration_since(*at) < PAUSE);
        }
        // Somebody who types in so many channels within five seconds is no person, and is not told about.
        let room = self.0.len() < REMEMBERED;
        if room {
            self.0.insert(channel, now);
        }
        room
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_is_told_once_in_five_seconds_per_channel() {
        let (mut typing, now) = (Typing::default(), Instant::now());
        let (one, other) = (ChannelId::from_u128(1), ChannelId::from_u128(2));
        assert!(typing.may_tell(one, now) && typing.may_tell(other, now));
        assert!(!typing.may_tell(one, now + Duration::from_millis(4999)));
        assert!(typing.may_tell(one, now + PAUSE));
    }

    #[test]
    fn memory_for_typing_is_bounded() {
        let (mut typing, now) = (Typing::default(), Instant::now());
        for number in 0..1000 {
            typing.may_tell(ChannelId::from_u128(number), now);
        }
        assert!(typing.0.len() <= REMEMBERED);
        assert!(typing.may_tell(ChannelId::from_u128(5000), now + PAUSE));
    }
}
