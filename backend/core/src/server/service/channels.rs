//! Channels.

use super::{ServerService, last};
use crate::{
    common::{CategoryId, ChannelId, Seq, ServerId, actor::Actor, community::Channel, event::ServerChange},
    server::{
        decide,
        error::{Refusal, ServerError},
        kept::RequestKey,
        port::inbound::{Answer, ChannelPatch, Channels, NewChannel},
        view::Scope,
    },
};

impl ServerService {
    pub(super) async fn create_channel(
        &self,
        actor: Actor,
        server: ServerId,
        new: NewChannel,
        key: Option<RequestKey>,
    ) -> Result<Channel, ServerError> {
        let id = ChannelId::from_u128(self.deps.ids.next());
        let scope = Scope::of(server, actor.user);
        let keep = self.keep(actor, key);
        let events = self
            .change(scope, actor, move |view, now| {
                decide::create_channel(view, actor, id, &new, now).map(keep)
            })
            .await?;
        let created = last(events, |change| match change {
            ServerChange::ChannelCreated(channel) => Some(channel),
            _ => None,
        });
        Ok(created.ok_or(Refusal::ChannelNotFound)?)
    }

    async fn update_channel(
        &self,
        actor: Actor,
        server: ServerId,
        id: ChannelId,
        mut patch: ChannelPatch,
    ) -> Result<(Channel, Seq), ServerError> {
        let scope = Scope::of(server, actor.user);
        let on = patch.on.take();
        let events = self
            .change_on(on, scope.clone(), actor, move |view, now| {
                decide::update_channel(view, actor, id, patch, now)
            })
            .await?;
        let place = events.last().map(|event| event.seq);
        let updated = last(events, |change| match change {
            ServerChange::ChannelUpdated(channel) => Some(channel),
            _ => None,
        });
        if let (Some(channel), Some(place)) = (updated, place) {
            return Ok((channel, place));
        }
        let view = self.seen(actor, scope).await?;
        Ok((view.channel(id).cloned().ok_or(Refusal::ChannelNotFound)?, view.seq))
    }

    async fn delete_channel(&self, actor: Actor, server: ServerId, id: ChannelId) -> Result<(), ServerError> {
        let scope = Scope::of(server, actor.user);
        self.change(scope, actor, move |view, now| decide::delete_channel(view, actor, id, now)).await?;
        Ok(())
    }

    async fn order_channels(
        &self,
        actor: Actor,
        server: ServerId,
        order: Vec<(ChannelId, Option<CategoryId>)>,
        on: Option<Vec<Seq>>,
    ) -> Result<(Vec<Channel>, Seq), ServerError> {
        let scope = Scope::of(server, actor.user);
        self.change_on(on, scope.clone(), actor, move |view, now| {
            decide::order_channels(view, actor, &order, now)
        })
        .await?;
        let view = self.seen(actor, scope).await?;
        let now = self.now();
        let seen = view.channels.iter().filter(|channel| view.sees_channel(actor, channel, now));
        Ok((seen.cloned().collect(), view.seq))
    }
}

impl Channels for ServerService {
    fn create(&self, actor: Actor, server: ServerId, new: NewChannel) -> Answer<'_, Channel> {
        Box::pin(self.create_channel(actor, server, new, None))
    }

    fn update(
        &self,
        actor: Actor,
        server: ServerId,
        channel: ChannelId,
        patch: ChannelPatch,
    ) -> Answer<'_, (Channel, Seq)> {
        Box::pin(self.update_channel(actor, server, channel, patch))
    }

    fn delete(&self, actor: Actor, server: ServerId, channel: ChannelId) -> Answer<'_, ()> {
        Box::pin(self.delete_channel(actor, server, channel))
    }

    fn order(
        &self,
        actor: Actor,
        server: ServerId,
        order: Vec<(ChannelId, Option<CategoryId>)>,
        on: Option<Vec<Seq>>,
    ) -> Answer<'_, (Vec<Channel>, Seq)> {
        Box::pin(self.order_channels(actor, server, order, on))
    }
}
