//! A document and the file of it that is in the repository.

use std::{fs, path::Path};

use serde_json::Value;

/// Compares a document with the file at `path`, below the repository's root; with `ECHOPULSE_WRITE_DOCS` set it writes the file.
///
/// # Panics
///
/// If they differ; the message says how to make the file again.
pub fn committed(path: &str, document: &Value) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
    let text = format!("{document:#}\n");
    if std::env::var_os("ECHOPULSE_WRITE_DOCS").is_some() {
        fs::write(&file, &text).unwrap_or_else(|error| panic!("{path}: {error}"));
    }
    let found = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        found == text,
        "{path} is stale; `ECHOPULSE_WRITE_DOCS=1` before the command of this test makes it again"
    );
}
