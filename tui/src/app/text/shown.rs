//! The one gate through which text of others enters the model.

use std::fmt;

use echopulse_protocol::text::{display, display_line};

/// Text that is safe to draw: no control characters but line feeds, nothing invisible, nothing that turns writing
/// around. Only [`Shown::clean`] and [`Shown::line`] make one, so a screen cannot forget to clean.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Shown(String);

impl Shown {
    /// Cleans text of several lines.
    pub(crate) fn clean(raw: &str) -> Self {
        Self(display(raw))
    }

    /// Cleans a name, a topic or a reason: one line.
    pub(crate) fn line(raw: &str) -> Self {
        Self(display_line(raw).trim().to_owned())
    }

    /// The text itself.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::ops::Deref for Shown {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
