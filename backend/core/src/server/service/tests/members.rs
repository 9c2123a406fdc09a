use super::{Home, admin, pointer, refused};
use crate::{
    common::{
        Permission, Timestamp, UserId,
        actor::Actor,
        community::{JoinPolicy, Member},
        event::{RemovalCause, ServerChange},
    },
    server::{
        error::Refusal,
        port::inbound::{Answer, Invites, Joined, Members, Patch, ServerPatch, Servers},
    },
    testing::executor::block_on,
};

fn nickname<'a>(home: &'a Home, actor: Actor, user: UserId, name: Patch<&str>) -> Answer<'a, Member> {
    let name = match name {
        Patch::Keep => Patch::Keep,
        Patch::Clear => Patch::Clear,
        Patch::Set(name) => Patch::Set(name.to_owned()),
    };
    Members::update(home.service(), actor, home.server.id, user, name, Patch::Keep)
}

fn timeout(home: &Home, actor: Actor, user: UserId, until: Patch<Timestamp>) -> Answer<'_, Member> {
    Members::update(home.service(), actor, home.server.id, user, Patch::Keep, until)
}

fn later(home: &Home, seconds: u64) -> Timestamp {
    home.town.now().after(std::time::Duration::from_secs(seconds))
}

#[test]
fn an_open_server_is_joined_once() {
    let home = Home::new();
    let mei = home.arrives("mei");
    let before = home.head();
    let joined = block_on(Members::join(home.service(), mei, home.server.id)).unwrap();
    assert_eq!(joined.seq.0, before as u64 + 1);
    let again = block_on(Members::join(home.service(), mei, home.server.id)).unwrap();
    assert!(joined.newly);
    assert_eq!((again, home.head()), (Joined { newly: false, ..joined }, before + 1));
    assert_eq!(
        refused(Members::join(home.service(), home.bot("robot"), home.server.id)),
        Refusal::BotRefused
    );
}

#[test]
fn a_server_by_invite_is_hidden_from_who_would_just_join() {
    let home = Home::new();
    let patch = ServerPatch { join_policy: Some(JoinPolicy::Invite), ..ServerPatch::default() };
    block_on(Servers::update(home.service(), home.ada, home.server.id, patch)).unwrap();
    assert_eq!(
        refused(Members::join(home.service(), home.arrives("mei"), home.server.id)),
        Refusal::ServerNotFound
    );
    assert_eq!(
        refused(Members::join(home.service(), home.bot("robot"), home.server.id)),
        Refusal::ServerNotFound
    );
    block_on(Members::join(home.service(), home.lin, home.server.id)).expect("who is in stays in");
}

#[test]
fn everybody_but_the_owner_may_leave() {
    let home = Home::new();
    assert_eq!(refused(Members::leave(home.service(), home.ada, home.server.id)), Refusal::OwnerCannotLeave);
    block_on(Members::leave(home.service(), home.lin, home.server.id)).unwrap();
    assert_eq!(home.last(), ServerChange::MemberRemoved { user: home.lin.user, cause: RemovalCause::Left });
    assert_eq!(refused(Members::leave(home.service(), home.lin, home.server.id)), Refusal::ServerNotFound);
}

#[test]
fn rejoining_gives_back_no_roles_and_no_nickname() {
    let home = Home::new();
    home.gives(home.lin, 1, &[Permission::PinMessages]);
    block_on(nickname(&home, home.lin, home.lin.user, Patch::Set("L."))).unwrap();
    block_on(Members::leave(home.service(), home.lin, home.server.id)).unwrap();
    let back = home.joins(home.lin);
    assert_eq!((back.roles, back.nickname), (Vec::new(), None));
}

#[test]
fn moderators_act_only_on_those_below_them() {
    let home = Home::new();
    let [low, equal, mod_] = ["low", "equal", "mod"].map(|name| home.newcomer(name));
    home.gives(low, 1, &[]);
    home.gives(mod_, 2, &[Permission::KickMembers]);
    home.set(vec![ServerChange::MemberUpdated(Member {
        user: equal.user,
        ..home.member(mod_.user).unwrap()
    })]);
    let kick = |actor, user| Members::kick(home.service(), actor, home.server.id, user);
    for above in [equal.user, home.ada.user, mod_.user] {
        assert_eq!(refused(kick(mod_, above)), Refusal::Hierarchy);
    }
    assert_eq!(refused(kick(mod_, home.arrives("mei").user)), Refusal::MemberNotFound);
    block_on(kick(mod_, low.user)).unwrap();
    assert_eq!(home.last(), ServerChange::MemberRemoved { user: low.user, cause: RemovalCause::Kicked });
    let chief = admin(home.arrives("chief"));
    assert_eq!(refused(kick(chief, home.ada.user)), Refusal::Hierarchy, "never the owner");
    block_on(kick(chief, mod_.user)).unwrap();
}

#[test]
fn kicking_somebody_deletes_their_invites() {
    let home = Home::new();
    let of_lin = block_on(Invites::create(home.service(), home.lin, home.server.id, 0, 0)).unwrap();
    let of_ada = block_on(Invites::create(home.service(), home.ada, home.server.id, 0, 0)).unwrap();
    block_on(Members::kick(home.service(), home.ada, home.server.id, home.lin.user)).unwrap();
    assert_eq!(block_on(Invites::list(home.service(), home.ada, home.server.id)).unwrap(), [of_ada]);
    assert_eq!(refused(Invites::join(home.service(), home.lin, of_lin.code)), Refusal::InviteNotFound);
}

