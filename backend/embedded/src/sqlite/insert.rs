//! Inserting many rows in few statements.

use echopulse_core::common::StoreError;
use sqlx::{AssertSqlSafe, SqliteConnection};

use super::query::{Statement, run};

/// Rows of one statement, largest first: any number of rows takes few statements of few shapes, each prepared once.
const SIZES: [usize; 4] = [64, 16, 4, 1];

/// Where rows go: `table (column, …)`, and how many columns those are.
pub(super) struct Target {
    pub(super) into: &'static str,
    pub(super) columns: usize,
}

impl Target {
    fn sql(&self, rows: usize) -> String {
        let row = format!("({})", vec!["?"; self.columns].join(","));
        format!("INSERT INTO {} VALUES {}", self.into, vec![row; rows].join(","))
    }

    /// Inserts rows, each bound by `bind` in the order of the columns.
    pub(super) async fn insert<T>(
        &self,
        db: &mut SqliteConnection,
        mut rows: &[T],
        bind: impl for<'q> Fn(Statement<'q>, &'q T) -> Statement<'q>,
    ) -> Result<(), StoreError> {
        for size in SIZES {
            while let Some((now, later)) = rows.split_at_checked(size) {
                let statement = sqlx::query(AssertSqlSafe(self.sql(size)));
                run(db, now.iter().fold(statement, &bind)).await?;
                rows = later;
            }
        }
        Ok(())
    }
}
