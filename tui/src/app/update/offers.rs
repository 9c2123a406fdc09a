//! What may be offered now: the answers to the table's conditions.

use echopulse_protocol::permission::Permission;

use super::super::actions::{ACTIONS, Action, ActionId, Needs, Place};
use super::super::composer::mentions::unfinished;
use super::super::model::message::Message;
use super::super::model::outbox::State;
use super::super::model::overlay::Overlay;
use super::super::model::{App, Connection, Purpose, Screen, SignInState};
use super::super::text::markdown::link_length;
use super::super::timeline::Key;

impl App {
    /// Whether `needs` is so now.
    pub(crate) fn offers(&self, needs: Needs) -> bool {
        match needs {
            Needs::Nothing => true,
            Needs::NoServer => self.directory.servers.is_empty(),
            Needs::Server => !self.directory.servers.is_empty(),
            Needs::Channel => self.open.is_some(),
            Needs::InviteRight => self.current_server().is_some_and(|s| s.allows(Permission::CreateInvite)),
            Needs::ChannelRight => {
                self.current_server().is_some_and(|s| s.allows(Permission::ManageChannels))
            }
            Needs::OthersServer => self.current_server().is_some_and(|server| server.owner != self.my_id()),
            Needs::PostRight => self.may(Permission::SendMessages),
            Needs::Message => self.selected_message().is_some(),
            Needs::Answerable => self.may(Permission::SendMessages) && self.selected_message().is_some(),
            Needs::OwnMessage => self.may(Permission::SendMessages) && self.own_selected().is_some(),
            Needs::Deletable => {
                let by_right = self.selected_message().is_some() && self.may(Permission::ManageMessages);
                by_right || self.own_selected().is_some()
            }
            Needs::Link => {
                self.selected_message().is_some_and(|message| first_link(&message.content).is_some())
            }
            Needs::Quote => self.selected_message().is_some_and(|message| message.reply_to.is_some()),
            Needs::Gap => matches!(self.selected(), Some(Key::Gap(_))),
            Needs::Failed => self.selected_failure().is_some(),
            Needs::Unread => self.next_unread().is_some(),
            Needs::Offline => matches!(self.connection, Connection::Offline { .. }),
            Needs::EmptyDraft => {
                self.draft().is_none_or(|draft| draft.field.is_empty()) && self.own_last().is_some()
            }
            Needs::Replying => self.draft().is_some_and(|draft| draft.purpose != Purpose::Message),
            Needs::Completable => self
                .draft()
                .is_some_and(|draft| unfinished(draft.field.text(), draft.field.cursor()).is_some()),
            Needs::Code => match (&self.screen, &self.overlay) {
                (Screen::SignIn(screen), _) => matches!(screen.state, SignInState::Waiting(_)),
                (_, Some(Overlay::Invite { code, .. })) => code.is_some(),
                _ => false,
            },
            Needs::SignInEnded => match &self.screen {
                Screen::SignIn(screen) => matches!(screen.state, SignInState::Ended { .. }),
                _ => false,
            },
        }
    }

    /// Whether the person may do that in the open channel.
    pub(crate) fn may(&self, permission: Permission) -> bool {
        self.open_channel().is_some_and(|(_, channel)| channel.allows(permission))
    }

    /// What the bar at the bottom offers: actions of the place that has a hint, each once.
    pub(crate) fn hints(&self) -> impl Iterator<Item = &'static Action> {
        let place = self.place();
        let mut shown: Vec<ActionId> = Vec::new();
        ACTIONS.iter().filter(move |action| {
            let fits = !action.hint.is_empty() && action.places.contains(&place) && self.offers(action.needs);
            let is_first = fits && !shown.contains(&action.id);
            if is_first {
                shown.push(action.id);
            }
            is_first
        })
    }

    /// What can be done by name now.
    pub(crate) fn commands(&self) -> impl Iterator<Item = &'static Action> {
        ACTIONS.iter().filter(|action| action.listed && self.offers(action.needs))
    }

    /// What `?` explains: every action that the person's rights allow somewhere, with keys.
    pub(crate) fn explained(&self) -> impl Iterator<Item = &'static Action> {
        let by_right = |needs| {
            !matches!(needs, Needs::NoServer | Needs::InviteRight | Needs::ChannelRight | Needs::PostRight)
        };
        ACTIONS.iter().filter(move |action| {
            let in_main = action.places.iter().any(|place| {
                matches!(place, Place::Sidebar | Place::Messages | Place::Members | Place::Composer)
            });
            in_main && !action.keys.is_empty() && (by_right(action.needs) || self.offers(action.needs))
        })
    }

    /// The selected row of the open channel, while the messages have the keys.
    pub(crate) fn selected(&self) -> Option<Key> {
        self.timeline()?.selected
    }

    /// The selected message, if it lives and is in the history.
    pub(crate) fn selected_message(&self) -> Option<&Message> {
        match self.selected()? {
            Key::Message(seq) => self.timeline()?.message(seq).filter(|message| !message.deleted),
            _ => None,
        }
    }

    fn own_selected(&self) -> Option<&Message> {
        self.selected_message().filter(|message| message.author.id == self.my_id())
    }

    /// One's own last message in the open channel.
    pub(crate) fn own_last(&self) -> Option<&Message> {
        self.timeline()?.last_of(self.my_id())
    }

    /// The selected message of the outbox, if it was refused.
    pub(crate) fn selected_failure(&self) -> Option<u64> {
        match self.selected()? {
            Key::Pending(number) => {
                let entry = self.outbox.get(number)?;
                matches!(entry.state, State::Failed(_)).then_some(number)
            }
            _ => None,
        }
    }
}

/// The first link in a text.
pub(crate) fn first_link(text: &str) -> Option<&str> {
    let mut at = 0;
    while let Some(found) = text[at..].find("http") {
        let start = at + found;
        if let Some(length) = link_length(&text[start..]) {
            return Some(&text[start..start + length]);
        }
        at = start + 4;
    }
    None
}
