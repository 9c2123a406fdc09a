//! Identifiers: 128 bits with a name, written as lower-case UUID text.

use std::{fmt, str::FromStr};

/// A text that is no id: not 36 characters of lower-case hyphenated UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdError;

impl fmt::Display for IdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an id is a lower-case UUID")
    }
}

impl std::error::Error for IdError {}

fn write_uuid(bits: u128, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let hex = |shift: u32, digits: u32| (bits >> shift) & ((1u128 << (digits * 4)) - 1);
    write!(
        f,
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        hex(96, 8),
        hex(80, 4),
        hex(64, 4),
        hex(48, 4),
        hex(0, 12)
    )
}

fn parse_uuid(text: &str) -> Result<u128, IdError> {
    let bytes = text.as_bytes();
    if bytes.len() != 36 {
        return Err(IdError);
    }
    bytes.iter().enumerate().try_fold(0u128, |bits, (at, byte)| match (at, byte) {
        (8 | 13 | 18 | 23, b'-') => Ok(bits),
        (8 | 13 | 18 | 23, _) => Err(IdError),
        (_, b'0'..=b'9') => Ok(bits << 4 | u128::from(byte - b'0')),
        (_, b'a'..=b'f') => Ok(bits << 4 | u128::from(byte - b'a' + 10)),
        _ => Err(IdError),
    })
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u128);

        impl $name {
            /// The id with these bits.
            #[must_use]
            pub const fn from_u128(bits: u128) -> Self {
                Self(bits)
            }

            /// The bits of this id.
            #[must_use]
            pub const fn as_u128(self) -> u128 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_uuid(self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                parse_uuid(text).map(Self)
            }
        }
    };
}

id!(/// Names one person or bot.
    UserId);
id!(/// Names one server: a community.
    ServerId);
id!(/// Names one channel or direct.
    ChannelId);
id!(/// Names one message.
    MessageId);
id!(/// Names one role. The role @everyone has its server's id.
    RoleId);
id!(/// Names one category of channels.
    CategoryId);
id!(/// Names one webhook, and whatever it writes.
    WebhookId);

impl RoleId {
    /// The role @everyone of `server`.
    #[must_use]
    pub const fn everyone(server: ServerId) -> Self {
        Self(server.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_what_it_writes() {
        let id = UserId::from_u128(0x0193_5c2e_7a10_7000_8000_0000_0000_00ff);
        assert_eq!(id.to_string(), "01935c2e-7a10-7000-8000-0000000000ff");
        assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn upper_case_and_other_shapes_are_no_ids() {
        for text in ["", "01935C2E-7A10-7000-8000-0000000000FF", "01935c2e7a1070008000-0000000000ff", "x"] {
            assert_eq!(text.parse::<UserId>(), Err(IdError), "{text}");
        }
    }
}
