//! The description of one operation, as a literal in a table.

use echopulse_protocol::problem::ProblemCode;
use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::Schemas;

/// Who may call an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caller {
    Anybody,
    SignedIn,
    Service,
}

/// A body: its type, by the function that makes its schema, and one example.
pub(crate) struct Body {
    pub(crate) schema: fn(&mut Schemas) -> Value,
    pub(crate) example: Value,
    pub(crate) required: bool,
    pub(crate) media: &'static str,
}

const JSON: &str = "application/json";

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) means: &'static str,
    pub(crate) body: Option<Body>,
}

fn form(_: &mut Schemas) -> Value {
    json!({ "type": "object", "additionalProperties": { "type": "string" } })
}

/// What a document says of one operation. What goes without saying is added: the codes that follow from being signed in, from having
/// a body, and from ids in the path.
pub struct Operation {
    pub(crate) name: &'static str,
    pub(crate) summary: &'static str,
    pub(crate) details: &'static str,
    pub(crate) caller: Caller,
    pub(crate) parameters: Vec<Value>,
    pub(crate) body: Option<Body>,
    pub(crate) answers: Vec<Answer>,
    pub(crate) tagged: bool,
    pub(crate) codes: Vec<ProblemCode>,
}

impl Operation {
    /// An operation for whoever is signed in, by its name in the list of routes.
    #[must_use]
    pub fn new(name: &'static str, summary: &'static str) -> Self {
        Self {
            name,
            summary,
            details: "",
            caller: Caller::SignedIn,
            parameters: Vec::new(),
            body: None,
            answers: Vec::new(),
            tagged: false,
            codes: Vec::new(),
        }
    }

    /// More about it, in sentences.
    #[must_use]
    pub fn details(self, details: &'static str) -> Self {
        Self { details, ..self }
    }

    /// It needs no token.
    #[must_use]
    pub fn public(self) -> Self {
        Self { caller: Caller::Anybody, ..self }
    }

    /// It is for the other service alone.
    #[must_use]
    pub fn internal(self) -> Self {
        Self { caller: Caller::Service, ..self }
    }

    /// It takes a body.
    ///
    /// # Panics
    ///
    /// If the example is none of the type.
    #[must_use]
    pub fn takes<T: JsonSchema + DeserializeOwned>(self, example: Value) -> Self {
        let read = serde_json::from_value::<T>(example.clone());
        assert!(read.is_ok(), "{}: the example of its body cannot be read: {example}", self.name);
        Self { body: Some(Body { schema: Schemas::sent::<T>, example, required: true, media: JSON }), ..self }
    }

    /// It takes a form with one field, which is a text.
    #[must_use]
    pub fn takes_form(self, field: &str, example: &str) -> Self {
        let example = json!({ field: example });
        Self {
            body: Some(Body {
                schema: form,
                example,
                required: true,
                media: "application/x-www-form-urlencoded",
            }),
            ..self
        }
    }

    /// The body may be left out.
    #[must_use]
    pub fn or_nothing(mut self) -> Self {
        if let Some(body) = &mut self.body {
            body.required = false;
        }
        self
    }

    /// It answers with a body.
    ///
    /// # Panics
    ///
    /// If the example is not exactly what the type writes.
    #[must_use]
    pub fn answers<T: JsonSchema + Serialize + DeserializeOwned>(
        mut self,
        status: u16,
        means: &'static str,
        example: Value,
    ) -> Self {
        let read = serde_json::from_value::<T>(example.clone());
        let read = read.unwrap_or_else(|error| panic!("{}: {error}: {example}", self.name));
        let written = serde_json::to_value(read).unwrap_or_default();
        assert_eq!(written, example, "{}: the example of its answer is not what is written", self.name);
        let body = Body { schema: Schemas::answered::<T>, example, required: true, media: JSON };
        self.answers.push(Answer { status, means, body: Some(body) });
        self
    }

    /// It answers without a body.
    #[must_use]
    pub fn says(mut self, status: u16, means: &'static str) -> Self {
        self.answers.push(Answer { status, means, body: None });
        self
    }

    /// It refuses with these codes, besides those that go without saying.
    #[must_use]
    pub fn refuses(mut self, codes: &[ProblemCode]) -> Self {
        self.codes.extend(codes);
        self
    }

    /// It takes a parameter behind the question mark.
    #[must_use]
    pub fn query(mut self, name: &str, schema: Value, description: &str) -> Self {
        self.parameters
            .push(json!({ "name": name, "in": "query", "description": description, "schema": schema }));
        self
    }

    /// It answers pages of a list: `limit` and `cursor`.
    #[must_use]
    pub fn paged(self) -> Self {
        self.limited()
            .query(
                "cursor",
                json!({ "type": "string" }),
                "`next` of the page before, for the same list and filters",
            )
            .refuses(&[ProblemCode::InvalidCursor])
    }

    /// It takes `limit`.
    #[must_use]
    pub fn limited(self) -> Self {
        let limit = json!({ "type": "integer", "minimum": 1, "maximum": 100, "default": 50 });
        self.query("limit", limit, "how many").refuses(&[ProblemCode::InvalidRequest])
    }

    fn header(mut self, name: &str, required: bool, schema: Value, description: &str) -> Self {
        self.parameters.push(json!({
            "name": name, "in": "header", "required": required, "description": description, "schema": schema
        }));
        self
    }

    /// It is kept in the audit log, with a reason.
    #[must_use]
    pub fn audited(self) -> Self {
        let schema = json!({ "type": "string", "maxLength": 512 });
        self.header("Audit-Reason", false, schema, "why, for the audit log")
            .refuses(&[ProblemCode::InvalidRequest])
    }

    /// It may be sent again under a key of the client's.
    #[must_use]
    pub fn keyed(self) -> Self {
        let schema = json!({ "type": "string", "minLength": 1, "maxLength": 255 });
        let means = "printable characters; for 24 hours the same request under the same key is made once and answered the same";
        self.header("Idempotency-Key", false, schema, means)
            .refuses(&[ProblemCode::IdempotencyKeyReused, ProblemCode::RequestInProgress])
    }

    /// Its answer has an ETag.
    #[must_use]
    pub fn tagged(self) -> Self {
        Self { tagged: true, ..self }
    }

    /// Its answer has an ETag, and whoever has that state already is told so.
    #[must_use]
    pub fn cached(self) -> Self {
        self.tagged()
            .header("If-None-Match", false, json!({ "type": "string" }), "an ETag that one has")
            .says(304, "what one has is still so")
    }

    /// It is made only on the state that was seen, if that is said.
    #[must_use]
    pub fn matched(self) -> Self {
        self.tagged()
            .header("If-Match", false, json!({ "type": "string" }), "the ETag of the state that was seen")
            .refuses(&[ProblemCode::PreconditionFailed])
    }

    /// It replaces a set, so it has to be said on which state.
    #[must_use]
    pub fn replaces(self) -> Self {
        self.tagged()
            .header("If-Match", true, json!({ "type": "string" }), "the ETag of the state that was seen")
            .refuses(&[ProblemCode::PreconditionFailed, ProblemCode::PreconditionRequired])
    }
}
