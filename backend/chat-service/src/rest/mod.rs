//! REST: messages, read states, presence, webhooks.

mod github;
mod messages;
mod states;
mod webhooks;

use echopulse_http::Routes;

use crate::ChatApp;

pub(crate) use webhooks::open_routes;

/// The routes below `/api`.
pub(crate) fn routes() -> Routes<ChatApp> {
    messages::routes().merge(states::routes()).merge(webhooks::routes())
}
