//! The way to a real part, which can be cut and mended while a service runs.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Router,
    body::Bytes,
    extract::{Request, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::Value;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
};

use super::{extra::free_address, world::variable};

/// Passes on what comes to its address. Cut, nobody is there any more, not even for connections that were open.
pub(crate) struct Wire {
    pub(crate) address: String,
    target: String,
    frozen: watch::Sender<bool>,
    passing: JoinSet<()>,
}

impl Wire {
    /// A way to a part, given as `host:port`, at an address of its own.
    pub(crate) async fn to(target: &str) -> Self {
        Self::at(&free_address(), target).await
    }

    /// The same at this address.
    pub(crate) async fn at(address: &str, target: &str) -> Self {
        let (address, target) = (address.to_owned(), target.to_owned());
        let mut wire = Self { address, target, frozen: watch::Sender::new(false), passing: JoinSet::new() };
        wire.mend().await;
        wire
    }

    pub(crate) async fn cut(&mut self) {
        self.passing.shutdown().await;
        assert!(TcpStream::connect(&self.address).await.is_err(), "nobody is there");
    }

    /// Nothing passes any more, and nobody is told: connections stay, and are made.
    pub(crate) fn freeze(&self) {
        self.frozen.send_replace(true);
    }

    /// What was cut passes again.
    pub(crate) async fn mend(&mut self) {
        self.frozen.send_replace(false);
        let listener = TcpListener::bind(&self.address).await.expect("the address is ours");
        self.passing.spawn(accept(listener, self.target.clone(), self.frozen.subscribe()));
    }

    /// A URL with this way in it instead of the straight one.
    pub(crate) fn in_place(&self, url: &str) -> String {
        url.replace(&self.target, &self.address)
    }
}

/// Connections end with the task: they are in its set.
async fn accept(listener: TcpListener, target: String, frozen: watch::Receiver<bool>) {
    let mut open = JoinSet::new();
    while let Ok((mut near, _)) = listener.accept().await {
        let (target, mut frozen) = (target.clone(), frozen.clone());
        open.spawn(async move {
            if let Ok(mut far) = TcpStream::connect(target).await {
                let froze = async { drop(frozen.wait_for(|frozen| *frozen).await) };
                tokio::select! {
                    // Either side may break off.
                    _ = copy_bidirectional(&mut near, &mut far) => {}
                    () = froze => std::future::pending().await,
                }
            }
        });
    }
}

/// Where a URL leads: `host:port`.
pub(crate) fn authority(url: &str) -> String {
    let rest = url.split_once("://").expect("it is a URL").1;
    let authority = rest.split('/').next().unwrap_or_default();
    authority.rsplit('@').next().unwrap_or_default().to_owned()
}

/// Keycloak behind a way that can be cut. Its discovery document names addresses; here they lead through the same way.
pub(crate) struct KeycloakWire {
    pub(crate) wire: Wire,
    pub(crate) discovery: String,
    _serving: JoinSet<()>,
}

impl KeycloakWire {
    pub(crate) async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let wire = Wire::to(&listener.local_addr().expect("it is bound").to_string()).await;
        let keycloak = variable("ECHOPULSE_TEST_KEYCLOAK");
        let addresses = Arc::new((keycloak.clone(), format!("http://{}", wire.address)));
        let router = Router::new().fallback(pass).with_state(addresses);
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        let issuer = variable("ECHOPULSE_TEST_KEYCLOAK_ISSUER");
        let path = issuer.strip_prefix(&keycloak).expect("the realm is Keycloak's");
        let discovery = format!("http://{}{path}/.well-known/openid-configuration", wire.address);
        Self { wire, discovery, _serving: serving }
    }
}

async fn pass(State(addresses): State<Arc<(String, String)>>, request: Request) -> Response {
    let (real, ours) = &*addresses;
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 64 * 1024).await.unwrap_or_default();
    let mut asked = reqwest::Client::new().request(head.method, format!("{real}{}", head.uri)).body(body);
    for name in [header::AUTHORIZATION, header::CONTENT_TYPE] {
        if let Some(value) = head.headers.get(&name) {
            asked = asked.header(name, value);
        }
    }
    let Ok(answer) = asked.send().await else { return StatusCode::BAD_GATEWAY.into_response() };
    let (status, body) = (answer.status(), answer.bytes().await.unwrap_or_default());
    let body =
        if head.uri.path().ends_with("openid-configuration") { moved(&body, real, ours) } else { body };
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// The addresses of a discovery document lead elsewhere; its issuer stays who it is.
fn moved(document: &[u8], real: &str, ours: &str) -> Bytes {
    let mut document: BTreeMap<String, Value> =
        serde_json::from_slice(document).expect("a discovery document is JSON");
    for (name, value) in &mut document {
        if let Value::String(address) = value
            && name != "issuer"
        {
            *address = address.replace(real, ours);
        }
    }
    serde_json::to_vec(&document).expect("JSON can be written").into()
}
