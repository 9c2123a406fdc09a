//! stompjs in a real browser, against the test broker.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use echopulse_tests::{Browser, broker::Broker, interop::node};

const ANYWHERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

#[test]
fn stompjs_in_a_browser_finds_a_broker() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let broker = runtime.block_on(Broker::listen(ANYWHERE)).unwrap();
    let page = node().unwrap().join("browser.html");
    let browser = Browser::open(800, 600);
    browser.goes_to(&format!("file://{}#{}", page.display(), broker.url()));
    let found = browser.reads("#found");
    assert!(found.ends_with("5 facts, 0 failed"), "{found}");
}
