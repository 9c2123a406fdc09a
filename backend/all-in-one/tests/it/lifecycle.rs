//! Starting, stopping, and starting again on the same folder.

use echopulse_all_in_one::{Config, Listen, OwnerNeedsPassword, PortTaken, start};

use crate::world::Deployment;

#[tokio::test]
async fn a_folder_keeps_everything_over_a_restart() {
    let deployment = Deployment::start().await;
    let ada = deployment.person("ada").await;
    let place = ada.found("home").await;
    let said = ada.say(&place, "hello").await;
    let folder = deployment.stop().await;
    let again = Deployment::on(folder).await;
    let same = again.person("ada").await;
    assert_eq!(same.id, ada.id);
    let page = same.get(&place.messages()).await.good();
    assert_eq!((&page["items"][0]["id"], &page["epoch"]), (&said["message_id"], &said["epoch"]));
    assert_eq!(same.say(&place, "more").await["seq"], 2);
}

#[tokio::test]
async fn sockets_are_told_that_the_service_goes() {
    let deployment = Deployment::start().await;
    let ada = deployment.person("ada").await;
    let mut socket = ada.connect().await;
    let stopped = tokio::spawn(deployment.stop());
    assert_eq!(socket.closed().await, Some((1001, "going-away".to_owned())));
    stopped.await.unwrap();
}

#[tokio::test]
async fn a_taken_port_is_named() {
    let deployment = Deployment::start().await;
    let address = deployment.running.url.trim_start_matches("http://").parse().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let error =
        start(Config { listen: Listen::Address(address), ..Config::new(folder.path()) }).await.unwrap_err();
    assert_eq!(error.downcast_ref::<PortTaken>().unwrap().0, address);
    assert!(error.to_string().contains(&format!("port {}", address.port())), "{error}");
}

#[tokio::test]
async fn others_are_let_in_only_when_the_owner_has_a_password() {
    let folder = tempfile::tempdir().unwrap();
    let config =
        || Config { public_url: Some("https://chat.example".to_owned()), ..Config::new(folder.path()) };
    let error = start(config()).await.unwrap_err();
    assert!(error.is::<OwnerNeedsPassword>(), "{error:#}");
    let owner =
        echopulse_all_in_one::Owner { name: "ada".to_owned(), password: "correct horse battery".to_owned() };
    let running = start(Config { owner: Some(owner), ..config() }).await.unwrap();
    assert_eq!(running.url, "https://chat.example");
    running.shutdown().await.unwrap();
    start(config()).await.unwrap().shutdown().await.unwrap();
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "x").unwrap();
    let error = start(Config::new(file.join("data"))).await.unwrap_err();
    assert!(format!("{error:#}").contains("file/data"), "{error:#}");
}
