//! Where a request comes from: the peer, or who a proxy that is believed says it is.

use std::{
    convert::Infallible,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    str::FromStr,
    sync::Arc,
};

use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{Extensions, HeaderMap, request::Parts},
};
use echopulse_core::common::limit::Source;

/// Proxies whose `X-Forwarded-For` is believed.
#[derive(Debug, Clone, Default)]
pub struct Proxies(Arc<[Network]>);

/// Neither an address nor a network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is neither an address nor a network such as 10.0.0.0/8")]
pub struct NotANetwork(String);

impl Proxies {
    /// Reads addresses and networks.
    ///
    /// # Errors
    ///
    /// The first that is none.
    pub fn parse<T: AsRef<str>>(named: &[T]) -> Result<Self, NotANetwork> {
        named
            .iter()
            .map(|text| text.as_ref().parse())
            .collect::<Result<Vec<_>, _>>()
            .map(|all| Self(all.into()))
    }

    fn believes(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.has(address))
    }

    /// The peer; behind a named proxy the hop before it, counted from the right, since the left end is the client's own word.
    pub(super) fn source(&self, request: &SourceOf) -> Source {
        let mut at = request.peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip()).to_canonical();
        for hop in request.forwarded.iter().rev() {
            if !self.believes(at) {
                break;
            }
            let Ok(before) = hop.parse::<IpAddr>() else { break };
            at = before.to_canonical();
        }
        Source::of(at)
    }
}

/// Addresses that begin alike.
#[derive(Debug, Clone, Copy)]
struct Network {
    address: IpAddr,
    bits: u32,
}

impl Network {
    fn has(self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                (own.to_bits() ^ other.to_bits()).checked_shr(32 - self.bits).unwrap_or(0) == 0
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                (own.to_bits() ^ other.to_bits()).checked_shr(128 - self.bits).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

impl FromStr for Network {
    type Err = NotANetwork;

    fn from_str(text: &str) -> Result<Self, NotANetwork> {
        let wrong = || NotANetwork(text.to_owned());
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let address = address.parse::<IpAddr>().map_err(|_| wrong())?.to_canonical();
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(most), str::parse).map_err(|_| wrong())?;
        if bits > most {
            return Err(wrong());
        }
        Ok(Self { address, bits })
    }
}

/// What a request says of where it comes from.
#[derive(Debug, Clone, Default)]
pub struct SourceOf {
    peer: Option<SocketAddr>,
    forwarded: Vec<String>,
}

impl SourceOf {
    /// Reads it.
    #[must_use]
    pub fn read(extensions: &Extensions, headers: &HeaderMap) -> Self {
        let values = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
        let hops = values.flat_map(|value| value.split(',')).map(|hop| hop.trim().to_owned());
        let peer = extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0);
        Self { peer, forwarded: hops.collect() }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for SourceOf {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::read(&parts.extensions, &parts.headers))
    }
}
