//! REST: messages, read states, presence, webhooks.

mod github;
mod messages;
mod states;
mod webhooks;

use axum::Router;

use crate::ChatApp;

/// The routes below `/api`.
pub(crate) fn routes() -> Router<ChatApp> {
    Router::new().merge(messages::routes()).merge(states::routes()).merge(webhooks::routes())
}
