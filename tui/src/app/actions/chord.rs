//! Keys as they are written in the table of actions, in configuration and in hints: `ctrl-k`, `alt-enter`, `G`, `?`.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// One key with its modifiers. Shift is part of the character for letters and signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Chord {
    code: KeyCode,
    modifiers: KeyModifiers,
}

impl Chord {
    /// What a key event pressed.
    pub(crate) fn of(key: KeyEvent) -> Self {
        let wanted = KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SHIFT;
        let mut modifiers = key.modifiers & wanted;
        let mut code = key.code;
        match code {
            // Terminals differ in whether they report shift with a letter, and with control they report either case.
            KeyCode::Char(letter) if modifiers.contains(KeyModifiers::CONTROL) => {
                code = KeyCode::Char(letter.to_ascii_lowercase());
                modifiers -= KeyModifiers::SHIFT;
            }
            KeyCode::Char(letter) => {
                if modifiers.contains(KeyModifiers::SHIFT) && letter.is_ascii_lowercase() {
                    code = KeyCode::Char(letter.to_ascii_uppercase());
                }
                modifiers -= KeyModifiers::SHIFT;
            }
            KeyCode::BackTab => {
                code = KeyCode::Tab;
                modifiers |= KeyModifiers::SHIFT;
            }
            _ => {}
        }
        Self { code, modifiers }
    }

    /// Reads a written key; `None` if it is none.
    pub(crate) fn parse(written: &str) -> Option<Self> {
        let mut modifiers = KeyModifiers::NONE;
        let mut rest = written;
        loop {
            let (modifier, behind) = match rest.split_once('-') {
                Some(("ctrl", behind)) if !behind.is_empty() => (KeyModifiers::CONTROL, behind),
                Some(("alt", behind)) if !behind.is_empty() => (KeyModifiers::ALT, behind),
                Some(("shift", behind)) if !behind.is_empty() => (KeyModifiers::SHIFT, behind),
                _ => break,
            };
            modifiers |= modifier;
            rest = behind;
        }
        Some(Self { code: code(rest)?, modifiers })
    }

    /// The character a plain key types; `None` for commands.
    pub(crate) fn typed(self) -> Option<char> {
        match (self.code, self.modifiers) {
            (KeyCode::Char(letter), KeyModifiers::NONE) => Some(letter),
            _ => None,
        }
    }
}

fn code(name: &str) -> Option<KeyCode> {
    let mut letters = name.chars();
    if let (Some(letter), None) = (letters.next(), letters.next()) {
        return Some(KeyCode::Char(letter));
    }
    Some(match name {
        "enter" => KeyCode::Enter,
        "esc" => KeyCode::Esc,
        "tab" => KeyCode::Tab,
        "space" => KeyCode::Char(' '),
        "backspace" => KeyCode::Backspace,
        "delete" => KeyCode::Delete,
        "up" => KeyCode::Up,
        "down" => KeyCode::Down,
        "left" => KeyCode::Left,
        "right" => KeyCode::Right,
        "home" => KeyCode::Home,
        "end" => KeyCode::End,
        "pageup" => KeyCode::PageUp,
        "pagedown" => KeyCode::PageDown,
        _ => KeyCode::F(name.strip_prefix('f')?.parse().ok()?),
    })
}

/// A written key as a hint shows it: short, in the signs printed on keyboards.
pub(crate) fn label(written: &str) -> String {
    let mut out = String::new();
    let mut rest = written;
    for (prefix, sign) in [("ctrl-", "^"), ("alt-", "⌥"), ("shift-", "⇧")] {
        if let Some(behind) = rest.strip_prefix(prefix).filter(|behind| !behind.is_empty()) {
            out.push_str(sign);
            rest = behind;
        }
    }
    match rest {
        "enter" => out.push('⏎'),
        "tab" => out.push('⇥'),
        "up" => out.push('↑'),
        "down" => out.push('↓'),
        "left" => out.push('←'),
        "right" => out.push('→'),
        "esc" => out.push_str("Esc"),
        "pageup" => out.push_str("PgUp"),
        "pagedown" => out.push_str("PgDn"),
        "home" => out.push_str("Home"),
        "end" => out.push_str("End"),
        "backspace" => out.push('⌫'),
        "delete" => out.push_str("Del"),
        "space" => out.push_str("Space"),
        key if out.starts_with('^') || key.starts_with('f') && key.len() > 1 => {
            out.push_str(&key.to_uppercase())
        }
        key => out.push_str(key),
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pressed(code: KeyCode, modifiers: KeyModifiers) -> Chord {
        Chord::of(KeyEvent::new(code, modifiers))
    }

    #[test]
    fn a_written_key_is_the_pressed_one() {
        let ctrl = KeyModifiers::CONTROL;
        assert_eq!(Chord::parse("ctrl-k"), Some(pressed(KeyCode::Char('k'), ctrl)));
        assert_eq!(Chord::parse("ctrl-k"), Some(pressed(KeyCode::Char('K'), ctrl | KeyModifiers::SHIFT)));
        assert_eq!(Chord::parse("G"), Some(pressed(KeyCode::Char('G'), KeyModifiers::SHIFT)));
        assert_eq!(Chord::parse("shift-tab"), Some(pressed(KeyCode::BackTab, KeyModifiers::SHIFT)));
        assert_eq!(Chord::parse("-"), Some(pressed(KeyCode::Char('-'), KeyModifiers::NONE)));
        assert_eq!(Chord::parse("f1"), Some(pressed(KeyCode::F(1), KeyModifiers::NONE)));
        assert_eq!(Chord::parse("hyper"), None);
    }

    #[test]
    fn a_hint_is_short() {
        assert_eq!(label("ctrl-k"), "^K");
        assert_eq!(label("alt-enter"), "⌥⏎");
        assert_eq!(label("f1"), "F1");
        assert_eq!(label("g"), "g");
    }
}
