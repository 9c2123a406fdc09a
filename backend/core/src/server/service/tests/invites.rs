use super::{Home, pointer, refused};
use crate::{
    common::{
        Permission, Permissions,
        actor::Actor,
        community::{JoinPolicy, Role},
        event::ServerChange,
        name::InviteCode,
    },
    server::{
        error::{Refusal, ServerError},
        port::inbound::{Bans, Invites, Joined, Members, NewBan, Servers},
        view::Invite,
    },
    testing::executor::block_on,
};

fn make(home: &Home, actor: Actor, max_uses: u32, max_age_s: u32) -> Invite {
    block_on(Invites::create(home.service(), actor, home.server.id, max_uses, max_age_s)).unwrap()
}

#[test]
fn a_hundred_people_at_once_cannot_use_ten_uses() {
    let home = Home::new();
    let code = make(&home, home.ada, 10, 0).code;
    let guests: Vec<_> = (0..100).map(|number| home.arrives(&format!("guest{number}"))).collect();
    let before = home.head();
    let answers: Vec<_> = std::thread::scope(|scope| {
        let join = |guest| {
            let (service, code) = (home.service(), code.clone());
            scope.spawn(move || block_on(Invites::join(service, guest, code)))
        };
        let running: Vec<_> = guests.into_iter().map(join).collect();
        running.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let is_refused =
        |answer: &&Result<_, _>| matches!(answer, Err(ServerError::Refused(Refusal::InviteNotFound)));
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 10);
    assert_eq!(answers.iter().filter(is_refused).count(), 90);
    assert_eq!(home.head(), before + 10);
}

#[test]
fn who_is_in_already_uses_nothing_up() {
    let home = Home::new();
    let invite = make(&home, home.ada, 1, 0);
    let before = home.head();
    block_on(Invites::join(home.service(), home.lin, invite.code.clone())).unwrap();
    assert_eq!(home.head(), before);
    let live = block_on(Invites::list(home.service(), home.ada, home.server.id)).unwrap();
    assert_eq!(live, std::slice::from_ref(&invite));
    let mei = home.arrives("mei");
    let joined = block_on(Invites::join(home.service(), mei, invite.code.clone())).unwrap();
    assert_eq!((joined.member.user, joined.seq.0), (mei.user, before as u64 + 1));
    let again = block_on(Invites::join(home.service(), mei, invite.code)).unwrap();
    assert_eq!(again, Joined { newly: false, ..joined }, "a used-up invite still leads home");
}

#[test]
fn wrong_expired_used_up_and_deleted_invites_look_alike() {
    let home = Home::new();
    let [mei, guest] = ["mei", "guest"].map(|name| home.arrives(name));
    let wrong = InviteCode::parse("zzzzzzzzzz").unwrap();
    let (expired, used_up) = (make(&home, home.ada, 0, 60).code, make(&home, home.ada, 1, 0).code);
    let deleted = make(&home, home.ada, 0, 0).code;
    block_on(Invites::join(home.service(), guest, used_up.clone())).unwrap();
    block_on(Invites::delete(home.service(), home.ada, deleted.clone())).unwrap();
    home.passes(60);
    let elsewhere = block_on(home.town.server(home.ada, JoinPolicy::Invite)).unwrap();
    let gone = block_on(Invites::create(home.service(), home.ada, elsewhere.id, 0, 0)).unwrap().code;
    block_on(Servers::delete(home.service(), home.ada, elsewhere.id, elsewhere.name)).unwrap();
    let robot = home.bot("robot");
    for code in [wrong, expired, used_up, deleted, gone] {
        assert_eq!(refused(Invites::join(home.service(), mei, code.clone())), Refusal::InviteNotFound);
        assert_eq!(refused(Invites::join(home.service(), robot, code.clone())), Refusal::InviteNotFound);
        assert_eq!(refused(Invites::preview(home.service(), mei, code)), Refusal::InviteNotFound);
    }
}

#[test]
fn bots_redeem_no_invites() {
    let home = Home::new();
    let code = make(&home, home.ada, 0, 0).code;
    assert_eq!(refused(Invites::join(home.service(), home.bot("robot"), code)), Refusal::BotRefused);
}

#[test]
fn the_banned_are_told_until_their_ban_is_over() {
    let home = Home::new();
    let code = make(&home, home.ada, 0, 0).code;
    let ban = NewBan { expires_in_s: Some(60), ..NewBan::default() };
    block_on(Bans::ban(home.service(), home.ada, home.server.id, home.lin.user, ban)).unwrap();
    assert_eq!(refused(Invites::join(home.service(), home.lin, code.clone())), Refusal::Banned);
    home.passes(60);
    block_on(Invites::join(home.service(), home.lin, code)).unwrap();
}

#[test]
fn a_preview_tells_where_it_leads_and_no_more() {
    let home = Home::new();
    let code = make(&home, home.lin, 0, 0).code;
    let preview = block_on(Invites::preview(home.service(), home.arrives("mei"), code)).unwrap();
    assert_eq!(
        (preview.server.name.as_str(), preview.members, preview.inviter.as_str()),
        ("Rust Lyon", 2, "lin")
    );
    block_on(Members::leave(home.service(), home.lin, home.server.id)).unwrap();
}

#[test]
fn invites_keep_to_their_bounds() {
    let home = Home::new();
    let create = |uses, age| Invites::create(home.service(), home.lin, home.server.id, uses, age);
    assert_eq!(pointer(create(1001, 0)), "/max_uses");
    assert_eq!(pointer(create(0, 31_536_001)), "/max_age_s");
    for _ in 0..1000 {
        block_on(create(1000, 60)).unwrap();
    }
    assert_eq!(refused(create(0, 0)), Refusal::LimitReached { what: "invites", limit: 1000 });
    home.passes(60);
    block_on(create(0, 31_536_000)).expect("only those that live count");
}

#[test]
fn invites_are_shown_to_their_maker_and_to_who_manages_the_server() {
    let home = Home::new();
    let (of_ada, of_lin) = (make(&home, home.ada, 0, 0), make(&home, home.lin, 0, 0));
    let list = |actor| {
        let mut listed = block_on(Invites::list(home.service(), actor, home.server.id)).unwrap();
        listed.sort_by_key(|invite| invite.created_by);
        listed
    };
    assert_eq!(list(home.lin), std::slice::from_ref(&of_lin));
    assert_eq!(list(home.ada), [of_ada.clone(), of_lin.clone()]);
    let delete = |actor, invite: &Invite| Invites::delete(home.service(), actor, invite.code.clone());
    assert_eq!(refused(delete(home.lin, &of_ada)), Refusal::PermissionMissing(Permission::ManageServer));
    assert_eq!(refused(delete(home.arrives("mei"), &of_ada)), Refusal::InviteNotFound);
    block_on(delete(home.lin, &of_lin)).unwrap();
    block_on(delete(home.ada, &of_ada)).unwrap();
    assert_eq!(refused(delete(home.ada, &of_ada)), Refusal::InviteNotFound);
}

#[test]
fn who_may_not_invite_leaves_no_invite() {
    let home = Home::new();
    let mei = home.arrives("mei");
    let make = |actor| Invites::create(home.service(), actor, home.server.id, 0, 0);
    assert_eq!(refused(make(mei)), Refusal::ServerNotFound);
    let detail = block_on(home.service().detail(home.ada, home.server.id)).unwrap();
    let everyone = detail.roles.into_iter().next().unwrap();
    let permissions = everyone.permissions.without(Permissions::of(&[Permission::CreateInvite]));
    home.set(vec![ServerChange::RoleUpdated(Role { permissions, ..everyone })]);
    assert_eq!(refused(make(home.lin)), Refusal::PermissionMissing(Permission::CreateInvite));
    assert_eq!(block_on(Invites::list(home.service(), home.ada, home.server.id)).unwrap(), []);
}
