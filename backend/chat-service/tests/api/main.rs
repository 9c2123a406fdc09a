//! `docs/openapi/chat.json`: made from the routes and their descriptions, one table for each theme.

mod messages;
mod states;
mod webhooks;

use echopulse_documents::{Operation, Service, committed, openapi, samples, undescribed, valid};
use echopulse_protocol::{
    problem::ProblemCode as Code,
    rest::{BucketState, Page},
};

/// What somebody gets for a channel that they may not view.
const HIDDEN: [Code; 1] = [Code::ChannelNotFound];
/// What somebody gets who may view the channel, but may not do it.
const FORBIDDEN: [Code; 3] = [Code::ChannelNotFound, Code::PermissionMissing, Code::TimedOut];

const DESCRIPTION: &str = "Messages, read states and presence. Talking is STOMP over WebSocket at `/ws`, which docs/asyncapi.json \
    describes; what holds for all routes is in docs/protocol.md. Refusals are `application/problem+json` with a `code`; \
    ProblemCode lists all of them.";

fn deployment() -> Vec<Operation> {
    vec![
        Operation::new("get_openapi", "This document").public().says(200, "an OpenAPI 3.1 document"),
        Operation::new("open_socket", "Opens a WebSocket that speaks STOMP")
            .details("Subprotocols are v12.stomp, v11.stomp and v10.stomp. Who one is, is said in CONNECT.")
            .public()
            .query(
                "access_token",
                serde_json::json!({ "type": "string" }),
                "an access token, for clients that cannot put it into CONNECT",
            )
            .says(101, "the socket is open")
            .says(403, "pages of this origin may not open sockets here")
            .refuses(&[Code::InvalidRequest]),
        Operation::new("get_limits", "One's buckets: how many one may ask, and how they stand")
            .answers::<Page<BucketState>>(200, "all of them", samples::page(&samples::bucket())),
    ]
}

fn service() -> Service {
    let routes = echopulse_chat_service::routes();
    Service {
        title: "EchoPulse chat service",
        description: DESCRIPTION,
        routes: routes
            .into_iter()
            .map(|route| (route.method.to_string(), route.path, route.operation))
            .collect(),
        operations: [deployment(), messages::operations(), states::operations(), webhooks::operations()]
            .into_iter()
            .flatten()
            .collect(),
    }
}

#[test]
fn each_route_is_described_and_each_description_has_a_route() {
    assert_eq!(undescribed(&service()), [""; 0]);
}

#[test]
fn the_document_is_valid_and_so_are_its_examples() {
    let document = openapi(&service());
    valid::openapi(&document);
    assert!(valid::examples(&document) >= 12);
}

#[test]
fn the_document_in_the_repository_is_the_one_that_is_made() {
    committed("docs/openapi/chat.json", &openapi(&service()));
}
