//! Redis: a cache without a disk, with one user per service that sees its own keys only.

use std::{
    io::{Read, Write},
    net::TcpStream,
    path::Path,
    process::Command,
    time::Duration,
};

use anyhow::Context;
use serde::{Deserialize, Serialize};

use super::{
    folder::{password, write_secret},
    process::Service,
};

const LIMIT: Duration = Duration::from_secs(15);
/// What every service's keys and channels begin with, and what each may do there.
const RIGHTS: &str = include_str!("../../../docker/redis/rights.acl");

/// Where it is, for everybody who may sign in.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Redis {
    /// May do everything: for tests that empty or look into it.
    pub(crate) admin: String,
    pub(crate) server: String,
    pub(crate) chat: String,
}

/// Starts it with users out of a file.
pub(crate) fn start(folder: &Path, port: u16) -> anyhow::Result<Redis> {
    let home = folder.join("redis");
    std::fs::create_dir(&home)?;
    let (admin, server, chat) = (password(), password(), password());
    let (users, rights) = (home.join("users.acl"), RIGHTS.trim());
    write_secret(
        &users,
        &format!(
            "user default off\nuser admin on >{admin} ~* &* +@all\n\
             user server on >{server} {rights}\nuser chat on >{chat} {rights}\n"
        ),
    )?;
    let settings = home.join("redis.conf");
    let text = format!(
        "bind 127.0.0.1\nport {port}\ndaemonize no\ndir {}\naclfile {}\nsave \"\"\nappendonly no\n\
         maxmemory 64mb\nmaxmemory-policy allkeys-lru\n",
        quoted(&home),
        quoted(&users)
    );
    std::fs::write(&settings, text).with_context(|| format!("{} cannot be written", settings.display()))?;
    let mut command = Command::new("redis-server");
    command.arg(&settings).current_dir(&home);
    Service::spawn(folder, "redis", command)?.wait_until(LIMIT, || answers(port).unwrap_or(false))?;
    let url = |user: &str, password: &str| format!("redis://{user}:{password}@127.0.0.1:{port}/");
    Ok(Redis { admin: url("admin", &admin), server: url("server", &server), chat: url("chat", &chat) })
}

fn quoted(path: &Path) -> String {
    format!("{:?}", path.display().to_string())
}

/// Whether it talks: without a password it says that it wants one.
fn answers(port: u16) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(1)))?;
    stream.write_all(b"PING\r\n")?;
    let mut answer = [0; 7];
    stream.read_exact(&mut answer)?;
    Ok(answer == *b"-NOAUTH" || answer == *b"+PONG\r\n")
}
