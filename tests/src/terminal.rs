//! A terminal with the client in it: tmux, which answers what a bare pty does not.

use std::{
    path::Path,
    process::Command,
    sync::atomic::{AtomicUsize, Ordering},
};

use crate::{eventually, program};

static NEXT: AtomicUsize = AtomicUsize::new(0);

/// A tmux server of its own, with one window. It is ended when this is dropped.
#[derive(Debug)]
pub struct Terminal {
    socket: String,
}

impl Terminal {
    /// A terminal of this size, with the client of a folder in it.
    #[must_use]
    pub fn open(folder: &Path, name: Option<&str>, width: u16, height: u16) -> Self {
        let socket = format!("echopulse-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let terminal = Self { socket };
        let (width, height) = (width.to_string(), height.to_string());
        let mut client = format!(
            "env XDG_CONFIG_HOME={0}/config NO_COLOR= {1} --data {0}",
            folder.display(),
            program().display()
        );
        if let Some(name) = name {
            client.push_str(&format!(" --as {name}"));
        }
        // The shell stays behind the client, so that what the client leaves can be looked at.
        let command = format!("{client}; echo left with $?; exec cat");
        terminal.tmux(&["-f", "/dev/null", "new-session", "-d", "-x", &width, "-y", &height, &command]);
        terminal
    }

    fn tmux(&self, args: &[&str]) -> String {
        let output =
            Command::new("tmux").args(["-L", &self.socket]).args(args).output().expect("tmux is installed");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Presses keys, by tmux's names.
    pub fn press(&self, keys: &[&str]) {
        let mut args = vec!["send-keys"];
        args.extend_from_slice(keys);
        self.tmux(&args);
    }

    /// Types a text as it is.
    pub fn write(&self, text: &str) {
        self.tmux(&["send-keys", "-l", text]);
    }

    /// What the screen shows.
    #[must_use]
    pub fn screen(&self) -> String {
        self.tmux(&["capture-pane", "-p"])
    }

    /// Waits until the screen shows a text.
    pub fn shows(&self, text: &str) -> String {
        let mut last = String::new();
        eventually(&format!("`{text}` on the screen"), || {
            last = self.screen();
            last.contains(text).then(|| last.clone())
        })
    }

    /// Waits until the screen shows a text no more.
    pub fn hides(&self, text: &str) {
        eventually(&format!("a screen without `{text}`"), || (!self.screen().contains(text)).then_some(()));
    }

    /// Makes the terminal larger or smaller.
    pub fn resize(&self, width: u16, height: u16) {
        self.tmux(&["resize-window", "-x", &width.to_string(), "-y", &height.to_string()]);
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.tmux(&["kill-server"]);
    }
}
