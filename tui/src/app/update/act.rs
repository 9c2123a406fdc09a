//! What each action of the table does: one line each, so that the table and the work can be read side by side.

use super::super::actions::{ActionId as Id, Place};
use super::super::effect::Effect;
use super::super::model::overlay::{Ask, Chooser, Overlay, Prompt};
use super::super::model::{App, Focus};
use super::Effects;

impl App {
    /// Does what an action says.
    pub(super) fn run(&mut self, action: Id, effects: &mut Effects) {
        match action {
            Id::Quit => self.quit(effects),
            Id::Suspend => effects.push(Effect::Suspend),
            Id::Start => self.start(effects),
            Id::SignInAgain => self.sign_in_again(effects),
            Id::OpenSignInLink => self.open_sign_in_link(effects),
            Id::CopyCode => self.copy_code(effects),
            Id::Reconnect => effects.push(Effect::Reconnect),
            Id::Refresh => self.refresh(effects),

            Id::Switcher => self.overlay = Some(Overlay::Switcher(Chooser::default())),
            Id::Palette => self.overlay = Some(Overlay::Palette(Chooser::default())),
            Id::Help => self.overlay = Some(Overlay::Help { scroll: 0 }),
            Id::NewServer => self.overlay = Some(Overlay::Prompt(Prompt::new(Ask::ServerName))),
            Id::JoinServer => self.overlay = Some(Overlay::Prompt(Prompt::new(Ask::InviteCode))),
            Id::NewChannel => self.ask_channel_name(),
            Id::Invite => self.invite(effects),
            Id::LeaveServer => self.ask_leave(),
            Id::Accept => self.accept(effects),
            Id::Cancel => self.cancel(effects),

            Id::Up => self.step(-1),
            Id::Down => self.step(1),
            Id::First => self.jump_first(),
            Id::Last => self.jump_last(),
            Id::PageUp => self.page(-1),
            Id::PageDown => self.page(1),
            Id::Bottom => self.go_to_newest(),
            Id::Open => self.open_row(effects),
            Id::ToggleServer => self.fold(),
            Id::ToggleMembers => self.toggle_members(),
            Id::NextUnread => self.go_to_unread(effects),
            Id::FocusNext => self.turn_focus(1),
            Id::FocusPrevious => self.turn_focus(-1),
            Id::FocusComposer => self.focus_composer(),
            Id::BackToList => self.focus_on(Focus::Sidebar),

            Id::Send => self.send(effects),
            Id::NewLine => self.new_line(effects),
            Id::Complete => self.complete(),
            Id::EditLast => self.edit_last(),
            Id::Reply => self.reply(),
            Id::Edit => self.edit_selected(),
            Id::Delete => self.ask_delete(),
            Id::Copy => self.copy_selected(effects),
            Id::OpenLink => self.ask_open_link(),
            Id::Quote => self.go_to_quoted(effects),
            Id::FillGap => self.fill_gap(effects),
            Id::Retry => self.retry(effects),
            Id::Discard => self.discard(effects),

            Id::LineUp | Id::LineDown | Id::CharLeft | Id::CharRight | Id::WordLeft | Id::WordRight => {
                self.edit_field(action, effects);
            }
            Id::LineStart | Id::LineEnd | Id::EraseLeft | Id::EraseRight | Id::EraseWord => {
                self.edit_field(action, effects);
            }
            Id::EraseToStart | Id::EraseToEnd => self.edit_field(action, effects),
        }
    }

    fn quit(&mut self, effects: &mut Effects) {
        self.save_draft(effects);
        effects.push(Effect::Quit);
    }

    fn toggle_members(&mut self) {
        self.shows_members = !self.shows_members;
        if self.focus == Focus::Members && !self.shows_members {
            self.focus = Focus::Messages;
        }
    }

    fn refresh(&mut self, effects: &mut Effects) {
        effects.extend([Effect::LoadServers, Effect::LoadReadStates]);
    }

    /// Up and down, whatever is listed.
    fn step(&mut self, by: isize) {
        match self.place() {
            Place::Sidebar => self.step_sidebar(by),
            Place::Messages => self.step_message(by),
            Place::Members => self.step_member(by),
            Place::Chooser => self.step_choice(by),
            _ => self.scroll_help(by),
        }
    }

    fn page(&mut self, by: isize) {
        let height = self.panes().messages.height;
        let list = isize::try_from(self.size.1.saturating_sub(4)).unwrap_or(1).max(1);
        match self.place() {
            Place::Sidebar => self.step_sidebar(by * list),
            Place::Members => self.step_member(by * list),
            Place::Chooser => self.step_choice(by * 5),
            Place::Messages | Place::Composer => {
                self.scroll_messages(
                    i32::try_from(by).unwrap_or_default() * i32::from(height.saturating_sub(2).max(1)),
                );
            }
            _ => self.scroll_help(by * list),
        }
    }

    fn jump_first(&mut self) {
        match self.place() {
            Place::Messages => self.go_to_oldest(),
            Place::Members => self.member = 0,
            _ => self.sidebar = self.edge_rows().0,
        }
    }

    fn jump_last(&mut self) {
        match self.place() {
            Place::Members => self.step_member(isize::MAX / 2),
            _ => self.sidebar = self.edge_rows().1,
        }
    }
}
