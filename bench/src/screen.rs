//! The real client in a terminal of its own, which counts the frames it is shown.

use std::{
    io::{Read, Write},
    path::Path,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// Ends a frame: the end of a synchronised update.
const FRAME_END: &[u8] = b"\x1b[?2026l";
const PATIENCE: Duration = Duration::from_secs(60);

/// What was seen so far.
#[derive(Default)]
struct Seen {
    frames: usize,
    octets: usize,
    tail: Vec<u8>,
}

impl Seen {
    fn take(&mut self, octets: &[u8]) {
        self.octets += octets.len();
        self.tail.extend_from_slice(octets);
        let found = self.tail.windows(FRAME_END.len()).filter(|window| *window == FRAME_END).count();
        self.frames += found;
        // What may be the beginning of another end.
        let kept = self.tail.len().min(FRAME_END.len() - 1);
        self.tail.drain(..self.tail.len() - kept);
    }
}

/// A terminal with the client in it.
pub(crate) struct Screen {
    child: Box<dyn Child + Send + Sync>,
    keys: Box<dyn Write + Send>,
    seen: Arc<(Mutex<Seen>, Condvar)>,
    begun: Instant,
    _master: Box<dyn MasterPty + Send>,
}

impl Screen {
    /// Starts the client of `name` on a folder, in 120 columns and 30 rows.
    pub(crate) fn start(folder: &Path, name: &str) -> anyhow::Result<Self> {
        let pair =
            native_pty_system().openpty(PtySize { rows: 30, cols: 120, pixel_width: 0, pixel_height: 0 })?;
        let mut command = CommandBuilder::new(echopulse_tests::program());
        command.args(["--as", name, "--data"]);
        command.arg(folder);
        command.env("TERM", "xterm-256color");
        command.env("XDG_CONFIG_HOME", folder.join("config"));
        let mut reader = pair.master.try_clone_reader()?;
        let keys = pair.master.take_writer()?;
        let seen = Arc::new((Mutex::new(Seen::default()), Condvar::new()));
        let begun = Instant::now();
        let child = pair.slave.spawn_command(command)?;
        drop(pair.slave);
        let shared = Arc::clone(&seen);
        thread::spawn(move || {
            let mut octets = [0; 64 * 1024];
            while let Ok(count @ 1..) = reader.read(&mut octets) {
                lock(&shared.0).take(&octets[..count]);
                shared.1.notify_all();
            }
        });
        Ok(Self { child, keys, seen, begun, _master: pair.master })
    }

    /// Waits for the first frame, and answers how long it took since the program was started.
    pub(crate) fn first_frame(&self) -> anyhow::Result<Duration> {
        self.frames_beyond(0)?;
        Ok(self.begun.elapsed())
    }

    /// Waits until there were more than `count` frames.
    pub(crate) fn frames_beyond(&self, count: usize) -> anyhow::Result<usize> {
        let (seen, changed) = &*self.seen;
        let waited = changed.wait_timeout_while(lock(seen), PATIENCE, |seen| seen.frames <= count);
        let (seen, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        if timeout.timed_out() {
            bail!("no frame came within {PATIENCE:?}");
        }
        Ok(seen.frames)
    }

    /// Waits until nothing was drawn for this long. Answers frames and octets so far.
    pub(crate) fn quiet(&self, span: Duration) -> (usize, usize) {
        let mut last = self.totals();
        loop {
            thread::sleep(span);
            let now = self.totals();
            if now == last {
                return now;
            }
            last = now;
        }
    }

    /// Frames and octets so far.
    pub(crate) fn totals(&self) -> (usize, usize) {
        let seen = lock(&self.seen.0);
        (seen.frames, seen.octets)
    }

    /// Presses a key and waits for the frame that shows what it did.
    pub(crate) fn press(&mut self, key: &str) -> anyhow::Result<()> {
        let (frames, _) = self.totals();
        self.keys.write_all(key.as_bytes())?;
        self.frames_beyond(frames)?;
        Ok(())
    }

    /// The process.
    pub(crate) fn pid(&self) -> anyhow::Result<u32> {
        self.child.process_id().context("the client runs")
    }

    /// Ends the client.
    pub(crate) fn end(mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

fn lock(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}
