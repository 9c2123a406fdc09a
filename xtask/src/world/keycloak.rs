//! Keycloak: from its own distribution on Maven Central, with the realm of this repository.
//!
//! Prepared once into the cache: the unpacked distribution with its build step done, and a database that already has its tables
//! and its master realm. A world links the first, which nobody changes, and copies the second. Java is started directly:
//! the script that comes with Keycloak stays in between and has a pid of its own.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::Context;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    folder::{self, password},
    process::{Service, ending, run_quietly},
};
use crate::command;

const VERSION: &str = "26.7.3";
const REALM: &str = "echopulse";
const ADMIN: &str = "admin";
/// Where the cache keeps the password that the prepared database has for the administrator.
const FIRST_PASSWORD: &str = "first-password";
/// The first start on a slow machine, with everything to be laid out.
const LIMIT: Duration = Duration::from_secs(180);
/// Who is there to try it out; the passwords of `docker/keycloak-demo-users.json` come from these variables.
const PEOPLE: [(&str, &str); 3] =
    [("ada", "ECHOPULSE_DEMO_ADA"), ("lin", "ECHOPULSE_DEMO_LIN"), ("sam", "ECHOPULSE_DEMO_SAM")];

/// Where it is, and who may sign in.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Keycloak {
    pub(crate) url: String,
    pub(crate) issuer: String,
    pub(crate) admin: Person,
    pub(crate) bot_secret: String,
    pub(crate) service_secret: String,
    pub(crate) registrar_secret: String,
    pub(crate) people: Vec<Person>,
    /// Where the realm expects the browser client.
    pub(crate) web: String,
}

/// Somebody with a password.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Person {
    pub(crate) name: String,
    pub(crate) password: String,
}

/// What the realm file leaves open.
pub(crate) struct Addresses {
    /// Where the browser client is.
    pub(crate) web: String,
    /// Which service Keycloak tells of a logout.
    pub(crate) logout: String,
}

/// Starts it with the realm and the demo users.
pub(crate) fn start(
    folder: &Path,
    http: u16,
    management: u16,
    addresses: &Addresses,
) -> anyhow::Result<Keycloak> {
    let kit = prepare()?;
    let home = folder.join("keycloak");
    folder::link_tree(&kit.join("home"), &home)?;
    fs::set_permissions(&home, fs::Permissions::from_mode(0o700))?;
    folder::copy_tree(&kit.join("data"), &home.join("data"))?;

    let import = home.join("data/import");
    fs::create_dir_all(&import)?;
    for (file, part) in [("keycloak-realm.json", "realm"), ("docker/keycloak-demo-users.json", "users-0")] {
        fs::copy(command::root().join(file), import.join(format!("{REALM}-{part}.json")))
            .with_context(|| format!("{file} cannot be copied"))?;
    }

    let url = format!("http://127.0.0.1:{http}");
    let admin = Person { name: ADMIN.to_owned(), password: password() };
    let (bot_secret, service_secret, registrar_secret) = (password(), password(), password());
    let mut command = java(&home, http, management);
    command.arg("--import-realm").envs([
        ("ECHOPULSE_SSL_REQUIRED", "none"),
        ("ECHOPULSE_WEB_URL", &addresses.web),
        ("ECHOPULSE_LOGOUT_URL", &addresses.logout),
        ("ECHOPULSE_BOT_SECRET", &bot_secret),
        ("ECHOPULSE_SERVICE_SECRET", &service_secret),
        ("ECHOPULSE_REGISTRAR_SECRET", &registrar_secret),
    ]);
    let mut people = Vec::new();
    for (name, variable) in PEOPLE {
        let person = Person { name: name.to_owned(), password: password() };
        command.env(variable, &person.password);
        people.push(person);
    }
    run(folder, command, &format!("{url}/realms/{REALM}/.well-known/openid-configuration"))?;
    let first = fs::read_to_string(kit.join(FIRST_PASSWORD)).context("the first administrator's password")?;
    change_password(&url, &Person { name: admin.name.clone(), password: first }, &admin.password)
        .context("giving Keycloak's administrator a password of this world's own")?;
    Ok(Keycloak {
        issuer: format!("{url}/realms/{REALM}"),
        url,
        admin,
        bot_secret,
        service_secret,
        registrar_secret,
        people,
        web: addresses.web.clone(),
    })
}

