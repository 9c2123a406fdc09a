//! People.

use echopulse_documents::{Operation, samples};
use echopulse_protocol::{event::User, problem::ProblemCode as Code, rest::UpdateMe};
use serde_json::json;

pub(crate) fn operations() -> Vec<Operation> {
    vec![
        Operation::new("get_me", "One's own account").answers::<User>(200, "one's account", samples::user()),
        Operation::new("update_me", "Changes one's display name or bio")
            .takes::<UpdateMe>(json!({ "bio": "Engines and poems" }))
            .answers::<User>(200, "one's account as it is now", samples::user()),
        Operation::new("get_user", "Somebody who shares a server with the asker")
            .answers::<User>(200, "their account", samples::user())
            .refuses(&[Code::UserNotFound]),
    ]
}
