//! Configuration of a service: commented defaults, then a file, then `ECHOPULSE_<SECTION>__<KEY>`. Unknown keys are errors that
//! name the key, and a [`Secret`] never shows itself.

use std::{fmt, path::Path};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned};
use toml::{Table, Value};

/// What stands before every variable.
const PREFIX: &str = "ECHOPULSE_";

/// What is wrong with a configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{0} cannot be read")]
    File(String, #[source] std::io::Error),
    /// The file is no TOML.
    #[error("{0} is no TOML")]
    Syntax(String, #[source] toml::de::Error),
    /// There is no such section.
    #[error("{0}: there is no section `{1}`")]
    UnknownSection(String, String),
    /// There is no such key.
    #[error("{0}: there is no key `{1}`")]
    UnknownKey(String, String),
    /// A value is not what its key needs.
    #[error("the configuration is wrong: {0}")]
    Value(String),
}

/// Reads a configuration: `defaults` has every section and every key.
///
/// # Errors
///
/// A [`ConfigError`] that names the file or variable, and the key.
pub fn load<T: DeserializeOwned>(
    defaults: &str,
    file: Option<&Path>,
    environment: impl Iterator<Item = (String, String)>,
) -> Result<T, ConfigError> {
    let mut whole: Table = defaults
        .parse()
        .map_err(|error| ConfigError::Syntax("the built-in configuration".to_owned(), error))?;
    if let Some(path) = file {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| ConfigError::File(name.clone(), error))?;
        let given: Table = text.parse().map_err(|error| ConfigError::Syntax(name.clone(), error))?;
        for (section, values) in given {
            let Value::Table(values) = values else { return Err(ConfigError::UnknownKey(name, section)) };
            for (key, value) in values {
                set(&mut whole, &name, &section, &key, value)?;
            }
        }
    }
    for (name, text) in environment {
        let Some(path) = name.strip_prefix(PREFIX).map(str::to_lowercase) else { continue };
        let Some((section, key)) = path.split_once("__") else { continue };
        // Every value of a variable is text; the shape it has to have is that of the default.
        let value = match whole.get(section).and_then(|section| section.get(key)) {
            Some(Value::Integer(_)) => text.parse().map_or(Value::String(text), Value::Integer),
            Some(Value::Boolean(_)) => text.parse().map_or(Value::String(text), Value::Boolean),
            Some(Value::Array(_)) => {
                let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
                Value::Array(parts.map(|part| Value::String(part.to_owned())).collect())
            }
            _ => Value::String(text),
        };
        set(&mut whole, &format!("the variable {name}"), section, key, value)?;
    }
    serde_path_to_error::deserialize(whole)
        .map_err(|error| ConfigError::Value(format!("`{}`: {}", error.path(), error.inner().message())))
}

fn set(whole: &mut Table, source: &str, section: &str, key: &str, value: Value) -> Result<(), ConfigError> {
    let Some(Value::Table(known)) = whole.get_mut(section) else {
        return Err(ConfigError::UnknownSection(source.to_owned(), section.to_owned()));
    };
    if !known.contains_key(key) {
        return Err(ConfigError::UnknownKey(source.to_owned(), format!("{section}.{key}")));
    }
    known.insert(key.to_owned(), value);
    Ok(())
}

/// A value that is never shown: not printed, not logged, not written.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The value, for whoever has to use it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether there is one.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_empty() { "\"\"" } else { "***" })
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(if self.is_empty() { "" } else { "***" })
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEFAULTS: &str = "[kafka]\nbootstrap = \"\"\npartitions = 6\n[web]\norigins = []\nkey = \"\"\n";

    #[derive(Debug, Deserialize, Serialize)]
    #[serde(deny_unknown_fields)]
    struct Whole {
        kafka: Kafka,
        web: Web,
    }

    #[derive(Debug, Deserialize, Serialize)]
    struct Kafka {
        bootstrap: String,
        partitions: i32,
    }

    #[derive(Debug, Deserialize, Serialize)]
    struct Web {
        origins: Vec<String>,
        key: Secret,
    }

    fn read(file: &str, environment: &[(&str, &str)]) -> Result<Whole, ConfigError> {
        let path = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(path.path(), file).unwrap();
        let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        load(DEFAULTS, Some(path.path()), environment)
    }

    #[test]
    fn the_environment_stands_over_the_file_and_the_file_over_the_defaults() {
        let file = "[kafka]\nbootstrap = \"file:1\"\npartitions = 12\n";
        let read = read(
            file,
            &[
                ("ECHOPULSE_KAFKA__BOOTSTRAP", "variable:1"),
                ("ECHOPULSE_WEB__ORIGINS", "https://a.example, https://b.example"),
                ("ECHOPULSE_TEST", "is none of ours"),
            ],
        );
        let Whole { kafka, web } = read.unwrap();
        assert_eq!((kafka.bootstrap.as_str(), kafka.partitions), ("variable:1", 12));
        assert_eq!(web.origins, ["https://a.example", "https://b.example"]);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let error = |file, environment| read(file, environment).unwrap_err().to_string();
        assert!(error("[kafka]\nbrokers = \"\"", &[]).contains("kafka.brokers"));
        assert!(error("[kfaka]\nbootstrap = \"\"", &[]).contains("`kfaka`"));
        assert!(error("[kafka]\npartitions = \"many\"", &[]).contains("kafka.partitions"));
        let variable = error("", &[("ECHOPULSE_KAFKA__BROKERS", "x")]);
        assert!(variable.contains("ECHOPULSE_KAFKA__BROKERS") && variable.contains("kafka.brokers"));
        assert!(error("", &[("ECHOPULSE_KAFKA__PARTITIONS", "many")]).contains("kafka.partitions"));
    }

    #[test]
    fn a_secret_is_neither_printed_nor_written() {
        let whole = read("[web]\nkey = \"hunter2\"", &[]).unwrap();
        assert_eq!(whole.web.key.expose(), "hunter2");
        let shown = format!("{whole:?} {}", toml::to_string(&whole).unwrap());
        assert!(shown.contains("***") && !shown.contains("hunter2"), "{shown}");
    }
}
