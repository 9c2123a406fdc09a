//! What the streams of servers and of the person say: who is where, what may be seen, and what is new elsewhere.

use echopulse_protocol::event::{ActivityMessage, EventBody};
use echopulse_protocol::id::{ChannelId, Seq, ServerId, Stream};

use super::super::effect::Effect;
use super::super::model::unread::Counted;
use super::super::model::{App, intake};
use super::Effects;

impl App {
    pub(super) fn on_server_event(&mut self, server: ServerId, body: EventBody, effects: &mut Effects) {
        self.is_dirty = true;
        match body {
            EventBody::ChannelActivity { channel_id, after, head, created, deleted } => {
                self.on_activity(
                    channel_id,
                    intake::place(after),
                    intake::place(head),
                    &created,
                    &deleted,
                    effects,
                );
            }
            EventBody::ChannelDeleted { channel } => self.drop_channel(server, channel.id, effects),
            EventBody::MemberJoined { member, user } => {
                self.directory.know(intake::person(&user));
                if let Some(known) = self.directory.server_mut(server).filter(|known| known.members_asked) {
                    known.members.retain(|present| present.user != member.user_id);
                    known.members.push(intake::member(&member));
                    self.directory.sort_members(server);
                }
                self.names_changed();
            }
            EventBody::MemberUpdated { member } => {
                if let Some(known) = self.directory.server_mut(server) {
                    let changed = intake::member(&member);
                    known
                        .members
                        .iter_mut()
                        .filter(|m| m.user == changed.user)
                        .for_each(|m| *m = changed.clone());
                }
                self.directory.sort_members(server);
                if member.user_id == self.my_id() {
                    self.reload_server(server, effects);
                }
                self.names_changed();
            }
            EventBody::MemberRemoved { user_id, .. } => {
                if let Some(known) = self.directory.server_mut(server) {
                    known.members.retain(|member| member.user != user_id);
                }
            }
            EventBody::ServerDeleted { .. } => self.forget_server(server, effects),
            EventBody::PresenceChanged { user_id, status } => self.directory.set_presence(user_id, status),
            EventBody::UserUpdated { user } => {
                self.directory.know(intake::person(&user));
                self.names_changed();
            }
            EventBody::MemberBanned { .. } | EventBody::Unknown => {}
            EventBody::Gap { .. } | EventBody::Skip { .. } | EventBody::Ended { .. } => {
                self.on_control(Stream::Server(server), body, effects);
            }
            // Channels, roles and settings decide what one may do; the server knows the answer.
            _ => self.reload_server(server, effects),
        }
    }

    pub(super) fn on_user_event(&mut self, stream: Stream, body: EventBody, effects: &mut Effects) {
        match body {
            EventBody::ServerJoined { server_id, .. } => {
                if self.directory.server(server_id).is_none() {
                    self.reload_server(server_id, effects);
                    effects.push(Effect::LoadReadStates);
                }
            }
            EventBody::ServerLeft { server_id, .. } => self.forget_server(server_id, effects),
            EventBody::ReadStateChanged { channel_id, read_seq, read_version } => {
                self.on_read_elsewhere(channel_id, intake::place(read_seq), read_version, effects);
            }
            EventBody::UserUpdated { user } => {
                let person = intake::person(&user);
                if person.id == self.my_id() {
                    self.me = Some(person.clone());
                }
                self.directory.know(person);
                self.names_changed();
            }
            control => self.on_control(stream, control, effects),
        }
    }

    fn on_activity(
        &mut self,
        channel: ChannelId,
        after: u64,
        head: u64,
        created: &[ActivityMessage],
        deleted: &[Seq],
        effects: &mut Effects,
    ) {
        let mark = self.unread.of(channel);
        if self.followed.contains(&channel) && self.timelines.contains_key(&channel) {
            // Its own stream says the same, and more.
            return;
        }
        let me = self.my_id();
        let counted: Vec<_> = created
            .iter()
            .map(|message| Counted {
                seq: intake::place(message.seq),
                is_mine: message.author_id == me,
                mentions_me: self.reader(channel).is_meant(&message.mentions),
            })
            .collect();
        counted.into_iter().for_each(|message| self.unread.created(channel, message));
        self.unread.reached(channel, head);
        let has_missed = after > mark.head;
        let has_shrunk = deleted.iter().any(|seq| intake::place(*seq) > mark.read);
        if has_missed || has_shrunk {
            effects.push(Effect::LoadReadStates);
        }
    }

    fn on_read_elsewhere(&mut self, channel: ChannelId, read: u64, version: u64, effects: &mut Effects) {
        let mark = self.unread.of(channel);
        if version != mark.version {
            // Somebody marked it unread; only the backend can count that.
            return effects.push(Effect::LoadReadStates);
        }
        if read <= mark.read {
            return;
        }
        match read >= mark.head {
            true => {
                self.unread.move_to(channel, read, &[]);
            }
            false => effects.push(Effect::LoadReadStates),
        }
        self.is_dirty = true;
    }
}
