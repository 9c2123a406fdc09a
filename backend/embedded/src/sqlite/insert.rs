//! Inserting many rows into several tables at once: each statement that is handed to the driver's thread costs two changes of
//! thread, however little it does.

use sqlx::AssertSqlSafe;

use super::query::Statement;

/// Rows of one INSERT: well below the number of values that SQLite takes in one.
const MOST: usize = 1024;

/// Where rows go: `table (column, …)`, and how many columns those are.
pub(super) struct Target {
    pub(super) into: &'static str,
    pub(super) columns: usize,
}

/// The statement that inserts so many rows into each of these, and then does `last`, which takes values too. Values are bound
/// row by row, target by target.
pub(super) fn insert<'q>(rows: &[(&Target, usize)], last: &str) -> Statement<'q> {
    let mut sql = String::new();
    for (target, rows) in rows {
        let row = format!("({})", vec!["?"; target.columns].join(","));
        let mut left = *rows;
        while left > 0 {
            let now = left.min(MOST);
            left -= now;
            sql.push_str("INSERT INTO ");
            sql.push_str(target.into);
            sql.push_str(" VALUES ");
            sql.push_str(&vec![row.as_str(); now].join(","));
            sql.push(';');
        }
    }
    sql.push_str(last);
    sqlx::query(AssertSqlSafe(sql))
}
