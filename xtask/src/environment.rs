//! `.env` for `compose.yml`: what `.env.example` names, with a random value wherever that leaves one open.

use std::{collections::BTreeMap, fs, io::Write, os::unix::fs::OpenOptionsExt, path::Path};

use anyhow::{Context, bail};

use crate::{command::root, world::password};

/// The file that compose reads.
pub(crate) const FILE: &str = ".env";
const EXAMPLE: &str = ".env.example";

/// Writes it; an error if there is one, whose passwords would be lost.
pub(crate) fn write() -> anyhow::Result<()> {
    write_in(&root())?;
    println!("wrote {FILE} with random passwords, readable for you alone");
    Ok(())
}

fn write_in(folder: &Path) -> anyhow::Result<()> {
    let example =
        fs::read_to_string(folder.join(EXAMPLE)).with_context(|| format!("{EXAMPLE} is not there"))?;
    let file = folder.join(FILE);
    let mut open = match fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&file) {
        Ok(open) => open,
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            bail!("{} is there already; remove it first if its passwords may be lost", file.display())
        }
        Err(error) => return Err(error).with_context(|| format!("{} cannot be written", file.display())),
    };
    open.write_all(filled(&example).as_bytes())?;
    Ok(())
}

/// Every line `NAME=` gets a password; everything else stays.
fn filled(example: &str) -> String {
    let mut text = String::new();
    for line in example.lines() {
        text.push_str(line);
        if !line.starts_with('#') && line.ends_with('=') {
            text.push_str(&password());
        }
        text.push('\n');
    }
    text
}

/// The values in the file.
pub(crate) fn read() -> anyhow::Result<BTreeMap<String, String>> {
    let text = fs::read_to_string(root().join(FILE)).with_context(|| format!("{FILE} is not there"))?;
    Ok(values(&text))
}

fn values(text: &str) -> BTreeMap<String, String> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split_once('=')).map(|(name, value)| (name.into(), value.into())).collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn passwords_are_filled_in_and_never_written_over() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join(EXAMPLE), "# A=\nPORT=8080\nSECRET=\nOTHER=\n").expect("it is written");
        write_in(folder.path()).expect("it is written");
        let file = folder.path().join(FILE);
        let text = fs::read_to_string(&file).expect("it is there");
        let values = values(&text);
        assert!(text.starts_with("# A=\nPORT=8080\n"), "{text}");
        assert_eq!(values["SECRET"].len(), 32);
        assert_ne!(values["SECRET"], values["OTHER"]);
        assert_eq!(fs::metadata(&file).expect("it is there").permissions().mode() & 0o777, 0o600);
        let refused = write_in(folder.path()).expect_err("there is one");
        assert!(refused.to_string().contains("already"), "{refused}");
        assert_eq!(fs::read_to_string(&file).expect("it is there"), text);
    }
}
