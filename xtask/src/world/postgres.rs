//! PostgreSQL: one cluster per world with a database for each service, and no more rights than each needs.
//!
//! A service signs in as `NAME_svc`, which may read and write rows and nothing else; migrations sign in as `NAME_owner`,
//! which owns the database. Durability is off: a killed server loses nothing (the system's cache has it), a machine without power might.

use std::{
    fs,
    io::Write,
    os::unix::{
        fs::{PermissionsExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};

use super::{
    folder::{password, write_secret},
    process::{Service, run_quietly},
};
use crate::command::find;

const LIMIT: Duration = Duration::from_secs(30);
/// The services that have a database of their own.
const SERVICES: [&str; 2] = ["server", "chat"];
/// How each is laid out, the same in compose.
const DATABASE: &str = include_str!("../../../docker/postgres/database.sql");

/// Where it is, for everybody who may sign in.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Postgres {
    pub(crate) superuser: String,
    pub(crate) server: String,
    pub(crate) server_owner: String,
    pub(crate) chat: String,
    pub(crate) chat_owner: String,
}

/// The folder with the server's programs: version 15 if it is there, else the newest one later than that.
pub(crate) fn programs() -> Option<PathBuf> {
    let mut versions: Vec<u32> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|version| *version >= 15)
        .collect();
    versions.sort_by_key(|version| (*version == 15, *version));
    let of = |version: &u32| PathBuf::from(format!("/usr/lib/postgresql/{version}/bin"));
    let mut folders = versions.iter().rev().map(of);
    folders
        .find(|folder| folder.join("initdb").is_file())
        .or_else(|| find("initdb")?.parent().map(Path::to_path_buf))
}

/// User and group that the server runs as: as root `postgres`, which it demands, otherwise whoever runs this.
fn account() -> anyhow::Result<Option<(u32, u32)>> {
    if !rustix::process::geteuid().is_root() {
        return Ok(None);
    }
    let accounts = fs::read_to_string("/etc/passwd").context("/etc/passwd cannot be read")?;
    let line = accounts.lines().find(|line| line.starts_with("postgres:"));
    let mut fields = line
        .context("there is no user postgres; its package makes one, and PostgreSQL refuses to run as root")?
        .split(':')
        .skip(2);
    let mut number = || fields.next().and_then(|field| field.parse().ok());
    let (user, group) = (number(), number());
    Ok(user.zip(group))
}

fn program(name: &str, account: Option<(u32, u32)>, folder: &Path) -> anyhow::Result<Command> {
    let programs = programs().context("PostgreSQL 15 or later is not installed")?;
    let mut command = Command::new(programs.join(name));
    command.current_dir(folder);
    if let Some((user, group)) = account {
        command.uid(user).gid(group);
    }
    Ok(command)
}

/// Makes a cluster in the world's folder, starts it, and lays out databases and rights.
pub(crate) fn start(folder: &Path, port: u16) -> anyhow::Result<Postgres> {
    let account = account()?;
    let home = folder.join("postgres");
    fs::create_dir(&home)?;
    fs::set_permissions(&home, fs::Permissions::from_mode(0o700))?;
    let superuser = password();
    let secret = home.join("superuser");
    write_secret(&secret, &superuser)?;
    if let Some((user, group)) = account {
        for path in [&home, &secret] {
            chown(path, Some(user), Some(group))
                .with_context(|| format!("{} cannot be given to postgres", path.display()))?;
        }
    }

    let data = home.join("data");
    let mut init = program("initdb", account, &home)?;
    init.args(["--auth=scram-sha-256", "--username=postgres", "--encoding=UTF8", "--locale=C.UTF-8"])
        .arg("--no-sync")
        .arg(format!("--pwfile={}", secret.display()))
        .arg(format!("--pgdata={}", data.display()));
    run_quietly("initdb", init, &folder.join("initdb.log"))?;
    fs::remove_file(&secret)?;

    let mut server = program("postgres", account, &home)?;
    server.arg("-D").arg(&data).args(["-p", &port.to_string()]);
    for setting in [
        "listen_addresses=127.0.0.1",
        "unix_socket_directories=",
        "max_connections=200",
        "shared_buffers=64MB",
        "fsync=off",
        "full_page_writes=off",
        "timezone=UTC",
    ] {
        server.args(["-c", setting]);
    }
    let service = Service::spawn(folder, "postgres", server)?;
    service.wait_until(LIMIT, || {
        program("pg_isready", None, folder).is_ok_and(|mut ask| {
            ask.args(["-q", "-h", "127.0.0.1", "-p", &port.to_string()]).status().is_ok_and(|it| it.success())
        })
    })?;

    let url = |user: &str, password: &str, database: &str| {
        format!("postgres://{user}:{password}@127.0.0.1:{port}/{database}")
    };
    let mut urls = Vec::new();
    for name in SERVICES {
        let (owner, service) = (password(), password());
        let sql = format!(
            "\\set name {name}\n\\set owner_password '{owner}'\n\\set service_password '{service}'\n{DATABASE}"
        );
        lay_out(folder, port, &superuser, &sql).with_context(|| format!("laying out database {name}"))?;
        urls.push((url(&format!("{name}_svc"), &service, name), url(&format!("{name}_owner"), &owner, name)));
    }
    let [(server, server_owner), (chat, chat_owner)] = <[_; 2]>::try_from(urls)
        .map_err(|urls| anyhow::anyhow!("{} databases were made, not two", urls.len()))?;
    let superuser = url("postgres", &superuser, "postgres");
    Ok(Postgres { superuser, server, server_owner, chat, chat_owner })
}

/// Runs SQL as the superuser, given on the standard input so that no password is in an argument list.
fn lay_out(folder: &Path, port: u16, password: &str, sql: &str) -> anyhow::Result<()> {
    let mut psql = program("psql", None, folder)?;
    psql.args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-U", "postgres", "-d", "postgres"])
        .args(["-p", &port.to_string()])
        .env("PGPASSWORD", password)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let mut child = psql.spawn().context("psql did not start")?;
    child.stdin.take().context("psql's standard input was not piped")?.write_all(sql.as_bytes())?;
    let output = child.wait_with_output()?;
    if !output.status.success() {
        bail!(
            "psql: {}; {} says more",
            String::from_utf8_lossy(&output.stderr).trim(),
            folder.join("postgres.log").display()
        );
    }
    Ok(())
}
