//! Who may do what, from the chat service's copy of the communities, kept in memory until the copy changes.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex},
    time::Duration,
};

use super::{
    model::{EndCode, EventBody, Mentions, StreamEvent},
    port::outbound::{Community, Projection},
};
use crate::common::{
    ChannelId, Permission, Permissions, Seq, ServerId, StoreError, StreamKey, UserId,
    access::{self, Standing},
    community::{Channel, Member},
    event::{RemovalCause, ServerChange},
    port::Clock,
    sync::lock,
};

/// Servers kept in memory; beyond it all are forgotten.
const SERVERS_KEPT: usize = 1_000;
/// Members kept per server; beyond it all of that server are forgotten.
const MEMBERS_KEPT: usize = 10_000;

/// What somebody may do in a channel that they can view.
#[derive(Debug, Clone)]
pub struct View {
    /// Where the channel belongs.
    pub server: ServerId,
    /// The channel.
    pub channel: Channel,
    /// What they may do there.
    pub permissions: Permissions,
    /// How long they are still silenced.
    pub timed_out: Option<Duration>,
}

/// Which followers may see which events of a page.
#[derive(Debug, Default)]
pub struct Audience(BTreeMap<Seq, BTreeSet<UserId>>);

impl Audience {
    /// Everybody sees everything.
    #[must_use]
    pub const fn everybody() -> Self {
        Self(BTreeMap::new())
    }

    /// Whether everybody sees the event at `seq`.
    #[must_use]
    pub fn is_everybody(&self, seq: Seq) -> bool {
        !self.0.contains_key(&seq)
    }

    /// Whether `user` sees the event at `seq`.
    #[must_use]
    pub fn sees(&self, user: UserId, seq: Seq) -> bool {
        self.0.get(&seq).is_none_or(|viewers| viewers.contains(&user))
    }
}

/// Who may do what.
pub struct Rights {
    projection: Arc<dyn Projection>,
    clock: Arc<dyn Clock>,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    generation: u64,
    homes: HashMap<ChannelId, ServerId>,
    servers: HashMap<ServerId, KeptServer>,
}

struct KeptServer {
    community: Arc<Community>,
    members: HashMap<UserId, Option<Arc<Member>>>,
}

impl Rights {
    /// Rights read from `projection`.
    #[must_use]
    pub fn new(projection: Arc<dyn Projection>, clock: Arc<dyn Clock>) -> Self {
        Self { projection, clock, kept: Mutex::default() }
    }

    /// Forgets what was kept of a server that changed.
    pub fn forget(&self, server: ServerId) {
        let mut kept = lock(&self.kept);
        kept.generation += 1;
        kept.servers.remove(&server);
        kept.homes.retain(|_, home| *home != server);
    }

    /// Where a channel belongs. `None`: unknown to the copy, or deleted.
    pub async fn server_of(&self, channel: ChannelId) -> Result<Option<ServerId>, StoreError> {
        let home = lock(&self.kept).homes.get(&channel).copied();
        match home {
            Some(server) => Ok(Some(server)),
            None => self.projection.server_of(channel).await,
        }
    }

    /// A server's row, channels and roles.
    pub async fn community(&self, server: ServerId) -> Result<Option<Arc<Community>>, StoreError> {
        let generation = {
            let kept = lock(&self.kept);
            if let Some(found) = kept.servers.get(&server) {
                return Ok(Some(Arc::clone(&found.community)));
            }
            kept.generation
        };
        let Some(community) = self.projection.community(server).await?.map(Arc::new) else { return Ok(None) };
        let mut kept = lock(&self.kept);
        if kept.generation == generation {
            kept.keep(server, &community);
        }
        Ok(Some(community))
    }

