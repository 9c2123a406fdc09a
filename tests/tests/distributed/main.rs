//! The distributed world: two instances of each service over PostgreSQL, Redis, Kafka and Keycloak, which
//! `cargo xtask test distributed` starts. What holds in the embedded world is run here from the very same files, its people
//! spread over the instances.

mod distributed_world {
    #[path = "../../../../backend/all-in-one/tests/it/access/mod.rs"]
    mod access;
    #[path = "../../../../backend/all-in-one/tests/it/bots.rs"]
    mod bots;
    mod browser;
    mod defects;
    mod drain;
    mod extra;
    mod faults;
    #[path = "../../../../backend/all-in-one/tests/it/following.rs"]
    mod following;
    mod instances;
    mod keycloak;
    mod lifetimes;
    #[path = "../../../../backend/all-in-one/tests/it/limits.rs"]
    mod limits;
    mod login;
    #[path = "../../../../backend/all-in-one/tests/it/once.rs"]
    mod once;
    mod outages;
    #[path = "../../../../backend/all-in-one/tests/it/rest.rs"]
    mod rest;
    mod sign_out;
    #[path = "../../../../backend/all-in-one/tests/it/slow.rs"]
    mod slow;
    #[path = "../../../../backend/all-in-one/tests/it/socket.rs"]
    mod socket;
    #[path = "../../../../backend/all-in-one/tests/it/support.rs"]
    pub(crate) mod support;
    mod tokens;
    mod topics;
    #[path = "../../../../backend/all-in-one/tests/it/webhooks.rs"]
    mod webhooks;
    mod wire;
    pub(crate) mod world;
}

// Where the shared files look for them.
use distributed_world::{support, world};
