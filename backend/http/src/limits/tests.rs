//! Where requests come from, and what clients are told.

use std::net::SocketAddr;

use axum::{
    extract::ConnectInfo,
    http::{Extensions, HeaderMap},
};
use echopulse_core::common::limit::{Bucket, Count, Source, Standing};

use super::*;

fn source(proxies: &[&str], peer: &str, forwarded: &[&str]) -> String {
    let mut extensions = Extensions::new();
    extensions.insert(ConnectInfo(SocketAddr::new(peer.parse().unwrap(), 1)));
    let mut headers = HeaderMap::new();
    for value in forwarded {
        headers.append("x-forwarded-for", value.parse().unwrap());
    }
    let found: Source = Proxies::parse(proxies).unwrap().source(&SourceOf::read(&extensions, &headers));
    found.to_string()
}

#[test]
fn what_a_stranger_says_of_where_it_comes_from_is_not_believed() {
    assert_eq!(source(&[], "192.0.2.1", &["198.51.100.7"]), "192.0.2.1");
    assert_eq!(source(&["10.0.0.0/8"], "192.0.2.1", &["198.51.100.7"]), "192.0.2.1");
}

#[test]
fn behind_named_proxies_the_hop_before_them_counts_from_the_right() {
    let named = ["10.0.0.0/8", "127.0.0.1"];
    assert_eq!(source(&named, "10.1.2.3", &["203.0.113.9, 198.51.100.7"]), "198.51.100.7");
    assert_eq!(source(&named, "127.0.0.1", &["203.0.113.9", "198.51.100.7, 10.9.9.9"]), "198.51.100.7");
    assert_eq!(source(&named, "::ffff:10.1.2.3", &["198.51.100.7"]), "198.51.100.7");
    assert_eq!(source(&named, "10.1.2.3", &["nonsense"]), "10.1.2.3");
    assert_eq!(source(&named, "10.1.2.3", &[]), "10.1.2.3");
}

#[test]
fn a_proxy_is_an_address_or_a_network() {
    for good in ["10.0.0.1", "0.0.0.0/0", "fd00::/8", "::1"] {
        assert!(Proxies::parse(&[good]).is_ok(), "{good}");
    }
    for bad in ["proxy", "10.0.0.0/33", "10.0.0.0/", "", "10.0.0.0/-1"] {
        assert!(Proxies::parse(&[bad]).is_err(), "{bad}");
    }
    assert_eq!(source(&["fd00::/8"], "fd00::1", &["198.51.100.7"]), "198.51.100.7");
    assert_eq!(source(&["0.0.0.0/0"], "192.0.2.1", &["198.51.100.7"]), "198.51.100.7");
}

#[test]
fn clients_are_told_in_the_words_of_the_draft() {
    let standing = |bucket: Bucket, remaining, reset| Standing {
        bucket,
        rate: bucket.rate(),
        count: Count { remaining, wait: Duration::ZERO, reset: Duration::from_millis(reset) },
    };
    let mut headers = HeaderMap::new();
    headers::write(&mut headers, &[standing(Bucket::Global, 99, 20), standing(Bucket::Read, 58, 1100)]);
    assert_eq!(headers["RateLimit-Policy"], "\"global\";q=100;w=2, \"read\";q=60;w=3");
    assert_eq!(headers["RateLimit"], "\"global\";r=99;t=1, \"read\";r=58;t=2");
}

#[test]
fn a_refusal_names_its_bucket_and_whole_seconds() {
    let error = limited_by(Bucket::Message, Duration::from_millis(400));
    assert_eq!((error.problem().bucket.as_deref(), error.problem().retry_after), (Some("message"), Some(1)));
    assert_eq!(error.code().as_str(), "rate-limited");
}
