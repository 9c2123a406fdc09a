//! The embedded world: a deployment in this process, over a folder of its own.

use echopulse_all_in_one::{Config, Limits, Running, start};
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Answer, Instance, Person, answer};

pub(crate) struct Deployment {
    pub(crate) running: Running,
    pub(crate) folder: TempDir,
    pub(crate) http: reqwest::Client,
}

impl Deployment {
    /// One without rate limits: tests are faster than people.
    pub(crate) async fn start() -> Self {
        Self::on(tempfile::tempdir().unwrap()).await
    }

    /// One whose limits count the people of the folder like everybody.
    pub(crate) async fn limited() -> Self {
        Self::with(tempfile::tempdir().unwrap(), Limits { folder: true, ..Limits::default() }).await
    }

    /// One as people run it.
    pub(crate) async fn as_run() -> Self {
        Self::with(tempfile::tempdir().unwrap(), Limits::default()).await
    }

    pub(crate) async fn on(folder: TempDir) -> Self {
        Self::with(folder, Limits { percent: 0, ..Limits::default() }).await
    }

    async fn with(folder: TempDir, limits: Limits) -> Self {
        let running = start(Config { limits, ..Config::new(folder.path()) }).await.unwrap();
        Self { running, folder, http: reqwest::Client::new() }
    }

    /// Stops; the folder can be served again.
    pub(crate) async fn stop(self) -> TempDir {
        self.running.shutdown().await.unwrap();
        self.folder
    }

    pub(crate) fn instance(&self) -> Instance {
        Instance { server: self.url("/server"), chat: self.url("/chat") }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.running.url)
    }

    /// Tokens of a person of the folder.
    pub(crate) async fn tokens(&self, name: &str) -> Value {
        let key = std::fs::read_to_string(self.folder.path().join("folder.key")).unwrap();
        let form = [
            ("grant_type", "urn:echopulse:params:oauth:grant-type:local-folder"),
            ("client_id", "echopulse-tui"),
            ("secret", key.trim()),
            ("username", name),
        ];
        let answer = self.http.post(self.url("/id/token")).form(&form).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
        answer.json().await.unwrap()
    }

    /// What the issuer says to a client and its secret.
    pub(crate) async fn client_tokens(&self, client: &str, secret: &str) -> Answer {
        let form = [("grant_type", "client_credentials"), ("client_id", client), ("client_secret", secret)];
        answer(self.http.post(self.url("/id/token")).form(&form)).await
    }

    /// Whoever a token is of.
    pub(crate) async fn person_of(&self, token: &str) -> Person {
        Person::of(self.http.clone(), self.instance(), token.to_owned()).await
    }

    pub(crate) async fn person(&self, name: &str) -> Person {
        let tokens = self.tokens(name).await;
        let token = tokens["access_token"].as_str().unwrap().to_owned();
        Person::of(self.http.clone(), self.instance(), token).await
    }

    /// An instance admin. The first person of a folder is, so nobody may have come before.
    pub(crate) async fn admin(&self, name: &str) -> Person {
        assert_eq!(self.running.issuer().owner().await.unwrap(), None, "somebody came before");
        self.person(name).await
    }

    /// A bot.
    pub(crate) async fn bot(&self, name: &str) -> Person {
        let made = self.running.issuer().create_bot(name).await.unwrap();
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", made.client_id.as_str()),
            ("client_secret", made.client_secret.as_str()),
        ];
        let answer = self.http.post(self.url("/id/token")).form(&form).send().await.unwrap();
        let tokens: Value = answer.json().await.unwrap();
        let token = tokens["access_token"].as_str().unwrap().to_owned();
        Person::of(self.http.clone(), self.instance(), token).await
    }

    /// A request without a token.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        answer(self.http.get(self.url(path))).await
    }
}
