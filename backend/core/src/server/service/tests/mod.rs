//! The use cases over the fakes: every rule, every refusal, and who is told what.

mod access;
mod bans;
mod bots;
mod channels;
mod invites;
mod members;
mod servers;

use std::{fmt::Debug, time::Duration};

use crate::{
    common::{
        ChannelId, Permission, Permissions, RoleId, Seq, UserId,
        actor::Actor,
        community::{
            Channel, ChannelKind, JoinPolicy, Member, Override, OverrideTarget, Role, Server, UserKind,
        },
        event::ServerChange,
    },
    server::{
        error::{Refusal, ServerError},
        port::{
            inbound::{Channels, Members, NewChannel, Servers},
            outbound::ServerStore,
        },
        service::ServerService,
        view::Scope,
    },
    testing::{executor::block_on, server::Town},
};

/// Ada's open server, of which Lin is a member.
struct Home {
    town: Town,
    ada: Actor,
    lin: Actor,
    server: Server,
}

impl Home {
    fn new() -> Self {
        let town = Town::default();
        let (ada, lin) = (arrive(&town, "ada"), arrive(&town, "lin"));
        let server = block_on(town.server(ada, JoinPolicy::Open)).unwrap();
        let home = Self { town, ada, lin, server };
        home.joins(lin);
        home
    }

    fn service(&self) -> &ServerService {
        &self.town.service
    }

    /// Somebody who is not in the server.
    fn arrives(&self, name: &str) -> Actor {
        arrive(&self.town, name)
    }

    fn bot(&self, name: &str) -> Actor {
        block_on(self.town.arrives(name, UserKind::Bot)).unwrap()
    }

    fn joins(&self, actor: Actor) -> Member {
        block_on(Members::join(self.service(), actor, self.server.id)).unwrap().member
    }

    /// Somebody who joins.
    fn newcomer(&self, name: &str) -> Actor {
        let actor = self.arrives(name);
        self.joins(actor);
        actor
    }

    /// Lets time pass.
    fn passes(&self, seconds: u64) {
        self.town.clock.advance(Duration::from_secs(seconds));
    }

    fn set(&self, changes: Vec<ServerChange>) {
        block_on(self.town.set(&self.server, changes)).unwrap();
    }

    fn member(&self, user: UserId) -> Option<Member> {
        let scope = Scope::of(self.server.id, user);
        let view = block_on(self.town.store.view(scope, self.town.now())).unwrap().unwrap();
        view.member(user).cloned()
    }

    /// Gives somebody a role of their own at `position`.
    fn gives(&self, actor: Actor, position: u32, permissions: &[Permission]) {
        let id = RoleId::from_u128(0x4000 + u128::from(position));
        let role = Role {
            id,
            name: format!("role {position}"),
            description: String::new(),
            colour: None,
            permissions: Permissions::of(permissions),
            position,
            mentionable: false,
        };
        let member = Member { roles: vec![id], ..self.member(actor.user).unwrap() };
        self.set(vec![ServerChange::RoleCreated(role), ServerChange::MemberUpdated(member)]);
    }

    fn channel(&self, name: &str) -> Channel {
        block_on(Channels::create(self.service(), self.ada, self.server.id, new_channel(name))).unwrap()
    }

    /// A channel that @everyone does not see.
    fn hidden(&self, name: &str) -> Channel {
        let entry = Override {
            target: OverrideTarget::Role(RoleId::everyone(self.server.id)),
            allow: Permissions::NONE,
            deny: Permissions::of(&[Permission::ViewChannel]),
        };
        let channel = Channel { overrides: vec![entry], ..self.channel(name) };
        self.set(vec![ServerChange::ChannelUpdated(channel.clone())]);
        channel
    }

    /// The channels that somebody sees, in their order.
    fn seen_by(&self, actor: Actor) -> Vec<ChannelId> {
        let detail = block_on(self.service().detail(actor, self.server.id)).unwrap();
        detail.channels.into_iter().map(|(channel, _)| channel.id).collect()
    }

    fn head(&self) -> usize {
        block_on(self.town.head(self.server.id)).unwrap()
    }

    fn last(&self) -> ServerChange {
        let events = block_on(self.town.store.events(self.server.id, Seq::ZERO, usize::MAX));
        events.unwrap().pop().unwrap().change
    }
}

fn arrive(town: &Town, name: &str) -> Actor {
    block_on(town.arrives(name, UserKind::Person)).unwrap()
}

fn admin(actor: Actor) -> Actor {
    Actor { admin: true, ..actor }
}

fn new_channel(name: &str) -> NewChannel {
    NewChannel { name: name.to_owned(), kind: ChannelKind::Text, topic: String::new(), category: None }
}

/// Why a use case did not do what was asked.
fn refused<T: Debug>(answer: impl Future<Output = Result<T, ServerError>>) -> Refusal {
    match block_on(answer) {
        Err(ServerError::Refused(refusal)) => refusal,
        other => panic!("{other:?} is no refusal"),
    }
}

/// The field that a use case complains about.
fn pointer<T: Debug>(answer: impl Future<Output = Result<T, ServerError>>) -> &'static str {
    match refused(answer) {
        Refusal::Invalid { pointer, .. } => pointer,
        other => panic!("{other:?} names no field"),
    }
}
