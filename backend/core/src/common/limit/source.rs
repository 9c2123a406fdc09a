//! Where a request comes from.

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
};

/// An address, as far as it tells people apart: all of IPv4, and of IPv6 the 64 bits of a network, since whoever has one of its
/// addresses has all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Source(IpAddr);

impl Source {
    /// The source of what comes from an address.
    #[must_use]
    pub const fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V6(six) => Self(IpAddr::V6(Ipv6Addr::from_bits(six.to_bits() >> 64 << 64))),
            four @ IpAddr::V4(_) => Self(four),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
