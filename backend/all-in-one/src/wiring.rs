//! Which adapter stands behind which port: the one place that knows.

use std::{fs, path::Path, sync::Arc, time::Duration};

use anyhow::{Context, Result};
use echopulse_chat_service::{ChatApp, engine as chat_engine};
use echopulse_core::{
    common::{
        BoxFuture,
        limit::{Limiter, LocalLimits},
        port::{Chance, Clock, Ids},
        sign_out::Ended,
    },
    server::port::inbound::{SignOutNews, SignOuts},
};
use echopulse_embedded::{
    bus::InProcessBus,
    memory::MemoryPresence,
    sqlite::{SqliteChatStore, SqliteServerStore},
    upstream::InProcessUpstream,
};
use echopulse_http::{
    Cursors,
    door::Origins,
    limits::{Limiting, Proxies},
    token::{self, Recall, Verifier, VerifierConfig},
};
use echopulse_issuer::{FOLDER_KEY_FILE, Issuer, IssuerConfig, LOCAL_FOLDER_SCOPE};
use echopulse_server_service::{ServerApp, engine as server_engine};
use echopulse_system::{OsChance, SystemClock, TokioTimer, Uuid7Ids};

use crate::{Config, OwnerNeedsPassword, bots::IssuerBots, keys::IssuerKeys, listen::Names};

/// What the folder's people are known under, whatever address its issuer has today.
pub(crate) const FOLDER_ISSUER: &str = "urn:echopulse:folder";
/// One writer of SQLite needs one lane.
const LANES: usize = 1;
/// How long an access token lives: so long is a sign-out remembered.
const LONGEST_TOKEN: Duration = Duration::from_secs(10 * 60);
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
    let endings = Arc::<token::Endings>::default();
    let server_store = Arc::new(SqliteServerStore::connect(&config.data).await?);
    let chat_store = Arc::new(SqliteChatStore::connect(&config.data, Arc::clone(&chance)).await?);
    let bus = Arc::new(InProcessBus::default());

    let bots = Arc::<IssuerBots>::default();
    let server = Arc::new(server_engine::Engine::new(server_engine::Adapters {
        servers: Arc::clone(&server_store) as _,
        users: Arc::clone(&server_store) as _,
        bots: Arc::clone(&bots) as _,
        sign_outs: Arc::clone(&server_store) as _,
        memory: Arc::clone(&endings) as _,
        longest_token: LONGEST_TOKEN,
        outbox: Arc::clone(&server_store) as _,
        publisher: Arc::clone(&bus) as _,
        clock: Arc::clone(&clock),
        ids: Arc::clone(&ids),
        chance: Arc::clone(&chance),
    }));
    let memory = Arc::clone(&endings) as _;
    Recall::new(server.sign_out_log(), memory, Arc::clone(&clock)).look().await?;
    let sign_outs = server.ports().sign_outs;
    let issuer = open_issuer(config, names, TellServices { sign_outs, clock: Arc::clone(&clock) }).await?;
    // Nobody else sets it.
    let _ = bots.issuer.set(issuer.clone());
    let verifier = Arc::new(Verifier::new(
        VerifierConfig {
            known_as: Some(FOLDER_ISSUER.to_owned()),
            uncounted: (!config.limits.folder).then(|| LOCAL_FOLDER_SCOPE.to_owned()),
            ..VerifierConfig::new(names.issuer())
        },
        Arc::new(IssuerKeys(issuer.router())),
        Arc::clone(&clock),
        Arc::clone(&endings),
    ));
    let chat = Arc::new(chat_engine::Engine::new(chat_engine::Adapters {
        messages: Arc::clone(&chat_store) as _,
        webhooks: Arc::clone(&chat_store) as _,
        log: Arc::clone(&chat_store) as _,
        projection: Arc::clone(&chat_store) as _,
        retention: Arc::clone(&chat_store) as _,
        partitions: vec![(Arc::clone(&chat_store) as _, Arc::clone(&bus) as _)],
        partition_of: |_| 0,
        bus: Arc::clone(&bus) as _,
        upstream: Arc::new(InProcessUpstream::new(server.accounts(), server.catalogue())),
        presence: Arc::new(MemoryPresence::default()),
        memory: endings,
        clock: Arc::clone(&clock),
        ids,
        timer: Arc::new(TokioTimer),
        lanes: LANES,
        relays_rest: RELAYS_REST,
    }));
    // One counter for both services: what somebody asks of either is asked of this process.
    let limiting = limiting(config, &clock)?;
    Ok(World {
        server_app: ServerApp::new(
            server.ports(),
            Arc::clone(&verifier),
            cursors(&config.data)?,
            limiting.clone(),
        ),
        chat_app: ChatApp::new(echopulse_chat_service::ChatDeps {
            ports: chat.ports(),
            verifier,
            limiting,
            origins: origins(names),
            clock,
            chance,
        }),
        server,
        chat,
        issuer,
        server_store,
        chat_store,
        bus,
    })
}

async fn open_issuer(config: &Config, names: &Names, endings: TellServices) -> Result<Issuer> {
    let page = format!("{}/", names.url);
    let issuer = Issuer::open(IssuerConfig {
        web_redirect_uris: vec![page.clone()],
        web_logout_uris: vec![page],
        allow_sign_up: config.allow_sign_up,
        access_token_life: LONGEST_TOKEN,
        endings: Arc::new(endings),
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
struct TellServices {
    sign_outs: Arc<dyn SignOuts>,
    clock: Arc<dyn Clock>,
}

impl echopulse_issuer::Endings for TellServices {
    fn ended(&self, ended: echopulse_issuer::Ended) -> BoxFuture<'_, ()> {
        let ended = match ended {
            echopulse_issuer::Ended::Session { sid } => Ended::Session(sid),
            echopulse_issuer::Ended::Subject { sub } => Ended::Subject(sub),
        };
        let (iss, at) = (FOLDER_ISSUER.to_owned(), self.clock.now());
        Box::pin(async move {
            if let Err(error) = self.sign_outs.end(SignOutNews { iss, ended, at, token: None }).await {
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, "a sign-out holds, but would be forgotten at a restart");
            }
        })
    }
}

/// Cursors outlive the process: their key comes from that of the folder.
fn cursors(data: &Path) -> Result<Cursors> {
    let path = data.join(FOLDER_KEY_FILE);
    let key = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(Cursors::of(&key))
}

fn limiting(config: &Config, clock: &Arc<dyn Clock>) -> Result<Limiting> {
    let limits = Arc::new(LocalLimits::new(Arc::clone(clock)));
    let proxies = Proxies::parse(&config.limits.proxies).context("limits.proxies cannot be used")?;
    Ok(Limiting::new(Limiter::new(limits, config.limits.percent), proxies))
}

fn origins(names: &Names) -> Origins {
    let own = vec![names.url.clone()];
    if names.on_loopback { Origins::loopback_and(own) } else { Origins::exact(own) }
}
