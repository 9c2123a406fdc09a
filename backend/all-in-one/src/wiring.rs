//! Which adapter stands behind which port: the one place that knows.

use std::{fs, path::Path, sync::Arc, time::Duration};

use anyhow::{Context, Result};
use echopulse_chat_service::{ChatApp, engine as chat_engine};
use echopulse_core::common::port::{Chance, Clock, Ids};
use echopulse_embedded::{
    bus::InProcessBus,
    memory::MemoryPresence,
    sqlite::{SqliteChatStore, SqliteServerStore},
    upstream::InProcessUpstream,
};
use echopulse_http::{
    Cursors,
    door::Origins,
    token::{self, Verifier, VerifierConfig},
};
use echopulse_issuer::{FOLDER_KEY_FILE, Issuer, IssuerConfig};
use echopulse_server_service::{ServerApp, engine as server_engine};
use echopulse_system::{OsChance, SystemClock, TokioTimer, Uuid7Ids};

use crate::{Config, OwnerNeedsPassword, bots::IssuerBots, keys::IssuerKeys, listen::Names};

/// What the folder's people are known under, whatever address its issuer has today.
pub(crate) const FOLDER_ISSUER: &str = "urn:echopulse:folder";
/// One writer of SQLite needs one lane.
const LANES: usize = 1;
/// Nobody but this process reads its bus.
const RELAYS_REST: Duration = Duration::from_millis(50);

/// Everything that runs, or has to be closed.
pub(crate) struct World {
    pub(crate) issuer: Issuer,
    pub(crate) server_store: Arc<SqliteServerStore>,
    pub(crate) chat_store: Arc<SqliteChatStore>,
    pub(crate) bus: Arc<InProcessBus>,
    pub(crate) server: Arc<server_engine::Engine>,
    pub(crate) chat: Arc<chat_engine::Engine>,
    pub(crate) server_app: ServerApp,
    pub(crate) chat_app: ChatApp,
}

/// Opens the folder and puts everything together. Nothing runs yet.
pub(crate) async fn open(config: &Config, names: &Names) -> Result<World> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let (ids, chance): (Arc<dyn Ids>, Arc<dyn Chance>) = (Arc::new(Uuid7Ids), Arc::new(OsChance));
    let endings = Arc::new(token::Endings::new(Duration::from_secs(10 * 60)));
    let issuer = open_issuer(config, names, Arc::clone(&endings), Arc::clone(&clock)).await?;
    let verifier = Arc::new(Verifier::new(
        VerifierConfig { known_as: Some(FOLDER_ISSUER.to_owned()), ..VerifierConfig::new(names.issuer()) },
        Arc::new(IssuerKeys(issuer.router())),
        Arc::clone(&clock),
        endings,
    ));
    let server_store = Arc::new(SqliteServerStore::connect(&config.data).await?);
    let chat_store = Arc::new(SqliteChatStore::connect(&config.data, Arc::clone(&chance)).await?);
    let bus = Arc::new(InProcessBus::default());

    let server = Arc::new(server_engine::Engine::new(server_engine::Adapters {
        servers: Arc::clone(&server_store) as _,
        users: Arc::clone(&server_store) as _,
        bots: Arc::new(IssuerBots(issuer.clone())),
        outbox: Arc::clone(&server_store) as _,
        publisher: Arc::clone(&bus) as _,
        clock: Arc::clone(&clock),
        ids: Arc::clone(&ids),
        chance,
    }));
    let chat = Arc::new(chat_engine::Engine::new(chat_engine::Adapters {
        messages: Arc::clone(&chat_store) as _,
        log: Arc::clone(&chat_store) as _,
        projection: Arc::clone(&chat_store) as _,
        partitions: vec![(Arc::clone(&chat_store) as _, Arc::clone(&bus) as _)],
        bus: Arc::clone(&bus) as _,
        upstream: Arc::new(InProcessUpstream::new(server.accounts(), server.catalogue())),
        presence: Arc::new(MemoryPresence::default()),
        clock: Arc::clone(&clock),
        ids,
        timer: Arc::new(TokioTimer),
        lanes: LANES,
        relays_rest: RELAYS_REST,
    }));
    Ok(World {
        server_app: ServerApp::new(server.ports(), Arc::clone(&verifier), cursors(&config.data)?),
        chat_app: ChatApp::new(echopulse_chat_service::ChatDeps {
            ports: chat.ports(),
            verifier,
            origins: origins(names),
            clock,
        }),
        server,
        chat,
        issuer,
        server_store,
        chat_store,
        bus,
    })
}

async fn open_issuer(
    config: &Config,
    names: &Names,
    endings: Arc<token::Endings>,
    clock: Arc<dyn Clock>,
) -> Result<Issuer> {
    let page = format!("{}/", names.url);
    let issuer = Issuer::open(IssuerConfig {
        web_redirect_uris: vec![page.clone()],
        web_logout_uris: vec![page],
        allow_sign_up: config.allow_sign_up,
        endings: Arc::new(TellVerifier { endings, clock }),
        ..IssuerConfig::new(&config.data, names.issuer())
    })
    .await?;
    if let Some(owner) = &config.owner {
        if issuer.owner().await?.is_none() {
            issuer.ensure_person(&owner.name).await?;
        }
        issuer.set_owner_password(&owner.password).await?;
    }
    if !names.private && issuer.owner_needs_password().await? {
        return Err(OwnerNeedsPassword.into());
    }
    Ok(issuer)
}

/// Sign-ins that end at the issuer end at the services.
struct TellVerifier {
    endings: Arc<token::Endings>,
    clock: Arc<dyn Clock>,
}

impl echopulse_issuer::Endings for TellVerifier {
    fn ended(&self, ended: echopulse_issuer::Ended) {
        let now = u64::try_from(self.clock.now().as_millis() / 1000).unwrap_or(0);
        let ended = match ended {
            echopulse_issuer::Ended::Session { sid } => token::Ended::Session(sid),
            echopulse_issuer::Ended::Subject { sub } => token::Ended::Subject(sub),
        };
        self.endings.end(ended, now);
    }
}

/// Cursors outlive the process: their key comes from that of the folder.
fn cursors(data: &Path) -> Result<Cursors> {
    let path = data.join(FOLDER_KEY_FILE);
    let key = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(Cursors::of(&key))
}

fn origins(names: &Names) -> Origins {
    let own = vec![names.url.clone()];
    if names.on_loopback { Origins::loopback_and(own) } else { Origins::exact(own) }
}
