//! The server service of a deployment: which adapter stands behind which port, and the order in which parts start and stop.

use std::{
    process::ExitCode,
    sync::{Arc, OnceLock},
};

use echopulse_core::{
    chat::model::Record,
    common::{
        BoxFuture,
        limit::{LocalLimits, RateLimits},
        port::{Chance, Clock},
        sign_out::SignOutMemory,
    },
};
use echopulse_distributed::{
    Turn,
    kafka::{FanOut, KafkaBus, KafkaOptions, SigningKey, Topic, create_topics},
    keycloak::{KeycloakBots, KeycloakOptions},
    postgres::{PgOptions, PgServerStore, TurnLock},
    redis::{self, RedisLimits, RedisOptions},
};
use echopulse_http::{
    Cursors,
    health::{Part, Readiness},
    program::{self, Late, Listeners, ProgramError, insist},
    settings::Settings,
    telemetry,
    token::{Recall, Verifier},
};
use echopulse_server_service::{
    ServerApp,
    engine::{Adapters, Engine},
    router,
};
use echopulse_system::{OsChance, SystemClock, Uuid7Ids};
use tokio::{sync::mpsc::Receiver, task::JoinSet};
use tokio_util::sync::CancellationToken;

/// Records that may wait to be looked at.
const BUS_CAPACITY: usize = 1024;

fn main() -> ExitCode {
    program::main(Settings::check, run)
}

async fn run(settings: Settings, stop: CancellationToken) -> Result<(), ProgramError> {
    let figures = telemetry::metrics().map_err(ProgramError::part("figures cannot be collected"))?;
    let listeners = Listeners::bind(&settings).await?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let verifier = settings.identity.verifier(Arc::clone(&clock));
    let verifier = Arc::new(verifier.map_err(ProgramError::part("the issuer cannot be asked"))?);
    let kafka = kafka(&settings)?;
    let bus = Arc::new(KafkaBus::new(kafka.clone()).map_err(ProgramError::part("Kafka cannot be used"))?);

    let redis = limits(&settings, &clock)?;
    let limits: Arc<dyn RateLimits> = match redis.clone() {
        Some(limits) => Arc::new(limits),
        None => Arc::new(LocalLimits::new(Arc::clone(&clock))),
    };

    let late = Late::default();
    let readiness = Arc::new(Parts {
        store: OnceLock::new(),
        verifier: Arc::clone(&verifier),
        bus: Arc::clone(&bus),
        limits: redis,
    });
    let (serving, figures) = (CancellationToken::new(), telemetry::routes(figures));
    let mut listening = JoinSet::new();
    {
        let (settings, late, readiness, serving) =
            (settings.clone(), late.clone(), Arc::clone(&readiness), serving.clone());
        listening.spawn(async move { listeners.serve(&settings, late, readiness, figures, serving).await });
    }

    let outcome = match connect(&settings, &stop).await? {
        Some((store, options)) => {
            let _ = readiness.store.set(Arc::clone(&store));
            let deployed =
                Deployed { settings: &settings, store, options, kafka, bus, limits, verifier, clock };
            deployed.serve(&late, &stop).await
        }
        None => Ok(()),
    };
    serving.cancel();
    while listening.join_next().await.is_some() {}
    outcome
}

fn kafka(settings: &Settings) -> Result<KafkaOptions, ProgramError> {
    let key = SigningKey::new(settings.kafka.record_key.expose().as_bytes())
        .map_err(ProgramError::part("kafka.record_key cannot be used"))?;
    Ok(KafkaOptions {
        hmac_key: Some(key),
        partitions: settings.kafka.partitions,
        replication: settings.kafka.replication,
        ..KafkaOptions::new(&settings.kafka.bootstrap, "echopulse-server-service")
    })
}

fn keycloak(settings: &Settings) -> Result<KeycloakBots, ProgramError> {
    let identity = &settings.identity;
    KeycloakBots::new(KeycloakOptions {
        issuer: identity.issuer.clone(),
        discovery_url: identity.discovery(),
        audience: identity.audience.clone(),
        client_id: identity.registrar_client.clone(),
        client_secret: identity.registrar_secret.expose().to_owned(),
    })
    .map_err(ProgramError::part("Keycloak cannot be asked"))
}

/// `None`: this deployment has no Redis, so that every instance counts alone.
fn limits(settings: &Settings, clock: &Arc<dyn Clock>) -> Result<Option<RedisLimits>, ProgramError> {
    if settings.redis.url.is_empty() {
        return Ok(None);
    }
    let node = format!("{:016x}", OsChance.next_u64());
    let options = RedisOptions::new(settings.redis.url.expose(), node);
    let limits = redis::limits(&options, Arc::clone(clock));
    limits.map(Some).map_err(ProgramError::part("redis.url cannot be used"))
}

