//! The distributed world on this machine: real PostgreSQL, Redis, Kafka and Keycloak, started together and stopped by pid.
//!
//! A world is a folder. It holds every file, log and pid of what runs in it, and `world.json`, readable for its owner alone,
//! which says where everything is. A world of a command ends with the command; one that was left by a command that
//! died is found by its pid files and cleared away before the next begins. Nothing listens beyond 127.0.0.1.

mod folder;
mod kafka;
mod keycloak;
mod postgres;
mod process;
#[cfg(test)]
mod realm_tests;
mod redis;

use std::{
    path::{Path, PathBuf},
    thread,
    time::Instant,
};

use anyhow::{Context, anyhow};
use serde::{Deserialize, Serialize};

pub(crate) use self::{
    folder::{free_ports, password, target, write_secret},
    keycloak::{Addresses, Keycloak},
    postgres::programs as postgres_programs,
    process::{Identity, Service, interrupted},
};
use self::{kafka::Kafka, postgres::Postgres, redis::Redis};
use crate::services::Instance;

/// What to start.
pub(crate) struct Options<'a> {
    /// The folder's name.
    pub(crate) name: &'a str,
    /// Whether it goes on when this program ends.
    pub(crate) stays: bool,
    /// Keycloak, which takes most of the time, and what its realm needs to know.
    pub(crate) keycloak: Option<&'a Addresses>,
}

/// What runs, and how to reach it.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct World {
    pub(crate) folder: PathBuf,
    pub(crate) postgres: Postgres,
    pub(crate) redis: Redis,
    pub(crate) kafka: Kafka,
    pub(crate) keycloak: Option<Keycloak>,
    /// The services, once they are ready.
    pub(crate) instances: Vec<Instance>,
}

impl World {
    /// Starts everything at once. If one part fails, the rest is stopped again and the logs stay.
    pub(crate) fn start(options: &Options<'_>) -> anyhow::Result<Self> {
        // From here on a signal ends the start in order instead of leaving half a world.
        interrupted();
        folder::sweep()?;
        folder::clear(&folder::worlds()?.join(options.name))?;
        let owner = if options.stays { None } else { Identity::own() };
        let folder = folder::make(options.name, owner)?;
        match parts(&folder, options.keycloak) {
            Ok(world) => {
                world.write()?;
                Ok(world)
            }
            Err(error) => {
                folder::stop(&folder);
                Err(error)
            }
        }
    }

    /// The world of that name, if its services were started and everything in it still runs.
    pub(crate) fn running(name: &str) -> anyhow::Result<Option<Self>> {
        let folder = folder::worlds()?.join(name);
        let Ok(text) = std::fs::read_to_string(folder.join(folder::DESCRIPTION)) else { return Ok(None) };
        let all_alive = folder::processes(&folder).iter().all(|(_, process)| process.is_alive());
        let world: Self = serde_json::from_str(&text).context("reading world.json")?;
        Ok((all_alive && !world.instances.is_empty()).then_some(world))
    }

    /// Stops everything and removes the folder.
    pub(crate) fn stop(&self) -> anyhow::Result<()> {
        folder::clear(&self.folder)
    }

    /// Stops everything and leaves the folder with its logs.
    pub(crate) fn halt(&self) {
        folder::stop(&self.folder);
    }

    /// Writes the description again.
    pub(crate) fn write(&self) -> anyhow::Result<()> {
        write_secret(&self.folder.join(folder::DESCRIPTION), &serde_json::to_string_pretty(self)?)
    }
}

/// Stops the world of that name, whatever is left of it. Answers whether there was one.
pub(crate) fn stop(name: &str) -> anyhow::Result<bool> {
    let folder = folder::worlds()?.join(name);
    let found = folder.exists();
    folder::clear(&folder)?;
    Ok(found)
}

fn parts(folder: &Path, addresses: Option<&Addresses>) -> anyhow::Result<World> {
    let ports = free_ports(8)?;
    let [postgres, redis, http, management, broker, controller, behind, front] = ports[..] else {
        unreachable!("eight ports were asked for")
    };
    let broker = kafka::Ports { broker, controller, behind, front };
    thread::scope(|scope| {
        let postgres = scope.spawn(move || timed("postgres", || postgres::start(folder, postgres)));
        let redis = scope.spawn(move || timed("redis", || redis::start(folder, redis)));
        let kafka = scope.spawn(move || timed("kafka", || kafka::start(folder, broker)));
        let keycloak = addresses.map(|addresses| {
            scope.spawn(move || timed("keycloak", || keycloak::start(folder, http, management, addresses)))
        });
        // All are waited for before the first error is passed on: none may still be starting when the rest is stopped.
        let (postgres, redis, kafka) = (join(postgres), join(redis), join(kafka));
        let keycloak = keycloak.map(join).transpose();
        Ok(World {
            folder: folder.to_path_buf(),
            postgres: postgres?,
            redis: redis?,
            kafka: kafka?,
            keycloak: keycloak?,
            instances: Vec::new(),
        })
    })
}

fn join<T>(part: thread::ScopedJoinHandle<'_, anyhow::Result<T>>) -> anyhow::Result<T> {
    part.join().map_err(|_| anyhow!("starting a part of the world panicked"))?
}

fn timed<T>(name: &str, start: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
    let begun = Instant::now();
    let started = start().with_context(|| format!("{name} did not start"))?;
    println!("{name}: up after {:.1} s", begun.elapsed().as_secs_f64());
    Ok(started)
}
