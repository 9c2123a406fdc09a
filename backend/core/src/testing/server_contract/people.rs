//! Facts about people, and about the rows that commits leave for the bus.

use super::{ADA, LIN, NOBODY, SERVER, Stores, all, at, change, identity, joined, person, rows, town};
use crate::{
    common::{
        UserId,
        actor::Identity,
        community::{User, UserKind},
        event::ServerChange,
    },
    server::{
        port::outbound::{OutboxRecord, ProfileChange},
        view::Change,
    },
};

/// Signs somebody in with a wish; `id` is theirs if they are new.
async fn sign_in(stores: Stores<'_>, sub: &str, wish: &str, id: u128) -> User {
    let (id, shown) = (UserId::from_u128(id), format!("The {wish}"));
    stores.users.sign_in(identity(sub), wish.to_owned(), shown, id, at(5)).await.unwrap()
}

pub(super) async fn an_identity_is_one_person_for_ever(stores: Stores<'_>) {
    let first = sign_in(stores, "1", "ada", 1).await;
    let expected = User {
        id: UserId::from_u128(1),
        username: "ada".to_owned(),
        display_name: "The ada".to_owned(),
        bio: String::new(),
        kind: UserKind::Person,
        created_at: at(5),
    };
    assert_eq!(first, expected);
    assert_eq!(sign_in(stores, "1", "ada", 2).await, first, "the id is kept");
    assert_eq!(stores.users.user(UserId::from_u128(2)).await.unwrap(), None);
    let elsewhere = Identity { iss: "https://elsewhere.example".to_owned(), ..identity("1") };
    let id = UserId::from_u128(3);
    let other = stores.users.sign_in(elsewhere, "ada".to_owned(), "Ada".to_owned(), id, at(6)).await.unwrap();
    assert_eq!((other.id, other.username.as_str()), (id, "ada-2"));
    let bot = Identity { kind: UserKind::Bot, ..identity("1") };
    let bot = stores.users.sign_in(bot, "ada".to_owned(), "Ada".to_owned(), id, at(7)).await.unwrap();
    assert_eq!(bot, User { kind: UserKind::Bot, ..first }, "a bot is who has its role now");
    assert_eq!(stores.users.user(bot.id).await.unwrap(), Some(bot));
}

pub(super) async fn a_taken_username_gets_a_number_that_fits(stores: Stores<'_>) {
    let long = "a".repeat(32);
    assert_eq!(sign_in(stores, "1", &long, 1).await.username, long);
    for number in 2..=11 {
        let suffix = format!("-{number}");
        let expected = "a".repeat(32 - suffix.len()) + &suffix;
        assert_eq!(sign_in(stores, &number.to_string(), &long, number).await.username, expected);
    }
}

pub(super) async fn a_username_stays_its_persons_for_ever(stores: Stores<'_>) {
    assert_eq!(sign_in(stores, "1", "ada", 1).await.username, "ada");
    let renamed = sign_in(stores, "1", "countess", 1).await;
    assert_eq!((renamed.username.as_str(), renamed.display_name.as_str()), ("countess", "The ada"));
    assert_eq!(sign_in(stores, "2", "ada", 2).await.username, "ada-2", "ada was somebody else's");
    assert_eq!(sign_in(stores, "1", "ada", 1).await.username, "ada", "and is still theirs");
    assert_eq!(sign_in(stores, "2", "ada", 2).await.username, "ada-2", "the same wish changes nothing");
}

pub(super) async fn many_at_once_are_one_person_each(stores: Stores<'_>) {
    let wish = || ("ada".to_owned(), "Ada".to_owned());
    let arrivals = (0..12).map(|number| {
        let (username, shown) = wish();
        let sub = (number % 3).to_string();
        stores.users.sign_in(identity(&sub), username, shown, UserId::from_u128(number + 1), at(5))
    });
    let mut people: Vec<_> = all(arrivals.collect()).await.into_iter().map(Result::unwrap).collect();
    people.sort_by_key(|user| user.id);
    people.dedup();
    let mut names: Vec<_> = people.into_iter().map(|user| user.username).collect();
    names.sort_unstable();
    assert_eq!(names, ["ada", "ada-2", "ada-3"]);
}

