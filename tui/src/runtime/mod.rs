//! The client with a terminal: events in, effects out, and a frame only when something visible changed.
//!
//! One loop owns the model and the terminal. Everything slow runs in tasks that answer with events; they are all
//! ended with the loop. Idle means no timer: the loop sleeps until a key, an event, or the moment the model asked for.

mod cache;
mod effects;
mod feed;
mod terminal;

use std::time::Duration;

use crossterm::event::{self as input, KeyEventKind};
use echopulse_protocol::id::Timestamp;
use futures_util::StreamExt;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::mpsc,
    time::{Instant, sleep_until},
};

use self::{effects::World, terminal::Terminal};
use crate::{
    app::{
        App, Setup, Start, draw,
        effect::Effect,
        event::{Event, Restored},
        theme::{Depth, Theme},
    },
    cli::Named,
    local::{
        account::{Account, token_file},
        config::{Colour, Config},
        folder::Folder,
    },
};

/// Events that may wait for the loop; beyond it whoever sends waits.
const EVENTS: usize = 1024;
/// The shortest time between two frames that nobody asked for with a key.
const FRAME: Duration = Duration::from_millis(16);

/// Runs the client until it is quit.
pub(crate) async fn run(named: Named, folder: Folder, config: Config) -> anyhow::Result<()> {
    let account = Account::chosen(&folder, named.name.as_deref())?;
    let (told, mut events) = mpsc::channel(EVENTS);
    let mut world = World::new(folder, told);
    let restored = match &account {
        Some(account) => world.open_cache(account).await,
        None => Restored::default(),
    };
    let mut terminal = Terminal::enter()?;
    let start = start(world.folder(), account.as_ref());
    let signs_in = matches!(start, Start::SignIn { .. });
    let mut app = App::new(setup(start, &config, terminal.size()?));
    let effects = app.update(Event::Restored(Box::new(restored)), Timestamp::now());
    // What the local store knows is on screen before anything else is asked.
    terminal.draw(|frame| draw(frame, &app))?;
    app.drawn();
    match account {
        Some(account) if signs_in => world.sign_in(account),
        Some(account) => world.begin(account),
        None => {}
    }
    let mut quit = perform(&mut world, &mut terminal, effects).await?;
    let mut keys = input::EventStream::new();
    let (mut terminated, mut hung_up) = (signal(SignalKind::terminate())?, signal(SignalKind::hangup())?);
    let mut resized = signal(SignalKind::from_raw(rustix::process::Signal::CONT.as_raw()))?;
    let mut next_frame = Instant::now();
    while !quit {
        let wake = app.wake_at().map(|at| Instant::now() + until(at));
        let frame_due = app.needs_redraw().then_some(next_frame);
        let event = tokio::select! {
            biased;
            key = keys.next() => match key {
                Some(Ok(key)) => {
                    next_frame = Instant::now();
                    translate(key)
                }
                Some(Err(error)) => return Err(error.into()),
                None => break,
            },
            _ = terminated.recv() => break,
            _ = hung_up.recv() => break,
            _ = resized.recv() => {
                terminal.resume()?;
                let (width, height) = terminal.size()?;
                Some(Event::Resize { width, height })
            }
            event = events.recv() => event,
            () = pause(frame_due) => {
                terminal.draw(|frame| draw(frame, &app))?;
                app.drawn();
                next_frame = Instant::now() + FRAME;
                None
            }
            () = pause(wake) => Some(Event::Tick),
        };
        if let Some(event) = event {
            let effects = app.update(event, Timestamp::now());
            quit = perform(&mut world, &mut terminal, effects).await?;
        }
    }
    terminal.leave()?;
    world.close().await
}

/// What the client begins with: a name to be given, a sign-in, or the main view.
fn start(folder: &Folder, account: Option<&Account>) -> Start {
    match account {
        None => Start::AskName { suggestion: std::env::var("USER").unwrap_or_default() },
        Some(Account::Remote { url }) if !token_file(folder, url).exists() => {
            Start::SignIn { deployment: url.clone() }
        }
        Some(_) => Start::Main,
    }
}

fn setup(start: Start, config: &Config, size: (u16, u16)) -> Setup {
    let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let many = |name: &str| {
        std::env::var(name).is_ok_and(|value| value.contains("256") || value.contains("truecolor"))
    };
    let depth = match config.client.colour {
        Colour::None => Depth::None,
        _ if no_colour => Depth::None,
        Colour::Sixteen => Depth::Sixteen,
        Colour::Auto if many("TERM") || many("COLORTERM") => Depth::Many,
        Colour::Auto => Depth::Sixteen,
    };
    Setup {
        start,
        zone: jiff::tz::TimeZone::system(),
        theme: Theme::new(depth),
        nonce_prefix: uuid::Uuid::now_v7().simple().to_string(),
        size,
        now: Timestamp::now(),
    }
}

/// Waits until a moment; for ever if there is none.
async fn pause(until: Option<Instant>) {
    match until {
        Some(until) => sleep_until(until).await,
        None => std::future::pending().await,
    }
}

fn until(at: Timestamp) -> Duration {
    Duration::from_millis(u64::try_from(at.0 - Timestamp::now().0).unwrap_or(0))
}

fn translate(event: input::Event) -> Option<Event> {
    match event {
        input::Event::Key(key) if key.kind != KeyEventKind::Release => Some(Event::Key(key)),
        input::Event::Key(_) => None,
        input::Event::Mouse(mouse) => Some(Event::Mouse(mouse)),
        input::Event::Paste(text) => Some(Event::Paste(text)),
        input::Event::Resize(width, height) => Some(Event::Resize { width, height }),
        input::Event::FocusGained => Some(Event::FocusGained),
        input::Event::FocusLost => Some(Event::FocusLost),
    }
}

/// Does what the model asked for, in order. Answers whether to quit.
async fn perform(world: &mut World, terminal: &mut Terminal, effects: Vec<Effect>) -> anyhow::Result<bool> {
    for effect in effects {
        match effect {
            Effect::Quit => return Ok(true),
            Effect::Suspend => terminal.suspend()?,
            Effect::Copy(text) => terminal.copy(&text)?,
            other => world.perform(other).await,
        }
    }
    Ok(false)
}
