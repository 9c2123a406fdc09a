//! The four parts without the services, around one command: what the tests of the distributed adapters run in.

use std::{
    path::PathBuf,
    process::{Command, ExitCode},
    thread,
    time::Duration,
};

use anyhow::{Context, ensure};
use rustix::process::{Pid, Signal, kill_process};

use crate::{
    command, packages,
    services::{self, Ports},
    world::{Addresses, Options, World, interrupted, target},
};

/// How many of each service the tests have.
const INSTANCES: u16 = 2;
/// Where the realm expects the browser client: nothing is there.
const WEB: &str = "http://127.0.0.1:9";

/// All tests come from one address, and some post hundreds of messages at once. Those of the limits start instances of their own.
const UNLIMITED: [(&str, &str); 1] = [("ECHOPULSE_LIMITS__PERCENT", "0")];

/// What a command around which the parts run finds in its environment.
pub(crate) fn environment(world: &World) -> Vec<(&'static str, String)> {
    let mut variables = vec![
        ("ECHOPULSE_TEST_WORLD", world.folder.join("world.json").display().to_string()),
        ("ECHOPULSE_TEST_POSTGRES", world.postgres.superuser.clone()),
        ("ECHOPULSE_TEST_REDIS", world.redis.admin.clone()),
        ("ECHOPULSE_TEST_KAFKA", world.kafka.bootstrap.clone()),
        ("ECHOPULSE_TEST_KAFKA_BEHIND", world.kafka.behind.clone()),
        ("ECHOPULSE_TEST_KAFKA_FRONT", world.kafka.front.clone()),
    ];
    if let Some(keycloak) = &world.keycloak {
        let people: Vec<_> =
            keycloak.people.iter().map(|person| format!("{}:{}", person.name, person.password)).collect();
        variables.extend([
            ("ECHOPULSE_TEST_KEYCLOAK", keycloak.url.clone()),
            ("ECHOPULSE_TEST_KEYCLOAK_ISSUER", keycloak.issuer.clone()),
            ("ECHOPULSE_TEST_KEYCLOAK_ADMIN", keycloak.admin.name.clone()),
            ("ECHOPULSE_TEST_KEYCLOAK_ADMIN_PASSWORD", keycloak.admin.password.clone()),
            ("ECHOPULSE_TEST_KEYCLOAK_BOT_SECRET", keycloak.bot_secret.clone()),
            ("ECHOPULSE_TEST_KEYCLOAK_SERVICE_SECRET", keycloak.service_secret.clone()),
            ("ECHOPULSE_TEST_KEYCLOAK_USERS", people.join(",")),
            ("ECHOPULSE_TEST_WEB", keycloak.web.clone()),
        ]);
    }
    variables
}

/// Starts the parts, does something with them, and stops them whatever came of it.
pub(crate) fn around<T>(
    keycloak: Option<&Addresses>,
    no_install: bool,
    inside: impl FnOnce(&World) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    packages::ensure_world(!no_install)?;
    let name = format!("parts-{}", std::process::id());
    let options = Options { name: &name, stays: false, keycloak };
    let world = World::start(&options)?;
    let done = inside(&world);
    world.stop()?;
    println!("parts: stopped");
    done
}

/// Runs one command inside and answers with its exit code.
pub(crate) fn run(words: &[String], no_keycloak: bool, no_install: bool) -> anyhow::Result<ExitCode> {
    let nowhere = Addresses { web: WEB.to_owned(), logout: format!("{WEB}/logout") };
    around((!no_keycloak).then_some(&nowhere), no_install, |world| {
        let (name, arguments) = words.split_first().context("no command was given after `--`")?;
        let mut command = Command::new(name);
        command.args(arguments).envs(environment(world));
        println!("$ {}", words.join(" "));
        let mut child = command.spawn().with_context(|| format!("`{name}` did not start"))?;
        let mut told = false;
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break status;
            }
            if interrupted() && !told {
                told = true;
                // Ctrl+C reached it as well; a signal that was sent to this program alone did not.
                let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
                let _ = pid.map(|pid| kill_process(pid, Signal::TERM));
            }
            thread::sleep(Duration::from_millis(20));
        };
        let code = status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1);
        Ok(ExitCode::from(code))
    })
}

/// What the tests are built from: built before the world starts, which would else wait for it.
fn build(tests: &[&str]) -> anyhow::Result<PathBuf> {
    command::run(command::cargo(&["build", "--workspace", "--all-features", "--bins", "--examples"]))?;
    let mut build = command::cargo(tests);
    build.arg("--no-run");
    command::run(build)?;
    Ok(target().join("debug"))
}

/// Runs tests in the distributed world: the four parts, and several instances of each service.
pub(crate) fn tests(tests: &[&str], no_install: bool, line: impl FnMut(&str)) -> anyhow::Result<bool> {
    let binaries = build(tests)?;
    let ports = Ports::choose(INSTANCES)?;
    around(Some(&ports.addresses()), no_install, |world| {
        services::start(world, &ports, &binaries, &UNLIMITED)?;
        ensure!(!interrupted(), "a signal came");
        let mut run = command::cargo(tests);
        run.envs(environment(world));
        run.env("ECHOPULSE_TEST_INSTANCES", serde_json::to_string(&ports.instances())?);
        command::run_and_read(run, line)
    })
}
