//! The routes of the one listener: both services, the issuer, the well-known document and the browser client.

use std::sync::Arc;

use axum::{Json, Router, routing::get};
use echopulse_http::{
    door::{self, Hosts},
    fallbacks,
    health::{self, Always},
};
use echopulse_issuer::{TUI_CLIENT, WEB_CLIENT};
use echopulse_protocol::rest::{ClientIds, WellKnown};

use crate::{listen::Names, web, wiring::World};

/// Everything that is served.
pub(crate) fn router(world: &World, names: &Names) -> Router {
    let server = echopulse_server_service::router(world.server_app.clone());
    let chat = echopulse_chat_service::router(world.chat_app.clone());
    let health = || health::routes(Arc::new(Always));
    let document = well_known(names);
    let site = Router::new()
        .nest("/server", server.merge(health()))
        .nest("/chat", chat.merge(health()))
        .nest("/id", world.issuer.router())
        .route("/.well-known/echopulse", get(move || std::future::ready(Json(document.clone()))))
        .merge(web::router(names));
    let hosts =
        if names.on_loopback { Hosts::loopback_and(vec![names.authority.clone()]) } else { Hosts::any() };
    door::guard(fallbacks(site), hosts, std::slice::from_ref(&names.url))
}

fn well_known(names: &Names) -> WellKnown {
    WellKnown {
        issuer: names.issuer(),
        clients: ClientIds { tui: TUI_CLIENT.to_owned(), web: WEB_CLIENT.to_owned() },
        server: vec![format!("{}/server", names.url)],
        chat: vec![format!("{}/chat", names.url)],
    }
}
