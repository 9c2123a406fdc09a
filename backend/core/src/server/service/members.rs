//! Members, invites and bans.

use super::{ServerService, last};
use crate::{
    common::{
        Permission, ServerId, Timestamp, UserId,
        actor::Actor,
        community::{Member, User},
        event::ServerChange,
        name::InviteCode,
    },
    server::{
        decide,
        error::{Refusal, ServerError},
        kept::RequestKey,
        port::{
            inbound::{Answer, Bans, Invites, Joined, Members, NewBan, Patch, Preview},
            outbound::Page,
        },
        view::{Ban, Invite, Scope, ServerView},
    },
};

impl ServerService {
    async fn list_members(
        &self,
        actor: Actor,
        server: ServerId,
        query: Option<String>,
        after: Option<String>,
        limit: usize,
    ) -> Result<Page<(Member, User)>, ServerError> {
        self.seen(actor, Scope::of(server, actor.user)).await?;
        Ok(self.deps.store.members(server, query, after, limit).await?)
    }

    async fn one_member(
        &self,
        actor: Actor,
        server: ServerId,
        user: UserId,
    ) -> Result<(Member, User), ServerError> {
        let view = self.seen(actor, Scope::of_two(server, actor.user, user)).await?;
        let person = view.person(user);
        Ok(person.member.zip(person.user).ok_or(Refusal::MemberNotFound)?)
    }

    /// Where somebody is after joining: the store's view, which has them as a member.
    async fn joined(
        &self,
        actor: Actor,
        who: UserId,
        scope: Scope,
        newly: bool,
    ) -> Result<Joined, ServerError> {
        let ServerView { server, epoch, seq, people, .. } = self.seen(actor, scope).await?;
        let member = people.get(&who).and_then(|person| person.member.clone());
        Ok(Joined { server, member: member.ok_or(Refusal::MemberNotFound)?, epoch, seq, newly })
    }

    async fn add_bot_to(&self, actor: Actor, server: ServerId, bot: UserId) -> Result<Joined, ServerError> {
        let scope = Scope::of_two(server, actor.user, bot);
        let adding = move |view: &ServerView, now| decide::add_bot(view, actor, bot, now);
        let events = self.change(scope.clone(), actor, adding).await?;
        self.joined(actor, bot, scope, !events.is_empty()).await
    }

    async fn join_open_server(&self, actor: Actor, server: ServerId) -> Result<Joined, ServerError> {
        let scope = Scope::of(server, actor.user);
        let joining = move |view: &ServerView, now| decide::join_open(view, actor, now);
        let events = self.change(scope.clone(), actor, joining).await?;
        self.joined(actor, actor.user, scope, !events.is_empty()).await
    }

    async fn leave_server(&self, actor: Actor, server: ServerId) -> Result<(), ServerError> {
        self.change(Scope::of(server, actor.user), actor, move |view, _| decide::leave(view, actor)).await?;
        Ok(())
    }

    async fn kick_member(&self, actor: Actor, server: ServerId, user: UserId) -> Result<(), ServerError> {
        let scope = Scope::of_two(server, actor.user, user);
        self.change(scope, actor, move |view, now| decide::kick(view, actor, user, now)).await?;
        Ok(())
    }

    async fn update_member(
        &self,
        actor: Actor,
        server: ServerId,
        user: UserId,
        nickname: Patch<String>,
        timeout_until: Patch<Timestamp>,
    ) -> Result<Member, ServerError> {
        let scope = Scope::of_two(server, actor.user, user);
        let decide = move |view: &ServerView, now| {
            decide::update_member(view, actor, user, nickname, timeout_until, now)
        };
        let events = self.change(scope.clone(), actor, decide).await?;
        let updated = last(events, |change| match change {
            ServerChange::MemberUpdated(member) => Some(member),
            _ => None,
        });
        match updated {
            Some(member) => Ok(member),
            None => Ok(self.seen(actor, scope).await?.person(user).member.ok_or(Refusal::MemberNotFound)?),
        }
    }

    pub(super) async fn create_invite(
        &self,
        actor: Actor,
        server: ServerId,
        max_uses: u32,
        max_age_s: u32,
        key: Option<RequestKey>,
    ) -> Result<Invite, ServerError> {
        let code = InviteCode::from_chance(self.deps.chance.next_u64(), self.deps.chance.next_u64());
        let scope = Scope { invite: Some(code.clone()), ..Scope::of(server, actor.user) };
        let made = code.clone();
        let keep = self.keep(actor, key);
        let decide = move |view: &ServerView, now| {
            decide::create_invite(view, actor, made, max_uses, max_age_s, now).map(keep)
        };
        self.change(scope.clone(), actor, decide).await?;
        Ok(self.seen(actor, scope).await?.invite.ok_or(Refusal::InviteNotFound)?)
    }

    async fn list_invites(&self, actor: Actor, server: ServerId) -> Result<Vec<Invite>, ServerError> {
        let view = self.seen(actor, Scope::of(server, actor.user)).await?;
        let now = self.now();
        let all = view.permissions(actor, None, now).contains(Permission::ManageServer);
        Ok(self.deps.store.invites(server, (!all).then_some(actor.user), now).await?)
    }

    /// What an invite has to do with, for anybody who has its code.
    async fn invite_scope(&self, actor: Actor, code: &InviteCode) -> Result<Scope, ServerError> {
        let server = self.deps.store.server_of_invite(code.clone()).await?.ok_or(Refusal::InviteNotFound)?;
        Ok(Scope { invite: Some(code.clone()), ..Scope::of(server, actor.user) })
    }

