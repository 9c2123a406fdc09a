//! `migrations/roles.sql` as an operator runs it, under other names.

use std::{fs, path::Path, process::Command};

use echopulse_core::{chat::port::outbound::Projection, testing::chat_contract::SERVER};
use echopulse_distributed::postgres::{PgChatStore, PgOptions, PgServerStore};
use sqlx::{Connection, PgConnection};
use tempfile::TempDir;

use crate::database::{chat_node, clean_up, event, server, server_url, unique_name};

/// The script's roles and databases under names of their own, which go with this.
struct Installed {
    prefix: String,
}

impl Installed {
    fn new() -> Self {
        let prefix = unique_name();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/roles.sql");
        let script = fs::read_to_string(script).unwrap();
        let mut renamed = script.replace("echopulse_", &format!("{prefix}_"));
        for role in ["server_owner", "chat_owner", "server_svc", "chat_svc"] {
            renamed = renamed.replace(role, &format!("{prefix}_{role}"));
        }
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("roles.sql");
        fs::write(&file, renamed).unwrap();
        // Twice: what exists is left as it is.
        for _ in 0..2 {
            let ran = Command::new("psql")
                .args(["--no-psqlrc", "--quiet", "-d", &server_url(), "-f"])
                .arg(&file)
                .envs([("SERVER_PASSWORD", "s"), ("CHAT_PASSWORD", "c'\""), ("MIGRATOR_PASSWORD", "m")])
                .output()
                .expect("psql comes with PostgreSQL");
            assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        }
        Self { prefix }
    }

    fn url(&self, login: &str, database: &str) -> String {
        let (_, place) = server_url().split_once('@').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
        let (host, _) = place.split_once('/').unwrap();
        let password = match login {
            "server_svc" => "s",
            "chat_svc" => "c'%22",
            _ => "m",
        };
        format!("postgres://{0}_{login}:{password}@{host}/{0}_{database}", self.prefix)
    }

    fn options(&self, login: &str, database: &str) -> PgOptions {
        PgOptions::parse(&self.url(login, database)).unwrap()
    }

    fn migrator(&self, owner: &str, database: &str) -> PgOptions {
        self.options("migrator", database).role(&format!("{}_{owner}", self.prefix))
    }
}

impl Drop for Installed {
    fn drop(&mut self) {
        for database in ["server", "chat"] {
            clean_up(format!("DROP DATABASE {}_{database} WITH (FORCE)", self.prefix));
        }
        for role in ["server_owner", "chat_owner", "server_svc", "chat_svc", "migrator"] {
            clean_up(format!("DROP ROLE {}_{role}", self.prefix));
        }
    }
}

#[tokio::test]
async fn a_service_reads_and_writes_rows_of_its_own_and_nothing_else() {
    let installed = Installed::new();
    PgChatStore::migrate(&installed.migrator("chat_owner", "chat")).await.unwrap();
    PgServerStore::migrate(&installed.migrator("server_owner", "server")).await.unwrap();
    let chat = chat_node(&installed.options("chat_svc", "chat")).await;
    chat.apply(event(1, echopulse_core::common::event::ServerChange::ServerCreated(server()))).await.unwrap();
    assert!(chat.community(SERVER).await.unwrap().is_some());
    PgServerStore::connect(&installed.options("server_svc", "server")).await.unwrap();

    let mut db = PgConnection::connect(&installed.url("chat_svc", "chat")).await.unwrap();
    for forbidden in [
        "CREATE TABLE mine (id int)",
        "ALTER TABLE message ADD COLUMN mine int",
        "DROP TABLE message",
        "TRUNCATE message",
        "CREATE SCHEMA mine",
    ] {
        let error = sqlx::query(forbidden).execute(&mut db).await.unwrap_err();
        let code = error.as_database_error().and_then(|error| error.code().map(|code| code.into_owned()));
        assert_eq!(code.as_deref(), Some("42501"), "{forbidden}: {error}");
    }
    for (login, database) in [("chat_svc", "server"), ("server_svc", "chat")] {
        assert!(
            PgConnection::connect(&installed.url(login, database)).await.is_err(),
            "{login} in {database}"
        );
    }
    let services = PgServerStore::migrate(&installed.options("server_svc", "server")).await;
    services.expect_err("only the owner migrates");
}
