//! The server store against its contracts.

use echopulse_core::testing::server_contract::{
    Stores, server_outbox_contract, server_store_contract, user_store_contract,
};

use crate::database::Communities;

fn views(communities: &Communities) -> Stores<'_> {
    let store = &communities.store;
    Stores { servers: store, users: store, outbox: store }
}

#[tokio::test]
async fn postgres_keeps_the_contract_of_servers() {
    server_store_contract(Communities::new, views).await;
}

#[tokio::test]
async fn postgres_keeps_the_contract_of_people() {
    user_store_contract(Communities::new, views).await;
}

#[tokio::test]
async fn postgres_keeps_the_contract_of_the_outbox() {
    server_outbox_contract(Communities::new, views).await;
}
