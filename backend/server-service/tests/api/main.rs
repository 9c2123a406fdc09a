//! `docs/openapi/server.json`: made from the routes and their descriptions, one table for each theme.

mod bans;
mod bots;
mod channels;
mod internal;
mod invites;
mod members;
mod servers;
mod users;

use echopulse_documents::{Operation, Service, committed, openapi, samples, undescribed, valid};
use echopulse_protocol::{
    problem::ProblemCode as Code,
    rest::{BucketState, Page},
};

/// What somebody gets for a server that they are not in.
const HIDDEN: [Code; 1] = [Code::ServerNotFound];
/// What somebody gets who is in the server, but may not do it.
const FORBIDDEN: [Code; 3] = [Code::ServerNotFound, Code::PermissionMissing, Code::TimedOut];

const DESCRIPTION: &str = "People, servers (communities), their channels, members, invites and bans. \
    What holds for all routes is in docs/protocol.md: lists, refusals, and that readers ignore fields and words which they do \
    not know. Refusals are `application/problem+json` with a `code`; ProblemCode lists all of them.";

fn deployment() -> Vec<Operation> {
    vec![
        Operation::new("get_openapi", "This document").public().says(200, "an OpenAPI 3.1 document"),
        Operation::new("end_sign_in", "The issuer tells that somebody signed out")
            .details("OpenID Connect Back-Channel Logout 1.0.")
            .public()
            .takes_form("logout_token", "eyJhbGciOiJFUzI1NiJ9")
            .says(200, "the sign-in has ended")
            .refuses(&[Code::Unavailable]),
        Operation::new("get_limits", "One's buckets: how many one may ask, and how they stand")
            .answers::<Page<BucketState>>(200, "all of them", samples::page(&samples::bucket())),
    ]
}

fn service() -> Service {
    let routes = echopulse_server_service::routes();
    Service {
        title: "EchoPulse server service",
        description: DESCRIPTION,
        routes: routes
            .into_iter()
            .map(|route| (route.method.to_string(), route.path, route.operation))
            .collect(),
        operations: [
            deployment(),
            users::operations(),
            servers::operations(),
            channels::operations(),
            members::operations(),
            invites::operations(),
            bans::operations(),
            bots::operations(),
            internal::operations(),
        ]
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
    assert!(valid::examples(&document) > 25);
}

#[test]
fn the_document_in_the_repository_is_the_one_that_is_made() {
    committed("docs/openapi/server.json", &openapi(&service()));
}
