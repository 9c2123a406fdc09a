//! What every handler shares, and how pages are answered.

use std::sync::Arc;

use axum::{Json, extract::FromRef};
use echopulse_core::{
    common::{
        BoxFuture,
        actor::{Actor, Identity},
        sign_out::SignOutLog,
    },
    server::port::{
        inbound::{
            Accounts, Bans, Bots, Catalogue, Channels, Invites, MakingOnce, Members, Servers, SignOuts,
        },
        outbound::Page,
    },
};
use echopulse_http::{ApiError, Cursors, Guard, SignIn, limits::Limiting, params::Params, token::Verifier};
use echopulse_protocol::rest;

/// Core's side of the service, one name for each port.
#[derive(Clone)]
pub struct ServerPorts {
    /// People.
    pub accounts: Arc<dyn Accounts>,
    /// Servers.
    pub servers: Arc<dyn Servers>,
    /// Channels.
    pub channels: Arc<dyn Channels>,
    /// Members.
    pub members: Arc<dyn Members>,
    /// Invites.
    pub invites: Arc<dyn Invites>,
    /// Making by requests that are made once.
    pub once: Arc<dyn MakingOnce>,
    /// Bans.
    pub bans: Arc<dyn Bans>,
    /// Bots.
    pub bots: Arc<dyn Bots>,
    /// The end of sign-ins.
    pub sign_outs: Arc<dyn SignOuts>,
    /// Those that ended.
    pub sign_out_log: Arc<dyn SignOutLog>,
    /// What the chat service asks.
    pub catalogue: Arc<dyn Catalogue>,
}

/// What every handler shares.
#[derive(Clone)]
pub struct ServerApp {
    pub(crate) ports: ServerPorts,
    pub(crate) limiting: Limiting,
    pub(crate) guard: Arc<Guard>,
    cursors: Cursors,
}

impl ServerApp {
    /// The service over these parts.
    #[must_use]
    pub fn new(ports: ServerPorts, verifier: Arc<Verifier>, cursors: Cursors, limiting: Limiting) -> Self {
        let people = Arc::new(People(Arc::clone(&ports.accounts)));
        Self { ports, limiting, guard: Arc::new(Guard::new(verifier, people)), cursors }
    }

    /// Where a page of a list begins: its cursor's place.
    pub(crate) fn place(&self, list: &List<'_>, params: &Params) -> Result<Option<String>, ApiError> {
        let open = |cursor| self.cursors.open(list.route, &list.filters, list.actor.user, cursor);
        params.text("cursor").map(open).transpose()
    }

    /// A page of a list, with the cursor of the next one.
    pub(crate) fn page<T, U>(
        &self,
        list: &List<'_>,
        page: Page<T>,
        to_wire: impl FnMut(T) -> U,
    ) -> Json<rest::Page<U>> {
        let seal = |place: String| self.cursors.seal(list.route, &list.filters, list.actor.user, &place);
        Json(rest::Page {
            items: page.items.into_iter().map(to_wire).collect(),
            next: page.next.and_then(seal),
        })
    }
}

/// Which list a cursor is for.
pub(crate) struct List<'a> {
    pub(crate) route: &'static str,
    pub(crate) filters: Vec<&'a str>,
    pub(crate) actor: Actor,
}

/// A list that is answered whole.
pub(crate) fn whole<T, U>(items: Vec<T>, to_wire: impl FnMut(T) -> U) -> Json<rest::Page<U>> {
    Json(rest::Page { items: items.into_iter().map(to_wire).collect(), next: None })
}

impl FromRef<ServerApp> for Arc<Guard> {
    fn from_ref(app: &ServerApp) -> Self {
        Self::clone(&app.guard)
    }
}

struct People(Arc<dyn Accounts>);

impl SignIn for People {
    fn sign_in(&self, identity: Identity) -> BoxFuture<'_, Result<Actor, ApiError>> {
        Box::pin(async move { Ok(self.0.sign_in(identity).await?) })
    }
}
