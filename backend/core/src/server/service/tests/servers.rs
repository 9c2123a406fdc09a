use super::{Home, admin, pointer, refused};
use crate::{
    common::{
        Permission, Permissions, Seq,
        community::{JoinPolicy, Level, Member},
        event::ServerChange,
    },
    server::{
        error::Refusal,
        port::inbound::{Accounts, Catalogue, Members, NewServer, Patch, ServerPatch, Servers},
    },
    testing::executor::block_on,
};

fn new(name: &str, description: &str) -> NewServer {
    let (name, description) = (name.to_owned(), description.to_owned());
    NewServer { name, description, join_policy: JoinPolicy::Invite }
}

#[test]
fn a_new_server_has_everyone_and_general() {
    let home = Home::new();
    let detail = block_on(home.service().detail(home.lin, home.server.id)).unwrap();
    assert_eq!(
        detail.channels.iter().map(|(channel, _)| channel.name.as_str()).collect::<Vec<_>>(),
        ["general"]
    );
    assert_eq!((detail.roles.len(), detail.roles[0].permissions), (1, Permissions::EVERYONE));
    assert_eq!((detail.permissions, detail.channels[0].1), (Permissions::EVERYONE, Permissions::EVERYONE));
    assert_eq!((detail.member.map(|member| member.user), detail.seq), (Some(home.lin.user), Seq(5)));
    let detail = block_on(home.service().detail(home.ada, home.server.id)).unwrap();
    assert_eq!(detail.permissions, Permissions::ALL);
    let events = block_on(home.service().events(home.server.id, Seq(4), 10)).unwrap();
    assert_eq!((events.len(), events[0].epoch), (1, detail.epoch));
}

#[test]
fn names_out_of_bounds_are_refused_by_their_field() {
    let home = Home::new();
    let create =
        |name: &str, description: &str| Servers::create(home.service(), home.ada, new(name, description));
    assert_eq!(pointer(create("", "")), "/name");
    assert_eq!(pointer(create(&"x".repeat(101), "")), "/name");
    assert_eq!(pointer(create("x", &"x".repeat(301))), "/description");
    block_on(create(&"é".repeat(100), &"é".repeat(300))).unwrap();
}

#[test]
fn nobody_is_in_more_than_a_hundred_servers() {
    let home = Home::new();
    for _ in 0..99 {
        block_on(Servers::create(home.service(), home.lin, new("x", ""))).unwrap();
    }
    let limit = Refusal::LimitReached { what: "servers you are in", limit: 100 };
    assert_eq!(refused(Servers::create(home.service(), home.lin, new("x", ""))), limit);
    let elsewhere = block_on(home.town.server(home.ada, JoinPolicy::Open)).unwrap();
    assert_eq!(refused(Members::join(home.service(), home.lin, elsewhere.id)), limit);
    block_on(Members::leave(home.service(), home.lin, home.server.id)).unwrap();
    block_on(Members::join(home.service(), home.lin, elsewhere.id)).unwrap();
}

#[test]
fn fields_are_checked_and_what_stays_is_no_event() {
    let home = Home::new();
    let update = |patch| Servers::update(home.service(), home.ada, home.server.id, patch);
    let before = home.head();
    let keep = || ServerPatch::default();
    assert_eq!(pointer(update(ServerPatch { name: Some(String::new()), ..keep() })), "/name");
    assert_eq!(pointer(update(ServerPatch { description: Some("x".repeat(301)), ..keep() })), "/description");
    assert_eq!(pointer(update(ServerPatch { default_level: Some(Level::None), ..keep() })), "/default_level");
    for days in [0, 3651] {
        assert_eq!(
            pointer(update(ServerPatch { retention_days: Patch::Set(days), ..keep() })),
            "/retention_days"
        );
    }
    let same = ServerPatch { name: Some(home.server.name.clone()), ..keep() };
    assert_eq!(block_on(update(same)).unwrap().0, home.server);
    assert_eq!(home.head(), before);
    let name = Some("Rust Paris".to_owned());
    let patch =
        ServerPatch { name, default_level: Some(Level::Mentions), retention_days: Patch::Set(1), ..keep() };
    let (after, place) = block_on(update(patch)).unwrap();
    assert_eq!(place.0, before as u64 + 1);
    assert_eq!(
        (after.name.as_str(), after.default_level, after.retention_days),
        ("Rust Paris", Level::Mentions, Some(1))
    );
    assert_eq!((home.head(), home.last()), (before + 1, ServerChange::ServerUpdated(after)));
}

