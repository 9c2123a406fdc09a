//! Whether a document is one of its kind, and whether its examples are what it says they are.

use jsonschema::{Validator, options};
use serde_json::{Value, json};

const OPENAPI: &str = include_str!("../meta/openapi-3.1.json");
const ASYNCAPI: &str = include_str!("../meta/asyncapi-3.0.json");

fn validator(schema: &Value) -> Validator {
    options()
        .should_validate_formats(true)
        .build(schema)
        .unwrap_or_else(|error| panic!("no schema: {error}: {schema}"))
}

fn check(schema: &str, document: &Value) {
    let schema: Value = serde_json::from_str(schema).unwrap_or_default();
    let wrong: Vec<_> = validator(&schema)
        .iter_errors(document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Checks an OpenAPI document.
///
/// # Panics
///
/// If it is none.
pub fn openapi(document: &Value) {
    check(OPENAPI, document);
}

/// Checks an AsyncAPI document.
///
/// # Panics
///
/// If it is none.
pub fn asyncapi(document: &Value) {
    check(ASYNCAPI, document);
}

/// Checks each example that stands beside a schema, and each schema of the components. Answers how many examples there are.
///
/// # Panics
///
/// If one is not what its schema says, or a reference leads nowhere.
#[must_use]
pub fn examples(document: &Value) -> usize {
    let components = &document["components"];
    for schema in components["schemas"].as_object().into_iter().flatten().map(|(_, schema)| schema) {
        validator(&whole(schema, components));
    }
    let mut seen = 0;
    visit(document, &mut |schema, example| {
        seen += 1;
        let wrong: Vec<_> = validator(&whole(schema, components))
            .iter_errors(example)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(wrong.is_empty(), "{example}\nis not\n{schema}\n{wrong:#?}");
    });
    seen
}

/// A schema with everything that it may refer to.
fn whole(schema: &Value, components: &Value) -> Value {
    json!({ "allOf": [schema], "components": { "schemas": components["schemas"] } })
}

/// Finds `schema` beside `example`, and `payload` beside `examples` with payloads.
fn visit(value: &Value, found: &mut impl FnMut(&Value, &Value)) {
    match value {
        Value::Object(fields) => {
            if let (Some(schema), Some(example)) = (fields.get("schema"), fields.get("example")) {
                found(schema, example);
            }
            if let (Some(schema), Some(Value::Array(examples))) =
                (fields.get("payload"), fields.get("examples"))
            {
                for example in examples {
                    found(schema, &example["payload"]);
                }
            }
            fields.values().for_each(|field| visit(field, found));
        }
        Value::Array(items) => items.iter().for_each(|item| visit(item, found)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_example(example: &Value) -> Value {
        json!({ "components": { "schemas": { "Id": { "type": "string", "format": "uuid" } } },
            "here": { "schema": { "$ref": "#/components/schemas/Id" }, "example": example } })
    }

    #[test]
    fn an_example_of_its_schema_is_counted() {
        assert_eq!(examples(&with_example(&json!("01935c2e-7a10-7000-8000-0000000000ff"))), 1);
    }

    #[test]
    #[should_panic(expected = "is not")]
    fn an_example_of_another_shape_is_found() {
        let _ = examples(&with_example(&json!("seven")));
    }

    #[test]
    #[should_panic(expected = "paths")]
    fn a_document_without_what_its_kind_needs_is_found() {
        openapi(&json!({ "openapi": "3.1.0", "info": { "title": "x", "version": "1" }, "paths": 7 }));
    }
}
