//! Makes texts of others safe to show, as they enter the client: in one place, so that none is forgotten.

use crate::{
    event::{Author, Category, Channel, Envelope, EventBody, Member, Message, Role, Server, User},
    problem::{Problem, Reply},
    rest,
    text::{display, display_line},
};

/// A value with texts of others in it.
pub(super) trait Clean {
    /// Makes every text in it safe to show.
    fn clean(&mut self);
}

fn line(text: &mut String) {
    *text = display_line(text);
}

fn each<'a, T: Clean + 'a>(items: impl IntoIterator<Item = &'a mut T>) {
    items.into_iter().for_each(Clean::clean);
}

/// Values that hold no text of others.
macro_rules! clean_already {
    ($($name:ty),* $(,)?) => {$( impl Clean for $name { fn clean(&mut self) {} } )*};
}

clean_already!(rest::Receipt, rest::ReadState, rest::UserPresence, serde_json::Value);

impl Clean for rest::WellKnown {
    fn clean(&mut self) {
        [&mut self.issuer, &mut self.clients.tui, &mut self.clients.web].into_iter().for_each(line);
        self.server.iter_mut().chain(&mut self.chat).for_each(line);
    }
}

impl<T: Clean> Clean for Vec<T> {
    fn clean(&mut self) {
        each(self);
    }
}

impl<T: Clean> Clean for rest::Page<T> {
    fn clean(&mut self) {
        each(&mut self.items);
    }
}

impl Clean for User {
    fn clean(&mut self) {
        line(&mut self.username);
        line(&mut self.display_name);
        self.bio = display(&self.bio);
    }
}

impl Clean for Server {
    fn clean(&mut self) {
        line(&mut self.name);
        line(&mut self.description);
    }
}

impl Clean for Channel {
    fn clean(&mut self) {
        line(&mut self.name);
        line(&mut self.topic);
        self.overrides.iter_mut().for_each(|one| line(&mut one.id));
    }
}

impl Clean for Category {
    fn clean(&mut self) {
        line(&mut self.name);
    }
}

impl Clean for Role {
    fn clean(&mut self) {
        line(&mut self.name);
        self.colour.as_mut().into_iter().for_each(line);
        line(&mut self.description);
    }
}

impl Clean for Member {
    fn clean(&mut self) {
        self.nickname.as_mut().into_iter().for_each(line);
    }
}

impl Clean for Author {
    fn clean(&mut self) {
        line(&mut self.name);
    }
}

impl Clean for Message {
    fn clean(&mut self) {
        self.author.clean();
        line(&mut self.nonce);
        self.content = display(&self.content);
    }
}

impl Clean for rest::ServerDetail {
    fn clean(&mut self) {
        self.server.clean();
        each(&mut self.channels);
        each(&mut self.categories);
        each(&mut self.roles);
        each(&mut self.member);
    }
}

impl Clean for rest::MemberDetail {
    fn clean(&mut self) {
        self.member.clean();
        self.user.clean();
    }
}

impl Clean for rest::Joined {
    fn clean(&mut self) {
        self.server.clean();
        self.member.clean();
    }
}

impl Clean for rest::Invite {
    fn clean(&mut self) {
        line(&mut self.code);
    }
}

impl Clean for rest::InvitePreview {
    fn clean(&mut self) {
        [&mut self.code, &mut self.name, &mut self.description, &mut self.inviter].into_iter().for_each(line);
    }
}

impl Clean for rest::Bot {
    fn clean(&mut self) {
        [&mut self.name, &mut self.client_id].into_iter().for_each(line);
    }
}

impl Clean for rest::Webhook {
    fn clean(&mut self) {
        line(&mut self.name);
    }
}

impl Clean for rest::WebhookToken {
    fn clean(&mut self) {
        self.webhook.clean();
        line(&mut self.token.0);
    }
}

impl Clean for rest::BotSecret {
    fn clean(&mut self) {
        self.bot.clean();
        line(&mut self.client_secret.0);
    }
}

impl Clean for rest::Ban {
    fn clean(&mut self) {
        line(&mut self.reason);
    }
}

impl Clean for rest::HistoryPage {
    fn clean(&mut self) {
        each(&mut self.items);
        each(&mut self.referenced);
    }
}

impl Clean for Problem {
    fn clean(&mut self) {
        line(&mut self.title);
        line(&mut self.detail);
        for error in &mut self.errors {
            line(&mut error.pointer);
            line(&mut error.detail);
        }
        self.permission.as_mut().into_iter().for_each(line);
        self.bucket.as_mut().into_iter().for_each(line);
    }
}

impl Clean for Reply {
    fn clean(&mut self) {
        line(&mut self.detail);
        self.permission.as_mut().into_iter().for_each(line);
    }
}

impl Clean for Envelope {
    fn clean(&mut self) {
        match &mut self.body {
            EventBody::MessageCreated { message, referenced }
            | EventBody::MessageUpdated { message, referenced } => {
                message.clean();
                each(referenced.as_deref_mut());
            }
            EventBody::ServerCreated { server } | EventBody::ServerUpdated { server } => server.clean(),
            EventBody::ChannelCreated { channel } | EventBody::ChannelUpdated { channel } => channel.clean(),
            EventBody::CategoryCreated { category } | EventBody::CategoryUpdated { category } => {
                category.clean()
            }
            EventBody::RoleCreated { role } | EventBody::RoleUpdated { role } => role.clean(),
            EventBody::MemberJoined { member, user } => {
                member.clean();
                user.clean();
            }
            EventBody::MemberUpdated { member } => member.clean(),
            EventBody::UserUpdated { user } => user.clean(),
            _ => {}
        }
    }
}