    async fn preview_invite(&self, actor: Actor, code: InviteCode) -> Result<Preview, ServerError> {
        let now = self.now();
        let scope = self.invite_scope(actor, &code).await?;
        let view = self.deps.store.view(scope, now).await?.ok_or(Refusal::InviteNotFound)?;
        let invite = view.invite.filter(|invite| invite.lives(now)).ok_or(Refusal::InviteNotFound)?;
        let inviter = self.deps.users.user(invite.created_by).await?;
        Ok(Preview {
            code,
            server: view.server,
            members: view.members,
            inviter: inviter.map(|user| user.display_name).unwrap_or_default(),
        })
    }

    async fn join_by_invite(&self, actor: Actor, code: InviteCode) -> Result<Joined, ServerError> {
        let scope = self.invite_scope(actor, &code).await?;
        let changed = self
            .change(scope.clone(), actor, move |view, now| decide::join_by_invite(view, actor, now))
            .await;
        match changed {
            Ok(events) => self.joined(actor, actor.user, scope, !events.is_empty()).await,
            // A server that was deleted meanwhile has no invites either.
            Err(ServerError::Refused(Refusal::ServerNotFound)) => Err(Refusal::InviteNotFound.into()),
            Err(error) => Err(error),
        }
    }

    async fn delete_invite(&self, actor: Actor, code: InviteCode) -> Result<(), ServerError> {
        let scope = self.invite_scope(actor, &code).await?;
        self.change(scope, actor, move |view, now| decide::delete_invite(view, actor, now)).await?;
        Ok(())
    }

    async fn list_bans(
        &self,
        actor: Actor,
        server: ServerId,
        after: Option<String>,
        limit: usize,
    ) -> Result<Page<Ban>, ServerError> {
        let view = self.seen(actor, Scope::of(server, actor.user)).await?;
        decide::require(&view, actor, Permission::BanMembers, self.now())?;
        Ok(self.deps.store.bans(server, self.now(), after, limit).await?)
    }

    async fn ban_user(
        &self,
        actor: Actor,
        server: ServerId,
        user: UserId,
        ban: NewBan,
    ) -> Result<Ban, ServerError> {
        let scope = Scope::of_two(server, actor.user, user);
        self.change(scope.clone(), actor, move |view, now| decide::ban(view, actor, user, &ban, now)).await?;
        Ok(self.seen(actor, scope).await?.person(user).ban.ok_or(Refusal::BanNotFound)?)
    }

    async fn lift_user_ban(&self, actor: Actor, server: ServerId, user: UserId) -> Result<(), ServerError> {
        let scope = Scope::of_two(server, actor.user, user);
        self.change(scope, actor, move |view, now| decide::lift_ban(view, actor, user, now)).await?;
        Ok(())
    }
}

impl Members for ServerService {
    fn list(
        &self,
        actor: Actor,
        server: ServerId,
        query: Option<String>,
        after: Option<String>,
        limit: usize,
    ) -> Answer<'_, Page<(Member, User)>> {
        Box::pin(self.list_members(actor, server, query, after, limit))
    }

    fn get(&self, actor: Actor, server: ServerId, user: UserId) -> Answer<'_, (Member, User)> {
        Box::pin(self.one_member(actor, server, user))
    }

    fn join(&self, actor: Actor, server: ServerId) -> Answer<'_, Joined> {
        Box::pin(self.join_open_server(actor, server))
    }

    fn add_bot(&self, actor: Actor, server: ServerId, bot: UserId) -> Answer<'_, Joined> {
        Box::pin(self.add_bot_to(actor, server, bot))
    }

    fn leave(&self, actor: Actor, server: ServerId) -> Answer<'_, ()> {
        Box::pin(self.leave_server(actor, server))
    }

    fn kick(&self, actor: Actor, server: ServerId, user: UserId) -> Answer<'_, ()> {
        Box::pin(self.kick_member(actor, server, user))
    }

    fn update(
        &self,
        actor: Actor,
        server: ServerId,
        user: UserId,
        nickname: Patch<String>,
        timeout_until: Patch<Timestamp>,
    ) -> Answer<'_, Member> {
        Box::pin(self.update_member(actor, server, user, nickname, timeout_until))
    }
}

impl Invites for ServerService {
    fn create(&self, actor: Actor, server: ServerId, max_uses: u32, max_age_s: u32) -> Answer<'_, Invite> {
        Box::pin(self.create_invite(actor, server, max_uses, max_age_s, None))
    }

    fn list(&self, actor: Actor, server: ServerId) -> Answer<'_, Vec<Invite>> {
        Box::pin(self.list_invites(actor, server))
    }

    fn preview(&self, actor: Actor, code: InviteCode) -> Answer<'_, Preview> {
        Box::pin(self.preview_invite(actor, code))
    }

    fn join(&self, actor: Actor, code: InviteCode) -> Answer<'_, Joined> {
        Box::pin(self.join_by_invite(actor, code))
    }

    fn delete(&self, actor: Actor, code: InviteCode) -> Answer<'_, ()> {
        Box::pin(self.delete_invite(actor, code))
    }
}

impl Bans for ServerService {
    fn list(
        &self,
        actor: Actor,
        server: ServerId,
        after: Option<String>,
        limit: usize,
    ) -> Answer<'_, Page<Ban>> {
        Box::pin(self.list_bans(actor, server, after, limit))
    }

    fn ban(&self, actor: Actor, server: ServerId, user: UserId, ban: NewBan) -> Answer<'_, Ban> {
        Box::pin(self.ban_user(actor, server, user, ban))
    }

    fn lift(&self, actor: Actor, server: ServerId, user: UserId) -> Answer<'_, ()> {
        Box::pin(self.lift_user_ban(actor, server, user))
    }
}
