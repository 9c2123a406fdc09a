//! REST: messages, read states, presence.

mod messages;
mod states;

use echopulse_http::Routes;

use crate::ChatApp;

/// The routes below `/api`.
pub(crate) fn routes() -> Routes<ChatApp> {
    messages::routes().merge(states::routes())
}
