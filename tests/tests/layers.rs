//! Who may depend on whom, as ARCHITECTURE.md says: read from `cargo metadata`, so that a manifest cannot drift.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
};

use serde_json::Value;

/// Each crate of ours, and the crates of ours that it may name.
const ALLOWED: &[(&str, &[&str])] = &[
    ("echopulse-core", &[]),
    ("echopulse-protocol", &[]),
    ("echopulse-issuer", &[]),
    ("echopulse-wire", &["echopulse-core", "echopulse-protocol"]),
    ("echopulse-system", &["echopulse-core"]),
    ("echopulse-distributed", &["echopulse-core", "echopulse-protocol", "echopulse-wire"]),
    ("echopulse-http", &["echopulse-core", "echopulse-protocol"]),
    ("echopulse-web", &["echopulse-http"]),
    ("echopulse-embedded", &["echopulse-core", "echopulse-protocol", "echopulse-wire"]),
    (
        "echopulse-server-service",
        &["echopulse-core", "echopulse-protocol", "echopulse-wire", "echopulse-http"],
    ),
    ("echopulse-chat-service", &["echopulse-core", "echopulse-protocol", "echopulse-wire", "echopulse-http"]),
    (
        "echopulse-all-in-one",
        &[
            "echopulse-core",
            "echopulse-protocol",
            "echopulse-wire",
            "echopulse-http",
            "echopulse-server-service",
            "echopulse-chat-service",
            "echopulse-embedded",
            "echopulse-system",
            "echopulse-issuer",
            "echopulse-web",
        ],
    ),
    ("echopulse", &["echopulse-protocol", "echopulse-all-in-one"]),
];

/// What only the programs of the services name, behind the feature `program`: the libraries, which the embedded world links, do not.
const PROGRAMS: &[(&str, &[&str])] = &[
    ("echopulse-server-service", &["echopulse-distributed", "echopulse-system"]),
    ("echopulse-chat-service", &["echopulse-distributed", "echopulse-system"]),
];

/// Crates that may name anything.
const FREE: &[&str] = &["echopulse-tests", "echopulse-bench", "xtask"];

fn metadata() -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo metadata runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON")
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Ordinary dependencies of every crate of the workspace; those for tests and build scripts are free, and so are those that
/// belong to a program alone.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let packages = metadata()["packages"].as_array().cloned().unwrap_or_default();
    let ordinary = |package: &Value| {
        let all = package["dependencies"].as_array().cloned().unwrap_or_default();
        let name = text(&package["name"]);
        let programs: BTreeSet<_> = PROGRAMS
            .iter()
            .filter(|(program, _)| *program == name)
            .flat_map(|(_, named)| named.iter().copied())
            .collect();
        all.iter()
            .filter(|dependency| dependency["kind"].is_null())
            .filter(|dependency| {
                dependency["optional"] != true || !programs.contains(text(&dependency["name"]).as_str())
            })
            .map(|dependency| text(&dependency["name"]))
            .collect()
    };
    packages.iter().map(|package| (text(&package["name"]), ordinary(package))).collect()
}

#[test]
fn crates_name_only_what_their_layer_may() {
    let found = dependencies();
    let ours: BTreeSet<_> = found.keys().cloned().collect();
    for (name, named) in &found {
        if FREE.contains(&name.as_str()) {
            continue;
        }
        let allowed = ALLOWED.iter().find(|(known, _)| known == name);
        let (_, allowed) = allowed.unwrap_or_else(|| panic!("{name} is not in the table of layers"));
        let wrong: Vec<_> =
            named.intersection(&ours).filter(|named| !allowed.contains(&named.as_str())).collect();
        assert!(wrong.is_empty(), "{name} may not depend on {wrong:?}");
    }
    for (name, _) in ALLOWED {
        assert!(ours.contains(*name), "{name} is in the table of layers and not in the workspace");
    }
}

#[test]
fn core_has_no_dependency_at_all() {
    let found = dependencies();
    assert_eq!(found["echopulse-core"], BTreeSet::new());
}

#[test]
fn no_kafka_driver_is_in_the_embedded_world() {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--package", "echopulse", "--edges", "normal", "--prefix", "none"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo tree runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tree = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(tree.contains("echopulse-all-in-one"), "{tree}");
    for driver in ["rdkafka", "redis", "sqlx-postgres", "echopulse-distributed"] {
        assert!(!tree.lines().any(|line| line.starts_with(&format!("{driver} "))), "{driver} is linked");
    }
}
