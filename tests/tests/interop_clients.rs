//! Clients nobody here wrote, against the test broker. What each has to do is in its script in `tests/interop`.

#[path = "../../shared-protocol/examples/subscribe.rs"]
mod subscribe;

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::Duration,
};

use echopulse_tests::{
    bridge::{Bridge, Cut},
    broker::Broker,
    interop::{java, node, python, python_script},
};
use tokio::{process::Command, time::timeout};

const ANYWHERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
/// How long a script may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(300);

/// A broker, and bridges to it that cut nothing and that cut anywhere.
struct Setting {
    broker: Broker,
    whole: Bridge,
    cut: Bridge,
}

impl Setting {
    async fn new() -> Self {
        let broker = Broker::listen(ANYWHERE).await.unwrap();
        let url = broker.url();
        let whole = Bridge::listen(ANYWHERE, &url).await.unwrap();
        let cut = Bridge::cutting(ANYWHERE, &url, Cut::Anywhere(20_120_709)).await.unwrap();
        Self { broker, whole, cut }
    }

    /// Runs a script to its end, which says how many facts it tried, and how many failed.
    async fn finds(&self, mut script: Command) {
        script.kill_on_drop(true);
        let done = timeout(PATIENCE, script.output()).await.expect("it ends in time").expect("it runs");
        let said = String::from_utf8_lossy(&done.stdout);
        let heard = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "it found a fault:\n{said}\n{heard}");
        let (facts, failed) = said.trim_end().rsplit('\n').next().unwrap().split_once(" facts, ").unwrap();
        assert!(facts.parse::<u32>().unwrap() > 0 && failed == "0 failed", "{said}");
    }

    async fn node(&self, script: &str) {
        let folder = node().unwrap();
        let mut command = Command::new("node");
        command.arg(script).arg(self.broker.url()).current_dir(folder);
        self.finds(command).await;
    }

    async fn python(&self, script: &str, more: &[&str]) {
        let mut command = Command::new(python().unwrap());
        command.env("PYTHONDONTWRITEBYTECODE", "1").arg(python_script(script));
        for place in [self.broker.address(), self.whole.address(), self.cut.address()] {
            command.arg(place.to_string());
        }
        command.args(more);
        self.finds(command).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn stompjs_finds_a_broker() {
    Setting::new().await.node("stompjs.mjs").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rx_stomp_finds_a_broker() {
    Setting::new().await.node("rx-stomp.mjs").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn webstomp_finds_a_broker() {
    Setting::new().await.node("webstomp.mjs").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_old_stompjs_finds_a_broker() {
    Setting::new().await.node("stompjs2.mjs").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stomp_py_finds_a_broker() {
    Setting::new().await.python("client_stomp_py.py", &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stompman_finds_a_broker() {
    Setting::new().await.python("client_stompman.py", &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stompests_own_tests_find_a_broker() {
    Setting::new().await.python("client_stompest.py", &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stompests_own_tests_find_a_broker_however_octets_are_cut() {
    Setting::new().await.python("client_stompest.py", &["--cut"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn springs_client_finds_a_broker() {
    let setting = Setting::new().await;
    let (jars, facts) = java().unwrap();
    let mut command = Command::new("java");
    command.arg("-cp").arg(jars).arg(facts).arg(setting.broker.url());
    setting.finds(command).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn our_own_example_finds_a_broker() {
    let setting = Setting::new().await;
    let heard = subscribe::say(&setting.broker.url(), "/topic/example", "héllo 🦀").await.unwrap();
    assert_eq!(heard, "héllo 🦀");
    let refused = subscribe::say(&setting.broker.url(), "/nowhere", "x").await.unwrap_err();
    assert!(refused.to_string().starts_with("unknown-destination"), "{refused}");
}
