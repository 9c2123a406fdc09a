//! Until the main view is there: the first start, the sign-in, and what the local store remembers.

use echopulse_protocol::id::Stream;

use super::super::composer::Field;
use super::super::effect::Effect;
use super::super::event::{Event, Restored, SignIn};
use super::super::model::overlay::Overlay;
use super::super::model::{App, Draft, FirstStart, Screen, SignInScreen, SignInState, Wanted, intake};
use super::super::text::Shown;
use super::Effects;

impl App {
    pub(super) fn on_start(&mut self, event: Event, effects: &mut Effects) {
        self.is_dirty = true;
        match event {
            Event::StartFailed { reason } => self.on_start_failed(&reason),
            Event::SignIn(step) => self.on_sign_in(step),
            Event::Restored(restored) => self.restore(*restored, effects),
            Event::Ready { user } => {
                self.screen = Screen::Main;
                let me = intake::person(&user);
                let stream = Stream::User(me.id);
                self.directory.know(me.clone());
                self.me = Some(me);
                self.names_changed();
                effects.extend([
                    Effect::Subscribe { stream, position: None },
                    Effect::LoadServers,
                    Effect::LoadReadStates,
                ]);
            }
            _ => {}
        }
    }

    /// Starts with the name that was typed.
    pub(super) fn start(&mut self, effects: &mut Effects) {
        let Screen::FirstStart(first) = &mut self.screen else { return };
        let name = first.field.text().trim().to_owned();
        if first.is_busy {
            return;
        }
        if name.is_empty() {
            first.error = Some(Shown::line("Type the name that others will see."));
            return;
        }
        first.is_busy = true;
        first.error = None;
        effects.push(Effect::Start { name });
    }

    fn on_start_failed(&mut self, reason: &str) {
        let error = Some(Shown::line(reason));
        match &mut self.screen {
            Screen::FirstStart(first) => {
                first.is_busy = false;
                first.error = error;
            }
            _ => self.screen = Screen::FirstStart(FirstStart { error, ..FirstStart::default() }),
        }
    }

    fn on_sign_in(&mut self, step: SignIn) {
        if !matches!(self.screen, Screen::SignIn(_)) {
            let deployment = Shown::default();
            self.screen = Screen::SignIn(SignInScreen { deployment, state: SignInState::Asking });
        }
        let Screen::SignIn(screen) = &mut self.screen else { return };
        let ended = |what: &str, next| SignInState::Ended { what: Shown::line(what), next };
        screen.state = match step {
            SignIn::Code(code) => SignInState::Waiting(intake::device_code(&code)),
            SignIn::Expired => ended("The code has expired.", "Enter asks for a new one."),
            SignIn::Denied => ended("Access was refused.", "Enter asks again, in case that was a mistake."),
            SignIn::Unreachable { reason } => {
                ended(&format!("The deployment cannot be reached: {reason}"), "Enter tries again.")
            }
            SignIn::NoAccess { reason } => ended(
                &format!("This account may not use EchoPulse: {reason}"),
                "Ask whoever runs the deployment for that role; Enter tries again.",
            ),
            SignIn::Done => SignInState::Done,
        };
    }

    /// Asks for a new code.
    pub(super) fn sign_in_again(&mut self, effects: &mut Effects) {
        if let Screen::SignIn(screen) = &mut self.screen {
            screen.state = SignInState::Asking;
            effects.push(Effect::SignIn);
        }
    }

    /// The issuer's page, with the code in it if the issuer can do that.
    pub(super) fn open_sign_in_link(&mut self, effects: &mut Effects) {
        if let Screen::SignIn(screen) = &self.screen
            && let SignInState::Waiting(code) = &screen.state
        {
            let link = code.link_with_code.as_ref().unwrap_or(&code.link);
            effects.push(Effect::OpenUrl(link.clone()));
        }
    }

    /// Copies the code that is on screen: of the sign-in or of an invite.
    pub(super) fn copy_code(&mut self, effects: &mut Effects) {
        let code = match (&self.screen, &self.overlay) {
            (Screen::SignIn(SignInScreen { state: SignInState::Waiting(code), .. }), _) => {
                code.user_code.clone()
            }
            (_, Some(Overlay::Invite { code: Some(code), .. })) => code.as_str().to_owned(),
            _ => return,
        };
        effects.push(Effect::Copy(code));
        self.say("Copied.");
    }

    /// Takes in what the local store knew, so that the first frame needs no network.
    fn restore(&mut self, restored: Restored, effects: &mut Effects) {
        if let Some(user) = restored.user {
            let me = intake::person(&user);
            self.directory.know(me.clone());
            self.me = Some(me);
        }
        for server in restored.servers {
            self.directory.put(intake::server(server));
        }
        for (server, members) in restored.members {
            self.take_members(server, members);
        }
        for state in &restored.read_states {
            self.unread.set(state.channel_id, intake::read_mark(state));
        }
        for (channel, text) in restored.drafts {
            let draft = Draft { field: Field::with(&text), saved: text, ..Draft::default() };
            self.drafts.insert(channel, draft);
        }
        for unsent in restored.outbox {
            self.post(unsent, effects);
        }
        self.to_open = restored.open.map(Wanted::Channel);
        self.names_changed();
        self.open_wanted(effects);
    }
}
