//! `cargo xtask up` and `down`: the distributed world on this machine, for people and for tests.
//!
//! With a Docker engine and one instance it is `compose.yml`; otherwise it is processes. Either way it stays until `down`.

use std::{path::Path, process::Stdio};

use anyhow::Context;
use serde_json::{Value, json};

use crate::{
    command::{self, find, program},
    environment, packages,
    services::{self, Ports},
    world::{self, Options, World, interrupted},
};

/// The folder of the world that `up` starts.
const NAME: &str = "up";

/// How `up` was asked.
#[derive(clap::Args)]
pub(crate) struct Up {
    /// How many of each service.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=16))]
    instances: u16,
    /// Says everything again in one JSON object, on the last line.
    #[arg(long)]
    json: bool,
    /// Never install anything.
    #[arg(long)]
    no_install: bool,
    /// A folder with the binaries of the services, instead of building them.
    #[arg(long, hide = true)]
    binaries: Option<std::path::PathBuf>,
    /// Processes even if there is a Docker engine.
    #[arg(long)]
    no_docker: bool,
}

/// Starts the world, or says again where it is if it runs.
pub(crate) fn up(options: &Up) -> anyhow::Result<()> {
    if options.instances == 1 && options.binaries.is_none() && !options.no_docker && docker_works() {
        return compose_up(options.json);
    }
    if let Some(world) = World::running(NAME)? {
        println!("it already runs; `cargo xtask down` ends it\n");
        return tell(&world, options.json);
    }
    packages::ensure_world(!options.no_install)?;
    let binaries = match &options.binaries {
        Some(folder) => std::path::absolute(folder)?,
        None => services::build()?,
    };
    let ports = Ports::choose(options.instances)?;
    let addresses = ports.addresses();
    let mut world = World::start(&Options { name: NAME, stays: true, keycloak: Some(&addresses) })?;
    match start_services(&mut world, &ports, &binaries) {
        Ok(()) => tell(&world, options.json),
        Err(error) => {
            world.halt();
            Err(error)
        }
    }
}

fn start_services(world: &mut World, ports: &Ports, binaries: &Path) -> anyhow::Result<()> {
    services::start(world, ports, binaries, &[])?;
    anyhow::ensure!(!interrupted(), "a signal came");
    world.instances = ports.instances();
    world.write()
}

/// Stops what `up` started, and removes what it stored.
pub(crate) fn down() -> anyhow::Result<()> {
    let mut found = world::stop(NAME)?;
    if command::root().join(environment::FILE).is_file() && docker_works() {
        command::run(program("docker", &["compose", "down"]))?;
        found = true;
    }
    println!("{}", if found { "stopped" } else { "nothing ran" });
    Ok(())
}

fn tell(world: &World, as_json: bool) -> anyhow::Result<()> {
    let keycloak = world.keycloak.as_ref().context("this world has no issuer")?;
    let first = world.instances.first().context("this world has no services")?;
    let people: Vec<_> =
        keycloak.people.iter().map(|person| (person.name.as_str(), person.password.as_str())).collect();
    println!("\nEchoPulse is up; data and logs are in {}\n", world.folder.display());
    for (number, instance) in world.instances.iter().enumerate() {
        println!("  instance {}   {}   {}", number + 1, instance.server, instance.chat);
    }
    println!("  browser      {}", keycloak.web);
    println!("  issuer       {}", keycloak.issuer);
    println!("  Keycloak     {}/admin   {} {}", keycloak.url, keycloak.admin.name, keycloak.admin.password);
    how_to_connect(&first.server, &people);
    if as_json {
        println!(
            "{}",
            json!({
                "url": first.server,
                "web": keycloak.web,
                "discovery": discovery(&first.server),
                "issuer": keycloak.issuer,
                "instances": world.instances,
                "users": keycloak.people,
                "postgres": world.postgres.superuser,
                "redis": world.redis.admin,
                "kafka": world.kafka.bootstrap,
                "folder": world.folder,
            })
        );
    }
    Ok(())
}

fn discovery(url: &str) -> String {
    format!("{url}/.well-known/echopulse")
}

fn how_to_connect(url: &str, people: &[(&str, &str)]) {
    println!("\nConnect the client, and sign in as one of these on the page that it names:\n");
    println!("  echopulse login {url}\n");
    for (name, password) in people {
        println!("  {name}   {password}");
    }
    println!("\n`cargo xtask down` ends it and removes its data.");
}

fn docker_works() -> bool {
    find("docker").is_some()
        && program("docker", &["info"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
}

/// The same by compose: needs an `.env`, which it writes if there is none.
fn compose_up(as_json: bool) -> anyhow::Result<()> {
    if !command::root().join(environment::FILE).is_file() {
        environment::write()?;
    }
    command::run(program("docker", &["compose", "up", "--build", "--detach", "--wait"]))?;
    let values = environment::read()?;
    let value = |name: &str| {
        values.get(name).map(String::as_str).with_context(|| format!("{} has no {name}", environment::FILE))
    };
    let (server, chat) = (value("ECHOPULSE_SERVER_URL")?, value("ECHOPULSE_CHAT_URL")?);
    let people = [
        ("ada", value("ECHOPULSE_DEMO_ADA")?),
        ("lin", value("ECHOPULSE_DEMO_LIN")?),
        ("sam", value("ECHOPULSE_DEMO_SAM")?),
    ];
    how_to_connect(server, &people);
    if as_json {
        let users: Vec<_> =
            people.iter().map(|(name, password)| json!({ "name": name, "password": password })).collect();
        println!(
            "{}",
            json!({
                "url": server,
                "web": value("ECHOPULSE_WEB_URL")?,
                "discovery": discovery(server),
                "issuer": format!("{}/realms/echopulse", value("KEYCLOAK_URL")?),
                "instances": [{ "server": server, "chat": chat }],
                "users": users,
                "postgres": Value::Null,
                "redis": Value::Null,
                "kafka": Value::Null,
            })
        );
    }
    Ok(())
}
