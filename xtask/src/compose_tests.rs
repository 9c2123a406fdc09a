//! `compose.yml` against the rest of the repository. That it is a valid file of its kind is `cargo xtask lint`'s to check.

use std::{collections::BTreeSet, fs};

use serde_json::json;

use crate::{
    command::root,
    services::{Kind, Ports, environment},
    world::World,
};

fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// What stands in `${…}`.
fn references(compose: &str) -> Vec<&str> {
    let lines = compose.lines().filter(|line| !line.trim_start().starts_with('#'));
    lines.flat_map(|line| line.split("${").skip(1)).filter_map(|rest| rest.split('}').next()).collect()
}

fn names(example: &str) -> BTreeSet<&str> {
    let lines = example.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split_once('=')).map(|(name, _)| name).collect()
}

#[test]
fn every_variable_is_in_the_example_and_none_has_a_default() {
    let (compose, example) = (read("compose.yml"), read(".env.example"));
    let mut used = BTreeSet::new();
    for reference in references(&compose) {
        let name = reference.strip_suffix(":?");
        used.insert(name.unwrap_or_else(|| panic!("${{{reference}}} does not insist on a value")));
    }
    assert_eq!(used, names(&example));
}

#[test]
fn every_secret_is_left_open_in_the_example() {
    for line in read(".env.example").lines().filter(|line| !line.starts_with('#')) {
        let Some((name, value)) = line.split_once('=') else { continue };
        let is_secret = ["PASSWORD", "SECRET", "KEY", "DEMO"]
            .iter()
            .any(|word| name.split('_').any(|part| part == *word));
        assert_eq!(is_secret, value.is_empty(), "{name}");
    }
}

#[test]
fn every_path_exists() {
    let (compose, example) = (read("compose.yml"), read(".env.example"));
    let mut paths = Vec::new();
    for line in compose.lines().chain(example.lines()).map(str::trim) {
        for key in ["dockerfile: ", "context: "] {
            paths.extend(line.strip_prefix(key));
        }
        let volume = line.strip_prefix("- ./").and_then(|rest| rest.split(':').next());
        paths.extend(volume.or_else(|| line.split_once("=./").map(|(_, path)| path)));
    }
    assert!(paths.len() > 8, "{paths:?}");
    for path in paths {
        assert!(root().join(path).exists(), "{path} is not there");
    }
}

#[test]
fn the_services_are_told_the_same_as_by_up() {
    let world: World = serde_json::from_value(json!({
        "folder": "", "instances": [],
        "postgres": { "superuser": "", "server": "", "server_owner": "", "chat": "", "chat_owner": "" },
        "redis": { "admin": "", "server": "", "chat": "" },
        "kafka": { "bootstrap": "", "behind": "", "front": "" },
        "keycloak": {
            "url": "", "issuer": "", "admin": { "name": "", "password": "" },
            "bot_secret": "", "service_secret": "", "registrar_secret": "", "people": [], "web": "",
        },
    }))
    .expect("a world");
    let ports = Ports::choose(1).expect("there are ports");
    let compose = read("compose.yml");
    let lines = compose.lines().filter_map(|line| line.trim().split_once(": "));
    // Keycloak's variables have no section.
    let told: BTreeSet<_> = lines
        .map(|(name, _)| name)
        .filter(|name| name.starts_with("ECHOPULSE_") && name.contains("__"))
        .collect();
    for kind in Kind::ALL {
        let variables = environment(kind, &world, &ports, 0).expect("an environment");
        let names: BTreeSet<_> = variables.keys().map(String::as_str).collect();
        match kind {
            Kind::Web => assert!(names.is_subset(&told), "{names:?}"),
            Kind::Server => assert_eq!(told, names),
            // Only the server service makes bots.
            Kind::Chat => {
                let missing: Vec<_> = told.difference(&names).copied().collect();
                assert_eq!(missing, ["ECHOPULSE_IDENTITY__REGISTRAR_SECRET"]);
            }
        }
    }
}

#[test]
fn the_realm_asks_for_nothing_that_compose_does_not_give() {
    let compose = read("compose.yml");
    for file in ["keycloak-realm.json", "docker/keycloak-demo-users.json"] {
        for reference in references(&read(file)) {
            let name = reference.split(':').next().unwrap_or_default();
            assert!(compose.contains(&format!("      {name}: ")), "{file}: {name}");
        }
    }
}
