//! Kafka: one broker that is its own controller, from the artifacts of Maven Central.
//!
//! Prepared once into the cache: the jars, a formatted storage folder (copied for each world, which saves starting a JVM) and
//! an archive of loaded classes, which halves the time to start.

use std::{
    fs,
    net::TcpStream,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};

use super::{
    folder,
    process::{Service, ending, run_quietly},
};

/// Storage that one version formatted another may refuse: change it here and the cache starts anew.
const VERSION: &str = "4.4.0";
/// As Kafka's own slf4j-api.
const SLF4J: &str = "1.7.36";
/// Any 16 bytes in URL-safe base64.
const CLUSTER: &str = "ZWNob3B1bHNlLXdvcmxkMQ";
const LIMIT: Duration = Duration::from_secs(60);

/// Where it is.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Kafka {
    pub(crate) bootstrap: String,
    /// Another listener, which tells whoever asks that the broker is at `front`.
    pub(crate) behind: String,
    /// Nobody is there. Who listens there and passes on what comes to `behind` can cut its clients off from the broker.
    pub(crate) front: String,
}

/// The ports of a broker.
#[derive(Clone, Copy)]
pub(crate) struct Ports {
    pub(crate) broker: u16,
    pub(crate) controller: u16,
    pub(crate) behind: u16,
    pub(crate) front: u16,
}

/// Starts a broker on free ports.
pub(crate) fn start(folder: &Path, ports: Ports) -> anyhow::Result<Kafka> {
    let kit = prepare()?;
    let home = folder.join("kafka");
    let data = home.join("data");
    folder::copy_tree(&kit.join("storage"), &data)?;
    let settings = home.join("server.properties");
    fs::write(&settings, properties(&data, ports))?;
    let archive = format!("-XX:SharedArchiveFile={}", kit.join("classes/kafka.jsa").display());
    let command = java(&kit, &["-Xms128m", "-Xmx256m", &archive], &["kafka.Kafka"], &settings)?;
    run(folder, command, ports.broker)?;
    let at = |port| format!("127.0.0.1:{port}");
    Ok(Kafka { bootstrap: at(ports.broker), behind: at(ports.behind), front: at(ports.front) })
}

/// Starts a broker and waits for its port, which is bound only once the cluster has taken it in.
fn run(folder: &Path, command: Command, broker: u16) -> anyhow::Result<Service> {
    let service = Service::spawn(folder, "kafka", command)?;
    service.wait_until(LIMIT, || TcpStream::connect(("127.0.0.1", broker)).is_ok())?;
    Ok(service)
}

fn properties(data: &Path, ports: Ports) -> String {
    let Ports { broker, controller, behind, front } = ports;
    format!(
        "process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{broker},BEHIND://127.0.0.1:{behind},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{broker},BEHIND://127.0.0.1:{front}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,BEHIND:PLAINTEXT
log.dirs={}
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
log.cleaner.dedupe.buffer.size=2097152
num.network.threads=1
num.io.threads=2
",
        data.display()
    )
}

/// A JVM with every jar of the kit; `words` come after the class path, `settings` last.
fn java(kit: &Path, options: &[&str], words: &[&str], settings: &Path) -> anyhow::Result<Command> {
    let mut jars: Vec<_> = fs::read_dir(kit.join("jars"))
        .context("the jars of Kafka are not in the cache")?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    // The archive of classes holds only for the same jars in the same order.
    jars.sort();
    let mut command = Command::new("java");
    command
        .args(["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"])
        .args(["-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-Dorg.slf4j.simpleLogger.showDateTime=true"])
        .arg("-Dorg.slf4j.simpleLogger.log.kafka.server=info")
        .args(options)
        .arg("-cp")
        .arg(
            std::env::join_paths(jars)
                .context("the cache's path has a colon in it, which Java cannot take")?,
        )
        .args(words)
        .arg(settings);
    Ok(command)
}

/// The kit in the cache, made if it is not there yet.
fn prepare() -> anyhow::Result<PathBuf> {
    let kit = folder::cache()?.join(format!("kafka-{VERSION}"));
    folder::once(&kit, |kit| {
        println!("kafka: fetching {VERSION} from Maven Central, once");
        let jars = kit.join("jars");
        let pom = kit.join("pom.xml");
        fs::write(&pom, project())?;
        let mut fetch = Command::new("mvn");
        fetch
            .args(["-B", "-ntp", "-q", "-f"])
            .arg(&pom)
            .args(["dependency:copy-dependencies", "-DincludeScope=runtime"])
            .arg(format!("-DoutputDirectory={}", jars.display()));
        run_quietly("fetching Kafka", fetch, &kit.join("fetch.log"))?;

        let [broker, controller, behind, front] = folder::free_ports(4)?[..] else {
            unreachable!("four ports were asked for")
        };
        let ports = Ports { broker, controller, behind, front };
        let trial = kit.join("trial");
        fs::create_dir(&trial)?;
        let settings = trial.join("server.properties");
        fs::write(&settings, properties(&trial.join("data"), ports))?;
        let format = java(kit, &[], &["kafka.tools.StorageTool", "format", "-t", CLUSTER, "-c"], &settings)?;
        run_quietly("formatting Kafka's storage", format, &kit.join("format.log"))?;
        folder::copy_tree(&trial.join("data"), &kit.join("storage"))?;

        println!("kafka: starting it once for an archive of its classes");
        let classes = kit.join("classes");
        fs::create_dir(&classes)?;
        let archive = format!("-XX:ArchiveClassesAtExit={}", classes.join("kafka.jsa").display());
        let command = java(kit, &["-Xms128m", "-Xmx256m", &archive], &["kafka.Kafka"], &settings)?;
        let service = run(&trial, command, ports.broker)?;
        // Writing the archive is part of ending and takes longer than an end should.
        service.stop_within(ending("kafka"), LIMIT);
        ensure!(
            classes.join("kafka.jsa").is_file(),
            "no archive of Kafka's classes was written; {} says more",
            trial.join("kafka.log").display()
        );
        fs::remove_dir_all(trial)?;
        Ok(())
    })?;
    Ok(kit)
}

/// What Maven is asked for: the broker, and something that writes its log.
fn project() -> String {
    format!(
        r#"<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>echopulse</groupId>
  <artifactId>kafka</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>{VERSION}</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>{SLF4J}</version></dependency>
  </dependencies>
</project>
"#
    )
}
