//! Processes that outlive the program that started them: begun in a group of their own, known by pid and start time, ended by pid.
//!
//! A pid alone names nobody for long, since the system gives it out again. Beside it goes the start time out of
//! `/proc/PID/stat`: both together name one process of this boot. Deliberately absent: killing by name.

use std::{
    fs,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};

/// How long between two looks at something that is about to happen.
const TICK: Duration = Duration::from_millis(25);
/// How long a process may take to end after being asked.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// A process by pid and start time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Identity {
    pid: i32,
    /// In clock ticks since boot.
    started: u64,
}

impl Identity {
    /// The process that has this pid now, unless it is a zombie.
    pub(crate) fn of(pid: i32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The second field is the program's name in brackets and may hold anything; what counts comes after the last one.
        let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
        let state = fields.next()?;
        // Field 22 of the line, the 20th after the name; one is taken already.
        let started = fields.nth(18)?.parse().ok()?;
        (state != "Z" && state != "X").then_some(Self { pid, started })
    }

    /// This process.
    pub(crate) fn own() -> Option<Self> {
        Self::of(i32::try_from(std::process::id()).ok()?)
    }

    pub(crate) fn is_alive(self) -> bool {
        Self::of(self.pid) == Some(self)
    }

    /// What a pid file holds.
    pub(crate) fn line(self) -> String {
        format!("{} {}\n", self.pid, self.started)
    }

    /// What a pid file says.
    pub(crate) fn read(file: &Path) -> Option<Self> {
        let line = fs::read_to_string(file).ok()?;
        let (pid, started) = line.trim().split_once(' ')?;
        Some(Self { pid: pid.parse().ok()?, started: started.parse().ok()? })
    }

    fn gone_within(self, patience: Duration) -> bool {
        let end = Instant::now() + patience;
        while self.is_alive() {
            if Instant::now() >= end {
                return false;
            }
            thread::sleep(TICK);
        }
        true
    }

    /// Asks this process to end, and ends its whole group if it has not after [`PATIENCE`].
    pub(crate) fn stop(self, ask: Signal) {
        self.stop_within(ask, PATIENCE);
    }

    fn stop_within(self, ask: Signal, patience: Duration) {
        let Some(pid) = Pid::from_raw(self.pid) else { return };
        if !self.is_alive() {
            return;
        }
        let _ = kill_process(pid, ask);
        if !self.gone_within(patience) {
            // The process leads its own group: see `Service::spawn`.
            let _ = kill_process_group(pid, Signal::KILL);
            self.gone_within(PATIENCE);
        }
    }
}

/// A process of a world: a name, a log and a pid file, `NAME.log` and `NAME.pid` in the world's folder.
pub(crate) struct Service {
    name: String,
    log: PathBuf,
    process: Identity,
}

impl Service {
    /// Starts it in a process group of its own, with its output in the log.
    pub(crate) fn spawn(folder: &Path, name: &str, mut command: Command) -> anyhow::Result<Self> {
        let log = folder.join(format!("{name}.log"));
        let output =
            fs::File::create(&log).with_context(|| format!("{} cannot be written", log.display()))?;
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output).process_group(0);
        let child = command
            .spawn()
            .with_context(|| format!("{name}: {} did not start", command.get_program().display()))?;
        let pid = i32::try_from(child.id()).context("a pid is out of range")?;
        // Children are neither waited for nor ended with this program: whoever stops them finds them by their pid files.
        drop(child);
        let Some(process) = Identity::of(pid) else {
            bail!("{name} ended at once; {} says more", log.display());
        };
        fs::write(folder.join(format!("{name}.pid")), process.line())?;
        Ok(Self { name: name.to_owned(), log, process })
    }

    /// Waits until it answers; an error if it ends first or takes longer than it may.
    pub(crate) fn wait_until(
        &self,
        limit: Duration,
        mut is_ready: impl FnMut() -> bool,
    ) -> anyhow::Result<()> {
        let end = Instant::now() + limit;
        while !is_ready() {
            if interrupted() {
                bail!("{} was still starting when a signal came", self.name);
            }
            if !self.process.is_alive() {
                bail!("{} ended while it was starting; {} says more", self.name, self.log.display());
            }
            if Instant::now() >= end {
                bail!(
                    "{} did not answer within {} s; {} says more",
                    self.name,
                    limit.as_secs(),
                    self.log.display()
                );
            }
            thread::sleep(TICK);
        }
        Ok(())
    }

    /// Asks it to end, with another patience than [`PATIENCE`].
    pub(crate) fn stop_within(&self, ask: Signal, patience: Duration) {
        self.process.stop_within(ask, patience);
    }
}

/// The signal that a part of a world understands as "end now, in order".
pub(crate) fn ending(name: &str) -> Signal {
    // PostgreSQL's SIGTERM waits until the last client has gone.
    if name == "postgres" { Signal::INT } else { Signal::TERM }
}

/// Whether this program was asked to end. From the first call on such signals no longer end it by themselves.
pub(crate) fn interrupted() -> bool {
    static ASKED: OnceLock<Arc<AtomicBool>> = OnceLock::new();
    let asked = ASKED.get_or_init(|| {
        let asked = Arc::new(AtomicBool::new(false));
        for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM, signal_hook::consts::SIGHUP]
        {
            let _ = signal_hook::flag::register(signal, Arc::clone(&asked));
        }
        asked
    });
    asked.load(Ordering::Relaxed)
}

/// Runs a command to its end with its output in a file; an error that names the file if it fails.
pub(crate) fn run_quietly(what: &str, mut command: Command, log: &Path) -> anyhow::Result<()> {
    let output = fs::File::create(log).with_context(|| format!("{} cannot be written", log.display()))?;
    command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
    let status = command
        .status()
        .with_context(|| format!("{what}: {} did not start", command.get_program().display()))?;
    if !status.success() {
        bail!("{what} failed ({status}); {} says more", log.display());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_known_by_pid_and_start_time() {
        let own = Identity::own().expect("this process has a line in /proc");
        assert!(own.is_alive());
        let earlier = Identity { started: own.started.saturating_sub(1), ..own };
        assert!(!earlier.is_alive(), "another process had this pid before");
    }

    #[test]
    fn a_service_is_stopped_by_its_pid_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut command = Command::new("sleep");
        command.arg("60");
        let service = Service::spawn(folder.path(), "sleeper", command).expect("it starts");
        let found = Identity::read(&folder.path().join("sleeper.pid")).expect("a pid file");
        assert_eq!(found, service.process);
        found.stop(ending("sleeper"));
        assert!(!found.is_alive());
    }

    #[test]
    fn a_service_that_ends_while_starting_names_its_log() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut command = Command::new("sleep");
        command.arg("0.2");
        let service = Service::spawn(folder.path(), "short", command).expect("it starts");
        let refused = service.wait_until(Duration::from_secs(10), || false).expect_err("it ended");
        assert!(refused.to_string().contains("short.log"), "{refused}");
    }
}