#[test]
fn a_change_that_was_made_on_another_state_is_not_made() {
    let home = Home::new();
    let seen = block_on(Servers::detail(home.service(), home.ada, home.server.id)).unwrap().seq;
    let rename = |actor, name: &str, on: &[Seq]| {
        let patch =
            ServerPatch { name: Some(name.to_owned()), on: Some(on.to_vec()), ..ServerPatch::default() };
        Servers::update(home.service(), actor, home.server.id, patch)
    };
    let (_, place) = block_on(rename(home.ada, "first", &[Seq(0), seen])).unwrap();
    assert_eq!(place, seen.next());
    for stale in [&[seen][..], &[]] {
        assert_eq!(refused(rename(home.ada, "second", stale)), Refusal::PreconditionFailed);
    }
    let missing = Refusal::PermissionMissing(Permission::ManageServer);
    assert_eq!(refused(rename(home.lin, "second", &[seen])), missing, "rights come first");
    let order = |on| {
        crate::server::port::inbound::Channels::order(
            home.service(),
            home.ada,
            home.server.id,
            Vec::new(),
            Some(vec![on]),
        )
    };
    assert_eq!(refused(order(seen)), Refusal::PreconditionFailed);
    assert_eq!(block_on(order(place)).unwrap().1, place, "what changes nothing moves nothing");
}

#[test]
fn only_the_owner_says_how_long_messages_are_kept() {
    let home = Home::new();
    home.gives(home.lin, 1, &[Permission::Administrator]);
    let patch = || ServerPatch { retention_days: Patch::Set(7), ..ServerPatch::default() };
    let update = |actor| Servers::update(home.service(), actor, home.server.id, patch());
    assert_eq!(refused(update(home.lin)), Refusal::OwnerRequired);
    block_on(update(home.ada)).unwrap();
    block_on(update(home.lin)).expect("who names the same days changes nothing");
}

#[test]
fn a_server_goes_when_its_name_is_given() {
    let home = Home::new();
    home.gives(home.lin, 1, &[Permission::Administrator]);
    let delete = |actor, name: &str| Servers::delete(home.service(), actor, home.server.id, name.to_owned());
    let missing = Refusal::PermissionMissing(Permission::DeleteServer);
    assert_eq!(refused(delete(home.lin, "Rust Lyon")), missing, "an ADMINISTRATOR cannot");
    assert_eq!(refused(delete(home.ada, "rust lyon")), Refusal::ConfirmationMismatch);
    block_on(delete(home.ada, "Rust Lyon")).unwrap();
    assert_eq!(home.last(), ServerChange::ServerDeleted(home.server.id), "its events stay");
    assert_eq!(refused(home.service().detail(home.ada, home.server.id)), Refusal::ServerNotFound);
    assert_eq!(refused(home.service().detail(admin(home.ada), home.server.id)), Refusal::ServerNotFound);
}

#[test]
fn a_server_is_handed_to_members_who_are_no_bots() {
    let home = Home::new();
    let (mei, bot) = (home.arrives("mei"), home.bot("robot"));
    let user = block_on(home.service().me(bot)).unwrap();
    let member = Member { user: bot.user, ..home.member(home.lin.user).unwrap() };
    home.set(vec![ServerChange::MemberJoined { member, user }]);
    let transfer = |actor, to| home.service().transfer(actor, home.server.id, to);
    assert_eq!(refused(transfer(home.lin, home.lin.user)), Refusal::OwnerRequired);
    assert_eq!(refused(transfer(home.ada, mei.user)), Refusal::MemberNotFound);
    assert_eq!(refused(transfer(home.ada, bot.user)), Refusal::BotRefused);
    assert_eq!(block_on(transfer(home.ada, home.lin.user)).unwrap().owner, home.lin.user);
    assert_eq!(refused(transfer(home.ada, home.ada.user)), Refusal::OwnerRequired);
    block_on(Members::leave(home.service(), home.ada, home.server.id)).expect("who is no owner may leave");
}
