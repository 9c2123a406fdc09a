use super::{Home, admin, new_channel, refused};
use crate::{
    common::{Permission, actor::Actor, community::JoinPolicy},
    server::{
        error::{Refusal, ServerError},
        port::inbound::{
            Accounts, Answer, Bans, ChannelPatch, Channels, Invites, Members, NewBan, Patch, ServerPatch,
            Servers,
        },
    },
    testing::executor::block_on,
};

/// Does away with what a use case answers: only whether it was refused counts.
fn only<T: 'static>(answer: Answer<'_, T>) -> Answer<'_, ()> {
    Box::pin(async move { answer.await.map(drop) })
}

/// Everything that can be asked about a server and the things in it, with what it needs besides membership.
fn asked(home: &Home, actor: Actor) -> Vec<(&'static str, Answer<'_, ()>, Option<Permission>)> {
    use Permission as P;
    let (service, server, lin) = (home.service(), home.server.id, home.lin.user);
    let general = home.seen_by(home.ada)[0];
    let (topic, title) = (Some("x".to_owned()), Some("y".to_owned()));
    let channel = ChannelPatch { topic, ..ChannelPatch::default() };
    let patch = ServerPatch { name: title, ..ServerPatch::default() };
    let nickname = Patch::Set("x".to_owned());
    let until = home.town.now().after(std::time::Duration::from_secs(3600));
    let timeout = Patch::Set(until);
    vec![
        ("detail", only(service.detail(actor, server)), None),
        ("members", only(Members::list(service, actor, server, None, None, 10)), None),
        ("member", only(Members::get(service, actor, server, lin)), None),
        ("invites", only(Invites::list(service, actor, server)), None),
        ("update", only(Servers::update(service, actor, server, patch)), Some(P::ManageServer)),
        ("delete", Servers::delete(service, actor, server, "x".to_owned()), Some(P::DeleteServer)),
        ("make", only(Channels::create(service, actor, server, new_channel("x"))), Some(P::ManageChannels)),
        ("change", only(Channels::update(service, actor, server, general, channel)), Some(P::ManageChannels)),
        ("remove", Channels::delete(service, actor, server, general), Some(P::ManageChannels)),
        ("order", only(Channels::order(service, actor, server, Vec::new(), None)), Some(P::ManageChannels)),
        ("kick", Members::kick(service, actor, server, lin), Some(P::KickMembers)),
        (
            "rename",
            only(Members::update(service, actor, server, lin, nickname, Patch::Keep)),
            Some(P::ManageMembers),
        ),
        (
            "silence",
            only(Members::update(service, actor, server, lin, Patch::Keep, timeout)),
            Some(P::TimeoutMembers),
        ),
        ("ban", only(Bans::ban(service, actor, server, lin, NewBan::default())), Some(P::BanMembers)),
        ("lift", Bans::lift(service, actor, server, lin), Some(P::BanMembers)),
        ("bans", only(Bans::list(service, actor, server, None, 10)), Some(P::BanMembers)),
    ]
}

#[test]
fn outsiders_find_no_server_whatever_they_ask() {
    let home = Home::new();
    let mei = home.arrives("mei");
    let before = home.head();
    for (what, answer, _) in asked(&home, mei) {
        assert_eq!(refused(answer), Refusal::ServerNotFound, "{what}");
    }
    let service = home.service();
    assert_eq!(refused(service.transfer(mei, home.server.id, mei.user)), Refusal::ServerNotFound);
    assert_eq!(refused(Invites::create(service, mei, home.server.id, 0, 0)), Refusal::ServerNotFound);
    assert_eq!(refused(Members::leave(service, mei, home.server.id)), Refusal::ServerNotFound);
    assert_eq!(home.head(), before);
}

#[test]
fn members_are_told_which_permission_they_lack() {
    let home = Home::new();
    let mei = home.newcomer("mei");
    let before = home.head();
    for (what, answer, needs) in asked(&home, mei) {
        match needs {
            Some(permission) => assert_eq!(refused(answer), Refusal::PermissionMissing(permission), "{what}"),
            None => block_on(answer).unwrap(),
        }
    }
    assert_eq!(home.head(), before);
}