pub(super) async fn a_profile_changes_only_where_told(stores: Stores<'_>) {
    let before = person(stores, ADA, "Ada").await;
    let bio = ProfileChange { bio: Some("🦀".to_owned()), display_name: None };
    let with_bio = User { bio: "🦀".to_owned(), ..before };
    assert_eq!(stores.users.change_profile(ADA, bio).await.unwrap(), Some(with_bio.clone()));
    let name = ProfileChange { display_name: Some("Ada L.".to_owned()), bio: None };
    let renamed = User { display_name: "Ada L.".to_owned(), ..with_bio };
    assert_eq!(stores.users.change_profile(ADA, name.clone()).await.unwrap(), Some(renamed.clone()));
    assert_eq!(stores.users.user(ADA).await.unwrap(), Some(renamed.clone()));
    assert_eq!(person(stores, ADA, "Ada").await, renamed, "signing in leaves what they chose");
    assert_eq!(stores.users.change_profile(NOBODY, name).await.unwrap(), None);
}

pub(super) async fn who_shares_a_server_is_known(stores: Stores<'_>) {
    town(stores).await;
    assert!(!stores.users.share_a_server(ADA, LIN).await.unwrap());
    change(stores, vec![Change::Event(joined(stores, LIN).await)]).await;
    assert!(stores.users.share_a_server(ADA, LIN).await.unwrap());
    assert!(stores.users.share_a_server(LIN, ADA).await.unwrap());
    assert!(!stores.users.share_a_server(LIN, NOBODY).await.unwrap());
}

pub(super) async fn rows_wait_in_order_until_they_are_published(stores: Stores<'_>) {
    town(stores).await;
    change(stores, vec![Change::Event(joined(stores, LIN).await)]).await;
    let waiting = rows(stores).await;
    let seqs = |rows: &[(u64, OutboxRecord)]| {
        let seq = |(_, record): &(u64, OutboxRecord)| match record {
            OutboxRecord::Server(event) => Some((event.server, event.seq.0)),
            OutboxRecord::User { .. } | OutboxRecord::SignOut(_) => None,
        };
        rows.iter().filter_map(seq).collect::<Vec<_>>()
    };
    assert_eq!(seqs(&waiting), [1, 2, 3, 4, 5].map(|seq| (SERVER, seq)));
    assert_eq!(waiting.len(), 7, "and one row for each person");
    assert_eq!(stores.outbox.pending(3).await.unwrap(), waiting[..3]);
    let first: Vec<_> = waiting[..3].iter().map(|(number, _)| *number).collect();
    stores.outbox.published(first.clone()).await.unwrap();
    assert_eq!(rows(stores).await, waiting[3..]);
    stores.outbox.published([first, vec![u64::from(u32::MAX)]].concat()).await.unwrap();
    assert_eq!(rows(stores).await, waiting[3..], "a number named twice, or never there, changes nothing");
    let rest = waiting.iter().map(|(number, _)| *number).collect();
    stores.outbox.published(rest).await.unwrap();
    assert_eq!(rows(stores).await, []);
    change(stores, vec![Change::Event(ServerChange::ServerDeleted(SERVER))]).await;
    assert_eq!(seqs(&rows(stores).await), [(SERVER, 6)], "of a deleted server too");
}

pub(super) async fn a_row_of_a_person_shows_the_newest_profile(stores: Stores<'_>) {
    person(stores, ADA, "Ada").await;
    let OutboxRecord::User { revision: first, .. } = rows(stores).await.remove(0).1 else {
        panic!("a new person leaves a row")
    };
    let name = ProfileChange { display_name: Some("Ada L.".to_owned()), bio: None };
    let user = stores.users.change_profile(ADA, name).await.unwrap().unwrap();
    let waiting = rows(stores).await;
    assert_eq!(waiting.len(), 2);
    let newest = waiting.iter().all(|(_, record)| {
        matches!(record, OutboxRecord::User { user: shown, revision } if *shown == user && *revision > first)
    });
    assert!(newest, "{waiting:?}");
}

pub(super) async fn what_changes_nothing_leaves_no_row(stores: Stores<'_>) {
    person(stores, ADA, "Ada").await;
    let before = rows(stores).await;
    person(stores, ADA, "Ada").await;
    let same = ProfileChange { display_name: Some("Ada".to_owned()), bio: Some(String::new()) };
    stores.users.change_profile(ADA, same).await.unwrap();
    stores.users.change_profile(NOBODY, ProfileChange::default()).await.unwrap();
    assert_eq!(rows(stores).await, before);
}
