//! The chat service of a deployment: which adapter stands behind which port, and the order in which parts start and stop.

use std::{
    process::ExitCode,
    sync::{Arc, OnceLock},
    time::Duration,
};

use echopulse_chat_service::{
    ChatApp, ChatDeps,
    engine::{Adapters, Engine},
    router,
};
use echopulse_core::common::{
    BoxFuture,
    port::{Chance, Clock},
};
use echopulse_distributed::{
    Turn,
    kafka::{ConsumerStats, FanOut, KafkaBus, KafkaOptions, SigningKey, Topic, create_topics},
    postgres::{PARTITIONS, PgChatStore, PgOptions, TurnLock, partition_of},
    redis::{RedisHot, RedisOptions},
    upstream::{HttpUpstream, UpstreamOptions},
};
use echopulse_http::{
    door::Origins,
    health::{Part, Readiness},
    program::{self, Late, Listeners, ProgramError, insist},
    settings::Settings,
    telemetry,
    token::{Recall, Verifier},
};
use echopulse_system::{OsChance, SystemClock, TokioTimer, Uuid7Ids};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Transactions of this instance at the same time. Channels of one lane wait for each other.
const LANES: usize = 4;
/// How long relays rest while much is written.
const RELAYS_REST: Duration = Duration::from_millis(10);
/// How often figures are taken over from where they are counted.
const FIGURES: Duration = Duration::from_secs(5);
/// Records that may wait for core; a fuller queue holds the reading of Kafka back.
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
    let hot = hot(&settings, &clock)?;

    let late = Late::default();
    let readiness = Arc::new(Parts::new(Arc::clone(&verifier), Arc::clone(&bus), Arc::clone(&hot)));
    let (serving, figures) = (CancellationToken::new(), telemetry::routes(figures));
    let mut listening = JoinSet::new();
    {
        let (settings, late, readiness, serving) =
            (settings.clone(), late.clone(), Arc::clone(&readiness), serving.clone());
        listening.spawn(async move { listeners.serve(&settings, late, readiness, figures, serving).await });
    }

    let outcome = match connect(&settings, &stop).await? {
        Some((store, options)) => {
            readiness.found(Arc::clone(&store));
            let deployed =
                Deployed { settings: &settings, readiness, store, options, kafka, bus, hot, verifier, clock };
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
        ..KafkaOptions::new(&settings.kafka.bootstrap, "echopulse-chat-service")
    })
}

fn hot(settings: &Settings, clock: &Arc<dyn Clock>) -> Result<Arc<RedisHot>, ProgramError> {
    let node = format!("{:016x}", OsChance.next_u64());
    let options = RedisOptions::new(settings.redis.url.expose(), node);
    let hot = RedisHot::start(&options, Arc::clone(clock))
        .map_err(ProgramError::part("redis.url cannot be used"))?;
    Ok(Arc::new(hot))
}

/// Connects to the database, its schema brought up to date first where that is ours to do. `None`: told to stop before.
async fn connect(
    settings: &Settings,
    stop: &CancellationToken,
) -> Result<Option<(Arc<PgChatStore>, PgOptions)>, ProgramError> {
    let wrong = ProgramError::part("database.url or database.owner_url cannot be used");
    let options = PgOptions::parse(settings.database.url.expose())
        .map_err(&wrong)?
        .max_connections(settings.database.connections);
    if !settings.database.owner_url.is_empty() {
        let owner = PgOptions::parse(settings.database.owner_url.expose()).map_err(&wrong)?;
        if insist("the database", stop, || PgChatStore::migrate(&owner)).await.is_none() {
            return Ok(None);
        }
    }
    let connecting =
        insist("the database", stop, async || PgChatStore::connect(&options, Arc::new(OsChance)).await);
    Ok(connecting.await.map(|store| (Arc::new(store), options.clone())))
}

/// Everything that there is once the database answers.
struct Deployed<'a> {
    settings: &'a Settings,
    readiness: Arc<Parts>,
    store: Arc<PgChatStore>,
    options: PgOptions,
    kafka: KafkaOptions,
    bus: Arc<KafkaBus>,
    hot: Arc<RedisHot>,
    verifier: Arc<Verifier>,
    clock: Arc<dyn Clock>,
}

