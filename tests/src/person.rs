//! Somebody who uses the program from a shell.

use std::{
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::mpsc::{Receiver, channel},
};

use serde_json::Value;

use crate::{eventually, program};

/// One line of JSON that a command printed.
pub type Line = Value;

/// Somebody with a data folder, who may have a name in it.
#[derive(Debug, Clone)]
pub struct Person {
    folder: PathBuf,
    name: Option<String>,
    limited: bool,
}

/// A process that goes on, with the lines it prints. It is ended when this is dropped.
#[derive(Debug)]
pub struct Lines {
    child: Child,
    lines: Receiver<String>,
}

/// A process that serves a folder.
#[derive(Debug)]
pub struct Served {
    lines: Lines,
    /// Its URL.
    pub url: String,
}

impl Person {
    /// The person called `name` in a folder.
    #[must_use]
    pub fn named(folder: &Path, name: &str) -> Self {
        Self { folder: folder.to_owned(), name: Some(name.to_owned()), limited: true }
    }

    /// Whoever a folder belongs to.
    #[must_use]
    pub fn of(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), name: None, limited: true }
    }

    /// The same person in a hurry: whatever they serve has no rate limits.
    #[must_use]
    pub fn unlimited(self) -> Self {
        Self { limited: false, ..self }
    }

    /// A command that is not started yet, in an environment of its own.
    #[must_use]
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(program());
        command.args(args).arg("--data").arg(&self.folder);
        command.env("XDG_CONFIG_HOME", self.folder.join("config")).env_remove("ECHOPULSE_LOG__LEVEL");
        if !self.limited {
            command.env("ECHOPULSE_LIMITS__PERCENT", "0");
        }
        if let Some(name) = &self.name {
            command.args(["--as", name]);
        }
        command
    }

    /// Runs a command to its end.
    #[must_use]
    pub fn output(&self, args: &[&str]) -> Output {
        self.command(args).stdin(Stdio::null()).output().expect("the program starts")
    }

    /// Runs a command that has to succeed, and answers what it printed.
    pub fn says(&self, args: &[&str]) -> String {
        let output = self.output(args);
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("the program prints UTF-8")
    }

    /// The same with `--json`, line by line.
    pub fn json(&self, args: &[&str]) -> Vec<Line> {
        let mut all = args.to_vec();
        all.push("--json");
        self.says(&all).lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
    }

    /// Runs a command that has to fail: its exit code and what it said.
    pub fn fails(&self, args: &[&str]) -> (i32, String) {
        let output = self.output(args);
        assert!(!output.status.success(), "{args:?} succeeded");
        (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&output.stderr).into_owned())
    }

    /// Runs a command with something on its standard input.
    pub fn pipes(&self, input: &str, args: &[&str]) -> String {
        let mut command = self.command(args);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the program starts");
        let mut pipe = child.stdin.take().expect("a pipe");
        pipe.write_all(input.as_bytes()).expect("the program reads");
        drop(pipe);
        let output = child.wait_with_output().expect("the program ends");
        assert!(output.status.success(), "{args:?} failed");
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    /// Starts a command that goes on.
    #[must_use]
    pub fn starts(&self, args: &[&str]) -> Lines {
        let mut command = self.command(args);
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("the program starts");
        let output = child.stdout.take().expect("a pipe");
        let (told, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if told.send(line).is_err() {
                    return;
                }
            }
        });
        Lines { child, lines }
    }

    /// Serves the folder.
    #[must_use]
    pub fn serves(&self) -> Served {
        let lines = self.starts(&["serve"]);
        let url = lines.next("the URL of `serve`");
        Served { lines, url }
    }
}

impl Lines {
    /// The process's number.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The next line.
    pub fn next(&self, what: &str) -> String {
        eventually(what, || self.lines.try_recv().ok())
    }

    /// What stands behind `words` in the next line, which begins with them.
    pub fn next_behind(&self, words: &str) -> String {
        let line = self.next(words);
        let behind = line.trim_start().strip_prefix(words);
        behind.unwrap_or_else(|| panic!("`{line}` does not begin with `{words}`")).trim().to_owned()
    }

    /// The next line, as JSON.
    pub fn next_json(&self, what: &str) -> Line {
        let line = self.next(what);
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{what}: {line}: {error}"))
    }

    /// Waits until the process ends by itself, and answers its exit code.
    #[must_use]
    pub fn ends(mut self) -> i32 {
        let status =
            eventually("the end of a command", || self.child.try_wait().expect("the process is ours"));
        status.code().unwrap_or(-1)
    }

    /// Ends the process at once, as a power cut does.
    pub fn kill(mut self) {
        self.child.kill().expect("the process is ours");
        self.child.wait().expect("the process is ours");
    }
}

impl Served {
    /// The process's number.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.lines.pid()
    }

    /// Ends the process at once, as a power cut does.
    pub fn kill(self) {
        self.lines.kill();
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
