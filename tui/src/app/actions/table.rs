//! The table itself. Order matters twice: of two rows with the same key the first that is offered wins, and the bar at
//! the bottom shows hints in this order.

use super::Place::{
    Chooser, Composer, Confirm, FirstStart, Members, Messages, Notice, Prompt, Sidebar, SignIn,
};
use super::{Action, ActionId as Id, Needs, Place};

const EVERYWHERE: &[Place] =
    &[FirstStart, SignIn, Sidebar, Messages, Members, Composer, Chooser, Prompt, Confirm, Notice];
const MAIN: &[Place] = &[Sidebar, Messages, Members, Composer];
const PANES: &[Place] = &[Sidebar, Messages, Members];
const FIELDS: &[Place] = &[Composer, Prompt, Chooser, FirstStart];

/// A row without conditions, the ground for the others.
const fn row(id: Id, name: &'static str, title: &'static str, keys: &'static [&'static str]) -> Action {
    Action { id, name, title, hint: "", keys, places: MAIN, needs: Needs::Nothing, listed: false }
}

impl Action {
    const fn hint(self, hint: &'static str) -> Self {
        Self { hint, ..self }
    }

    const fn at(self, places: &'static [Place]) -> Self {
        Self { places, ..self }
    }

    const fn needs(self, needs: Needs) -> Self {
        Self { needs, ..self }
    }

    const fn listed(self) -> Self {
        Self { listed: true, ..self }
    }
}

