//! The documents of the API, against the routes and against the table of access.

use serde_json::Value;

use super::table::{Cell, REST, Row, Service, Who};
use crate::{support::Person, world::Deployment};

/// The document that a service gives to anybody.
async fn document(to: &Person, service: &str) -> Value {
    let url = to.instance.at(&format!("/{service}/openapi.json"));
    let answer = to.http.get(url).send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "application/json");
    answer.json().await.unwrap()
}

fn described<'a>(document: &'a Value, method: &str, path: &str) -> &'a Value {
    &document["paths"][path][method.to_lowercase()]
}

#[tokio::test]
async fn both_services_describe_each_of_their_routes_to_anybody() {
    let deployment = Deployment::start().await;
    let ada = deployment.person("ada").await;
    for (service, routes) in
        [("server", echopulse_server_service::routes()), ("chat", echopulse_chat_service::routes())]
    {
        let document = document(&ada, service).await;
        assert_eq!(document["openapi"], "3.1.0");
        for route in routes {
            let found = described(&document, route.method.as_str(), &route.path);
            assert_eq!(found["operationId"], route.operation, "{} {}", route.method, route.path);
        }
    }
}

/// Whether a document says that an operation may answer like this.
fn says(document: &Value, row: &Row, cell: Cell) -> bool {
    let mut response = &described(document, row.method, row.path)["responses"][cell.0.to_string()];
    if let Some(name) = response["$ref"].as_str().and_then(|whole| whole.rsplit('/').next()) {
        response = &document["components"]["responses"][name];
    }
    let schema = &response["content"]["application/problem+json"]["schema"];
    let codes = schema["allOf"][1]["properties"]["code"]["enum"].as_array();
    response.is_object()
        && (cell.1.is_empty() || codes.is_some_and(|codes| codes.iter().any(|code| code == cell.1)))
}

#[tokio::test]
async fn whatever_the_table_answers_is_in_the_documents() {
    let deployment = Deployment::start().await;
    let ada = deployment.person("ada").await;
    let (server, chat) = (document(&ada, "server").await, document(&ada, "chat").await);
    let mut missing = Vec::new();
    for row in REST {
        let document = if row.service == Service::Server { &server } else { &chat };
        let cells = row.cells.into_iter().zip(Who::ALL.map(|who| who.described().0));
        for (cell, who) in cells.chain(row.foreign.map(|cell| (cell, "the owner of two servers"))) {
            if !says(document, row, cell) {
                missing.push(format!("{} {} as {who}: {cell:?}", row.method, row.path));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}
