//! Frames as text, and the committed ones they are compared with.
//!
//! A committed frame is a text file: the cells first, then under each line of cells a line of letters that name the
//! styles. `ECHOPULSE_FRAMES=write cargo test -p echopulse frames` writes them anew; look at the difference before you
//! commit it.

use std::fmt::Write as _;
use std::path::PathBuf;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};

use super::super::{App, draw};

/// Draws one frame.
pub(crate) fn buffer(app: &App) -> Buffer {
    let (width, height) = app.size;
    let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a test backend always works");
    terminal.draw(|frame| draw(frame, app)).expect("a test backend always works");
    terminal.backend().buffer().clone()
}

/// The cells of a frame, line by line, without blanks at the ends.
pub(crate) fn text(app: &App) -> String {
    lines(&buffer(app)).join("\n")
}

/// The lines of a frame, without blanks at the ends.
pub(crate) fn lines(buffer: &Buffer) -> Vec<String> {
    let row = |y| {
        let mut line = String::new();
        let mut skip = 0;
        for x in 0..buffer.area.width {
            if skip > 0 {
                skip -= 1;
                continue;
            }
            let symbol = buffer[(x, y)].symbol();
            line.push_str(symbol);
            skip = super::super::text::cells::width(symbol).saturating_sub(1);
        }
        line.trim_end().to_owned()
    };
    (0..buffer.area.height).map(row).collect()
}

/// Compares a frame with the committed one called `name`.
pub(crate) fn assert_frame(name: &str, app: &App) {
    let buffer = buffer(app);
    let mut drawn = String::new();
    for (y, line) in (0..buffer.area.height).zip(lines(&buffer)) {
        let styles: String = (0..buffer.area.width).map(|x| letter(&buffer[(x, y)])).collect();
        let _ = writeln!(drawn, "|{line}");
        let styles = styles.trim_end();
        if !styles.is_empty() {
            let _ = writeln!(drawn, ":{styles}");
        }
    }
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/frames").join(format!("{name}.txt"));
    if std::env::var("ECHOPULSE_FRAMES").is_ok_and(|what| what == "write") {
        return std::fs::write(&path, drawn).expect("the folder of frames can be written");
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == drawn,
        "the frame `{name}` is another than the committed one.\n--- committed\n{committed}\n--- drawn\n{drawn}"
    );
}

/// One letter for a style: upper case for bold, and a sign for what is more than colour.
fn letter(cell: &Cell) -> char {
    let has = |modifier| cell.modifier.contains(modifier);
    let colour = match cell.fg {
        Color::Reset => 'n',
        Color::Indexed(244) => 'd',
        Color::Indexed(32) => 'a',
        Color::Indexed(160) => 'e',
        Color::Indexed(34) => 'g',
        _ => 'c',
    };
    match (has(Modifier::REVERSED), has(Modifier::UNDERLINED), has(Modifier::BOLD), has(Modifier::ITALIC)) {
        (true, ..) => '#',
        (_, true, ..) => '_',
        (_, _, true, _) => colour.to_ascii_uppercase(),
        (_, _, _, true) => '/',
        _ if colour == 'n' => ' ',
        _ => colour,
    }
}
