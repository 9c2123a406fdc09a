//! The terminal: taken for the client, and given back whatever happens.

use std::io::{self, Stdout, Write};

use base64::{Engine, engine::general_purpose::STANDARD};
use crossterm::{
    cursor::Show,
    event::{
        DisableBracketedPaste, DisableFocusChange, DisableMouseCapture, EnableBracketedPaste,
        EnableFocusChange, EnableMouseCapture, KeyboardEnhancementFlags, PopKeyboardEnhancementFlags,
        PushKeyboardEnhancementFlags,
    },
    execute, queue,
    terminal::{
        BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
        disable_raw_mode, enable_raw_mode,
    },
};
use ratatui::{Frame, backend::CrosstermBackend};

/// What one copy may put on the clipboard, in octets.
const CLIPBOARD: usize = 64 * 1024;

/// The terminal, while the client has it.
pub(super) struct Terminal {
    inner: ratatui::Terminal<CrosstermBackend<Stdout>>,
    taken: bool,
}

impl Terminal {
    /// Takes the terminal. A panic anywhere gives it back before it says what happened.
    pub(super) fn enter() -> io::Result<Self> {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            // Nothing more can be done about a terminal that does not listen.
            let _ = give_back();
            before(panic);
        }));
        take()?;
        Ok(Self { inner: ratatui::Terminal::new(CrosstermBackend::new(io::stdout()))?, taken: true })
    }

    pub(super) fn size(&self) -> io::Result<(u16, u16)> {
        let size = self.inner.size()?;
        Ok((size.width, size.height))
    }

    /// Draws a frame, so that the terminal shows all of it at once.
    pub(super) fn draw(&mut self, view: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        queue!(self.inner.backend_mut(), BeginSynchronizedUpdate)?;
        self.inner.draw(view)?;
        execute!(self.inner.backend_mut(), EndSynchronizedUpdate)
    }

    /// Puts a cleaned text on the clipboard of whoever sits at the terminal (OSC 52).
    pub(super) fn copy(&mut self, text: &str) -> io::Result<()> {
        let mut end = text.len().min(CLIPBOARD);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let mut out = io::stdout();
        write!(out, "\x1b]52;c;{}\x07", STANDARD.encode(&text.as_bytes()[..end]))?;
        out.flush()
    }

    /// Gives the terminal back and stops this process, as Ctrl-Z does.
    pub(super) fn suspend(&mut self) -> io::Result<()> {
        give_back()?;
        self.taken = false;
        rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::TSTP)?;
        Ok(())
    }

    /// Takes the terminal again after a suspend.
    pub(super) fn resume(&mut self) -> io::Result<()> {
        if !self.taken {
            take()?;
            self.taken = true;
            self.inner.clear()?;
        }
        Ok(())
    }

    /// Gives the terminal back for good.
    pub(super) fn leave(mut self) -> io::Result<()> {
        self.taken = false;
        give_back()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if self.taken {
            let _ = give_back();
        }
    }
}

fn take() -> io::Result<()> {
    enable_raw_mode()?;
    execute!(
        io::stdout(),
        EnterAlternateScreen,
        EnableBracketedPaste,
        EnableFocusChange,
        EnableMouseCapture
    )?;
    // Terminals without the keyboard protocol pass this over; asking them first would wait for an answer.
    execute!(io::stdout(), PushKeyboardEnhancementFlags(KeyboardEnhancementFlags::DISAMBIGUATE_ESCAPE_CODES))
}

fn give_back() -> io::Result<()> {
    // Terminals without the keyboard protocol pass the pop over.
    execute!(
        io::stdout(),
        PopKeyboardEnhancementFlags,
        DisableMouseCapture,
        DisableFocusChange,
        DisableBracketedPaste,
        LeaveAlternateScreen,
        Show
    )?;
    disable_raw_mode()
}