    /// A membership.
    pub async fn member(&self, server: ServerId, user: UserId) -> Result<Option<Arc<Member>>, StoreError> {
        let generation = {
            let kept = lock(&self.kept);
            if let Some(found) = kept.servers.get(&server).and_then(|server| server.members.get(&user)) {
                return Ok(found.clone());
            }
            kept.generation
        };
        let member = self.projection.member(server, user).await?.map(Arc::new);
        let mut kept = lock(&self.kept);
        if kept.generation == generation
            && let Some(server) = kept.servers.get_mut(&server)
        {
            if server.members.len() >= MEMBERS_KEPT {
                server.members.clear();
            }
            server.members.insert(user, member.clone());
        }
        Ok(member)
    }

    /// What somebody may do in a channel. `None`: there is no such channel for them.
    pub async fn view(&self, user: UserId, channel: ChannelId) -> Result<Option<View>, StoreError> {
        let Some(server) = self.server_of(channel).await? else { return Ok(None) };
        let Some(community) = self.community(server).await? else { return Ok(None) };
        let Some(found) = community.channels.get(&channel) else { return Ok(None) };
        let Some(member) = self.member(server, user).await? else { return Ok(None) };
        let permissions = self.permissions(&community, &member, Some(found));
        if !permissions.contains(Permission::ViewChannel) {
            return Ok(None);
        }
        let timed_out =
            member.timeout_until.map(|until| until.since(self.clock.now())).filter(|left| !left.is_zero());
        Ok(Some(View { server, channel: found.clone(), permissions, timed_out }))
    }

    fn permissions(&self, community: &Community, member: &Member, channel: Option<&Channel>) -> Permissions {
        access::permissions(&Standing {
            suspended: false,
            instance_admin: false,
            owner: community.server.owner == member.user,
            member: Some(member),
            roles: &community.roles,
            channel,
            now: self.clock.now(),
        })
    }

    /// Those of `users` who may view a channel.
    pub async fn viewers(
        &self,
        server: ServerId,
        channel: ChannelId,
        users: BTreeSet<UserId>,
    ) -> Result<BTreeSet<UserId>, StoreError> {
        let Some(community) = self.community(server).await? else { return Ok(BTreeSet::new()) };
        match community.channels.get(&channel) {
            Some(found) => self.viewers_of(&community, found, users).await,
            None => Ok(BTreeSet::new()),
        }
    }

    async fn viewers_of(
        &self,
        community: &Community,
        channel: &Channel,
        users: BTreeSet<UserId>,
    ) -> Result<BTreeSet<UserId>, StoreError> {
        let allowed = |member: &Member| {
            self.permissions(community, member, Some(channel)).contains(Permission::ViewChannel)
        };
        self.members_that(community.server.id, users, allowed).await
    }

    async fn members_that(
        &self,
        server: ServerId,
        users: BTreeSet<UserId>,
        allowed: impl Fn(&Member) -> bool,
    ) -> Result<BTreeSet<UserId>, StoreError> {
        let mut found = BTreeSet::new();
        for user in users {
            if self.member(server, user).await?.is_some_and(|member| allowed(&member)) {
                found.insert(user);
            }
        }
        Ok(found)
    }

    /// Which of `users` may see which of a server's events, by what they may view now (a deleted channel: before).
    pub async fn audience(
        &self,
        server: ServerId,
        users: BTreeSet<UserId>,
        events: &[StreamEvent],
    ) -> Result<Audience, StoreError> {
        let Some(community) = self.community(server).await? else { return Ok(Audience::everybody()) };
        let mut audience = Audience::default();
        for event in events {
            let EventBody::Server(change) = &event.body else { continue };
            let viewers = match change {
                ServerChange::ChannelCreated(channel) | ServerChange::ChannelUpdated(channel) => {
                    let now = community.channels.get(&channel.id);
                    self.viewers_of(&community, now.unwrap_or(channel), users.clone()).await?
                }
                ServerChange::ChannelDeleted(id) => match self.projection.deleted_channel(*id).await? {
                    Some((_, channel)) => self.viewers_of(&community, &channel, users.clone()).await?,
                    None => BTreeSet::new(),
                },
                ServerChange::MemberBanned { .. } => {
                    let may_ban = |member: &Member| {
                        self.permissions(&community, member, None).contains(Permission::BanMembers)
                    };
                    self.members_that(server, users.clone(), may_ban).await?
                }
                _ => continue,
            };
            audience.0.insert(event.seq, viewers);
        }
        Ok(audience)
    }