/// Connects to the database, its schema brought up to date first where that is ours to do. `None`: told to stop before.
async fn connect(
    settings: &Settings,
    stop: &CancellationToken,
) -> Result<Option<(Arc<PgServerStore>, PgOptions)>, ProgramError> {
    let wrong = ProgramError::part("database.url or database.owner_url cannot be used");
    let options = PgOptions::parse(settings.database.url.expose())
        .map_err(&wrong)?
        .max_connections(settings.database.connections);
    if !settings.database.owner_url.is_empty() {
        let owner = PgOptions::parse(settings.database.owner_url.expose()).map_err(&wrong)?;
        if insist("the database", stop, || PgServerStore::migrate(&owner)).await.is_none() {
            return Ok(None);
        }
    }
    let connecting = insist("the database", stop, || PgServerStore::connect(&options));
    Ok(connecting.await.map(|store| (Arc::new(store), options.clone())))
}

/// Everything that there is once the database answers.
struct Deployed<'a> {
    settings: &'a Settings,
    store: Arc<PgServerStore>,
    options: PgOptions,
    kafka: KafkaOptions,
    bus: Arc<KafkaBus>,
    limits: Arc<dyn RateLimits>,
    verifier: Arc<Verifier>,
    clock: Arc<dyn Clock>,
}

impl Deployed<'_> {
    /// Serves until `stop`.
    async fn serve(self, late: &Late, stop: &CancellationToken) -> Result<(), ProgramError> {
        let lock = TurnLock::new(self.options.clone(), 0);
        let turn = Arc::new(Turn::new(Arc::clone(&self.store), Arc::clone(&self.bus), lock));
        let memory = Arc::clone(self.verifier.endings());
        let engine = Arc::new(Engine::new(Adapters {
            servers: Arc::clone(&self.store) as _,
            users: Arc::clone(&self.store) as _,
            bots: Arc::new(keycloak(self.settings)?),
            sign_outs: Arc::clone(&self.store) as _,
            memory: Arc::clone(&memory) as _,
            longest_token: self.settings.identity.longest_token(),
            outbox: Arc::clone(&turn) as _,
            publisher: turn,
            clock: Arc::clone(&self.clock),
            ids: Arc::new(Uuid7Ids),
            chance: Arc::new(OsChance),
        }));
        let mut beside = JoinSet::new();
        let (kafka, told) = (self.kafka.clone(), stop.clone());
        beside.spawn(async move {
            insist("Kafka", &told, || create_topics(&kafka, &Topic::ALL)).await;
        });
        let (reading, records) = FanOut::spawn(
            self.kafka.clone(),
            &Topic::SIGN_OUTS,
            BUS_CAPACITY,
            // Streams are the chat service's.
            Box::new(|_, _| {}),
        )
        .map_err(ProgramError::part("Kafka cannot be read"))?;
        let recall =
            Arc::new(Recall::new(engine.sign_out_log(), Arc::clone(&memory) as _, Arc::clone(&self.clock)));
        let mut tasks = engine.spawn();
        beside.spawn(hear(records, memory));
        // Before anybody comes in.
        if insist("the memory of sign-outs", stop, || recall.look()).await.is_some() {
            beside.spawn(async move { recall.keep_up().await });
        }
        let cursors = Cursors::of(self.settings.kafka.record_key.expose().as_bytes());
        let limiting = self.settings.limits.counting(self.limits);
        let limiting = limiting.map_err(ProgramError::part("limits.proxies cannot be used"))?;
        late.set(router(ServerApp::new(engine.ports(), self.verifier, cursors, limiting)));
        tracing::info!(address = self.settings.listen.address, "serving");

        let outcome = tokio::select! {
            () = stop.cancelled() => Ok(()),
            task = tasks.join_next() => Err(program::ended(task)),
        };
        engine.stop();
        while tasks.join_next().await.is_some() {}
        beside.shutdown().await;
        reading.stop().await;
        self.store.close().await;
        outcome
    }
}

/// Takes what other instances say of sign-ins that ended.
async fn hear(mut records: Receiver<Record>, memory: Arc<dyn SignOutMemory>) {
    while let Some(record) = records.recv().await {
        if let Record::SignOut(sign_out) = record {
            memory.note(sign_out);
        }
    }
}

/// What the service stands on, for its health.
struct Parts {
    store: OnceLock<Arc<PgServerStore>>,
    verifier: Arc<Verifier>,
    bus: Arc<KafkaBus>,
    limits: Option<RedisLimits>,
}

impl Readiness for Parts {
    fn parts(&self) -> BoxFuture<'_, Vec<Part>> {
        Box::pin(async move {
            let database = async {
                match self.store.get() {
                    Some(store) => store.answers().await,
                    None => false,
                }
            };
            let redis = async {
                match &self.limits {
                    Some(limits) => Some(limits.answers().await),
                    None => None,
                }
            };
            let (database, issuer, kafka, redis) =
                tokio::join!(database, self.verifier.has_keys(), self.bus.answers(), redis);
            let part = |name, needed, answers| Part { name, needed, answers };
            let needed = [part("postgres", true, database), part("issuer", true, issuer)];
            let others =
                [Some(part("kafka", false, kafka)), redis.map(|answers| part("redis", false, answers))];
            needed.into_iter().chain(others.into_iter().flatten()).collect()
        })
    }
}