impl Deployed<'_> {
    /// Serves until `stop`, then ends in the order in which nothing is lost: sockets, what was accepted, the rest.
    async fn serve(self, late: &Late, stop: &CancellationToken) -> Result<(), ProgramError> {
        let upstream = Arc::new(
            HttpUpstream::new(UpstreamOptions {
                servers: self.settings.internal.server_urls.clone(),
                discovery_url: self.settings.identity.discovery(),
                client_id: self.settings.identity.service_client.clone(),
                client_secret: self.settings.identity.service_secret.expose().to_owned(),
            })
            .map_err(ProgramError::part("the server service cannot be asked"))?,
        );
        let memory = Arc::clone(self.verifier.endings());
        let recall =
            Recall::new(Arc::clone(&upstream) as _, Arc::clone(&memory) as _, Arc::clone(&self.clock));
        let recall = Arc::new(recall);
        self.readiness.recalls(Arc::clone(&recall));
        let turn = |partition| {
            let lock = TurnLock::new(self.options.clone(), partition);
            let turn = Arc::new(Turn::new(Arc::clone(&self.store), Arc::clone(&self.bus), lock));
            (Arc::clone(&turn) as _, turn as _)
        };
        let engine = Arc::new(Engine::new(Adapters {
            messages: Arc::clone(&self.store) as _,
            webhooks: Arc::clone(&self.store) as _,
            log: Arc::clone(&self.store) as _,
            projection: Arc::clone(&self.store) as _,
            retention: Arc::clone(&self.store) as _,
            partitions: (0..PARTITIONS).map(turn).collect(),
            partition_of,
            bus: Arc::clone(&self.bus) as _,
            upstream,
            presence: Arc::clone(&self.hot) as _,
            memory,
            clock: Arc::clone(&self.clock),
            ids: Arc::new(Uuid7Ids),
            timer: Arc::new(TokioTimer),
            lanes: LANES,
            relays_rest: RELAYS_REST,
        }));
        let announced = Arc::clone(&engine);
        let (reading, records) = FanOut::spawn(
            self.kafka.clone(),
            &Topic::CHAT,
            BUS_CAPACITY,
            Box::new(move |stream, seq| announced.announce(stream, seq)),
        )
        .map_err(ProgramError::part("Kafka cannot be read"))?;
        let mut beside = JoinSet::new();
        beside.spawn(tell_of_kafka(reading.stats()));
        let (kafka, told) = (self.kafka.clone(), stop.clone());
        beside.spawn(async move {
            insist("Kafka", &told, || create_topics(&kafka, &Topic::ALL)).await;
        });
        let mut tasks = engine.spawn(records);
        let limiting = self.settings.limits.counting(Arc::new(self.hot.limits()));
        // Before anybody comes in.
        if insist("the server service's memory of sign-outs", stop, || recall.look()).await.is_some() {
            beside.spawn(async move { recall.keep_up().await });
        }
        let app = ChatApp::new(ChatDeps {
            ports: engine.ports(),
            verifier: self.verifier,
            limiting: limiting.map_err(ProgramError::part("limits.proxies cannot be used"))?,
            origins: Origins::exact(self.settings.public.origins.clone()),
            clock: self.clock,
            chance: Arc::new(OsChance),
        });
        late.set(router(app.clone()));
        tracing::info!(address = self.settings.listen.address, "serving");

        let outcome = tokio::select! {
            () = stop.cancelled() => Ok(()),
            task = tasks.join_next() => Err(program::ended(task)),
        };
        app.close_sockets().await;
        engine.stop();
        while tasks.join_next().await.is_some() {}
        beside.shutdown().await;
        reading.stop().await;
        self.hot.stop().await;
        self.store.close().await;
        outcome
    }
}

/// Tells Prometheus what came in from Kafka.
async fn tell_of_kafka(stats: Arc<ConsumerStats>) {
    loop {
        let counts = stats.counts();
        let outcomes = [
            ("handed-over", counts.records),
            ("signal-dropped", counts.signals_dropped),
            ("malformed", counts.malformed),
            ("too-new", counts.too_new),
            ("foreign", counts.foreign),
            ("unsigned", counts.unsigned),
        ];
        for (outcome, count) in outcomes {
            metrics::counter!("echopulse_kafka_records_total", "outcome" => outcome).absolute(count);
        }
        metrics::counter!("echopulse_kafka_errors_total").absolute(counts.errors);
        metrics::counter!("echopulse_kafka_rebuilds_total").absolute(counts.rebuilds);
        tokio::time::sleep(FIGURES).await;
    }
}

/// What the service stands on, for its health.
struct Parts {
    store: OnceLock<Arc<PgChatStore>>,
    recall: OnceLock<Arc<Recall>>,
    verifier: Arc<Verifier>,
    bus: Arc<KafkaBus>,
    hot: Arc<RedisHot>,
}

impl Parts {
    fn new(verifier: Arc<Verifier>, bus: Arc<KafkaBus>, hot: Arc<RedisHot>) -> Self {
        Self { store: OnceLock::new(), recall: OnceLock::new(), verifier, bus, hot }
    }

    fn found(&self, store: Arc<PgChatStore>) {
        let _ = self.store.set(store);
    }

    fn recalls(&self, recall: Arc<Recall>) {
        let _ = self.recall.set(recall);
    }

    /// Whether the server service has told which sign-ins ended.
    async fn has_recalled(&self) -> bool {
        match self.recall.get() {
            Some(recall) => recall.has_looked().await,
            None => false,
        }
    }
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
            let (database, issuer, kafka, redis, recalled) = tokio::join!(
                database,
                self.verifier.has_keys(),
                self.bus.answers(),
                self.hot.answers(),
                self.has_recalled()
            );
            // It is not asked before those two answer, so nobody knows whether it would.
            let server = recalled || !(database && issuer);
            let part = |name, needed, answers| Part { name, needed, answers };
            vec![
                part("postgres", true, database),
                part("issuer", true, issuer),
                part("server", true, server),
                part("kafka", false, kafka),
                part("redis", false, redis),
            ]
        })
    }
}
