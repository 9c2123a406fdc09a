//! Servers.

use super::{ServerService, last};
use crate::{
    common::{
        ChannelId, Epoch, Permission, Permissions, RoleId, Seq, ServerId, UserId,
        actor::Actor,
        community::{Channel, ChannelKind, Level, Member, Role, Server},
        event::ServerChange,
        name::{ServerDescription, ServerName},
    },
    server::{
        decide,
        error::{Refusal, ServerError},
        kept::{KeptAnswer, Made, RequestKey},
        port::{
            inbound::{Answer, NewServer, ServerDetail, ServerPatch, Servers},
            outbound::{Founding, Page, Unfounded},
        },
        view::Scope,
    },
};

/// Servers one person may be in.
const LIMIT: u64 = decide::SERVERS;

impl ServerService {
    pub(super) async fn found(
        &self,
        actor: Actor,
        new: NewServer,
        key: Option<RequestKey>,
    ) -> Result<Server, ServerError> {
        let name =
            ServerName::parse(&new.name).map_err(|error| Refusal::name("/name", &error))?.into_string();
        let description = ServerDescription::parse(&new.description);
        let description = description.map_err(|error| Refusal::name("/description", &error))?.into_string();
        let (id, at) = (ServerId::from_u128(self.deps.ids.next()), self.now());
        let server = Server {
            id,
            name,
            description,
            owner: actor.user,
            join_policy: new.join_policy,
            default_level: Level::All,
            retention_days: None,
            created_at: at,
        };
        let founding = Founding {
            at,
            server: server.clone(),
            epoch: Epoch(self.deps.chance.next_u64()),
            everyone: everyone(id),
            channel: general(ChannelId::from_u128(self.deps.ids.next())),
            member: Member {
                user: actor.user,
                nickname: None,
                roles: Vec::new(),
                joined_at: at,
                timeout_until: None,
            },
            limit: LIMIT,
            kept: key.map(|key| KeptAnswer { user: actor.user, key, at, made: Made::Server(server.clone()) }),
        };
        self.deps.store.found(founding).await?.map_err(|unfounded| match unfounded {
            Unfounded::TooMany => Refusal::LimitReached { what: "servers you are in", limit: LIMIT },
            Unfounded::Answered => Refusal::InProgress,
        })?;
        self.deps.relay.nudge();
        Ok(server)
    }

    async fn list_servers(
        &self,
        actor: Actor,
        all: bool,
        after: Option<String>,
        limit: usize,
    ) -> Result<Page<Server>, ServerError> {
        if all && !actor.admin {
            return Err(Refusal::PermissionMissing(Permission::Administrator).into());
        }
        Ok(self.deps.store.servers(!all, after, limit).await?)
    }

    async fn server_detail(&self, actor: Actor, server: ServerId) -> Result<ServerDetail, ServerError> {
        let view = self.seen(actor, Scope::of(server, actor.user)).await?;
        let now = self.now();
        let permissions = view.permissions(actor, None, now);
        let member = view.member(actor.user).cloned();
        let seen = view.channels.iter().filter(|channel| view.sees_channel(actor, channel, now));
        let channels =
            seen.map(|channel| (channel.clone(), view.permissions(actor, Some(channel), now))).collect();
        Ok(ServerDetail {
            server: view.server,
            channels,
            categories: view.categories,
            roles: view.roles,
            member,
            permissions,
            epoch: view.epoch,
            seq: view.seq,
        })
    }

    /// The server after a change that may have changed nothing.
    async fn server_after(
        &self,
        actor: Actor,
        server: ServerId,
        events: Vec<crate::common::event::ServerEvent>,
    ) -> Result<(Server, Seq), ServerError> {
        let place = events.last().map(|event| event.seq);
        let changed = last(events, |change| match change {
            ServerChange::ServerUpdated(server) => Some(server),
            _ => None,
        });
        if let (Some(server), Some(place)) = (changed, place) {
            return Ok((server, place));
        }
        let view = self.seen(actor, Scope::of(server, actor.user)).await?;
        Ok((view.server, view.seq))
    }

    async fn update_server(
        &self,
        actor: Actor,
        server: ServerId,
        mut patch: ServerPatch,
    ) -> Result<(Server, Seq), ServerError> {
        let scope = Scope::of(server, actor.user);
        let on = patch.on.take();
        let events = self
            .change_on(on, scope, actor, move |view, now| decide::update_server(view, actor, patch, now))
            .await?;
        self.server_after(actor, server, events).await
    }

    async fn delete_server(
        &self,
        actor: Actor,
        server: ServerId,
        confirm: String,
    ) -> Result<(), ServerError> {
        let scope = Scope { bots: true, ..Scope::of(server, actor.user) };
        let view = self.seen(actor, scope.clone()).await?;
        decide::delete_server(&view, actor, &confirm, self.now())?;
        // First, because nobody could manage them afterwards.
        for bot in &view.bots {
            self.retire_bot(actor, bot, server).await?;
        }
        self.change(scope, actor, move |view, now| decide::delete_server(view, actor, &confirm, now)).await?;
        Ok(())
    }

    async fn transfer_server(
        &self,
        actor: Actor,
        server: ServerId,
        to: UserId,
    ) -> Result<Server, ServerError> {
        let scope = Scope::of_two(server, actor.user, to);
        let events = self.change(scope, actor, move |view, _| decide::transfer(view, actor, to)).await?;
        Ok(self.server_after(actor, server, events).await?.0)
    }
}

fn everyone(server: ServerId) -> Role {
    Role {
        id: RoleId::everyone(server),
        name: "everyone".to_owned(),
        description: String::new(),
        colour: None,
        permissions: Permissions::EVERYONE,
        position: 0,
        mentionable: false,
    }
}

fn general(id: ChannelId) -> Channel {
    Channel {
        id,
        kind: ChannelKind::Text,
        name: "general".to_owned(),
        topic: String::new(),
        category: None,
        position: 0,
        slow_mode_s: 0,
        retention_days: None,
        overrides: Vec::new(),
    }
}

impl Servers for ServerService {
    fn create(&self, actor: Actor, new: NewServer) -> Answer<'_, Server> {
        Box::pin(self.found(actor, new, None))
    }

    fn mine(&self, actor: Actor) -> Answer<'_, Vec<Server>> {
        Box::pin(async move { Ok(self.deps.store.servers_of(actor.user).await?) })
    }

    fn list(&self, actor: Actor, all: bool, after: Option<String>, limit: usize) -> Answer<'_, Page<Server>> {
        Box::pin(self.list_servers(actor, all, after, limit))
    }

    fn detail(&self, actor: Actor, server: ServerId) -> Answer<'_, ServerDetail> {
        Box::pin(self.server_detail(actor, server))
    }

    fn update(&self, actor: Actor, server: ServerId, patch: ServerPatch) -> Answer<'_, (Server, Seq)> {
        Box::pin(self.update_server(actor, server, patch))
    }

    fn delete(&self, actor: Actor, server: ServerId, confirm: String) -> Answer<'_, ()> {
        Box::pin(self.delete_server(actor, server, confirm))
    }

    fn transfer(&self, actor: Actor, server: ServerId, to: UserId) -> Answer<'_, Server> {
        Box::pin(self.transfer_server(actor, server, to))
    }
}