#[test]
fn ones_own_nickname_needs_no_rank() {
    let home = Home::new();
    let renamed = block_on(nickname(&home, home.ada, home.ada.user, Patch::Set("A."))).unwrap();
    assert_eq!(renamed.nickname.as_deref(), Some("A."));
    block_on(nickname(&home, home.lin, home.lin.user, Patch::Set("L."))).unwrap();
    let before = home.head();
    block_on(nickname(&home, home.lin, home.lin.user, Patch::Set("L."))).unwrap();
    assert_eq!(home.head(), before, "the same is no event");
    for wrong in [String::new(), "x".repeat(33)] {
        assert_eq!(pointer(nickname(&home, home.lin, home.lin.user, Patch::Set(&wrong))), "/nickname");
    }
    assert_eq!(block_on(nickname(&home, home.lin, home.lin.user, Patch::Clear)).unwrap().nickname, None);
}

#[test]
fn others_nicknames_need_permission_and_rank() {
    let home = Home::new();
    let mei = home.newcomer("mei");
    let missing = Refusal::PermissionMissing(Permission::ManageMembers);
    assert_eq!(refused(nickname(&home, home.lin, mei.user, Patch::Set("M."))), missing);
    home.gives(home.lin, 1, &[Permission::ManageMembers]);
    block_on(nickname(&home, home.lin, mei.user, Patch::Set("M."))).unwrap();
    assert_eq!(refused(nickname(&home, home.lin, home.ada.user, Patch::Set("A."))), Refusal::Hierarchy);
    let nobody = UserId::from_u128(0xdead);
    assert_eq!(refused(nickname(&home, home.lin, nobody, Patch::Clear)), Refusal::MemberNotFound);
}

#[test]
fn a_timeout_lasts_a_minute_to_four_weeks() {
    let home = Home::new();
    const WEEKS: u64 = 28 * 24 * 3600;
    for seconds in [0, 59, WEEKS + 1] {
        let until = Patch::Set(later(&home, seconds));
        assert_eq!(pointer(timeout(&home, home.ada, home.lin.user, until)), "/timeout_until", "{seconds}");
    }
    for seconds in [60, WEEKS] {
        let until = later(&home, seconds);
        let silenced = block_on(timeout(&home, home.ada, home.lin.user, Patch::Set(until))).unwrap();
        assert_eq!(silenced.timeout_until, Some(until));
    }
    assert_eq!(block_on(timeout(&home, home.ada, home.lin.user, Patch::Clear)).unwrap().timeout_until, None);
}

#[test]
fn nobody_silences_an_administrator_or_themselves() {
    let home = Home::new();
    home.gives(home.lin, 1, &[Permission::Administrator]);
    let until = Patch::Set(later(&home, 60));
    assert_eq!(refused(timeout(&home, home.ada, home.lin.user, until)), Refusal::Hierarchy);
    assert_eq!(refused(timeout(&home, home.ada, home.ada.user, until)), Refusal::Hierarchy);
    assert_eq!(refused(timeout(&home, home.lin, home.ada.user, until)), Refusal::Hierarchy);
}

#[test]
fn a_timeout_survives_leaving_being_kicked_and_coming_back() {
    let home = Home::new();
    let until = later(&home, 3600);
    block_on(timeout(&home, home.ada, home.lin.user, Patch::Set(until))).unwrap();
    block_on(Members::leave(home.service(), home.lin, home.server.id)).unwrap();
    assert_eq!(home.joins(home.lin).timeout_until, Some(until));
    block_on(Members::kick(home.service(), home.ada, home.server.id, home.lin.user)).unwrap();
    assert_eq!(home.joins(home.lin).timeout_until, Some(until));
}

#[test]
fn members_are_listed_with_their_profiles() {
    let home = Home::new();
    let list = |query: Option<&str>, after, limit| {
        let query = query.map(str::to_owned);
        block_on(Members::list(home.service(), home.lin, home.server.id, query, after, limit)).unwrap()
    };
    let first = list(None, None, 1);
    let second = list(None, first.next.clone(), 1);
    assert_eq!((first.items[0].1.username.as_str(), second.items[0].1.username.as_str()), ("ada", "lin"));
    assert_eq!(second.next, None);
    assert_eq!(list(Some("LI"), None, 10).items.len(), 1);
    let (member, user) =
        block_on(Members::get(home.service(), home.lin, home.server.id, home.ada.user)).unwrap();
    assert_eq!((member.user, user.id), (home.ada.user, home.ada.user));
    let stranger = home.arrives("mei").user;
    assert_eq!(
        refused(Members::get(home.service(), home.lin, home.server.id, stranger)),
        Refusal::MemberNotFound
    );
}

#[test]
fn nobody_silences_their_rank_or_above() {
    let home = Home::new();
    let [mei, equal] = ["mei", "equal"].map(|name| home.newcomer(name));
    home.gives(home.lin, 1, &[Permission::TimeoutMembers]);
    home.set(vec![ServerChange::MemberUpdated(Member {
        user: equal.user,
        ..home.member(home.lin.user).unwrap()
    })]);
    let until = Patch::Set(later(&home, 60));
    for above in [equal.user, home.lin.user] {
        assert_eq!(refused(timeout(&home, home.lin, above, until)), Refusal::Hierarchy);
    }
    block_on(timeout(&home, home.lin, mei.user, until)).unwrap();
}
