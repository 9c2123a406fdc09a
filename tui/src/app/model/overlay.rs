//! What lies over the main view: choosers, questions and things to read.

use echopulse_protocol::id::{ChannelId, MessageId, ServerId};

use super::super::actions::{ActionId, Place};
use super::super::composer::Field;
use super::super::text::Shown;

/// What lies over the main view.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Overlay {
    /// Go to a channel by name.
    Switcher(Chooser),
    /// Choose an action by name.
    Palette(Chooser),
    /// Answer with a line of text.
    Prompt(Prompt),
    /// An invite to give to somebody.
    Invite {
        server: ServerId,
        /// The code, once it is there.
        code: Option<Shown>,
    },
    /// Answer with yes or no.
    Confirm(Question),
    /// All keys.
    Help {
        /// Lines above the window.
        scroll: usize,
    },
}

/// A list one narrows by typing.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Chooser {
    pub(crate) field: Field,
    /// Which of the matches.
    pub(crate) selected: usize,
}

/// A question that is answered with a line.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Prompt {
    pub(crate) ask: Ask,
    pub(crate) field: Field,
    /// Why the last answer was not taken.
    pub(crate) error: Option<Shown>,
    /// The answer is on its way.
    pub(crate) is_busy: bool,
}

/// What a prompt asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    ServerName,
    ChannelName(ServerId),
    InviteCode,
}

/// What is to be confirmed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Question {
    Delete { channel: ChannelId, message: MessageId, excerpt: Shown },
    Leave { server: ServerId, name: Shown },
    OpenLink(Shown),
}

/// A row of the switcher.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Destination {
    pub(crate) server: ServerId,
    pub(crate) channel: ChannelId,
}

/// A row of the palette.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Command {
    pub(crate) id: ActionId,
    pub(crate) title: &'static str,
    pub(crate) key: Option<&'static str>,
}

impl Overlay {
    /// Where the keys go while it is there.
    pub(crate) fn place(&self) -> Place {
        match self {
            Self::Switcher(_) | Self::Palette(_) => Place::Chooser,
            Self::Prompt(_) => Place::Prompt,
            Self::Confirm(_) => Place::Confirm,
            Self::Invite { .. } | Self::Help { .. } => Place::Notice,
        }
    }

    /// The field one types into, if it has one.
    pub(crate) fn field_mut(&mut self) -> Option<&mut Field> {
        match self {
            Self::Switcher(chooser) | Self::Palette(chooser) => Some(&mut chooser.field),
            Self::Prompt(prompt) => Some(&mut prompt.field),
            Self::Invite { .. } | Self::Confirm(_) | Self::Help { .. } => None,
        }
    }
}

impl Prompt {
    pub(crate) fn new(ask: Ask) -> Self {
        Self { ask, field: Field::default(), error: None, is_busy: false }
    }
}

/// How well `name` matches what was typed, the smaller the better; `None` if it does not. Letters must come in order; a
/// match at the start of a word is better than one inside.
pub(crate) fn match_rank(name: &str, typed: &str) -> Option<usize> {
    let (name, typed) = (name.to_lowercase(), typed.trim().trim_start_matches('#').to_lowercase());
    if let Some(at) = name.find(&typed) {
        let starts_word = name[..at].chars().next_back().is_none_or(|before| !before.is_alphanumeric());
        return Some(if at == 0 { 0 } else { usize::from(!starts_word) + 1 });
    }
    let mut letters = name.chars();
    let mut skipped = 0;
    for wanted in typed.chars() {
        skipped += letters.position(|letter| letter == wanted)?;
    }
    Some(3 + skipped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beginning_ranks_above_a_middle_and_that_above_scattered_letters() {
        let rank = |name| match_rank(name, "gen");
        assert!(rank("general") < rank("my-gen"));
        assert!(rank("my-gen") < rank("oxygen"));
        assert!(rank("oxygen") < rank("great-news"));
        assert_eq!(rank("random"), None);
        assert_eq!(match_rank("anything", ""), Some(0));
    }
}
