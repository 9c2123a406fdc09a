//! Facts about sign-ins that ended.

use super::{Stores, at, rows};
use crate::{
    common::sign_out::{Ended, SignOut},
    server::port::outbound::OutboxRecord,
};

fn sign_out(ended: Ended, until: i64) -> SignOut {
    SignOut { iss: "https://issuer.example".to_owned(), ended, at: at(5), until: at(until) }
}

fn session(sid: &str, until: i64) -> SignOut {
    sign_out(Ended::Session(sid.to_owned()), until)
}

pub(super) async fn a_sign_out_is_remembered_until_it_is_over(stores: Stores<'_>) {
    let (one, all) = (session("s", 100), sign_out(Ended::Subject("ada".to_owned()), 200));
    for known in [&one, &all] {
        assert!(stores.sign_outs.remember(known.clone(), None, at(6)).await.unwrap());
    }
    let known = async |now| stores.sign_outs.remembered(None, at(now)).await.unwrap();
    assert_eq!(known(99).await, [one, all.clone()]);
    assert_eq!(known(100).await, [all]);
    assert_eq!(known(200).await, []);
}

pub(super) async fn what_is_new_is_told_by_when_it_was_remembered(stores: Stores<'_>) {
    for (sid, now) in [("old", 10), ("new", 20)] {
        stores.sign_outs.remember(session(sid, 100), None, at(now)).await.unwrap();
    }
    let since = async |moment| stores.sign_outs.remembered(Some(at(moment)), at(30)).await.unwrap().len();
    assert_eq!((since(10).await, since(11).await, since(20).await, since(21).await), (2, 1, 1, 0));
}

pub(super) async fn a_notice_of_one_name_counts_once_for_its_issuer(stores: Stores<'_>) {
    let tell = async |sid: &str, iss: &str, token: Option<&str>| {
        let told = SignOut { iss: iss.to_owned(), ..session(sid, 100) };
        stores.sign_outs.remember(told, token.map(str::to_owned), at(6)).await.unwrap()
    };
    assert!(tell("a", "https://issuer.example", Some("one")).await);
    assert!(!tell("b", "https://issuer.example", Some("one")).await);
    assert!(tell("c", "https://elsewhere.example", Some("one")).await);
    assert!(tell("d", "https://issuer.example", Some("two")).await);
    assert!(tell("e", "https://issuer.example", None).await);
    assert!(
        tell("e", "https://issuer.example", None).await,
        "without a name it may come as often as it likes"
    );
    assert_eq!(stores.sign_outs.remembered(None, at(7)).await.unwrap().len(), 5);
    assert_eq!(rows(stores).await.len(), 5, "what came before leaves no row");
}

pub(super) async fn a_sign_out_waits_for_the_bus_even_when_it_is_over(stores: Stores<'_>) {
    stores.sign_outs.remember(session("s", 100), None, at(6)).await.unwrap();
    stores.sign_outs.remember(session("t", 900), None, at(500)).await.unwrap();
    let waiting = rows(stores).await;
    let told: Vec<_> = waiting.iter().map(|(_, record)| record.clone()).collect();
    assert_eq!(told, [session("s", 100), session("t", 900)].map(OutboxRecord::SignOut));
    stores.outbox.published(waiting.iter().map(|(number, _)| *number).collect()).await.unwrap();
    stores.sign_outs.remember(session("u", 900), None, at(600)).await.unwrap();
    assert_eq!(rows(stores).await.len(), 1);
    assert_eq!(stores.sign_outs.remembered(None, at(0)).await.unwrap().len(), 2, "the first is forgotten");
}
