//! Choosers and questions over the main view.

use super::super::effect::Effect;
use super::super::model::App;
use super::super::model::overlay::{
    Ask, Chooser, Command, Destination, Overlay, Prompt, Question, match_rank,
};
use super::super::text::Shown;
use super::Effects;

impl App {
    /// The channels that match what was typed into the switcher, best first; with nothing typed, the last used first.
    pub(crate) fn destinations(&self, typed: &str) -> Vec<Destination> {
        let all = self
            .directory
            .servers
            .iter()
            .flat_map(|server| server.channels.iter().map(move |channel| (server, channel)));
        let age = |id| self.recent.iter().rev().position(|recent| *recent == id).unwrap_or(usize::MAX);
        let mut found: Vec<_> = all
            .filter_map(|(server, channel)| {
                let by_name = match_rank(&channel.name, typed);
                // "rust gen" finds #general of Rust Lyon.
                let by_both =
                    || match_rank(&format!("{} {}", server.name, channel.name), typed).map(|rank| rank + 3);
                let rank = by_name.or_else(by_both)?;
                let unread = self.unread.of(channel.id).unread == 0;
                Some((
                    (rank, age(channel.id), unread),
                    Destination { server: server.id, channel: channel.id },
                ))
            })
            .collect();
        found.sort_by_key(|(rank, _)| *rank);
        found.into_iter().map(|(_, destination)| destination).collect()
    }

    /// The actions that match what was typed into the palette, best first.
    pub(crate) fn matching_commands(&self, typed: &str) -> Vec<Command> {
        let mut found: Vec<_> = self
            .commands()
            .filter_map(|action| {
                let rank = match_rank(action.title, typed).or_else(|| match_rank(action.name, typed))?;
                Some((
                    rank,
                    Command { id: action.id, title: action.title, key: action.keys.first().copied() },
                ))
            })
            .collect();
        found.sort_by_key(|(rank, _)| *rank);
        found.dedup_by_key(|(_, command)| command.id);
        found.into_iter().map(|(_, command)| command).collect()
    }

    fn chooser_mut(&mut self) -> Option<&mut Chooser> {
        match &mut self.overlay {
            Some(Overlay::Switcher(chooser) | Overlay::Palette(chooser)) => Some(chooser),
            _ => None,
        }
    }

    pub(super) fn choose_first(&mut self) {
        if let Some(chooser) = self.chooser_mut() {
            chooser.selected = 0;
        }
    }

    pub(super) fn step_choice(&mut self, by: isize) {
        let count = match &self.overlay {
            Some(Overlay::Switcher(chooser)) => self.destinations(chooser.field.text()).len(),
            Some(Overlay::Palette(chooser)) => self.matching_commands(chooser.field.text()).len(),
            _ => 0,
        };
        if let Some(chooser) = self.chooser_mut() {
            chooser.selected = chooser.selected.saturating_add_signed(by).min(count.saturating_sub(1));
        }
    }

    pub(super) fn scroll_help(&mut self, by: isize) {
        let count = self.explained().count();
        if let Some(Overlay::Help { scroll }) = &mut self.overlay {
            *scroll = scroll.saturating_add_signed(by).min(count.saturating_sub(1));
        }
    }

    /// Enter in an overlay.
    pub(super) fn accept(&mut self, effects: &mut Effects) {
        match self.overlay.clone() {
            Some(Overlay::Switcher(chooser)) => {
                let chosen = self.destinations(chooser.field.text()).into_iter().nth(chooser.selected);
                self.overlay = None;
                if let Some(destination) = chosen {
                    self.open_channel_now(destination.channel, effects);
                }
            }
            Some(Overlay::Palette(chooser)) => {
                let chosen = self.matching_commands(chooser.field.text()).into_iter().nth(chooser.selected);
                self.overlay = None;
                if let Some(command) = chosen {
                    self.run(command.id, effects);
                }
            }
            Some(Overlay::Prompt(prompt)) => self.answer(&prompt, effects),
            Some(Overlay::Confirm(question)) => self.confirm(question, effects),
            Some(Overlay::Invite { .. } | Overlay::Help { .. }) => self.overlay = None,
            None => {}
        }
    }

    /// Escape: closes what is open, or gives up a reply, an edit, a sign-in.
    pub(super) fn cancel(&mut self, effects: &mut Effects) {
        if self.overlay.take().is_some() {
            return;
        }
        match self.place() {
            super::super::actions::Place::SignIn => effects.extend([Effect::CancelSignIn, Effect::Quit]),
            _ => self.stop_editing(),
        }
    }

    fn answer(&mut self, prompt: &Prompt, effects: &mut Effects) {
        let typed = prompt.field.text().trim().to_owned();
        if prompt.is_busy {
            return;
        }
        let error = match (prompt.ask, typed.is_empty()) {
            (_, false) => None,
            (Ask::ServerName, true) => Some("Type a name for the server."),
            (Ask::ChannelName(_), true) => Some("Type a name for the channel."),
            (Ask::InviteCode, true) => Some("Paste the code of the invite."),
        };
        if error.is_none() {
            effects.push(match prompt.ask {
                Ask::ServerName => Effect::CreateServer { name: typed },
                Ask::ChannelName(server) => {
                    let name = typed.trim_start_matches('#').to_owned();
                    Effect::CreateChannel { server, name }
                }
                Ask::InviteCode => Effect::Join { code: code_in(&typed).to_owned() },
            });
        }
        if let Some(Overlay::Prompt(open)) = &mut self.overlay {
            open.is_busy = error.is_none();
            open.error = error.map(Shown::line);
        }
    }

    fn confirm(&mut self, question: Question, effects: &mut Effects) {
        self.overlay = None;
        effects.push(match question {
            Question::Delete { channel, message, .. } => Effect::Delete { channel, message },
            Question::Leave { server, .. } => Effect::Leave { server },
            Question::OpenLink(link) => Effect::OpenUrl(link.as_str().to_owned()),
        });
    }

    pub(super) fn ask_channel_name(&mut self) {
        if let Some(server) = self.current_server().map(|server| server.id) {
            self.overlay = Some(Overlay::Prompt(Prompt::new(Ask::ChannelName(server))));
        }
    }

    pub(super) fn invite(&mut self, effects: &mut Effects) {
        if let Some(server) = self.current_server().map(|server| server.id) {
            self.overlay = Some(Overlay::Invite { server, code: None });
            effects.push(Effect::CreateInvite { server });
        }
    }

    pub(super) fn ask_leave(&mut self) {
        let question = self
            .current_server()
            .map(|server| Question::Leave { server: server.id, name: server.name.clone() });
        self.overlay = question.map(Overlay::Confirm);
    }
}

/// The code in what was pasted: the code itself, or the end of a link.
fn code_in(typed: &str) -> &str {
    let path = typed.split(['?', '#']).next().unwrap_or(typed);
    path.trim_end_matches('/').rsplit('/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invite_is_found_in_a_pasted_link() {
        assert_eq!(code_in("aB3dE6gH9k"), "aB3dE6gH9k");
        assert_eq!(code_in("https://chat.example.org/invite/aB3dE6gH9k/"), "aB3dE6gH9k");
    }
}
