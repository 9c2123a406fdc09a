//! People.

use super::ServerService;
use crate::{
    common::{
        UserId,
        actor::{Actor, Identity},
        community::User,
        name::{Bio, DisplayName, Username},
    },
    server::{
        error::{Refusal, ServerError},
        port::{
            inbound::{Accounts, Answer},
            outbound::ProfileChange,
        },
    },
};

impl ServerService {
    pub(super) async fn identify(&self, identity: Identity) -> Result<Actor, ServerError> {
        let (kind, admin) = (identity.kind, identity.admin);
        let username = Username::nearest(&identity.preferred_username).into_string();
        let wish = identity.name.as_deref().and_then(|name| DisplayName::parse(name).ok());
        let display_name = wish.map_or_else(|| username.clone(), DisplayName::into_string);
        let id = UserId::from_u128(self.deps.ids.next());
        let user = self.deps.users.sign_in(identity, username, display_name, id, self.now()).await?;
        self.deps.relay.nudge();
        Ok(Actor { user: user.id, kind, admin })
    }

    async fn profile(&self, id: UserId) -> Result<User, ServerError> {
        Ok(self.deps.users.user(id).await?.ok_or(Refusal::UserNotFound)?)
    }

    async fn change_profile(
        &self,
        actor: Actor,
        display_name: Option<String>,
        bio: Option<String>,
    ) -> Result<User, ServerError> {
        if let Some(name) = &display_name {
            DisplayName::parse(name).map_err(|error| Refusal::name("/display_name", &error))?;
        }
        if let Some(bio) = &bio {
            Bio::parse(bio).map_err(|error| Refusal::name("/bio", &error))?;
        }
        let changed = self.deps.users.change_profile(actor.user, ProfileChange { display_name, bio }).await?;
        self.deps.relay.nudge();
        Ok(changed.ok_or(Refusal::UserNotFound)?)
    }

    async fn other_profile(&self, actor: Actor, user: UserId) -> Result<User, ServerError> {
        if actor.user != user && !self.deps.users.share_a_server(actor.user, user).await? {
            return Err(Refusal::UserNotFound.into());
        }
        self.profile(user).await
    }
}

impl Accounts for ServerService {
    fn sign_in(&self, identity: Identity) -> Answer<'_, Actor> {
        Box::pin(self.identify(identity))
    }

    fn me(&self, actor: Actor) -> Answer<'_, User> {
        Box::pin(self.profile(actor.user))
    }

    fn update_me(&self, actor: Actor, display_name: Option<String>, bio: Option<String>) -> Answer<'_, User> {
        Box::pin(self.change_profile(actor, display_name, bio))
    }

    fn user(&self, actor: Actor, user: UserId) -> Answer<'_, User> {
        Box::pin(self.other_profile(actor, user))
    }
}
