use echopulse_core::{
    common::actor::Identity,
    server::port::{
        inbound::Accounts,
        outbound::{OutboxRecord, ProfileChange, ServerOutbox, UserStore},
    },
};

use super::{Fixture, identity, nobody};

async fn username(fixture: &Fixture, identity: Identity) -> String {
    let actor = fixture.service.sign_in(identity).await.unwrap();
    fixture.store.user(actor.user).await.unwrap().unwrap().username
}

#[tokio::test]
async fn somebody_is_the_same_person_at_each_sign_in() {
    let fixture = Fixture::new().await;
    let first = fixture.person("ada").await;
    assert_eq!(fixture.person("ada").await, first);
    let other = Identity { iss: "https://elsewhere.example".to_owned(), ..identity("ada", "ada") };
    assert_ne!(fixture.service.sign_in(other).await.unwrap().user, first.user);
}

#[tokio::test]
async fn a_taken_username_gets_a_number_that_fits() {
    let fixture = Fixture::new().await;
    let long = "a".repeat(32);
    assert_eq!(username(&fixture, identity("1", &long)).await, long);
    assert_eq!(username(&fixture, identity("2", &long)).await, format!("{}-2", "a".repeat(30)));
    assert_eq!(username(&fixture, identity("3", &long)).await, format!("{}-3", "a".repeat(30)));
}

#[tokio::test]
async fn a_username_stays_its_persons_for_ever() {
    let fixture = Fixture::new().await;
    assert_eq!(username(&fixture, identity("1", "ada")).await, "ada");
    assert_eq!(username(&fixture, identity("1", "countess")).await, "countess");
    assert_eq!(username(&fixture, identity("2", "ada")).await, "ada-2", "ada was somebody else's");
    assert_eq!(username(&fixture, identity("1", "ada")).await, "ada", "and is still theirs");
    assert_eq!(username(&fixture, identity("2", "ada")).await, "ada-2", "the same wish changes nothing");
}

#[tokio::test]
async fn profiles_are_published_when_they_are_new_or_changed() {
    let fixture = Fixture::new().await;
    let ada = fixture.person("ada").await;
    fixture.person("ada").await;
    let change = ProfileChange { display_name: Some("Ada L.".to_owned()), bio: None };
    let changed = fixture.store.change_profile(ada.user, change.clone()).await.unwrap().unwrap();
    assert_eq!(changed.display_name, "Ada L.");
    fixture.store.change_profile(ada.user, change.clone()).await.unwrap();
    let rows = fixture.store.pending(10).await.unwrap();
    assert_eq!(rows.len(), 2, "one for the person, one for the change");
    let newest = OutboxRecord::User { user: changed, revision: 2 };
    assert!(rows.iter().all(|(_, record)| *record == newest), "a row shows the profile as it is now");
    let numbers: Vec<_> = rows.iter().map(|(number, _)| *number).collect();
    fixture.store.published(vec![numbers[0], numbers[0], 999]).await.unwrap();
    assert_eq!(fixture.store.pending(10).await.unwrap().len(), 1);
    assert_eq!(fixture.store.change_profile(nobody(), change).await.unwrap(), None);
}

#[tokio::test]
async fn two_sign_ins_at_once_make_one_person() {
    let fixture = Fixture::new().await;
    let (one, other) = tokio::join!(fixture.person("ada"), fixture.person("ada"));
    assert_eq!(one.user, other.user);
}
