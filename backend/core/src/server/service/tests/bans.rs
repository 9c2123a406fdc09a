use super::{Home, pointer, refused};
use crate::{
    common::{
        Permission, Seq, UserId,
        actor::Actor,
        community::Member,
        event::{RemovalCause, ServerChange},
    },
    server::{
        error::Refusal,
        port::inbound::{Answer, Bans, Catalogue, Invites, Members, NewBan},
        view::Ban,
    },
    testing::executor::block_on,
};

fn ban(home: &Home, actor: Actor, user: UserId, new: NewBan) -> Answer<'_, Ban> {
    Bans::ban(home.service(), actor, home.server.id, user, new)
}

fn listed(home: &Home) -> Vec<Ban> {
    block_on(Bans::list(home.service(), home.ada, home.server.id, None, 10)).unwrap().items
}

#[test]
fn a_ban_ends_membership_and_invites_and_tells_how_far_back() {
    let home = Home::new();
    block_on(Invites::create(home.service(), home.lin, home.server.id, 0, 0)).unwrap();
    let before = home.head();
    let new = NewBan { reason: "spam".to_owned(), expires_in_s: Some(60), delete_messages_s: 604_800 };
    let set = block_on(ban(&home, home.ada, home.lin.user, new)).unwrap();
    let expires_at = Some(home.town.now().after(std::time::Duration::from_secs(60)));
    let expected =
        Ban { user: home.lin.user, reason: "spam".to_owned(), created_by: home.ada.user, expires_at };
    assert_eq!((&set, &listed(&home)[..]), (&expected, std::slice::from_ref(&expected)));
    assert_eq!(home.head(), before + 2);
    let told = ServerChange::MemberBanned { user: home.lin.user, delete_messages_s: 604_800 };
    assert_eq!(home.last(), told);
    let removed = ServerChange::MemberRemoved { user: home.lin.user, cause: RemovalCause::Banned };
    let events = block_on(Catalogue::events(home.service(), home.server.id, Seq(before as u64), 1));
    assert_eq!(events.unwrap()[0].change, removed);
    assert_eq!(block_on(Invites::list(home.service(), home.ada, home.server.id)).unwrap(), []);
    assert_eq!(refused(Members::join(home.service(), home.lin, home.server.id)), Refusal::Banned);
    home.passes(60);
    assert_eq!(listed(&home), [], "it ends by the clock");
    home.joins(home.lin);
}

#[test]
fn somebody_who_never_joined_can_be_banned() {
    let home = Home::new();
    let mei = home.arrives("mei");
    let before = home.head();
    block_on(ban(&home, home.ada, mei.user, NewBan::default())).unwrap();
    assert_eq!(home.head(), before + 1, "there is no membership to end");
    assert_eq!(refused(Members::join(home.service(), mei, home.server.id)), Refusal::Banned);
    let longer = NewBan { reason: "again".to_owned(), ..NewBan::default() };
    block_on(ban(&home, home.ada, mei.user, longer)).unwrap();
    assert_eq!(listed(&home).iter().map(|ban| ban.reason.as_str()).collect::<Vec<_>>(), ["again"]);
    let nobody = UserId::from_u128(0xdead);
    assert_eq!(refused(ban(&home, home.ada, nobody, NewBan::default())), Refusal::UserNotFound);
}

#[test]
fn bans_keep_to_their_bounds() {
    let home = Home::new();
    let set = |new| ban(&home, home.ada, home.lin.user, new);
    let none = NewBan::default;
    assert_eq!(pointer(set(NewBan { reason: "x".repeat(513), ..none() })), "/reason");
    assert_eq!(pointer(set(NewBan { delete_messages_s: 604_801, ..none() })), "/delete_messages_s");
    assert_eq!(pointer(set(NewBan { expires_in_s: Some(0), ..none() })), "/expires_in_s");
    assert!(home.member(home.lin.user).is_some(), "a refusal changes nothing");
    block_on(set(NewBan { expires_in_s: Some(u64::MAX), ..none() })).expect("a ban may outlive all clocks");
    assert_eq!(listed(&home).len(), 1);
}

#[test]
fn nobody_bans_their_rank_the_owner_or_themselves() {
    let home = Home::new();
    let [low, equal] = ["low", "equal"].map(|name| home.newcomer(name));
    home.gives(home.lin, 2, &[Permission::BanMembers]);
    home.gives(low, 1, &[]);
    let same = Member { user: equal.user, ..home.member(home.lin.user).unwrap() };
    home.set(vec![ServerChange::MemberUpdated(same)]);
    for user in [equal.user, home.ada.user, home.lin.user] {
        assert_eq!(refused(ban(&home, home.lin, user, NewBan::default())), Refusal::Hierarchy);
    }
    block_on(ban(&home, home.lin, low.user, NewBan::default())).unwrap();
}

#[test]
fn a_ban_is_lifted_once() {
    let home = Home::new();
    let lift = || Bans::lift(home.service(), home.ada, home.server.id, home.lin.user);
    assert_eq!(refused(lift()), Refusal::BanNotFound);
    block_on(ban(&home, home.ada, home.lin.user, NewBan::default())).unwrap();
    let before = home.head();
    block_on(lift()).unwrap();
    assert_eq!((home.head(), listed(&home)), (before, Vec::new()), "lifting is no event");
    assert_eq!(refused(lift()), Refusal::BanNotFound);
    home.joins(home.lin);
    let brief = NewBan { expires_in_s: Some(1), ..NewBan::default() };
    block_on(ban(&home, home.ada, home.lin.user, brief)).unwrap();
    home.passes(1);
    assert_eq!(refused(lift()), Refusal::BanNotFound, "one that is over is none");
}
