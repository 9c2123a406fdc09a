//! What most bots begin with: who they are from the environment, and a channel by its name.

use std::{env, sync::Arc};

use super::{Client, ClientError, Credentials, Deployed};
use crate::{event::Channel, problem::ProblemCode};

/// Where a deployment is, and what a bot is there: the names of environment variables, so that no secret stands in an argument
/// list.
const VARIABLES: [&str; 3] = ["ECHOPULSE_URL", "ECHOPULSE_CLIENT_ID", "ECHOPULSE_CLIENT_SECRET"];

impl Client {
    /// The bot that the environment names: `ECHOPULSE_URL`, `ECHOPULSE_CLIENT_ID` and `ECHOPULSE_CLIENT_SECRET`, as
    /// `echopulse bots create` printed them.
    ///
    /// # Errors
    ///
    /// [`ClientError::NotSignedIn`] names a variable that is missing.
    pub fn bot_from_env() -> Result<Self, ClientError> {
        let [url, id, secret] = VARIABLES.map(|name| {
            env::var(name).map_err(|_| ClientError::NotSignedIn(format!("the variable {name} is not set")))
        });
        let place = Arc::new(Deployed::new(&url?)?);
        let tokens = Credentials::new(place.clone(), id?, secret?);
        Self::new(place, Arc::new(tokens))
    }

    /// The first channel of that name, with or without `#`, in the servers that this account is in.
    ///
    /// # Errors
    ///
    /// A problem `channel-not-found` if there is none.
    pub async fn channel(&self, name: &str) -> Result<Channel, ClientError> {
        let wanted = crate::text::channel_name(name);
        for server in self.rest().servers().await? {
            let detail = self.rest().server(server.id).await?;
            if let Some(channel) = detail.channels.into_iter().find(|channel| channel.name == wanted) {
                return Ok(channel);
            }
        }
        let detail = format!("there is no channel #{wanted} in your servers");
        Err(ClientError::Problem(Box::new(crate::problem::Problem::new(
            ProblemCode::ChannelNotFound,
            detail,
        ))))
    }
}
