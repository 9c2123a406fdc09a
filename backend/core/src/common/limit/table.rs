//! The buckets and their sizes.

use std::time::Duration;

/// How a bucket fills.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// How many it holds, one at least.
    pub burst: u32,
    /// The time between two that come back, a microsecond at least.
    pub interval: Duration,
}

const DAY: u64 = 24 * 60 * 60;

impl Rate {
    /// Holds `burst`; `count` come back in so many seconds.
    const fn new(burst: u32, count: u32, seconds: u64) -> Self {
        Self { burst, interval: Duration::from_micros(seconds * 1_000_000 / count as u64) }
    }

    /// In how long an empty one is full.
    #[must_use]
    pub fn window(self) -> Duration {
        self.interval.saturating_mul(self.burst)
    }

    /// The same, `percent` as large and as fast.
    #[must_use]
    pub fn stretched(self, percent: u32) -> Self {
        let percent = u64::from(percent.max(1));
        let burst = u64::from(self.burst) * percent / 100;
        let interval = self.interval.as_micros() * 100 / u128::from(percent);
        Self {
            burst: u32::try_from(burst).unwrap_or(u32::MAX).max(1),
            interval: Duration::from_micros(u64::try_from(interval).unwrap_or(u64::MAX).max(1)),
        }
    }
}

macro_rules! buckets {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $burst:literal, $count:literal in $seconds:expr;)*) => {
        /// A bucket of the domain's section 9.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Bucket {
            $($(#[$doc])* $variant,)*
        }

        impl Bucket {
            /// Every bucket there is.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// Its name on the wire.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// How it fills.
            #[must_use]
            pub const fn rate(self) -> Rate {
                match self {
                    $(Self::$variant => Rate::new($burst, $count, $seconds),)*
                }
            }
        }
    };
}

buckets! {
    /// Everything that somebody asks for.
    Global = "global", 100, 50 in 1;
    /// GET.
    Read = "read", 60, 20 in 1;
    /// Any other method, unless it has a bucket of its own.
    Write = "write", 20, 2 in 1;
    /// Searching.
    Search = "search", 10, 1 in 1;
    /// New servers.
    Create = "create", 5, 10 in DAY;
    /// Invites by their code: of a person, and once more of where they come from, so that codes cannot be tried out.
    Invite = "invite", 10, 10 in 60;
    /// New direct conversations.
    Direct = "direct", 10, 20 in 60 * 60;
    /// Messages in one channel.
    Message = "message", 10, 2 in 1;
    /// Messages in all channels.
    MessageAll = "message-all", 30, 10 in 1;
    /// Edits, deletions, reactions.
    Edit = "edit", 20, 4 in 1;
    /// Messages of a webhook.
    Webhook = "webhook", 10, 1 in 1;
    /// CONNECT.
    Connect = "connect", 10, 1 in 1;
    /// SUBSCRIBE.
    Subscribe = "subscribe", 500, 50 in 1;
    /// Tokens that are refused, of where they come from.
    SignIn = "sign-in", 20, 10 in 60;
    /// Exports.
    Export = "export", 1, 2 in DAY;
}

impl Bucket {
    /// Whether there is one in every channel.
    #[must_use]
    pub const fn is_per_channel(self) -> bool {
        matches!(self, Self::Message)
    }
}
