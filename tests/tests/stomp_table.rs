//! The table of `docs/stomp.md` is whole, and every test that it names is one.

use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
};

/// How many points the checklist has.
const POINTS: usize = 217;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Adds the names of all tests below a folder: functions that stand right behind an attribute that ends with `test]`.
fn collect(folder: &Path, tests: &mut HashSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && !name.starts_with('.') && name != "target" && name != "node_modules" {
            collect(&path, tests);
        } else if name.ends_with(".rs") {
            names(&fs::read_to_string(&path).unwrap(), tests);
        }
    }
}

fn names(source: &str, tests: &mut HashSet<String>) {
    let mut marked = false;
    for line in source.lines().map(str::trim) {
        if line.starts_with("#[") {
            marked |= line.contains("test]") || line.contains("::test(");
            continue;
        }
        let function = line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ");
        if let Some(name) = function.filter(|_| marked).and_then(|rest| rest.split('(').next()) {
            tests.insert(name.to_owned());
        }
        marked = false;
    }
}

/// What stands between the borders of a row.
fn cells(line: &str) -> Vec<&str> {
    let borders: Vec<usize> = line.match_indices('|').map(|(at, _)| at).collect();
    borders.windows(2).map(|pair| line[pair[0] + 1..pair[1]].trim()).collect()
}

/// The rows of the table of points.
fn rows(text: &str) -> Vec<Vec<&str>> {
    let is_point = |row: &Vec<&str>| row.first().is_some_and(|number| number.parse::<usize>().is_ok());
    text.lines().filter(|line| line.starts_with('|')).map(cells).filter(is_point).collect()
}

#[test]
fn the_table_has_every_point_with_tests_that_exist() {
    let text = fs::read_to_string(root().join("docs/stomp.md")).unwrap();
    let mut tests = HashSet::new();
    collect(&root(), &mut tests);
    let rows = rows(&text);
    let numbers: Vec<usize> = rows.iter().map(|row| row[0].parse().unwrap()).collect();
    assert_eq!(numbers, (1..=POINTS).collect::<Vec<_>>());
    let mut missing = Vec::new();
    for row in rows {
        let [number, level, what, named] = row[..] else { panic!("{row:?} has four cells") };
        assert!(["M", "S", "O", "X", "P"].contains(&level), "{number}: {level}");
        assert!(what.len() > 10, "{number} says what we do");
        let named: Vec<&str> = named.split('`').skip(1).step_by(2).collect();
        assert!(!named.is_empty(), "{number} names a test");
        missing.extend(named.into_iter().filter(|name| !tests.contains(*name)).map(|name| (number, name)));
    }
    assert!(missing.is_empty(), "there are no such tests: {missing:?}");
}
