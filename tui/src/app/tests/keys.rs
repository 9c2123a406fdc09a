//! Sequences of keys, and the mouse.

use crossterm::event::MouseEventKind;

use super::super::effect::Effect;
use super::super::event::Event;
use super::super::model::Focus;
use super::super::model::overlay::Overlay;
use super::super::testing::frame::text;
use super::super::testing::town::{BACKUPS, GENERAL, HELP, LYON, in_general};
use super::super::timeline::Key;

const SIZE: (u16, u16) = (120, 30);

#[test]
fn arrows_vim_and_emacs_keys_all_move() {
    for (up, down) in [("up", "down"), ("k", "j")] {
        let mut client = in_general(SIZE);
        client.press("esc");
        assert_eq!(client.app.selected(), Some(Key::Message(7)));
        client.press(up);
        assert_eq!(client.app.selected(), Some(Key::Message(6)));
        client.press(down);
        assert_eq!(client.app.selected(), Some(Key::Message(7)));
    }
    let mut client = in_general(SIZE);
    client.type_text("one two");
    client.press("ctrl-a");
    client.type_text("x");
    client.press("alt-f ctrl-w ctrl-e ctrl-b backspace");
    assert_eq!(client.app.draft().map(|draft| draft.field.text()), Some(" to"));
}

#[test]
fn g_goes_to_the_oldest_and_shift_g_to_the_newest() {
    let mut client = in_general(SIZE);
    client.press("esc g");
    assert_eq!(client.app.selected(), Some(Key::Start));
    client.press("G");
    assert_eq!(client.app.selected(), Some(Key::Message(7)));
}

#[test]
fn tab_goes_round_the_panes() {
    let mut client = in_general(SIZE);
    let mut round = Vec::new();
    for _ in 0..4 {
        client.press("tab");
        round.push(client.app.focus);
    }
    assert_eq!(round, [Focus::Members, Focus::Sidebar, Focus::Messages, Focus::Composer]);
    client.press("shift-tab");
    assert_eq!(client.app.focus, Focus::Messages);
}

#[test]
fn in_a_narrow_window_escape_and_left_go_back_to_the_channels() {
    for back in ["esc", "left", "h"] {
        let mut client = in_general((40, 12));
        client.press("esc");
        client.press(back);
        assert_eq!(client.app.focus, Focus::Sidebar);
        assert!(text(&client.app).contains("▾ Rust Lyon"));
        client.press("down enter");
        assert_eq!(client.app.open, Some(HELP));
        assert!(!text(&client.app).contains("▾ Rust Lyon"));
    }
}

#[test]
fn n_walks_the_unread_mentions_first() {
    let mut client = in_general(SIZE);
    client.press("esc n");
    assert_eq!(client.app.open, Some(HELP));
    client.press("esc n");
    assert_eq!(client.app.open, Some(BACKUPS));
}

#[test]
fn the_switcher_finds_a_channel_by_a_few_letters() {
    let mut client = in_general(SIZE);
    client.press("ctrl-k bck enter");
    assert_eq!(client.app.open, Some(BACKUPS));
    client.press("ctrl-k esc");
    assert!(client.app.overlay.is_none());
}

#[test]
fn the_palette_runs_what_it_lists() {
    let mut client = in_general(SIZE);
    client.press("ctrl-p invite enter");
    assert!(matches!(client.app.overlay, Some(Overlay::Invite { server: LYON, code: None })));
    client.event(Event::InviteMade { server: LYON, code: "aB3dE6gH9k".to_owned() });
    assert_eq!(client.press("c"), [Effect::Copy("aB3dE6gH9k".to_owned())]);
}

#[test]
fn a_channel_is_made_without_its_sign() {
    let mut client = in_general(SIZE);
    client.press("esc C");
    client.type_text("#week end");
    assert_eq!(client.press("enter"), [Effect::CreateChannel { server: LYON, name: "week end".to_owned() }]);
}

