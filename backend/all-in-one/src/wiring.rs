//! Which adapter stands behind which port: the one place that knows.

use std::{fs, path::Path, sync::Arc, time::Duration};

use anyhow::{Context, Result};
use echopulse_chat_service::{ChatApp, ChatPorts};
use echopulse_core::{
    chat::{
        activity::ActivityFeed,
        committer::Committer,
        hub::{Hub, HubDeps},
        port::outbound::{Projection, Timer},
        projector::{Projector, ProjectorDeps},
        relay::Relay as ChatRelay,
        rights::Rights,
        service::{ChatDeps, ChatService},
    },
    common::{
        port::{Chance, Clock, Ids},
        sync::Nudge,
    },
    server::{
        port::inbound::{Accounts, Catalogue},
        relay::Relay as ServerRelay,
        service::{ServerDeps, ServerService},
    },
};
use echopulse_embedded::{
    bus::InProcessBus,
    memory::MemoryPresence,
    sqlite::{SqliteChatStore, SqliteServerStore},
    system::{OsChance, SystemClock, TokioTimer, Uuid7Ids},
    upstream::InProcessUpstream,
};
use echopulse_http::{
    Cursors,
    door::Origins,
    token::{self, Verifier, VerifierConfig},
};
use echopulse_issuer::{FOLDER_KEY_FILE, Issuer, IssuerConfig};
use echopulse_server_service::{ServerApp, ServerPorts};
use sha2::{Digest, Sha256};

use crate::{Config, OwnerNeedsPassword, keys::IssuerKeys, listen::Names};

/// What the folder's people are known under, whatever address its issuer has today.
const FOLDER_ISSUER: &str = "urn:echopulse:folder";
/// One writer of SQLite needs one lane.
const LANES: usize = 1;

/// Everything that runs, or has to be closed.
pub(crate) struct World {
    pub(crate) issuer: Issuer,
    pub(crate) server_store: Arc<SqliteServerStore>,
    pub(crate) chat_store: Arc<SqliteChatStore>,
    pub(crate) bus: Arc<InProcessBus>,
    pub(crate) chat: Arc<ChatService>,
    pub(crate) committer: Arc<Committer>,
    pub(crate) hub: Arc<Hub>,
    pub(crate) activity: Arc<ActivityFeed>,
    pub(crate) server_relay: ServerRelay,
    pub(crate) server_nudge: Arc<Nudge>,
    pub(crate) chat_relay: ChatRelay,
    pub(crate) chat_nudge: Arc<Nudge>,
    pub(crate) server_app: ServerApp,
    pub(crate) chat_app: ChatApp,
}

/// What both services share of this computer.
#[derive(Clone)]
struct System {
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    chance: Arc<dyn Chance>,
    timer: Arc<dyn Timer>,
}

