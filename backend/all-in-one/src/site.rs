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

use echopulse_web::Page;

use crate::{listen::Names, wiring::World};

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
        .merge(echopulse_web::router(page(names)));
    let hosts =
        if names.on_loopback { Hosts::loopback_and(vec![names.authority.clone()]) } else { Hosts::any() };
    door::guard(fallbacks(site), hosts, std::slice::from_ref(&names.url))
}

/// Of all names of loopback only the one in `url` is known to the issuer and to the origin check.
fn page(names: &Names) -> Page {
    let page = Page::at(&names.url);
    if names.private { page.only_at(&names.url, &names.authority) } else { page }
}

fn well_known(names: &Names) -> WellKnown {
    WellKnown {
        issuer: names.issuer(),
        clients: ClientIds { tui: TUI_CLIENT.to_owned(), web: WEB_CLIENT.to_owned() },
        server: vec![format!("{}/server", names.url)],
        chat: vec![format!("{}/chat", names.url)],
    }
}
