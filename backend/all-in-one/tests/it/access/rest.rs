//! Asking over REST.

use reqwest::{Method, RequestBuilder, header};

use super::{
    stage::{Cast, Stage, patiently},
    table::{Cell, Ids, Row, Service, Target, Who},
};
use crate::support::Person;

/// What came back: what a client can tell one refusal from another by.
#[derive(PartialEq, Eq)]
struct Said {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Said {
    async fn to(request: RequestBuilder) -> Self {
        let answer = request.send().await.unwrap();
        let differs = [header::DATE.as_str()];
        let kept = answer.headers().iter().filter(|(name, _)| !differs.contains(&name.as_str()));
        let mut headers: Vec<_> = kept
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect();
        headers.sort();
        let status = answer.status().as_u16();
        Self { status, headers, body: answer.bytes().await.unwrap().to_vec() }
    }

    fn is(&self, cell: Cell) -> bool {
        let body: serde_json::Value = serde_json::from_slice(&self.body).unwrap_or_default();
        // What is no problem may have a code of another kind.
        self.status == cell.0 && (cell.1.is_empty() || body["code"] == cell.1)
    }

    fn words(&self) -> String {
        format!("{} {}", self.status, String::from_utf8_lossy(&self.body))
    }
}

impl Row {
    fn request(&self, cast: &Cast, asks: Option<&Person>, ids: &Ids) -> RequestBuilder {
        let service = if self.service == Service::Server { "/server" } else { "/chat" };
        let path = format!("{service}{}?{}", ids.fill(self.path), self.query);
        let method = Method::from_bytes(self.method.as_bytes()).unwrap();
        let request = match asks {
            Some(person) => person.request(method, &path),
            None => cast.owner.http.request(method, cast.owner.instance.at(&path)),
        };
        let request = if self.replaces { request.header("if-match", "*") } else { request };
        match self.body {
            Some(body) => request.json(&body(ids)),
            None => request,
        }
    }

    async fn ask(&self, cast: &Cast, asks: Option<&Person>, ids: &Ids) -> Said {
        patiently(async || Said::to(self.request(cast, asks, ids)).await, |said| said.status == 503).await
    }

    /// Whether the answer hides something, so that what never was has to look the same.
    fn hides(&self, cell: Cell) -> bool {
        // Of a member whom one could see it may be said that they are not there, or no bot.
        let could_be_seen =
            cell.1 == "member-not-found" || self.path.contains("/bots/{user}") && cell.1 == "user-not-found";
        cell.0 == 404 && !could_be_seen && self.path.contains('{')
    }
}

/// Asks everybody's question of one row. Answers what was not as the table says.
pub(super) async fn look(cast: &Cast, row: &Row) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut tell = |who: &str, wanted: Cell, said: &Said| {
        let (method, path, note) = (row.method, row.path, row.note);
        wrong.push(format!("{method} {path} ({note}) as {who}: {wanted:?}, but it was {}", said.words()));
    };
    for (who, cell) in Who::ALL.into_iter().zip(row.cells) {
        let (stage, asks) = (Stage::for_one(cast, who).await, cast.person(who));
        if row.open {
            stage.open().await;
        }
        let ids = stage.ids(asks.unwrap_or(&cast.owner), row.target).await;
        let said = row.ask(cast, asks, &ids).await;
        if !said.is(cell) {
            tell(who.described().0, cell, &said);
        }
        if row.hides(cell) {
            let never = row.ask(cast, asks, &Ids::never()).await;
            if never != said {
                tell(&format!("{}, about what never was", who.described().0), cell, &never);
            }
        }
        stage.strike().await;
    }
    if let Some(cell) = row.foreign {
        let stage = Stage::for_one(cast, Who::Owner).await;
        let own = stage.ids(&cast.owner, Target::Member).await;
        let foreign = cast.foreign(row.target);
        // The first id of the path is one's own, and everything below it another server's.
        let ids = match row.service {
            Service::Server => Ids { server: own.server, ..foreign },
            Service::Chat => Ids { server: own.server, channel: own.channel, ..foreign },
        };
        let said = row.ask(cast, Some(&cast.owner), &ids).await;
        if !said.is(cell) {
            tell("owner, about what belongs to another server", cell, &said);
        }
        stage.strike().await;
    }
    wrong
}