    /// Why a running subscription has to end. `None`: it may go on.
    pub async fn end_code(
        &self,
        user: UserId,
        server: ServerId,
        stream: StreamKey,
    ) -> Result<Option<EndCode>, StoreError> {
        let Some(community) = self.community(server).await? else { return Ok(Some(EndCode::ServerDeleted)) };
        if self.member(server, user).await?.is_none() {
            return self.removal_code(server, user).await.map(Some);
        }
        let StreamKey::Channel(channel) = stream else { return Ok(None) };
        if !community.channels.contains_key(&channel) {
            return Ok(Some(EndCode::ChannelDeleted));
        }
        if self.view(user, channel).await?.is_some() {
            return Ok(None);
        }
        // The membership may have ended since the look above; then that is why.
        match self.member(server, user).await? {
            Some(_) => Ok(Some(EndCode::AccessLost)),
            None => self.removal_code(server, user).await.map(Some),
        }
    }

    async fn removal_code(&self, server: ServerId, user: UserId) -> Result<EndCode, StoreError> {
        Ok(match self.projection.removal(server, user).await? {
            Some(RemovalCause::Left | RemovalCause::Deleted) => EndCode::Left,
            Some(RemovalCause::Kicked) => EndCode::Kicked,
            Some(RemovalCause::Banned) => EndCode::Banned,
            None => EndCode::AccessLost,
        })
    }

    /// What a webhook may do in its channel: post. `None`: there is no such channel.
    pub async fn webhook_view(&self, channel: ChannelId) -> Result<Option<View>, StoreError> {
        let Some(server) = self.server_of(channel).await? else { return Ok(None) };
        let Some(community) = self.community(server).await? else { return Ok(None) };
        let permissions = Permissions::of(&[Permission::SendMessages]);
        let found = community.channels.get(&channel).cloned();
        Ok(found.map(|channel| View { server, channel, permissions, timed_out: None }))
    }

    /// The channels of all servers that somebody may view.
    pub async fn visible_channels(&self, user: UserId) -> Result<Vec<ChannelId>, StoreError> {
        let mut visible = Vec::new();
        for server in self.projection.servers_of(user).await? {
            let (Some(community), Some(member)) =
                (self.community(server).await?, self.member(server, user).await?)
            else {
                continue;
            };
            visible.extend(community.channels.values().filter_map(|channel| {
                let permissions = self.permissions(&community, &member, Some(channel));
                permissions.contains(Permission::ViewChannel).then_some(channel.id)
            }));
        }
        Ok(visible)
    }

    /// Whom a text tells, of all that it names: people who can view the channel, roles and @everyone if the author may.
    pub async fn resolve(
        &self,
        author: UserId,
        view: &View,
        named: Mentions,
    ) -> Result<Mentions, StoreError> {
        let any = view.permissions.contains(Permission::MentionEveryone);
        let users = named.users.iter().copied().filter(|user| *user != author).collect();
        let viewers = self.viewers(view.server, view.channel.id, users).await?;
        let community = self.community(view.server).await?;
        let roles = community.as_ref().map_or(&[][..], |community| &community.roles);
        let told = |id| roles.iter().any(|role| role.id == id && (any || role.mentionable));
        Ok(Mentions {
            users: named.users.into_iter().filter(|user| viewers.contains(user)).collect(),
            roles: named.roles.into_iter().filter(|id| told(*id)).collect(),
            everyone: named.everyone && any,
        })
    }
}

impl Kept {
    fn keep(&mut self, server: ServerId, community: &Arc<Community>) {
        if self.servers.len() >= SERVERS_KEPT {
            self.servers.clear();
            self.homes.clear();
        }
        self.homes.extend(community.channels.keys().map(|channel| (*channel, server)));
        let fresh = KeptServer { community: Arc::clone(community), members: HashMap::new() };
        self.servers.insert(server, fresh);
    }
}
