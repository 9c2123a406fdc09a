//! The listener, and the address that it makes.

use std::{io, net::SocketAddr};

use anyhow::{Context, Result, bail};
use tokio::net::TcpListener;

/// Where to listen.
#[derive(Debug)]
pub enum Listen {
    /// At an address; port 0 takes a free one.
    Address(SocketAddr),
    /// On what is bound already.
    Bound(TcpListener),
}

/// The address is in use.
#[derive(Debug, thiserror::Error)]
#[error("port {} of {} is taken by another program; choose another with --listen", .0.port(), .0.ip())]
pub struct PortTaken(pub SocketAddr);

impl Listen {
    pub(crate) async fn bind(self) -> Result<TcpListener> {
        match self {
            Self::Bound(listener) => Ok(listener),
            Self::Address(address) => match TcpListener::bind(address).await {
                Ok(listener) => Ok(listener),
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => Err(PortTaken(address).into()),
                Err(error) => Err(error).with_context(|| format!("cannot listen on {address}")),
            },
        }
    }
}

/// By which names the process is known.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    /// The address for clients, without a slash at its end.
    pub(crate) url: String,
    /// The host, and port if any, of `url`.
    pub(crate) authority: String,
    /// Nobody else can reach the listener itself.
    pub(crate) on_loopback: bool,
    /// Nobody else is meant to reach it, not even through a proxy.
    pub(crate) private: bool,
}

impl Names {
    pub(crate) fn of(address: SocketAddr, public_url: Option<String>) -> Result<Self> {
        let on_loopback = address.ip().is_loopback();
        let private = on_loopback && public_url.is_none();
        let url = match public_url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None if on_loopback => format!("http://{address}"),
            None => bail!(
                "{address} can be reached from elsewhere, so it needs a public URL: the https address of the proxy in front of it"
            ),
        };
        let authority = match url.split_once("://") {
            Some(("http" | "https", authority)) if !authority.is_empty() => authority.to_owned(),
            _ => bail!("the public URL {url:?} is not one: it begins with https://"),
        };
        if authority.contains(['/', '?', '#', '@']) {
            bail!("the public URL {url:?} has more than a scheme, a host and a port");
        }
        Ok(Self { url, authority, on_loopback, private })
    }

    /// The issuer's exact URL.
    pub(crate) fn issuer(&self) -> String {
        format!("{}/id", self.url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(address: &str, public: Option<&str>) -> Result<Names> {
        Names::of(address.parse().unwrap(), public.map(str::to_owned))
    }

    #[test]
    fn on_loopback_the_listener_is_the_address() {
        let names = names("127.0.0.1:8080", None).unwrap();
        assert_eq!(
            (names.url.as_str(), names.authority.as_str()),
            ("http://127.0.0.1:8080", "127.0.0.1:8080")
        );
        assert_eq!(names.issuer(), "http://127.0.0.1:8080/id");
        assert!(names.private);
    }

    #[test]
    fn what_others_reach_needs_a_public_url() {
        let error = names("0.0.0.0:8080", None).unwrap_err();
        assert!(error.to_string().contains("public URL"), "{error}");
        let names = names("127.0.0.1:8080", Some("https://chat.example/")).unwrap();
        assert_eq!((names.url.as_str(), names.private), ("https://chat.example", false));
    }

    #[test]
    fn a_public_url_is_scheme_and_host() {
        for wrong in
            ["chat.example", "ftp://chat.example", "https://", "https://chat.example/x", "https://a@b"]
        {
            assert!(names("127.0.0.1:1", Some(wrong)).is_err(), "{wrong}");
        }
    }
}
