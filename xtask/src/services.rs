//! The two services and the browser client's page as processes of a world: what each is told, and how it is started.
//!
//! Everything a program is told is in [`environment`], in the form `ECHOPULSE_<SECTION>__<KEY>`. `compose.yml` tells the
//! same; a test holds the two together.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};

use crate::{
    command,
    world::{Addresses, Service, World, free_ports, target},
};

const LIMIT: Duration = Duration::from_secs(60);
/// Where the server service hears from Keycloak that a session is over.
const LOGOUT: &str = "/oidc/backchannel-logout";

/// Which program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Server,
    Chat,
    /// The browser client, of which there is one.
    Web,
}

impl Kind {
    pub(crate) const ALL: [Self; 3] = [Self::Server, Self::Chat, Self::Web];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Chat => "chat",
            Self::Web => "web",
        }
    }

    /// The package and its binary.
    pub(crate) const fn program(self) -> &'static str {
        match self {
            Self::Server => "echopulse-server-service",
            Self::Chat => "echopulse-chat-service",
            Self::Web => "echopulse-web",
        }
    }
}

/// One of each service, by their base URLs.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Instance {
    pub(crate) server: String,
    pub(crate) chat: String,
}

/// Where a program listens: for clients, and for the operator.
type Listening = (u16, u16);

/// The ports of one of each service.
#[derive(Clone, Copy)]
struct Pair {
    server: Listening,
    chat: Listening,
}

/// The ports of all instances, chosen before anything starts: each is told of all, and so is Keycloak.
pub(crate) struct Ports {
    pairs: Vec<Pair>,
    web: Listening,
    /// One key for all instances: records on Kafka that it did not sign are nobody's.
    record_key: String,
}

impl Ports {
    pub(crate) fn choose(instances: u16) -> anyhow::Result<Self> {
        ensure!(instances > 0, "there has to be at least one instance");
        let ports = free_ports(usize::from(instances) * 4 + 2)?;
        let (web, pairs) = ports.split_at(2);
        let pairs = pairs
            .chunks_exact(4)
            .map(|four| Pair { server: (four[0], four[1]), chat: (four[2], four[3]) })
            .collect();
        Ok(Self { pairs, web: (web[0], web[1]), record_key: crate::world::password() })
    }

    fn servers(&self) -> Vec<String> {
        self.pairs.iter().map(|pair| local(pair.server.0)).collect()
    }

    fn chats(&self) -> Vec<String> {
        self.pairs.iter().map(|pair| local(pair.chat.0)).collect()
    }

    pub(crate) fn instances(&self) -> Vec<Instance> {
        let both = self.servers().into_iter().zip(self.chats());
        both.map(|(server, chat)| Instance { server, chat }).collect()
    }

    /// What the realm has to know of the services.
    pub(crate) fn addresses(&self) -> Addresses {
        let first = self.servers().swap_remove(0);
        Addresses { logout: format!("{first}{LOGOUT}"), web: local(self.web.0) }
    }
}

fn local(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

/// What one program is told; `instance` counts from 0.
pub(crate) fn environment(
    kind: Kind,
    world: &World,
    ports: &Ports,
    instance: usize,
) -> anyhow::Result<BTreeMap<String, String>> {
    let keycloak = world.keycloak.as_ref().context("services need an issuer, and this world has none")?;
    let pair = ports.pairs.get(instance).context("there are no ports for this instance")?;
    let ((listen, metrics), own) = match kind {
        Kind::Server => {
            let database = (&world.postgres.server, &world.postgres.server_owner);
            (pair.server, Some((database, &world.redis.server)))
        }
        Kind::Chat => {
            let database = (&world.postgres.chat, &world.postgres.chat_owner);
            (pair.chat, Some((database, &world.redis.chat)))
        }
        Kind::Web => (ports.web, None),
    };
    let mut variables = vec![
        ("LISTEN__ADDRESS", format!("127.0.0.1:{listen}")),
        ("LISTEN__METRICS", format!("127.0.0.1:{metrics}")),
        ("PUBLIC__SERVER_URLS", ports.servers().join(",")),
        ("PUBLIC__CHAT_URLS", ports.chats().join(",")),
        ("IDENTITY__ISSUER", keycloak.issuer.clone()),
        ("IDENTITY__TUI_CLIENT", "echopulse-tui".to_owned()),
        ("IDENTITY__WEB_CLIENT", "echopulse-web".to_owned()),
    ];
    if let Some(((database, owner), redis)) = own {
        variables.extend([
            ("PUBLIC__ORIGINS", ports.addresses().web),
            ("INTERNAL__SERVER_URLS", ports.servers().join(",")),
            ("DATABASE__URL", database.clone()),
            ("DATABASE__OWNER_URL", owner.clone()),
            ("REDIS__URL", redis.clone()),
            ("KAFKA__BOOTSTRAP", world.kafka.bootstrap.clone()),
            ("KAFKA__RECORD_KEY", ports.record_key.clone()),
            ("IDENTITY__DISCOVERY_URL", format!("{}/.well-known/openid-configuration", keycloak.issuer)),
            ("IDENTITY__AUDIENCE", "echopulse-api".to_owned()),
            ("IDENTITY__SERVICE_CLIENT", "echopulse-service".to_owned()),
            ("IDENTITY__SERVICE_SECRET", keycloak.service_secret.clone()),
        ]);
    }
    if kind == Kind::Server {
        variables.push(("IDENTITY__REGISTRAR_SECRET", keycloak.registrar_secret.clone()));
    }
    Ok(variables.into_iter().map(|(name, value)| (format!("ECHOPULSE_{name}"), value)).collect())
}

/// Builds the programs and answers with the folder of their binaries.
pub(crate) fn build() -> anyhow::Result<PathBuf> {
    let mut build = command::cargo(&["build", "--all-features", "--bins"]);
    for kind in Kind::ALL {
        build.args(["--package", kind.program()]);
    }
    command::run(build)?;
    Ok(target().join("debug"))
}

/// Starts all instances at once, told `more` than [`environment`], and waits until each says that it is ready.
pub(crate) fn start(
    world: &World,
    ports: &Ports,
    binaries: &Path,
    more: &[(&str, &str)],
) -> anyhow::Result<()> {
    let mut programs = vec![(Kind::Web, 0, "web".to_owned(), ports.addresses().web)];
    for (instance, urls) in ports.instances().into_iter().enumerate() {
        for (kind, url) in [(Kind::Server, urls.server), (Kind::Chat, urls.chat)] {
            programs.push((kind, instance, format!("{}-{}", kind.name(), instance + 1), url));
        }
    }
    let mut started = Vec::new();
    for (kind, instance, name, url) in programs {
        let binary = binaries.join(kind.program());
        ensure!(binary.is_file(), "there is no {}", binary.display());
        let mut command = Command::new(binary);
        command
            .current_dir(&world.folder)
            .envs(environment(kind, world, ports, instance)?)
            .envs(more.iter().copied());
        started.push((Service::spawn(&world.folder, &name, command)?, name, url));
    }
    let agent: ureq::Agent =
        ureq::Agent::config_builder().timeout_global(Some(Duration::from_secs(2))).build().into();
    for (service, name, url) in started {
        service.wait_until(LIMIT, || agent.get(format!("{url}/health/ready")).call().is_ok())?;
        println!("{name}: ready at {url}");
    }
    Ok(())
}