/// Everything a person can do.
pub(crate) static ACTIONS: &[Action] = &[
    // Starting.
    row(Id::Start, "start", "Start with this name", &["enter"]).at(&[FirstStart]).hint("start"),
    row(Id::OpenSignInLink, "open-sign-in", "Open the sign-in page", &["o"])
        .at(&[SignIn])
        .needs(Needs::Code)
        .hint("open"),
    row(Id::CopyCode, "copy-code", "Copy the code", &["c", "y"])
        .at(&[SignIn])
        .needs(Needs::Code)
        .hint("copy code"),
    row(Id::SignInAgain, "sign-in-again", "Ask for a new code", &["enter"])
        .at(&[SignIn])
        .needs(Needs::SignInEnded)
        .hint("try again"),
    // An empty client says what to do next, and these are the keys it names.
    row(Id::NewServer, "new-server", "Make a server", &["n"])
        .at(PANES)
        .needs(Needs::NoServer)
        .hint("make a server"),
    row(Id::JoinServer, "join-server", "Join a server with an invite", &["j"])
        .at(PANES)
        .needs(Needs::NoServer)
        .hint("join one"),
    // The selected message.
    row(Id::FillGap, "fill-gap", "Fetch the missing messages", &["enter"])
        .at(&[Messages])
        .needs(Needs::Gap)
        .hint("fetch"),
    row(Id::Retry, "retry", "Try to send the message again", &["r", "enter"])
        .at(&[Messages])
        .needs(Needs::Failed)
        .hint("try again"),
    row(Id::Discard, "discard", "Discard the message that was not sent", &["d", "delete"])
        .at(&[Messages])
        .needs(Needs::Failed)
        .hint("discard"),
    row(Id::Reply, "reply", "Reply to the message", &["r"])
        .at(&[Messages])
        .needs(Needs::Answerable)
        .hint("reply")
        .listed(),
    row(Id::Edit, "edit", "Edit the message", &["e"])
        .at(&[Messages])
        .needs(Needs::OwnMessage)
        .hint("edit")
        .listed(),
    row(Id::Delete, "delete", "Delete the message", &["d", "delete"])
        .at(&[Messages])
        .needs(Needs::Deletable)
        .hint("delete")
        .listed(),
    row(Id::Copy, "copy", "Copy the message", &["y"])
        .at(&[Messages])
        .needs(Needs::Message)
        .hint("copy")
        .listed(),
    row(Id::OpenLink, "open-link", "Open the link in the message", &["o"])
        .at(&[Messages])
        .needs(Needs::Link)
        .hint("open link")
        .listed(),
    row(Id::Quote, "go-to-quoted", "Go to the message it answers", &["p"])
        .at(&[Messages])
        .needs(Needs::Quote)
        .hint("quoted")
        .listed(),
    // Writing.
    row(Id::Send, "send", "Send the message", &["enter"])
        .at(&[Composer])
        .needs(Needs::PostRight)
        .hint("send"),
    row(Id::NewLine, "new-line", "Begin a new line", &["alt-enter", "shift-enter", "ctrl-j"])
        .at(&[Composer])
        .needs(Needs::PostRight)
        .hint("line"),
    row(Id::Complete, "complete", "Complete the name", &["tab"])
        .at(&[Composer])
        .needs(Needs::Completable)
        .hint("complete"),
    row(Id::EditLast, "edit-last", "Edit your last message", &["up"])
        .at(&[Composer])
        .needs(Needs::EmptyDraft)
        .hint("edit last"),
    row(Id::Cancel, "cancel", "Leave it", &["esc"]).at(&[Composer]).needs(Needs::Replying).hint("leave it"),
    row(Id::FocusComposer, "write", "Write a message", &["i", "enter"])
        .at(&[Messages, Members])
        .needs(Needs::PostRight)
        .hint("write"),
    // Lists.
    row(Id::Open, "open", "Open the channel", &["enter", "right", "l"])
        .at(&[Sidebar])
        .needs(Needs::Server)
        .hint("open"),
    row(Id::ToggleServer, "fold", "Fold or unfold the server", &["space", "z"])
        .at(&[Sidebar])
        .needs(Needs::Server)
        .hint("fold"),
    row(Id::Accept, "accept", "Choose it", &["enter"]).at(&[Chooser]).hint("choose"),
    row(Id::Accept, "accept", "Choose it", &["enter"]).at(&[Prompt, Notice]).hint("ok"),
    row(Id::Accept, "accept", "Yes", &["y", "enter"]).at(&[Confirm]).hint("yes"),
    row(Id::Cancel, "cancel", "Leave it", &["esc", "n"]).at(&[Confirm]).hint("no"),
    row(Id::Cancel, "cancel", "Close", &["esc"]).at(&[Chooser, Prompt, SignIn]).hint("cancel"),
    row(Id::Cancel, "cancel", "Close", &["esc", "q", "?"]).at(&[Notice]).hint("close"),
    row(Id::CopyCode, "copy-code", "Copy the code", &["c"]).at(&[Notice]).needs(Needs::Code).hint("copy"),
    row(Id::Up, "up", "Go up", &["up", "k"]).at(PANES),
    row(Id::Down, "down", "Go down", &["down", "j"]).at(PANES),
    row(Id::Up, "up", "Go up", &["up", "ctrl-p", "shift-tab"]).at(&[Chooser]),
    row(Id::Down, "down", "Go down", &["down", "ctrl-n", "tab"]).at(&[Chooser]),
    row(Id::Up, "up", "Go up", &["up", "k"]).at(&[Notice]),
    row(Id::Down, "down", "Go down", &["down", "j"]).at(&[Notice]),
    row(Id::First, "first", "Go to the first one", &["g", "home"]).at(PANES),
    row(Id::Last, "last", "Go to the last one", &["G", "end"]).at(&[Sidebar, Members]),
    row(Id::Bottom, "bottom", "Go to the newest message", &["G", "end"])
        .at(&[Messages])
        .needs(Needs::Channel)
        .listed(),
    row(Id::PageUp, "page-up", "Scroll a page up", &["pageup", "ctrl-u", "ctrl-b"]).at(&[Messages]),
    row(Id::PageDown, "page-down", "Scroll a page down", &["pagedown", "ctrl-d", "ctrl-f", "space"])
        .at(&[Messages]),
    row(Id::PageUp, "page-up", "Scroll a page up", &["pageup"])
        .at(&[Sidebar, Members, Composer, Chooser, Notice]),
    row(Id::PageDown, "page-down", "Scroll a page down", &["pagedown"])
        .at(&[Sidebar, Members, Composer, Chooser, Notice]),
    // Moving between panes.
    row(Id::BackToList, "channels", "Go to the list of channels", &["esc", "left", "h"])
        .at(&[Messages, Members])
        .hint("channels"),
    row(Id::FocusNext, "next-pane", "Go to the next pane", &["right", "l"]).at(&[Messages, Members]),
    row(Id::FocusPrevious, "previous-pane", "Go to the messages", &["esc"]).at(&[Composer]).hint("messages"),
    row(Id::FocusNext, "next-pane", "Go to the next pane", &["tab"]),
    row(Id::FocusPrevious, "previous-pane", "Go to the previous pane", &["shift-tab"]),
    row(Id::NextUnread, "next-unread", "Go to the next unread channel", &["n"])
        .at(PANES)
        .needs(Needs::Unread)
        .hint("next unread")
        .listed(),
    row(Id::NextUnread, "next-unread", "Go to the next unread channel", &["alt-n"])
        .at(&[Composer])
        .needs(Needs::Unread),
    row(Id::Switcher, "go-to", "Go to a channel by name", &["ctrl-k"])
        .needs(Needs::Server)
        .hint("go to")
        .listed(),
    row(Id::Palette, "actions", "Choose an action by name", &["ctrl-p"]).hint("actions"),
    row(Id::Palette, "actions", "Choose an action by name", &[":"]).at(PANES),
    row(Id::Help, "help", "Show all keys", &["?", "f1"]).at(PANES).hint("help").listed(),
    row(Id::Help, "help", "Show all keys", &["f1"]).at(&[Composer]).hint("help"),
    // Servers and channels.
    row(Id::NewServer, "new-server", "Make a server", &["N"]).at(PANES).needs(Needs::Server).listed(),
    row(Id::JoinServer, "join-server", "Join a server with an invite", &["J"])
        .at(PANES)
        .needs(Needs::Server)
        .listed(),
    row(Id::NewChannel, "new-channel", "Make a channel", &["C"])
        .at(PANES)
        .needs(Needs::ChannelRight)
        .listed(),
    row(Id::Invite, "invite", "Invite somebody to the server", &["I"])
        .at(PANES)
        .needs(Needs::InviteRight)
        .listed(),
    row(Id::LeaveServer, "leave-server", "Leave the server", &[])
        .at(PANES)
        .needs(Needs::OthersServer)
        .listed(),
    row(Id::ToggleMembers, "members", "Show or hide the members", &["m"])
        .at(PANES)
        .needs(Needs::Server)
        .listed(),
    // The program.
    row(Id::Reconnect, "reconnect", "Connect now", &["R"])
        .at(PANES)
        .needs(Needs::Offline)
        .hint("connect now")
        .listed(),
    row(Id::Refresh, "refresh", "Read everything again", &[]).at(PANES).needs(Needs::Server).listed(),
    row(Id::Suspend, "suspend", "Put the client to sleep (fg wakes it)", &["ctrl-z"]).at(EVERYWHERE).listed(),
    row(Id::Quit, "quit", "Quit", &["ctrl-c", "ctrl-q"]).at(EVERYWHERE).listed(),
    // Inside a text.
    row(Id::CharLeft, "char-left", "One character left", &["left", "ctrl-b"]).at(FIELDS),
    row(Id::CharRight, "char-right", "One character right", &["right", "ctrl-f"]).at(FIELDS),
    row(Id::WordLeft, "word-left", "One word left", &["ctrl-left", "alt-left", "alt-b"]).at(FIELDS),
    row(Id::WordRight, "word-right", "One word right", &["ctrl-right", "alt-right", "alt-f"]).at(FIELDS),
    row(Id::LineStart, "line-start", "To the start of the line", &["home", "ctrl-a"]).at(FIELDS),
    row(Id::LineEnd, "line-end", "To the end of the line", &["end", "ctrl-e"]).at(FIELDS),
    row(Id::LineUp, "line-up", "One line up", &["up"]).at(&[Composer]),
    row(Id::LineDown, "line-down", "One line down", &["down", "ctrl-n"]).at(&[Composer]),
    row(Id::EraseLeft, "erase-left", "Delete the character before", &["backspace", "ctrl-h"]).at(FIELDS),
    row(Id::EraseRight, "erase-right", "Delete the character behind", &["delete", "ctrl-d"]).at(FIELDS),
    row(Id::EraseWord, "erase-word", "Delete the word before", &["ctrl-w", "alt-backspace"]).at(FIELDS),
    row(Id::EraseToStart, "erase-to-start", "Delete to the start of the line", &["ctrl-u"]).at(FIELDS),
    row(Id::EraseToEnd, "erase-to-end", "Delete to the end of the line", &["alt-k"]).at(FIELDS),
];
