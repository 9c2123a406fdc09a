//! The whole table of access: every operation of both services and every destination, as everybody there is.
//!
//! Each cell of the table is asked in a server of its own. Where something is hidden, the same is asked about what never was,
//! and both answers have to be the same octets. What is below an id has to belong to it.

mod document;
mod rest;
mod stage;
mod stomp;
mod table;

use std::collections::BTreeSet;

use futures_util::{StreamExt, stream};

use self::{
    stage::Cast,
    table::{REST, Service},
};
use crate::world::Deployment;

/// Rows that are asked at the same time.
const AT_ONCE: usize = 4;

#[tokio::test]
async fn every_route_answers_everybody_as_the_table_says() {
    let deployment = Deployment::start().await;
    let cast = &Cast::of(&deployment).await;
    let looks = REST.iter().map(|row| rest::look(cast, row));
    let wrong: Vec<_> = stream::iter(looks).buffer_unordered(AT_ONCE).collect().await;
    let wrong: Vec<_> = wrong.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{} cells are not as the table says:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test]
async fn every_destination_answers_everybody_as_the_table_says() {
    let deployment = Deployment::start().await;
    let cast = &Cast::of(&deployment).await;
    let looks = stomp::asks().map(|ask| stomp::look(cast, ask));
    let wrong: Vec<_> = stream::iter(looks).buffer_unordered(AT_ONCE).collect().await;
    let wrong: Vec<_> = wrong.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{} cells are not as the table says:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_table_has_a_row_for_every_route_and_no_other() {
    let listed = |service: &'static str, routes: Vec<echopulse_http::Route>| {
        routes.into_iter().map(move |route| format!("{service} {} {}", route.method, route.path))
    };
    let routes: BTreeSet<_> = listed("server", echopulse_server_service::routes())
        .chain(listed("chat", echopulse_chat_service::routes()))
        .collect();
    let named = |row: &table::Row| {
        let service = if row.service == Service::Server { "server" } else { "chat" };
        format!("{service} {} {}", row.method, row.path)
    };
    let rows: BTreeSet<_> = REST.iter().map(named).collect();
    let missing: Vec<_> = routes.difference(&rows).collect();
    assert!(missing.is_empty(), "these routes have no row in the table of access: {missing:#?}");
    let left_over: Vec<_> = rows.difference(&routes).collect();
    assert!(left_over.is_empty(), "these rows are of no route: {left_over:#?}");
}