/// What `kc.sh start --optimized` would run.
fn java(home: &Path, http: u16, management: u16) -> Command {
    let mut command = Command::new("java");
    command
        .args(["-Xms64m", "-Xmx448m", "-XX:MetaspaceSize=96M", "-XX:MaxMetaspaceSize=256m"])
        .args(["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:+ExitOnOutOfMemoryError"])
        .args(["-Dfile.encoding=UTF-8", "-Djava.security.egd=file:/dev/urandom"])
        .args(["-Duser.language=en", "-Duser.country=US"]);
    for package in ["java.util", "java.util.concurrent", "java.security", "java.lang"] {
        command.arg(format!("--add-opens=java.base/{package}=ALL-UNNAMED"));
    }
    command
        .arg("--enable-native-access=ALL-UNNAMED")
        .arg("-Djava.util.concurrent.ForkJoinPool.common.threadFactory=io.quarkus.bootstrap.forkjoin.QuarkusForkJoinWorkerThreadFactory")
        .arg("-Djava.util.logging.manager=org.jboss.logmanager.LogManager")
        .args(["-Dpicocli.disable.closures=true", "-Dquarkus-log-max-startup-records=10000"])
        .arg(format!("-Dkc.home.dir={}", home.display()))
        .arg(format!("-Djboss.server.config.dir={}", home.join("conf").display()))
        .arg("-cp")
        .arg(home.join("lib/quarkus-run.jar"))
        .args(["io.quarkus.bootstrap.runner.QuarkusEntryPoint", "start", "--optimized", "--cache=local"])
        .args(["--http-enabled=true", "--http-host=127.0.0.1"])
        .arg(format!("--http-port={http}"))
        .arg(format!("--http-management-port={management}"))
        .arg(format!("--hostname=http://127.0.0.1:{http}"))
        .current_dir(home);
    command
}

fn run(folder: &Path, command: Command, answers: &str) -> anyhow::Result<Service> {
    let service = Service::spawn(folder, "keycloak", command)?;
    let agent = agent(Duration::from_secs(2));
    service.wait_until(LIMIT, || agent.get(answers).call().is_ok())?;
    Ok(service)
}

fn agent(timeout: Duration) -> ureq::Agent {
    ureq::Agent::config_builder().timeout_global(Some(timeout)).build().into()
}

/// Changes the password of an administrator, as that administrator.
fn change_password(url: &str, who: &Person, new: &str) -> anyhow::Result<()> {
    #[derive(Deserialize)]
    struct Token {
        access_token: String,
    }
    #[derive(Deserialize)]
    struct User {
        id: String,
    }
    let agent = agent(Duration::from_secs(30));
    let form = [
        ("grant_type", "password"),
        ("client_id", "admin-cli"),
        ("username", who.name.as_str()),
        ("password", who.password.as_str()),
    ];
    let token: Token = agent
        .post(format!("{url}/realms/master/protocol/openid-connect/token"))
        .send_form(form)?
        .body_mut()
        .read_json()?;
    let bearer = format!("Bearer {}", token.access_token);
    let users = format!("{url}/admin/realms/master/users");
    let found: Vec<User> = agent
        .get(&users)
        .query("username", &who.name)
        .query("exact", "true")
        .header("Authorization", &bearer)
        .call()?
        .body_mut()
        .read_json()?;
    let user = found.first().with_context(|| format!("there is no user {}", who.name))?;
    agent
        .put(format!("{users}/{}/reset-password", user.id))
        .header("Authorization", &bearer)
        .send_json(json!({ "type": "password", "value": new, "temporary": false }))?;
    Ok(())
}

/// The kit in the cache, made if it is not there yet.
fn prepare() -> anyhow::Result<PathBuf> {
    let kit = folder::cache()?.join(format!("keycloak-{VERSION}"));
    folder::once(&kit, |kit| {
        println!("keycloak: fetching {VERSION} from Maven Central, once");
        let mut fetch = Command::new("mvn");
        fetch
            .args(["-B", "-ntp", "-q", "dependency:unpack"])
            .arg(format!("-Dartifact=org.keycloak:keycloak-quarkus-dist:{VERSION}:zip"))
            .arg(format!("-DoutputDirectory={}", kit.display()))
            .arg("-Dmdep.overWriteReleases=true")
            .current_dir(kit);
        run_quietly("fetching Keycloak", fetch, &kit.join("fetch.log"))?;
        let home = kit.join("home");
        fs::rename(kit.join(format!("keycloak-{VERSION}")), &home).context("the distribution of Keycloak")?;

        println!("keycloak: its build step, once; about half a minute");
        let mut build = Command::new("sh");
        build
            .arg(home.join("bin/kc.sh"))
            .args(["build", "--db=dev-file", "--health-enabled=true"])
            .current_dir(&home);
        run_quietly("Keycloak's build step", build, &kit.join("build.log"))?;

        println!("keycloak: starting it once for its tables and master realm; about half a minute");
        let trial = kit.join("trial");
        fs::create_dir(&trial)?;
        let ports = folder::free_ports(2)?;
        let [http, management] = ports[..] else { unreachable!("two ports were asked for") };
        // The first administrator comes with the master realm or not at all, so this password is in every copy: each world
        // changes it before anybody is told where it is.
        let first = password();
        folder::write_secret(&kit.join(FIRST_PASSWORD), &first)?;
        let mut command = java(&home, http, management);
        command.env("KC_BOOTSTRAP_ADMIN_USERNAME", ADMIN).env("KC_BOOTSTRAP_ADMIN_PASSWORD", first);
        let answers = format!("http://127.0.0.1:{http}/realms/master/.well-known/openid-configuration");
        let service = run(&trial, command, &answers)?;
        service.stop_within(ending("keycloak"), LIMIT);
        fs::rename(home.join("data"), kit.join("data"))?;
        let _ = fs::remove_dir_all(kit.join("data/tmp"));
        let _ = fs::remove_dir_all(kit.join("data/log"));
        fs::remove_dir_all(trial)?;
        Ok(())
    })?;
    Ok(kit)
}
