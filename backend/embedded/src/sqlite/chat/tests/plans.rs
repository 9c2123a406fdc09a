//! Statements that run for every message or every page go by an index, however large the tables are.

use sqlx::{AssertSqlSafe, Row};

use super::Fixture;
use crate::sqlite::chat::{commit, history, read_state};

async fn plan(fixture: &Fixture, sql: &'static str) -> String {
    let mut db = fixture.store.database.reader().await.unwrap();
    let explain = format!("EXPLAIN QUERY PLAN {sql}");
    let rows = sqlx::query(AssertSqlSafe(explain)).fetch_all(&mut *db).await.unwrap();
    rows.iter().map(|row| row.get::<String, _>("detail")).collect::<Vec<_>>().join("\n")
}

/// Whether no table is read from end to end. Lists that are bound as JSON are: they are as long as the question.
fn goes_by_index(plan: &str) -> bool {
    plan.lines().filter(|line| line.starts_with("SCAN")).all(|line| {
        ["SCAN wanted", "SCAN json_each", "SCAN role", "SCAN own", "SCAN (subquery"]
            .iter()
            .any(|list| line.starts_with(list))
    }) && !plan.contains("TEMP B-TREE FOR ORDER BY")
}

#[tokio::test]
async fn hot_statements_go_by_an_index() {
    let fixture = Fixture::founded().await;
    for sql in [history::BELOW, history::FROM, commit::NONCES, commit::AUTHORS, commit::LAST_POST] {
        let plan = plan(&fixture, sql).await;
        assert!(goes_by_index(&plan), "{sql}\n{plan}");
    }
}

#[tokio::test]
async fn counting_what_is_unread_goes_by_an_index() {
    let fixture = Fixture::founded().await;
    let plan = plan(&fixture, read_state::COUNTS).await;
    assert!(plan.contains("SEARCH message USING PRIMARY KEY (channel=? AND seq>?)"), "{plan}");
    assert!(plan.contains("INDEX message_that_mentions (channel=? AND seq>?)"), "{plan}");
    assert!(!plan.contains("SCAN message"), "{plan}");
}

#[tokio::test]
async fn the_plan_of_a_page_is_a_range_of_the_primary_key() {
    let fixture = Fixture::founded().await;
    let plan = plan(&fixture, history::BELOW).await;
    assert!(plan.contains("SEARCH message USING PRIMARY KEY (channel=? AND seq<?)"), "{plan}");
}