#[test]
fn an_instance_admin_manages_every_server_and_reads_in_none() {
    let home = Home::new();
    let hidden = home.hidden("staff");
    let mei = admin(home.arrives("mei"));
    let detail = block_on(home.service().detail(mei, home.server.id)).unwrap();
    assert_eq!((detail.member, detail.channels.len()), (None, 2), "every channel is shown");
    assert!(detail.channels.iter().all(|(_, set)| {
        set.contains(Permission::ManageChannels) && !set.contains(Permission::ViewChannel)
    }));
    for (what, answer, _) in asked(&home, mei) {
        let answer = block_on(answer);
        let fits = match &answer {
            Err(ServerError::Refused(Refusal::ConfirmationMismatch)) => what == "delete",
            // By then Lin was kicked.
            Err(ServerError::Refused(Refusal::MemberNotFound)) => ["rename", "silence"].contains(&what),
            Err(_) => false,
            Ok(()) => true,
        };
        assert!(fits, "{what}: {answer:?}");
    }
    block_on(Channels::delete(home.service(), mei, home.server.id, hidden.id)).unwrap();
    assert_eq!(refused(Members::leave(home.service(), mei, home.server.id)), Refusal::MemberNotFound);
}

#[test]
fn somebody_silenced_may_only_look() {
    let home = Home::new();
    home.gives(home.lin, 1, &[Permission::KickMembers]);
    let mei = home.newcomer("mei");
    let until = home.town.now().after(std::time::Duration::from_secs(60));
    let silence = Members::update(
        home.service(),
        home.ada,
        home.server.id,
        home.lin.user,
        Patch::Keep,
        Patch::Set(until),
    );
    block_on(silence).unwrap();
    let kick = || Members::kick(home.service(), home.lin, home.server.id, mei.user);
    assert_eq!(refused(kick()), Refusal::TimedOut(std::time::Duration::from_secs(60)));
    home.passes(60);
    block_on(kick()).unwrap();
}

#[test]
fn profiles_are_for_those_who_share_a_server() {
    let home = Home::new();
    let mei = home.arrives("mei");
    let service = home.service();
    assert_eq!(refused(service.user(mei, home.lin.user)), Refusal::UserNotFound);
    assert_eq!(block_on(service.user(mei, mei.user)).unwrap().username, "mei");
    home.joins(mei);
    assert_eq!(block_on(service.user(mei, home.lin.user)).unwrap().username, "lin");
    let renamed = block_on(service.update_me(mei, Some("Mei 梅".to_owned()), Some("hi".to_owned()))).unwrap();
    assert_eq!((renamed.display_name.as_str(), renamed.bio.as_str()), ("Mei 梅", "hi"));
    assert_eq!(super::pointer(service.update_me(mei, Some(String::new()), None)), "/display_name");
    assert_eq!(super::pointer(service.update_me(mei, None, Some("x".repeat(301)))), "/bio");
    assert_eq!(block_on(service.me(mei)).unwrap(), renamed, "a refusal changes nothing");
}

#[test]
fn open_servers_are_listed_for_everybody_and_all_for_admins() {
    let home = Home::new();
    let mei = home.arrives("mei");
    let closed = block_on(home.town.server(home.ada, JoinPolicy::Invite)).unwrap();
    let service = home.service();
    let listed = |actor, all| block_on(Servers::list(service, actor, all, None, 10)).unwrap().items;
    assert_eq!(listed(mei, false), std::slice::from_ref(&home.server));
    assert_eq!(listed(admin(mei), true), [home.server.clone(), closed.clone()]);
    assert_eq!(
        refused(Servers::list(service, mei, true, None, 10)),
        Refusal::PermissionMissing(Permission::Administrator)
    );
    assert_eq!(block_on(service.mine(home.ada)).unwrap(), [home.server.clone(), closed]);
    assert_eq!(block_on(service.mine(mei)).unwrap(), []);
}
