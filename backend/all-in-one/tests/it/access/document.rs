//! `docs/access.md`, made from the table.

use std::{fmt::Write, fs, path::Path};

use super::{
    stomp,
    table::{Cell, Cells, REST, Service, Who},
};

const HEAD: &str = "# Who may do what

Every route of both services and every destination, and what it answers to whom. A test asks each cell of these tables in both
worlds, and fails when a route or destination has no row. This page is made from its table; after a change of it:
`ECHOPULSE_WRITE_DOCS=1 cargo test -p echopulse-all-in-one --test it access::document`.

What is hidden from somebody is answered with the same octets as what never was. Whoever sees something and may not act on it is
told what is missing. What stands below an id in a path has to belong to it: the right-most column says what the owner of two
servers gets for a thing of the other one.

";

fn cell(cell: Cell) -> String {
    match cell {
        Cell(status, "") => status.to_string(),
        Cell(status, code) => format!("{status} {code}"),
    }
}

fn header(text: &mut String, first: &str) {
    let columns = Who::ALL.map(|who| who.described().0);
    let _ = writeln!(text, "| {first} | {} | of another server |", columns.join(" | "));
    let _ = writeln!(text, "| --- {}| --- |", "| --- ".repeat(columns.len()));
}

fn line(text: &mut String, first: &str, cells: Cells, foreign: Option<Cell>) {
    let foreign = foreign.map_or_else(|| "–".to_owned(), cell);
    let _ = writeln!(text, "| {first} | {} | {foreign} |", cells.map(cell).join(" | "));
}

/// The whole page.
fn page() -> String {
    let mut text = HEAD.to_owned();
    for who in Who::ALL {
        let (name, is) = who.described();
        let _ = writeln!(text, "- *{name}* {is}");
    }
    for (service, name) in [(Service::Server, "server"), (Service::Chat, "chat")] {
        let _ = writeln!(text, "\n## REST of the {name} service\n");
        header(&mut text, "operation");
        for row in REST.iter().filter(|row| row.service == service) {
            let note = if row.note.is_empty() { String::new() } else { format!(": {}", row.note) };
            line(&mut text, &format!("`{} {}`{note}", row.method, row.path), row.cells, row.foreign);
        }
    }
    text.push_str("\n## STOMP\n\n200 is a RECEIPT; everything else a refusal with this code, which leaves the session as it is.\n\n");
    header(&mut text, "frame");
    for ask in stomp::asks() {
        let (destination, cells) = ask.row();
        line(&mut text, &format!("`{} {destination}`", ask.command()), cells, ask.foreign());
    }
    text
}

#[test]
fn the_page_is_made_from_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().map(|folder| folder.join("docs/access.md"));
    let path = path.into_iter().find(|path| path.parent().is_some_and(Path::is_dir)).unwrap();
    let page = page();
    if std::env::var_os("ECHOPULSE_WRITE_DOCS").is_some() {
        fs::write(&path, &page).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(found == page, "docs/access.md is stale; it says how to make it again");
}
