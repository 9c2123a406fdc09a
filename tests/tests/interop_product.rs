//! Clients nobody here wrote, against EchoPulse itself as people run it.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    process::{Command, Output},
    sync::Arc,
};

use echopulse_protocol::client::{Client, Deployed, LocalFolder, TokenSource};
use echopulse_tests::{
    Person, Served,
    bridge::{Bridge, Cut},
    interop::{node, python, python_script},
};
use tempfile::TempDir;

const ANYWHERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
const PATH: &str = "/chat/ws";

/// A server with one channel, ada, and what her clients have to know.
struct Setting {
    _folder: TempDir,
    served: Served,
    token: String,
    channel: String,
}

impl Setting {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ada = Person::named(folder.path(), "ada").unlimited();
        ada.says(&["servers", "create", "Rust Lyon"]);
        let served = Person::of(folder.path()).unlimited().serves();
        let place = Arc::new(Deployed::new(&served.url).unwrap());
        let key = folder.path().join("folder.key");
        let tokens = Arc::new(LocalFolder::new(place.clone(), key, "ada"));
        let token = tokens.access_token().await.unwrap().secret().to_owned();
        let client = Client::new(place, tokens).unwrap();
        let server = client.rest().servers().await.unwrap()[0].id;
        let channel = client.rest().server(server).await.unwrap().channels[0].id.to_string();
        Self { _folder: folder, served, token, channel }
    }

    fn socket(&self) -> String {
        format!("{}{PATH}", self.served.url.replacen("http", "ws", 1))
    }
}

fn finds(done: &Output) {
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success(), "{said}\n{}", String::from_utf8_lossy(&done.stderr));
    assert!(said.trim_end().ends_with(" facts, 0 failed"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_clients_of_node_find_echopulse() {
    let setting = Setting::new().await;
    let mut script = Command::new("node");
    script.current_dir(node().unwrap()).arg("product.mjs").arg(setting.socket());
    finds(&script.args([&setting.token, &setting.channel]).output().unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn stomp_py_finds_echopulse() {
    let setting = Setting::new().await;
    let whole = Bridge::listen(ANYWHERE, &setting.socket()).await.unwrap();
    let cut = Bridge::cutting(ANYWHERE, &setting.socket(), Cut::Anywhere(1)).await.unwrap();
    let mut script = Command::new(python().unwrap());
    script.env("PYTHONDONTWRITEBYTECODE", "1").arg(python_script("client_product.py"));
    script.arg(setting.served.url.trim_start_matches("http://").trim_end_matches('/'));
    script.args([whole.address().to_string(), cut.address().to_string()]);
    finds(&script.args([&setting.token, &setting.channel, PATH]).output().unwrap());
}
