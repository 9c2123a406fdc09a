//! What a person can do: one table that feeds the keys, the bar at the bottom, `?`, and the palette.
//!
//! An action that the moment or the person's rights do not allow is not offered, by any of the four. Deliberately
//! absent: what an action does (that is `update`'s), and when it is allowed ([`Needs`] is answered by the model).

pub(crate) mod chord;
mod table;

pub(crate) use chord::Chord;
pub(crate) use table::ACTIONS;

/// Where the keys go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Place {
    FirstStart,
    SignIn,
    Sidebar,
    Messages,
    Members,
    Composer,
    /// A list one chooses from by typing.
    Chooser,
    /// A question that is answered with a line of text.
    Prompt,
    /// A question that is answered with yes or no.
    Confirm,
    /// Something to read.
    Notice,
}

impl Place {
    /// Whether plain keys type text here.
    pub(crate) fn takes_text(self) -> bool {
        matches!(self, Self::FirstStart | Self::Composer | Self::Chooser | Self::Prompt)
    }
}

/// What must be so for an action to be offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Needs {
    Nothing,
    NoServer,
    Server,
    Channel,
    /// The right to make invites of the server.
    InviteRight,
    /// The right to make channels of the server.
    ChannelRight,
    /// A server that is not one's own, since an owner cannot leave.
    OthersServer,
    /// The right to post in the open channel.
    PostRight,
    /// A living message is selected, and one may answer.
    Answerable,
    /// A living message is selected.
    Message,
    /// An own living message is selected, and one may still post.
    OwnMessage,
    /// One's own message, or the right to delete others'.
    Deletable,
    /// The selected message has a link.
    Link,
    /// The selected message answers another one.
    Quote,
    /// The selected row is a hole in the history.
    Gap,
    /// The selected message was not sent.
    Failed,
    Unread,
    Offline,
    /// The composer holds nothing.
    EmptyDraft,
    /// The composer answers or edits something.
    Replying,
    /// The word before the cursor begins a mention.
    Completable,
    /// A code is waiting for the person.
    Code,
    /// The sign-in came to an end that is not a success.
    SignInEnded,
}

/// The name of an action in code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum ActionId {
    Accept,
    BackToList,
    Bottom,
    Cancel,
    Complete,
    Copy,
    CopyCode,
    Delete,
    Discard,
    Down,
    Edit,
    EditLast,
    FillGap,
    First,
    FocusComposer,
    FocusNext,
    FocusPrevious,
    Help,
    Invite,
    JoinServer,
    Last,
    LeaveServer,
    NewChannel,
    NewLine,
    NewServer,
    NextUnread,
    Open,
    OpenLink,
    OpenSignInLink,
    PageDown,
    PageUp,
    Palette,
    Quit,
    Quote,
    Reconnect,
    Refresh,
    Reply,
    Retry,
    Send,
    SignInAgain,
    Start,
    Suspend,
    Switcher,
    ToggleMembers,
    ToggleServer,
    Up,
    // Moving and deleting inside a text.
    CharLeft,
    CharRight,
    WordLeft,
    WordRight,
    LineStart,
    LineEnd,
    LineUp,
    LineDown,
    EraseLeft,
    EraseRight,
    EraseWord,
    EraseToStart,
    EraseToEnd,
}

/// One row of the table.
#[derive(Debug)]
pub(crate) struct Action {
    /// What it is in code.
    pub(crate) id: ActionId,
    /// What it is in configuration.
    pub(crate) name: &'static str,
    /// What it does, as a sentence without a stop.
    pub(crate) title: &'static str,
    /// The same in a word or two, for the bar at the bottom; empty keeps it out of there.
    pub(crate) hint: &'static str,
    /// Keys; the first is the one that hints show.
    pub(crate) keys: &'static [&'static str],
    /// Where its keys work.
    pub(crate) places: &'static [Place],
    /// What must be so.
    pub(crate) needs: Needs,
    /// Whether it makes sense to choose it from the palette.
    pub(crate) listed: bool,
}

/// The keys of all actions, read once.
#[derive(Debug)]
pub(crate) struct Keymap(Vec<(Chord, &'static Action)>);

impl Keymap {
    /// The keys of the table.
    pub(crate) fn from_table() -> Self {
        let keys = |action: &'static Action| action.keys.iter().map(move |key| (*key, action));
        let read = |(key, action)| Some((Chord::parse(key)?, action));
        Self(ACTIONS.iter().flat_map(keys).filter_map(read).collect())
    }

    /// What `chord` does at `place`: the first row that has the key, the place and, by `offered`, the moment.
    pub(crate) fn find(
        &self,
        chord: Chord,
        place: Place,
        offered: impl Fn(Needs) -> bool,
    ) -> Option<&'static Action> {
        let fits = |action: &Action| action.places.contains(&place) && offered(action.needs);
        self.0.iter().find(|(key, action)| *key == chord && fits(action)).map(|(_, action)| *action)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_written_key_is_a_key() {
        for action in ACTIONS {
            for key in action.keys {
                assert!(Chord::parse(key).is_some(), "{}: {key}", action.name);
            }
        }
    }

    #[test]
    fn a_name_stands_for_one_action() {
        let mut ids = HashSet::new();
        let names: HashSet<_> = ACTIONS.iter().map(|action| action.name).collect();
        ids.extend(ACTIONS.iter().map(|action| action.id));
        assert_eq!(names.len(), ids.len());
    }

    #[test]
    fn a_key_means_one_thing_in_one_place_and_moment() {
        let mut seen = HashSet::new();
        for action in ACTIONS {
            for key in action.keys {
                for place in action.places {
                    assert!(seen.insert((*key, *place, action.needs)), "{key} in {place:?} twice");
                }
            }
        }
    }

    #[test]
    fn a_plain_character_is_no_command_where_one_types() {
        for action in ACTIONS {
            for place in action.places.iter().filter(|place| place.takes_text()) {
                let typing = action.keys.iter().filter_map(|key| Chord::parse(key)?.typed()).next();
                assert_eq!(typing, None, "{} in {place:?}", action.name);
            }
        }
    }
}
