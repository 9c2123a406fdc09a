//! A real browser without a window, driven through WebDriver.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

use fantoccini::{Client, ClientBuilder, Locator};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::eventually;

/// The Enter key, as WebDriver writes it.
pub const ENTER: &str = "\u{e007}";

/// Chromium with a profile of its own. It is ended when this is dropped.
pub struct Browser {
    tokio: Runtime,
    client: Client,
    driver: Child,
    port: u16,
    _profile: TempDir,
}

impl Browser {
    /// Starts one with a window of this size.
    ///
    /// # Panics
    ///
    /// If chromium or its driver is not there: `cargo xtask test` installs them.
    #[must_use]
    pub fn open(width: u32, height: u32) -> Self {
        let (driver, port) = start_driver();
        let profile = tempfile::tempdir().expect("a folder for the profile");
        let arguments = [
            "--headless".to_owned(),
            "--no-sandbox".to_owned(),
            "--disable-gpu".to_owned(),
            "--disable-quic".to_owned(),
            "--no-first-run".to_owned(),
            "--disable-background-networking".to_owned(),
            "--disable-component-update".to_owned(),
            "--disable-sync".to_owned(),
            format!("--window-size={width},{height}"),
            format!("--user-data-dir={}", profile.path().display()),
        ];
        let wishes = json!({ "goog:chromeOptions": { "args": arguments, "binary": "/usr/bin/chromium" } });
        let Value::Object(wishes) = wishes else { unreachable!("it is written as an object") };
        let tokio = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime starts");
        let client = tokio
            .block_on(
                ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new())
                    .capabilities(wishes)
                    .connect(&format!("http://127.0.0.1:{port}")),
            )
            .expect("chromium starts");
        Self { tokio, client, driver, port, _profile: profile }
    }

    fn run<T>(&self, what: &str, work: impl Future<Output = Result<T, fantoccini::error::CmdError>>) -> T {
        self.tokio.block_on(work).unwrap_or_else(|error| {
            let page = self.tokio.block_on(self.client.source()).unwrap_or_default();
            panic!("{what}: {error}\n{page}")
        })
    }

    /// Goes to an address.
    pub fn goes_to(&self, url: &str) {
        self.run(url, self.client.goto(url));
    }

    /// Types into what a CSS selector finds, once it is there.
    pub fn types(&self, selector: &str, text: &str) {
        self.run(selector, async {
            self.client.wait().for_element(Locator::Css(selector)).await?.send_keys(text).await
        });
    }

    /// Clicks what a CSS selector finds, once it is there.
    pub fn clicks(&self, selector: &str) {
        self.run(selector, async {
            self.client.wait().for_element(Locator::Css(selector)).await?.click().await
        });
    }

    /// Whether the page has what a CSS selector finds.
    #[must_use]
    pub fn has(&self, selector: &str) -> bool {
        self.run(selector, async { Ok(!self.client.find_all(Locator::Css(selector)).await?.is_empty()) })
    }

    /// Waits for what a CSS selector finds, and answers its text.
    #[must_use]
    pub fn reads(&self, selector: &str) -> String {
        self.run(selector, async {
            self.client.wait().for_element(Locator::Css(selector)).await?.text().await
        })
    }

    /// Runs a script in the page and answers what it returns; a promise is waited for.
    #[must_use]
    pub fn answers(&self, script: &str) -> Value {
        self.run(script, self.client.execute(script, Vec::new()))
    }

    /// Waits until the page shows a text.
    pub fn shows(&self, text: &str) {
        eventually(&format!("`{text}` on the page"), || {
            self.answers("return document.body.innerText").as_str()?.contains(text).then_some(())
        });
    }

    /// Writes into the browser client's composer, and sends it.
    pub fn writes(&self, text: &str) {
        self.types(".composer textarea", &format!("{text}{ENTER}"));
    }

    /// How many of the messages in the browser client's list hold a text.
    #[must_use]
    pub fn counts(&self, text: &str) -> u64 {
        let script = format!(
            "return [...document.querySelectorAll('.message')].filter((row) => row.innerText.includes('{text}')).length"
        );
        self.answers(&script).as_u64().expect("a number")
    }

    /// Takes the network away from the browser.
    pub fn goes_offline(&self) {
        let nothing =
            json!({ "offline": true, "latency": 0, "download_throughput": 0, "upload_throughput": 0 });
        self.conditions(|http, url| http.post(url).json(&json!({ "network_conditions": nothing })));
    }

    /// Gives it back.
    pub fn goes_online(&self) {
        self.conditions(|http, url| http.delete(url));
    }

    fn conditions(&self, ask: impl FnOnce(reqwest::Client, String) -> reqwest::RequestBuilder) {
        let set = async {
            let session = self.client.session_id().await.expect("a session").expect("it has a name");
            let url = format!("http://127.0.0.1:{}/session/{session}/chromium/network_conditions", self.port);
            let answer = ask(reqwest::Client::new(), url).send().await.expect("the driver answers");
            assert!(answer.status().is_success(), "{:?}", answer.text().await);
        };
        self.tokio.block_on(set);
    }

    /// A picture of the page.
    #[must_use]
    pub fn picture(&self) -> Vec<u8> {
        self.run("a picture", self.client.screenshot())
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The driver ends its browser; if it cannot, it is ended itself.
        let _ = self.tokio.block_on(self.client.clone().close());
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

fn start_driver() -> (Child, u16) {
    let mut driver = Command::new("chromedriver")
        .arg("--port=0")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("chromedriver is installed; cargo xtask test does that");
    let output = driver.stdout.take().expect("a pipe");
    let mut lines = BufReader::new(output).lines().map_while(Result::ok);
    let port = lines
        .find_map(|line| line.split("successfully on port ").nth(1)?.trim_end_matches('.').parse().ok())
        .expect("chromedriver says its port");
    // It goes on writing; nobody has to read that, but the pipe must not fill.
    std::thread::spawn(move || lines.for_each(drop));
    (driver, port)
}
