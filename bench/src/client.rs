//! The client as people start it: one process, the backend in it.

use std::{fs, thread, time::Duration};

use anyhow::Context;

use crate::{
    folder::Folder,
    report::{Row, in_turn, milliseconds},
    screen::Screen,
};

const PAGE_UP: &str = "\x1b[5~";
const PAGE_DOWN: &str = "\x1b[6~";
/// How long nothing is drawn by a client that has nothing to do.
const QUIET: Duration = Duration::from_secs(1);
/// How long an idle client is watched.
const IDLE: Duration = Duration::from_secs(30);
/// Pages up and down in one round of scrolling.
const PAGES: usize = 200;

/// From the start of the program to its first frame, with and without a history, in folders that were opened before.
pub(crate) fn first_frame() -> anyhow::Result<Vec<Row>> {
    let (full, empty) = (Folder::with_messages(100_000)?, Folder::with_messages(0)?);
    let start = |folder: &Folder| -> anyhow::Result<f64> {
        let screen = Screen::start(folder.path(), "ada")?;
        let time = screen.first_frame()?;
        // What the client keeps for its next start is kept when it is quiet.
        screen.quiet(QUIET);
        screen.end()?;
        Ok(time.as_secs_f64())
    };
    start(&full)?;
    start(&empty)?;
    let (ours, other) = in_turn(11, || start(&full), || start(&empty))?;
    Ok(vec![Row {
        what: "first frame on a folder with 100,000 messages, against an empty channel",
        ours: milliseconds(ours),
        other: milliseconds(other),
        result: format!("{:.2} times", ours / other),
        aim: "at most 1.3; 50 ms",
    }])
}

/// The processor time of a frame while somebody pages up and down.
pub(crate) fn scroll() -> anyhow::Result<Vec<Row>> {
    let (long, short) = (Folder::with_messages(1_000_000)?, Folder::with_messages(100)?);
    let (mut long_screen, mut short_screen) =
        (Screen::start(long.path(), "ada")?, Screen::start(short.path(), "ada")?);
    for screen in [&mut long_screen, &mut short_screen] {
        screen.first_frame()?;
        screen.quiet(QUIET);
        page(screen, 8)?;
        screen.quiet(QUIET);
    }
    let (ours, other) = in_turn(11, || page(&mut long_screen, PAGES), || page(&mut short_screen, PAGES))?;
    long_screen.end()?;
    short_screen.end()?;
    Ok(vec![Row {
        what: "processor time of a frame while scrolling in a channel of 1,000,000 messages, against one of 100",
        ours: milliseconds(ours),
        other: milliseconds(other),
        result: format!("{:.2} times", ours / other),
        aim: "at most 1.2",
    }])
}

/// Pages up and down, and answers the processor time of one frame.
fn page(screen: &mut Screen, pages: usize) -> anyhow::Result<f64> {
    let (frames, _) = screen.totals();
    let before = processor_time(screen.pid()?)?;
    for page in 0..pages {
        screen.press(if page % 4 < 2 { PAGE_UP } else { PAGE_DOWN })?;
    }
    let spent = processor_time(screen.pid()?)? - before;
    let (now, _) = screen.totals();
    Ok(spent / (now - frames) as f64)
}

/// What a client costs that nobody uses, its backend in it.
pub(crate) fn idle() -> anyhow::Result<Vec<Row>> {
    let folder = Folder::with_messages(10_000)?;
    let screen = Screen::start(folder.path(), "ada")?;
    screen.first_frame()?;
    screen.quiet(QUIET);
    let pid = screen.pid()?;
    let (begun, drawn) = (switches(pid)?, screen.totals());
    thread::sleep(IDLE);
    let woken = switches(pid)? - begun;
    let (frames, octets) = screen.totals();
    let resident = status(pid, "VmRSS")?;
    screen.end()?;
    let seconds = IDLE.as_secs();
    Ok(vec![
        Row {
            what: "resident memory of an idle client and its backend, 10,000 messages",
            ours: format!("{:.1} MB", resident as f64 * 1024.0 / 1e6),
            other: "–".to_owned(),
            result: format!("{:.1} MB", resident as f64 * 1024.0 / 1e6),
            aim: "under 60 MB",
        },
        Row {
            what: "drawn by an idle client in 30 s",
            ours: format!("{} frames, {} octets", frames - drawn.0, octets - drawn.1),
            other: "–".to_owned(),
            result: format!("{} wake-ups a second of all threads", woken / seconds),
            aim: "no frame",
        },
    ])
}

/// A line of `/proc/PID/status`, as a number.
fn status(pid: u32, key: &str) -> anyhow::Result<u64> {
    number(&fs::read_to_string(format!("/proc/{pid}/status"))?, key)
}

fn number(status: &str, key: &str) -> anyhow::Result<u64> {
    let line = status.lines().find(|line| line.starts_with(key)).with_context(|| format!("no {key}"))?;
    let value = line.split_whitespace().nth(1).with_context(|| format!("no number in {line}"))?;
    Ok(value.parse()?)
}

/// How often the threads of a process went to sleep by themselves.
fn switches(pid: u32) -> anyhow::Result<u64> {
    let mut total = 0;
    for thread in fs::read_dir(format!("/proc/{pid}/task"))? {
        let status = fs::read_to_string(thread?.path().join("status"))?;
        total += number(&status, "voluntary_ctxt_switches")?;
    }
    Ok(total)
}

/// The seconds that a process has computed.
fn processor_time(pid: u32) -> anyhow::Result<f64> {
    let mut nanoseconds = 0;
    for thread in fs::read_dir(format!("/proc/{pid}/task"))? {
        let schedstat = fs::read_to_string(thread?.path().join("schedstat"))?;
        let ran = schedstat.split_whitespace().next().context("schedstat has a number")?;
        nanoseconds += ran.parse::<u64>()?;
    }
    Ok(nanoseconds as f64 / 1e9)
}
