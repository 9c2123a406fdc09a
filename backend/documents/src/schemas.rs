//! Schemas of the protocol's types, each named once.

use echopulse_protocol::{id, problem};
use schemars::{
    JsonSchema, SchemaGenerator,
    generate::{Contract, SchemaSettings},
};
use serde_json::{Map, Value, json};

/// Collects schemas. What is sent may leave out what has a default; what is answered may not, so there are two generators.
pub struct Schemas {
    sent: SchemaGenerator,
    answered: SchemaGenerator,
}

impl Default for Schemas {
    fn default() -> Self {
        let generator = |contract| {
            let settings = SchemaSettings::draft2020_12().with(|settings| {
                settings.definitions_path = "/components/schemas".into();
                settings.contract = contract;
                settings.meta_schema = None;
            });
            settings.into_generator()
        };
        Self { sent: generator(Contract::Deserialize), answered: generator(Contract::Serialize) }
    }
}

impl Schemas {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The schema of something that clients send: a reference to it.
    pub fn sent<T: JsonSchema>(&mut self) -> Value {
        self.sent.subschema_for::<T>().to_value()
    }

    /// The schema of something that is answered: a reference to it.
    pub fn answered<T: JsonSchema>(&mut self) -> Value {
        self.answered.subschema_for::<T>().to_value()
    }

    /// The schema of a part of a path, by its name in the path.
    pub(crate) fn path(&mut self, name: &str) -> Value {
        match name {
            "server" => self.sent::<id::ServerId>(),
            "channel" => self.sent::<id::ChannelId>(),
            "user" => self.sent::<id::UserId>(),
            "message" => self.sent::<id::MessageId>(),
            "role" => self.sent::<id::RoleId>(),
            "category" => self.sent::<id::CategoryId>(),
            "webhook" => self.sent::<id::WebhookId>(),
            _ => json!({ "type": "string" }),
        }
    }

    /// The body of every refusal.
    pub(crate) fn problem(&mut self) -> Value {
        self.answered::<problem::Problem>()
    }

    /// All of what is answered, so far.
    #[must_use]
    pub fn components(&self) -> Value {
        Value::Object(self.answered.definitions().clone())
    }

    /// All that were asked for, by their names.
    ///
    /// # Panics
    ///
    /// If two types have one name, or one type is both sent and answered and looks different.
    #[must_use]
    pub fn into_components(mut self) -> Value {
        let mut all: Map<String, Value> = self.answered.take_definitions(true);
        for (name, schema) in self.sent.take_definitions(true) {
            let other = all.insert(name.clone(), schema.clone());
            assert!(other.is_none_or(|other| other == schema), "two schemas are called {name}");
        }
        Value::Object(all)
    }
}
