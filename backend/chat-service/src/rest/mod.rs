//! REST: messages, read states, presence.

mod messages;
mod states;

use axum::Router;

use crate::ChatApp;

/// The routes below `/api`.
pub(crate) fn routes() -> Router<ChatApp> {
    Router::new().merge(messages::routes()).merge(states::routes())
}
