//! What fills the terminal: the main view, or what comes before it.

use echopulse_protocol::id::Timestamp;
use jiff::tz::TimeZone;

use super::super::composer::Field;
use super::super::event::DeviceCode;
use super::super::text::Shown;
use super::super::theme::Theme;

/// What a client begins with.
#[derive(Debug)]
pub(crate) struct Setup {
    /// The first screen.
    pub(crate) start: Start,
    /// In which times are shown.
    pub(crate) zone: TimeZone,
    /// What things look like.
    pub(crate) theme: Theme,
    /// Begins every nonce of this run; random, so that no two runs share one.
    pub(crate) nonce_prefix: String,
    /// Cells across and down.
    pub(crate) size: (u16, u16),
    /// The present moment.
    pub(crate) now: Timestamp,
}

/// The first screen.
#[derive(Debug)]
pub(crate) enum Start {
    /// Nothing is configured: ask for a name.
    AskName {
        /// What the computer calls the person; may be empty.
        suggestion: String,
    },
    /// A deployment is configured and nobody is signed in. `update` is to be given `Event::SignIn`s.
    SignIn {
        /// What the deployment is called: its host.
        deployment: String,
    },
    /// The main view, which the local store and the backend fill.
    Main,
}

/// What fills the terminal.
#[derive(Debug)]
pub(crate) enum Screen {
    FirstStart(FirstStart),
    SignIn(SignInScreen),
    Main,
}

/// The question for a name.
#[derive(Debug, Default)]
pub(crate) struct FirstStart {
    pub(crate) field: Field,
    pub(crate) error: Option<Shown>,
    pub(crate) is_busy: bool,
}

/// The sign-in by device grant.
#[derive(Debug)]
pub(crate) struct SignInScreen {
    pub(crate) deployment: Shown,
    pub(crate) state: SignInState,
}

/// How far the sign-in is.
#[derive(Debug, PartialEq)]
pub(crate) enum SignInState {
    Asking,
    Waiting(DeviceCode),
    /// It is over, and not well.
    Ended {
        what: Shown,
        next: &'static str,
    },
    Done,
}

impl Screen {
    /// The screen that a client starts with.
    pub(super) fn of(start: &Start) -> Self {
        match start {
            Start::AskName { suggestion } => {
                let field = Field::with(&Shown::line(suggestion));
                Self::FirstStart(FirstStart { field, ..FirstStart::default() })
            }
            Start::SignIn { deployment } => {
                let deployment = Shown::line(deployment);
                Self::SignIn(SignInScreen { deployment, state: SignInState::Asking })
            }
            Start::Main => Self::Main,
        }
    }
}