#[test]
fn letters_are_text_in_the_composer_and_commands_elsewhere() {
    let mut client = in_general(SIZE);
    client.press("?:nGq");
    assert_eq!(client.app.draft().map(|draft| draft.field.text()), Some("?:nGq"));
    client.press("esc ?");
    assert!(matches!(client.app.overlay, Some(Overlay::Help { .. })));
}

#[test]
fn several_keys_begin_a_new_line() {
    let mut client = in_general(SIZE);
    client.type_text("a");
    client.press("alt-enter ctrl-j shift-enter");
    assert_eq!(client.app.draft().map(|draft| draft.field.text()), Some("a\n\n\n"));
}

#[test]
fn quitting_keeps_the_draft() {
    let mut client = in_general(SIZE);
    client.type_text("later");
    let draft = Effect::SaveDraft { channel: GENERAL, text: "later".to_owned() };
    assert_eq!(client.press("ctrl-c"), [draft, Effect::Quit]);
    assert_eq!(client.press("ctrl-z"), [Effect::Suspend]);
}

#[test]
fn a_message_is_copied_as_it_is_read() {
    let mut client = in_general(SIZE);
    client.press("esc up");
    assert_eq!(
        client.press("y"),
        [Effect::Copy("@ada can I have the mod role for the week-end?".to_owned())]
    );
}

#[test]
fn a_link_is_shown_before_it_opens() {
    let mut client = in_general(SIZE);
    assert_eq!(client.press("esc o"), []);
    assert!(text(&client.app).contains("Open this link?"));
    assert_eq!(client.press("y"), [Effect::OpenUrl("https://ci.example.org/812".to_owned())]);
}

#[test]
fn a_click_opens_selects_and_writes() {
    let mut client = in_general(SIZE);
    let line = |frame: String, what: &str| {
        u16::try_from(frame.lines().position(|line| line.contains(what)).expect(what))
            .expect("a frame is small")
    };
    client.click(40, line(text(&client.app), "can I have the mod role"));
    assert_eq!((client.app.focus, client.app.selected()), (Focus::Messages, Some(Key::Message(6))));
    client.click(40, 28);
    assert_eq!(client.app.focus, Focus::Composer);
    client.click(8, line(text(&client.app), "# help"));
    assert_eq!(client.app.open, Some(HELP));
    client.click(8, line(text(&client.app), "▾ Home lab"));
    assert!(!text(&client.app).contains("# backups"));
}

#[test]
fn the_wheel_scrolls_and_moves_cost_nothing() {
    let mut client = in_general((80, 16));
    assert!(!text(&client.app).contains("Morning. The release"));
    for _ in 0..4 {
        client.wheel(MouseEventKind::ScrollUp, 40, 5);
    }
    assert!(text(&client.app).contains("Morning. The release"));
    client.app.drawn();
    client.wheel(MouseEventKind::Moved, 40, 5);
    assert!(!client.app.needs_redraw());
}

#[test]
fn every_size_can_be_drawn_with_every_overlay() {
    for keys in ["", "esc", "esc esc", "ctrl-k", "ctrl-p", "f1", "esc N", "esc I", "esc d", "tab tab"] {
        let mut client = in_general((120, 30));
        client.press(keys);
        for width in [1, 2, 3, 7, 19, 40, 59, 60, 61, 99, 100, 101, 250] {
            for height in [1, 2, 3, 4, 5, 9, 19, 20, 70] {
                client.event(Event::Resize { width, height });
                text(&client.app);
            }
        }
    }
}

#[test]
fn the_bar_names_only_what_works() {
    let mut client = in_general((200, 60));
    client.press("esc up");
    let bar = text(&client.app).lines().last().expect("there is a last line").to_owned();
    assert!(bar.contains("r reply") && bar.contains("d delete") && bar.contains("y copy"), "{bar}");
    assert!(!bar.contains("e edit"), "it is somebody else's: {bar}");
}
