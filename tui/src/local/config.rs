//! Configuration: commented defaults, then a file, then the environment. Unknown keys are errors that name the key.

use std::path::PathBuf;

use anyhow::{Context, bail};
use serde::Deserialize;

use super::folder::folder_of;

/// The defaults, as a file to copy.
pub(crate) const DEFAULTS: &str = r#"# echopulse configuration. Every key with its default.
# A key can also come from the environment: ECHOPULSE_<SECTION>__<KEY>.

[log]
# What is logged, to the file echopulse.log in the data folder: error, warn, info, debug or trace.
level = "warn"

[limits]
# How often people may ask whoever serves this folder, in percent of the built-in numbers: 200 doubles every bucket and how fast
# it fills, 0 counts nothing.
percent = 100
# Proxies in front of `echopulse serve`, as addresses or networks: their X-Forwarded-For is believed.
proxies = []

[client]
# auto asks the terminal; none uses no colour (NO_COLOR does the same); 16 uses the terminal's own.
colour = "auto"
"#;

/// What can be configured.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// Logging.
    pub(crate) log: Log,
    /// Serving.
    pub(crate) limits: Limits,
    /// The client.
    pub(crate) client: Client,
}

/// How often people may ask.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(feature = "local"), expect(dead_code, reason = "without a backend nobody is served"))]
pub(crate) struct Limits {
    /// In percent of the built-in numbers.
    pub(crate) percent: u32,
    /// Whose `X-Forwarded-For` is believed.
    pub(crate) proxies: Vec<String>,
}

/// Logging.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Log {
    /// The least important level that is kept.
    pub(crate) level: Level,
}

/// A level of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Level {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

/// The client.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Client {
    /// How many colours are used.
    pub(crate) colour: Colour,
}

/// How many colours are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(crate) enum Colour {
    #[serde(rename = "auto")]
    Auto,
    #[serde(rename = "none")]
    None,
    #[serde(rename = "16")]
    Sixteen,
}

/// Where the file is, whether it exists or not.
pub(crate) fn path() -> Option<PathBuf> {
    let folder = folder_of("XDG_CONFIG_HOME").or_else(|| Some(folder_of("HOME")?.join(".config")))?;
    Some(folder.join("echopulse/config.toml"))
}

/// Reads the file, if there is one, and the environment.
pub(crate) fn load() -> anyhow::Result<Config> {
    let path = path();
    let text = match path.as_ref().map(std::fs::read_to_string) {
        Some(Ok(text)) => text,
        Some(Err(error)) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(error)
                .with_context(|| format!("{} cannot be read", path.unwrap_or_default().display()));
        }
        _ => String::new(),
    };
    let environment =
        std::env::vars().filter(|(name, _)| name.starts_with("ECHOPULSE_") && name.contains("__"));
    let read = parse(&text, environment);
    read.with_context(|| format!("the configuration {} is wrong", path.unwrap_or_default().display()))
}

fn parse(file: &str, environment: impl Iterator<Item = (String, String)>) -> anyhow::Result<Config> {
    let mut whole: toml::Table = DEFAULTS.parse()?;
    let given: toml::Table = file.parse()?;
    for (section, values) in given {
        let toml::Value::Table(values) = values else { bail!("`{section}` is a section, not a value") };
        for (key, value) in values {
            set(&mut whole, &section, &key, value)?;
        }
    }
    for (name, value) in environment {
        let path = name.trim_start_matches("ECHOPULSE_").to_lowercase();
        let Some((section, key)) = path.split_once("__") else { continue };
        let value = shaped(whole.get(section).and_then(|section| section.get(key)), value);
        set(&mut whole, section, key, value).with_context(|| format!("the variable {name}"))?;
    }
    Ok(whole.try_into()?)
}

/// Every value of a variable is text; the shape it has to have is that of the default.
fn shaped(default: Option<&toml::Value>, text: String) -> toml::Value {
    match default {
        Some(toml::Value::Integer(_)) => text.parse().map_or(toml::Value::String(text), toml::Value::Integer),
        Some(toml::Value::Array(_)) => {
            let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
            toml::Value::Array(parts.map(|part| toml::Value::String(part.to_owned())).collect())
        }
        _ => toml::Value::String(text),
    }
}

fn set(whole: &mut toml::Table, section: &str, key: &str, value: toml::Value) -> anyhow::Result<()> {
    let Some(toml::Value::Table(known)) = whole.get_mut(section) else {
        bail!("there is no section `{section}`");
    };
    if !known.contains_key(key) {
        bail!("there is no key `{section}.{key}`");
    }
    known.insert(key.to_owned(), value);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(file: &str, environment: &[(&str, &str)]) -> anyhow::Result<Config> {
        parse(file, environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    #[test]
    fn the_defaults_are_a_configuration() {
        let config = read("", &[]).unwrap();
        assert_eq!((config.log.level, config.client.colour), (Level::Warn, Colour::Auto));
    }

    #[test]
    fn the_environment_comes_last() {
        let config = read("[log]\nlevel = \"info\"", &[("ECHOPULSE_LOG__LEVEL", "debug")]).unwrap();
        assert_eq!(config.log.level, Level::Debug);
    }

    #[test]
    fn a_variable_has_the_shape_of_its_default() {
        let told = [("ECHOPULSE_LIMITS__PERCENT", "250"), ("ECHOPULSE_LIMITS__PROXIES", "10.0.0.0/8, ::1")];
        let limits = read("", &told).unwrap().limits;
        assert_eq!(
            (limits.percent, limits.proxies.as_slice()),
            (250, &["10.0.0.0/8", "::1"].map(str::to_owned)[..])
        );
        let wrong = read("", &[("ECHOPULSE_LIMITS__PERCENT", "many")]).unwrap_err();
        assert!(format!("{wrong:#}").contains("many"), "{wrong:#}");
    }

    #[test]
    fn unknown_keys_and_wrong_values_are_named() {
        let error = |file| format!("{:#}", read(file, &[]).unwrap_err());
        assert!(error("[log]\nlevle = 1").contains("log.levle"));
        assert!(error("[lgo]\nlevel = 1").contains("`lgo`"));
        assert!(error("[log]\nlevel = \"loud\"").contains("loud"));
        assert!(error("[log]\nlevel = ").contains("line 2"), "{}", error("[log]\nlevel = "));
        let variable = read("", &[("ECHOPULSE_CLIENT__COLOR", "none")]).unwrap_err();
        assert!(format!("{variable:#}").contains("client.color"));
    }
}
