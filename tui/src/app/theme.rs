//! What a meaning looks like. Everything that is drawn takes its style from here, so a theme is one value.
//!
//! Every meaning is also told by a sign or a weight, since colours may be missing. Deliberately absent: reading the
//! terminal's capabilities, which the runtime does.

use echopulse_protocol::id::UserId;
use ratatui::style::{Color, Modifier, Style};

/// How many colours the terminal has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Depth {
    /// `NO_COLOR`, or a terminal without any.
    None,
    /// The sixteen of the terminal's own palette.
    Sixteen,
    /// 256 or more.
    Many,
}

/// A style for every meaning.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Theme {
    pub(crate) text: Style,
    /// What matters less: times, hints, topics.
    pub(crate) dim: Style,
    pub(crate) strong: Style,
    /// The one colour that says "here" or "you".
    pub(crate) accent: Style,
    /// Something failed.
    pub(crate) error: Style,
    pub(crate) link: Style,
    pub(crate) code: Style,
    pub(crate) mention: Style,
    /// A mention of the person who reads.
    pub(crate) mention_me: Style,
    /// A selected row of a list.
    pub(crate) selected: Style,
    /// A picture for cameras: dark on light, always.
    pub(crate) picture: Style,
    pub(crate) border: Style,
    /// Somebody is there.
    pub(crate) online: Style,
    authors: &'static [Color],
}

/// Colours that stand out from black and from white alike (relative luminance between 0.1 and 0.3).
const MANY: &[Color] = &[
    Color::Indexed(31),
    Color::Indexed(64),
    Color::Indexed(97),
    Color::Indexed(130),
    Color::Indexed(133),
    Color::Indexed(161),
    Color::Indexed(67),
    Color::Indexed(29),
];
const SIXTEEN: &[Color] = &[
    Color::Cyan,
    Color::Green,
    Color::Magenta,
    Color::Blue,
    Color::Red,
    Color::LightBlue,
    Color::LightMagenta,
];

impl Theme {
    /// The theme that needs no more than `depth`.
    pub(crate) fn new(depth: Depth) -> Self {
        let plain = Style::new();
        let bold = plain.add_modifier(Modifier::BOLD);
        let colours = match depth {
            Depth::None => return Self::without_colour(),
            Depth::Sixteen => (Color::DarkGray, Color::Cyan, Color::Red, Color::Green),
            Depth::Many => (Color::Indexed(244), Color::Indexed(32), Color::Indexed(160), Color::Indexed(34)),
        };
        let (grey, accent, red, green) = colours;
        Self {
            text: plain,
            dim: plain.fg(grey),
            strong: bold,
            accent: bold.fg(accent),
            error: bold.fg(red),
            link: plain.fg(accent).add_modifier(Modifier::UNDERLINED),
            code: plain.add_modifier(Modifier::ITALIC),
            mention: plain.fg(accent),
            mention_me: bold.fg(accent).add_modifier(Modifier::REVERSED),
            selected: plain.add_modifier(Modifier::REVERSED),
            picture: plain.fg(Color::Black).bg(Color::White),
            border: plain.fg(grey),
            online: plain.fg(green),
            authors: if depth == Depth::Many { MANY } else { SIXTEEN },
        }
    }

    fn without_colour() -> Self {
        let plain = Style::new();
        let bold = plain.add_modifier(Modifier::BOLD);
        let dim = plain.add_modifier(Modifier::DIM);
        Self {
            text: plain,
            dim,
            strong: bold,
            accent: bold,
            error: bold,
            link: plain.add_modifier(Modifier::UNDERLINED),
            code: plain.add_modifier(Modifier::ITALIC),
            mention: bold,
            mention_me: bold.add_modifier(Modifier::REVERSED),
            selected: plain.add_modifier(Modifier::REVERSED),
            picture: plain.add_modifier(Modifier::REVERSED),
            border: dim,
            online: plain,
            authors: &[],
        }
    }

    /// The style of an author's name: the same for the same person, in every place and at every start.
    pub(crate) fn author(&self, id: UserId) -> Style {
        // The bytes are mixed by hand, because a hasher's result may change between versions.
        let mixed =
            id.to_string().bytes().fold(0u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte)));
        match self.authors.len() {
            0 => self.strong,
            colours => self.strong.fg(self.authors[mixed as usize % colours]),
        }
    }
}
