//! The client in a real terminal, as a new user would use it.

use echopulse_tests::{Person, Terminal};
use tempfile::tempdir;

#[test]
fn two_new_people_meet_and_talk() {
    let folder = tempdir().expect("a folder");
    let ada = Terminal::open(folder.path(), None, 120, 30);
    ada.shows("Your name");
    ada.press(&["C-u"]);
    ada.write("ada");
    ada.press(&["Enter"]);
    ada.shows("You are not in a server yet");
    ada.press(&["n"]);
    ada.write("Rust Lyon");
    ada.press(&["Enter"]);
    ada.shows("This is the beginning of #general");
    ada.write("Hello from ada");
    ada.press(&["Enter"]);
    ada.shows("Hello from ada");

    let code =
        Person::named(folder.path(), "ada").json(&["invite"])[0]["code"].as_str().expect("a code").to_owned();
    let grace = Terminal::open(folder.path(), Some("grace"), 80, 24);
    grace.shows("You are not in a server yet");
    grace.press(&["j"]);
    grace.write(&code);
    grace.press(&["Enter"]);
    grace.shows("Hello from ada");
    grace.write("Hello from grace");
    grace.press(&["Enter"]);
    ada.shows("Hello from grace");
    ada.shows("2 online");

    // Ada edits her message: up in an empty composer.
    ada.press(&["Up"]);
    ada.write(", edited");
    ada.press(&["Enter"]);
    grace.shows("Hello from ada, edited");
    grace.shows("(edited)");

    // Grace answers the message of ada: from her own message one up, then r.
    grace.press(&["Escape"]);
    grace.shows("e edit");
    grace.press(&["Up"]);
    grace.hides("e edit");
    grace.press(&["r"]);
    grace.shows("replying to ada");
    grace.write("an answer");
    grace.press(&["Enter"]);
    ada.shows("an answer");

    // And deletes it again.
    grace.press(&["Escape"]);
    grace.shows("d delete");
    grace.press(&["d"]);
    grace.shows("y yes");
    grace.press(&["y"]);
    ada.shows("message deleted");
    ada.hides("an answer");

    // At 40 by 12 one pane is left, and still usable.
    grace.resize(40, 12);
    grace.shows("? help");
    grace.press(&["i"]);
    grace.shows("⏎ send");
    grace.write("from a small window");
    grace.press(&["Enter"]);
    ada.shows("from a small window");
}

#[test]
fn the_terminal_is_given_back() {
    let folder = tempdir().expect("a folder");
    let ada = Terminal::open(folder.path(), Some("ada"), 80, 24);
    ada.shows("You are not in a server yet");
    ada.press(&["C-q"]);
    let screen = ada.shows("left with 0");
    assert!(!screen.contains("EchoPulse"), "{screen}");
}

#[test]
fn escape_sequences_of_others_are_never_executed() {
    let folder = tempdir().expect("a folder");
    let person = Person::named(folder.path(), "ada");
    person.says(&["servers", "create", "Rust Lyon"]);
    let ada = Terminal::open(folder.path(), Some("ada"), 80, 24);
    ada.shows("connected as ada");
    person.says(&["send", "#general", "before \u{1b}[2J\u{1b}]0;owned\u{7}\u{9b}31m\u{202e}after"]);
    let screen = ada.shows("before");
    assert!(screen.contains("after") && screen.contains("connected as ada"), "{screen}");
}