/// Opens the folder and puts everything together. Nothing runs yet.
pub(crate) async fn open(config: &Config, names: &Names) -> Result<World> {
    let system = System {
        clock: Arc::new(SystemClock),
        ids: Arc::new(Uuid7Ids),
        chance: Arc::new(OsChance),
        timer: Arc::new(TokioTimer),
    };
    let endings = Arc::new(token::Endings::new(Duration::from_secs(10 * 60)));
    let issuer = open_issuer(config, names, Arc::clone(&endings), Arc::clone(&system.clock)).await?;
    let verifier = Arc::new(Verifier::new(
        VerifierConfig { known_as: Some(FOLDER_ISSUER.to_owned()), ..VerifierConfig::new(names.issuer()) },
        Arc::new(IssuerKeys(issuer.router())),
        Arc::clone(&system.clock),
        endings,
    ));
    let server_store = Arc::new(SqliteServerStore::connect(&config.data).await?);
    let chat_store = Arc::new(SqliteChatStore::connect(&config.data, Arc::clone(&system.chance)).await?);
    let bus = Arc::new(InProcessBus::default());

    let server_nudge = Arc::new(Nudge::default());
    let server = Arc::new(ServerService::new(ServerDeps {
        store: Arc::clone(&server_store) as _,
        users: Arc::clone(&server_store) as _,
        relay: Arc::clone(&server_nudge),
        clock: Arc::clone(&system.clock),
        ids: Arc::clone(&system.ids),
        chance: Arc::clone(&system.chance),
    }));
    let server_ports = ServerPorts {
        accounts: Arc::clone(&server) as _,
        servers: Arc::clone(&server) as _,
        channels: Arc::clone(&server) as _,
        members: Arc::clone(&server) as _,
        invites: Arc::clone(&server) as _,
        bans: Arc::clone(&server) as _,
    };
    let upstream = Arc::new(InProcessUpstream::new(
        Arc::clone(&server) as Arc<dyn Accounts>,
        Arc::clone(&server) as Arc<dyn Catalogue>,
    ));
    let chat = wire_chat(&system, &chat_store, &bus, upstream);
    let chat_ports = ChatPorts {
        posting: Arc::clone(&chat.service) as _,
        reading: Arc::clone(&chat.service) as _,
        following: Arc::clone(&chat.service) as _,
    };
    Ok(World {
        server_app: ServerApp::new(server_ports, Arc::clone(&verifier), cursors(&config.data)?),
        chat_app: ChatApp::new(echopulse_chat_service::ChatDeps {
            ports: chat_ports,
            verifier,
            origins: origins(names),
            clock: system.clock,
        }),
        server_relay: ServerRelay::new(Arc::clone(&server_store) as _, Arc::clone(&bus) as _),
        chat_relay: ChatRelay::new(Arc::clone(&chat_store) as _, Arc::clone(&bus) as _, 0),
        server_nudge,
        chat_nudge: chat.nudge,
        chat: chat.service,
        committer: chat.committer,
        hub: chat.hub,
        activity: chat.activity,
        issuer,
        server_store,
        chat_store,
        bus,
    })
}

struct Chat {
    service: Arc<ChatService>,
    committer: Arc<Committer>,
    hub: Arc<Hub>,
    activity: Arc<ActivityFeed>,
    nudge: Arc<Nudge>,
}

fn wire_chat(
    system: &System,
    store: &Arc<SqliteChatStore>,
    bus: &Arc<InProcessBus>,
    upstream: Arc<InProcessUpstream>,
) -> Chat {
    let nudge = Arc::new(Nudge::default());
    let projection: Arc<dyn Projection> = Arc::clone(store) as _;
    let rights = Arc::new(Rights::new(Arc::clone(&projection), Arc::clone(&system.clock)));
    let hub = Arc::new(Hub::new(HubDeps {
        log: Arc::clone(store) as _,
        rights: Arc::clone(&rights),
        timer: Arc::clone(&system.timer),
    }));
    let committer =
        Arc::new(Committer::new(Arc::clone(store) as _, Arc::clone(&hub), Arc::clone(&nudge), LANES));
    let projector = Arc::new(Projector::new(ProjectorDeps {
        projection: Arc::clone(&projection),
        upstream: Arc::clone(&upstream) as _,
        rights: Arc::clone(&rights),
        hub: Arc::clone(&hub),
        relay: Arc::clone(&nudge),
    }));
    let activity =
        Arc::new(ActivityFeed::new(Arc::clone(&hub), Arc::clone(&rights), Arc::clone(&system.timer)));
    let service = Arc::new(ChatService::new(ChatDeps {
        messages: Arc::clone(store) as _,
        committer: Arc::clone(&committer),
        hub: Arc::clone(&hub),
        rights,
        projection,
        projector,
        upstream,
        bus: Arc::clone(bus) as _,
        presence: Arc::new(MemoryPresence::default()),
        clock: Arc::clone(&system.clock),
        ids: Arc::clone(&system.ids),
    }));
    Chat { service, committer, hub, activity, nudge }
}

async fn open_issuer(
    config: &Config,
    names: &Names,
    endings: Arc<token::Endings>,
    clock: Arc<dyn Clock>,
) -> Result<Issuer> {
    let issuer = Issuer::open(IssuerConfig {
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
    let digest = Sha256::new().chain_update(b"echopulse cursors\0").chain_update(key).finalize();
    Ok(Cursors::new(digest.into()))
}

fn origins(names: &Names) -> Origins {
    let own = vec![names.url.clone()];
    if names.on_loopback { Origins::loopback_and(own) } else { Origins::exact(own) }
}
