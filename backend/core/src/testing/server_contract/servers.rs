//! Facts about servers and everything in them.

use super::{
    ADA, EPOCH, GENERAL, LIN, NOBODY, OTHER, SERVER, Stores, Unfounded, all, at, change, channel, events,
    founding, invite, joined, member, never, person, rows, seqs, town, view,
};
use crate::{
    common::{
        CategoryId, ChannelId, Permission, Permissions, RoleId, Seq, ServerId, UserId,
        actor::Actor,
        community::{Category, Channel, JoinPolicy, Member, Override, OverrideTarget, Role, UserKind},
        event::{RemovalCause, ServerChange},
        name::Username,
    },
    server::{
        decide,
        error::Refusal,
        port::outbound::Founding,
        view::{Ban, Bot, Change, Invite, Scope, ServerView},
    },
};

pub(super) async fn a_server_begins_with_four_events(stores: Stores<'_>) {
    let told = town(stores).await;
    assert_eq!(events(stores).await, told, "what is answered is what is kept");
    let Founding { server, everyone, channel, member, .. } = founding(SERVER, ADA, JoinPolicy::Invite);
    let user = stores.users.user(ADA).await.unwrap().unwrap();
    let expected = [
        ServerChange::ServerCreated(server.clone()),
        ServerChange::RoleCreated(everyone.clone()),
        ServerChange::ChannelCreated(channel.clone()),
        ServerChange::MemberJoined { member: member.clone(), user },
    ];
    assert_eq!(seqs(&told), [1, 2, 3, 4]);
    assert!(told.iter().all(|event| (event.epoch, event.at, event.actor) == (EPOCH, at(1), Some(ADA))));
    assert_eq!(told.into_iter().map(|event| event.change).collect::<Vec<_>>(), expected);
    let seen = view(stores, Scope::of(SERVER, ADA)).await;
    assert_eq!((seen.epoch, seen.seq, seen.members), (EPOCH, Seq(4), 1));
    assert_eq!(
        (&seen.server, &seen.channels[..], &seen.roles[..]),
        (&server, &[channel][..], &[everyone][..])
    );
    assert_eq!(seen.member(ADA), Some(&member));
    assert_eq!(stores.servers.servers_of(ADA).await.unwrap(), [server]);
}

pub(super) async fn nobody_is_in_more_servers_than_the_limit(stores: Stores<'_>) {
    town(stores).await;
    let before = rows(stores).await.len();
    let limited = Founding { limit: 1, ..founding(OTHER, ADA, JoinPolicy::Open) };
    assert_eq!(stores.servers.found(limited).await.unwrap(), Err(Unfounded::TooMany));
    let unknown = founding(OTHER, NOBODY, JoinPolicy::Open);
    assert_eq!(stores.servers.found(unknown).await.unwrap(), Err(Unfounded::TooMany));
    assert_eq!(stores.servers.view(Scope::of(OTHER, ADA), at(10)).await.unwrap(), None);
    assert_eq!(stores.servers.events(OTHER, Seq::ZERO, 10).await.unwrap(), []);
    assert_eq!(rows(stores).await.len(), before);
    let raised = Founding { limit: 2, ..founding(OTHER, ADA, JoinPolicy::Open) };
    assert!(stores.servers.found(raised).await.unwrap().is_ok());
}

pub(super) async fn every_change_takes_the_next_place(stores: Stores<'_>) {
    town(stores).await;
    let random = channel(ChannelId::from_u128(0xc2), "random", 1);
    let moved = Channel { position: 0, ..random.clone() };
    let told = change(
        stores,
        vec![
            Change::Event(ServerChange::ChannelCreated(random.clone())),
            Change::InviteMade(invite("aaaaaaaaaa", ADA)),
            Change::Event(joined(stores, LIN).await),
        ],
    )
    .await;
    assert_eq!(seqs(&told), [5, 6], "what is no event takes no place");
    assert!(told.iter().all(|event| (event.epoch, event.at, event.actor) == (EPOCH, at(9), Some(ADA))));
    assert_eq!(change(stores, Vec::new()).await, []);
    let told = change(stores, vec![Change::Event(ServerChange::ChannelUpdated(moved.clone()))]).await;
    assert_eq!(seqs(&told), [7]);
    assert_eq!(seqs(&events(stores).await), [1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(seqs(&stores.servers.events(SERVER, Seq(4), 2).await.unwrap()), [5, 6]);
    assert_eq!(
        stores.servers.events(SERVER, Seq(u64::MAX), 2).await.unwrap(),
        [],
        "nothing is behind everything"
    );
    assert_eq!(stores.servers.events(SERVER, Seq(7), 2).await.unwrap(), []);
    let seen = view(stores, Scope::of(SERVER, LIN)).await;
    assert_eq!((seen.seq, seen.members, seen.channel(random.id)), (Seq(7), 2, Some(&moved)));
    assert_eq!(stores.servers.server_of_channel(random.id).await.unwrap(), Some(SERVER));
    let deleted = vec![Change::Event(ServerChange::ChannelDeleted(random.id))];
    change(stores, deleted).await;
    assert_eq!(stores.servers.server_of_channel(random.id).await.unwrap(), None);
    assert_eq!(view(stores, Scope::of(SERVER, LIN)).await.channel(random.id), None);
}

pub(super) async fn a_refusal_stores_nothing(stores: Stores<'_>) {
    town(stores).await;
    let (before, waiting) = (view(stores, Scope::of(SERVER, ADA)).await, rows(stores).await);
    let refuse = |_: &_| Err(Refusal::Hierarchy);
    let answer = stores.servers.change(Scope::of(SERVER, ADA), at(9), ADA, Box::new(refuse)).await.unwrap();
    assert_eq!(answer, Err(Refusal::Hierarchy));
    assert_eq!(view(stores, Scope::of(SERVER, ADA)).await, before);
    assert_eq!(rows(stores).await, waiting);
}

pub(super) async fn what_does_not_exist_is_not_judged(stores: Stores<'_>) {
    person(stores, ADA, "Ada").await;
    let answer = stores.servers.change(Scope::of(SERVER, ADA), at(9), ADA, Box::new(never)).await.unwrap();
    assert_eq!(answer, Err(Refusal::ServerNotFound));
    assert_eq!(stores.servers.view(Scope::of(SERVER, ADA), at(9)).await.unwrap(), None);
    assert_eq!(stores.servers.members(SERVER, None, None, 10).await.unwrap().items, []);
    assert_eq!(stores.servers.invites(SERVER, None, at(9)).await.unwrap(), []);
    assert_eq!(stores.servers.bans(SERVER, at(9), None, 10).await.unwrap().items, []);
}

pub(super) async fn a_view_shows_what_the_scope_names(stores: Stores<'_>) {
    town(stores).await;
    stores.servers.found(founding(OTHER, ADA, JoinPolicy::Open)).await.unwrap().unwrap();
    let made = invite("aaaaaaaaaa", ADA);
    change(stores, vec![Change::InviteMade(made.clone())]).await;
    let scope = Scope { invite: Some(made.code.clone()), ..Scope::of_two(SERVER, ADA, NOBODY) };
    let seen = view(stores, scope.clone()).await;
    assert_eq!(seen.people.keys().copied().collect::<Vec<_>>(), [ADA, NOBODY]);
    assert_eq!((seen.person(ADA).servers, seen.person(NOBODY).user), (2, None));
    assert_eq!(seen.person(ADA).user, stores.users.user(ADA).await.unwrap());
    assert_eq!((seen.invite, seen.live_invites), (Some(made), 1));
    let elsewhere = view(stores, Scope { server: OTHER, ..scope }).await;
    assert_eq!((elsewhere.invite, elsewhere.live_invites), (None, 0), "an invite is one server's");
    let judged = move |view: &ServerView| {
        assert_eq!(
            view.people.keys().copied().collect::<Vec<_>>(),
            [ADA, NOBODY],
            "a judgement sees the same"
        );
        Err(Refusal::Hierarchy)
    };
    let scope = Scope::of_two(SERVER, ADA, NOBODY);
    stores.servers.change(scope, at(9), ADA, Box::new(judged)).await.unwrap().unwrap_err();
}

pub(super) async fn channels_roles_and_categories_are_kept_whole(stores: Stores<'_>) {
    town(stores).await;
    let heading = Category { id: CategoryId::from_u128(0xca), name: "Voices".to_owned(), position: 0 };
    let role = Role {
        id: RoleId::from_u128(0x20),
        name: "writer".to_owned(),
        description: "writes".to_owned(),
        colour: Some(0x12_34_56),
        permissions: Permissions::of(&[Permission::PinMessages, Permission::ManageRoles]),
        position: 1,
        mentionable: true,
    };
    let entry = |target, allow| Override { target, allow, deny: Permissions::of(&[Permission::ViewChannel]) };
    let whole = Channel {
        topic: "what 🦀 say".to_owned(),
        category: Some(heading.id),
        slow_mode_s: 30,
        retention_days: Some(7),
        overrides: vec![
            entry(OverrideTarget::Role(role.id), Permissions::of(&[Permission::SendMessages])),
            entry(OverrideTarget::Member(LIN), Permissions::NONE),
        ],
        ..channel(GENERAL, "general", 0)
    };
    let holder = Member { roles: vec![role.id], nickname: Some("A.".to_owned()), ..member(ADA) };
    let changes = [
        ServerChange::CategoryCreated(heading.clone()),
        ServerChange::RoleCreated(role.clone()),
        ServerChange::ChannelUpdated(whole.clone()),
        ServerChange::MemberUpdated(holder.clone()),
    ];
    let told = change(stores, changes.iter().cloned().map(Change::Event).collect()).await;
    assert_eq!(stores.servers.events(SERVER, Seq(4), 10).await.unwrap(), told);
    assert_eq!(told.into_iter().map(|event| event.change).collect::<Vec<_>>(), changes);
    let seen = view(stores, Scope::of(SERVER, ADA)).await;
    assert_eq!((&seen.categories[..], seen.roles.last()), (&[heading.clone()][..], Some(&role)));
    assert_eq!((seen.channel(GENERAL), seen.member(ADA)), (Some(&whole), Some(&holder)));
    change(stores, vec![Change::Event(ServerChange::CategoryDeleted(heading.id))]).await;
    let seen = view(stores, Scope::of(SERVER, ADA)).await;
    let free = Channel { category: None, ..whole };
    assert_eq!((&seen.categories[..], seen.channel(GENERAL)), (&[][..], Some(&free)));
}

pub(super) async fn a_deleted_server_leaves_its_events(stores: Stores<'_>) {
    town(stores).await;
    let made = invite("aaaaaaaaaa", ADA);
    change(stores, vec![Change::InviteMade(made.clone())]).await;
    let told = change(stores, vec![Change::Event(ServerChange::ServerDeleted(SERVER))]).await;
    assert_eq!(seqs(&told), [5]);
    assert_eq!(seqs(&events(stores).await), [1, 2, 3, 4, 5]);
    assert_eq!(stores.servers.view(Scope::of(SERVER, ADA), at(10)).await.unwrap(), None);
    assert_eq!(stores.servers.servers_of(ADA).await.unwrap(), []);
    assert_eq!(stores.servers.server_of_channel(GENERAL).await.unwrap(), None);
    assert_eq!(stores.servers.server_of_invite(made.code).await.unwrap(), None);
    let again = stores.servers.change(Scope::of(SERVER, ADA), at(9), ADA, Box::new(never)).await.unwrap();
    assert_eq!(again, Err(Refusal::ServerNotFound));
}

pub(super) async fn a_timeout_outlives_the_membership(stores: Stores<'_>) {
    town(stores).await;
    let silenced = Member { timeout_until: Some(at(500)), ..member(LIN) };
    let removed = ServerChange::MemberRemoved { user: LIN, cause: RemovalCause::Left };
    let changes =
        vec![joined(stores, LIN).await, ServerChange::MemberUpdated(silenced.clone()), removed.clone()];
    change(stores, changes.into_iter().map(Change::Event).collect()).await;
    let gone = view(stores, Scope::of(SERVER, LIN)).await;
    assert_eq!((gone.member(LIN), gone.person(LIN).timeout_until), (None, Some(at(500))));
    let user = stores.users.user(LIN).await.unwrap().unwrap();
    let back = ServerChange::MemberJoined { member: silenced.clone(), user };
    change(stores, vec![Change::Event(back)]).await;
    assert_eq!(view(stores, Scope::of(SERVER, LIN)).await.member(LIN), Some(&silenced));
    let lifted = Member { timeout_until: None, ..silenced };
    let changes = vec![ServerChange::MemberUpdated(lifted), removed];
    change(stores, changes.into_iter().map(Change::Event).collect()).await;
    let gone = view(stores, Scope::of(SERVER, LIN)).await;
    assert_eq!(gone.person(LIN).timeout_until, None, "a lifted one does not come back");
}

pub(super) async fn invites_live_until_they_are_used_up_or_over(stores: Stores<'_>) {
    town(stores).await;
    let endless = invite("aaaaaaaaaa", ADA);
    let twice = Invite { max_uses: 2, ..invite("bbbbbbbbbb", LIN) };
    let brief = Invite { max_age_s: 20, ..invite("cccccccccc", LIN) };
    let all_of_them = [&endless, &twice, &brief].map(|invite| Change::InviteMade(invite.clone()));
    change(stores, all_of_them.to_vec()).await;
    let listed = async |made_by, second| {
        let found = stores.servers.invites(SERVER, made_by, at(second)).await.unwrap();
        found
            .into_iter()
            .map(|invite| (invite.code.to_string()[..1].to_owned(), invite.uses))
            .collect::<Vec<_>>()
    };
    let row = |code: &str, uses| (code.to_owned(), uses);
    assert_eq!(listed(None, 10).await, [row("a", 0), row("b", 0), row("c", 0)]);
    assert_eq!(listed(Some(LIN), 10).await, [row("b", 0), row("c", 0)]);
    assert_eq!(listed(None, 20).await, [row("a", 0), row("b", 0)], "one is over");
    let used = vec![Change::InviteUsed(twice.code.clone()), Change::InviteUsed(endless.code.clone())];
    change(stores, used.clone()).await;
    assert_eq!(listed(None, 10).await, [row("a", 1), row("b", 1), row("c", 0)]);
    change(stores, used).await;
    assert_eq!(listed(None, 10).await, [row("a", 2), row("c", 0)], "one is used up");
    assert_eq!(view(stores, Scope::of(SERVER, ADA)).await.live_invites, 2);
    assert_eq!(stores.servers.server_of_invite(twice.code.clone()).await.unwrap(), Some(SERVER));
    change(stores, vec![Change::InvitesOfDeleted(LIN)]).await;
    assert_eq!(stores.servers.server_of_invite(twice.code).await.unwrap(), None);
    assert_eq!(listed(None, 10).await, [row("a", 2)]);
    change(stores, vec![Change::InviteDeleted(endless.code)]).await;
    assert_eq!(listed(None, 10).await, []);
}

pub(super) async fn an_invite_is_not_used_more_often_than_it_may_be(stores: Stores<'_>) {
    town(stores).await;
    let made = Invite { max_uses: 3, ..invite("aaaaaaaaaa", ADA) };
    change(stores, vec![Change::InviteMade(made.clone())]).await;
    let mut joins = Vec::new();
    for number in 0..12 {
        let user = UserId::from_u128(0x100 + number);
        person(stores, user, &format!("guest{number}")).await;
        let actor = Actor { user, kind: UserKind::Person, admin: false };
        let scope = Scope { invite: Some(made.code.clone()), ..Scope::of(SERVER, user) };
        let judge = move |view: &_| decide::join_by_invite(view, actor, at(9));
        joins.push(stores.servers.change(scope, at(9), user, Box::new(judge)));
    }
    let answers: Vec<_> = all(joins).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 3, "{answers:?}");
    assert_eq!(answers.iter().filter(|answer| **answer == Err(Refusal::InviteNotFound)).count(), 9);
    assert_eq!(seqs(&events(stores).await), [1, 2, 3, 4, 5, 6, 7]);
    let scope = Scope { invite: Some(made.code), ..Scope::of(SERVER, ADA) };
    let seen = view(stores, scope).await;
    assert_eq!((seen.members, seen.live_invites, seen.invite.map(|invite| invite.uses)), (4, 0, Some(3)));
}

pub(super) async fn a_ban_replaces_an_older_one_until_it_is_lifted(stores: Stores<'_>) {
    town(stores).await;
    let first = Ban { user: LIN, reason: "spam".to_owned(), created_by: ADA, expires_at: Some(at(60)) };
    let second = Ban { reason: "more spam".to_owned(), expires_at: None, ..first.clone() };
    let of_nobody = Ban { user: NOBODY, ..second.clone() };
    change(stores, vec![Change::BanSet(first.clone())]).await;
    let bans = async |second| stores.servers.bans(SERVER, at(second), None, 10).await.unwrap().items;
    assert_eq!(bans(59).await, std::slice::from_ref(&first));
    assert_eq!(bans(60).await, [], "it ended by the clock");
    assert_eq!(view(stores, Scope::of(SERVER, LIN)).await.person(LIN).ban, Some(first));
    change(stores, vec![Change::BanSet(second.clone()), Change::BanSet(of_nobody.clone())]).await;
    assert_eq!(bans(60).await, [second.clone(), of_nobody]);
    let page = stores.servers.bans(SERVER, at(60), None, 1).await.unwrap();
    assert_eq!((page.items, page.next.as_deref()), (vec![second], Some(LIN.to_string().as_str())));
    let page = stores.servers.bans(SERVER, at(60), page.next, 1).await.unwrap();
    assert_eq!((page.items[0].user, page.next), (NOBODY, None));
    change(stores, vec![Change::BanLifted(LIN)]).await;
    assert_eq!(view(stores, Scope::of(SERVER, LIN)).await.person(LIN).ban, None);
}

pub(super) async fn bots_are_shown_to_who_asks_until_they_are_gone(stores: Stores<'_>) {
    town(stores).await;
    let bot = |user: UserId, name: &str| Bot {
        user,
        name: Username::parse(name).unwrap(),
        client_id: format!("bot-{name}"),
        iss: "https://issuer.example".to_owned(),
        sub: format!("sub-{name}"),
        created_by: ADA,
        created_at: at(3),
    };
    let (first, second) = (bot(LIN, "deploy"), bot(NOBODY, "ci"));
    change(stores, vec![Change::BotMade(second.clone()), Change::BotMade(first.clone())]).await;
    let asked = Scope { bots: true, ..Scope::of(SERVER, ADA) };
    assert_eq!(view(stores, asked.clone()).await.bots, [first.clone(), second]);
    assert_eq!(view(stores, Scope::of(SERVER, ADA)).await.bots, [], "nobody asked");
    assert_eq!(seqs(&change(stores, vec![Change::BotGone(NOBODY)]).await), [], "followers are not told");
    assert_eq!(view(stores, asked.clone()).await.bots, [first]);
    assert!(stores.servers.found(founding(OTHER, ADA, JoinPolicy::Open)).await.unwrap().is_ok());
    assert_eq!(view(stores, Scope { server: OTHER, ..asked }).await.bots, [], "each server has its own");
}

pub(super) async fn servers_are_listed_by_page(stores: Stores<'_>) {
    person(stores, ADA, "Ada").await;
    for number in 1..=4 {
        let policy = if number == 2 { JoinPolicy::Invite } else { JoinPolicy::Open };
        let id = ServerId::from_u128(number);
        stores.servers.found(founding(id, ADA, policy)).await.unwrap().unwrap();
    }
    let list = async |open_only, after: Option<String>, limit| {
        let page = stores.servers.servers(open_only, after, limit).await.unwrap();
        (page.items.iter().map(|server| server.id.as_u128()).collect::<Vec<_>>(), page.next)
    };
    let (first, next) = list(true, None, 2).await;
    assert_eq!(first, [1, 3]);
    assert_eq!(list(true, next, 2).await, (vec![4], None));
    assert_eq!(list(false, None, 4).await, (vec![1, 2, 3, 4], None), "a full last page is the last");
    assert_eq!(list(false, Some("no id".to_owned()), 4).await, (vec![], None));
}

pub(super) async fn members_are_found_by_the_beginning_of_any_name(stores: Stores<'_>) {
    town(stores).await;
    let nicknamed = Member { nickname: Some("Élodie%".to_owned()), ..member(LIN) };
    change(
        stores,
        vec![Change::Event(joined(stores, LIN).await), Change::Event(ServerChange::MemberUpdated(nicknamed))],
    )
    .await;
    let found = async |query: &str| {
        let page = stores.servers.members(SERVER, Some(query.to_owned()), None, 10).await.unwrap();
        page.items.into_iter().map(|(member, user)| (member.user, user.username)).collect::<Vec<_>>()
    };
    let (ada, lin) = ((ADA, "ada".to_owned()), (LIN, "lin".to_owned()));
    assert_eq!(found("éLO").await, std::slice::from_ref(&lin));
    assert_eq!(found("LIN").await, std::slice::from_ref(&lin));
    assert_eq!(found("lodie").await, []);
    assert_eq!(found("%").await, [], "no character has a meaning of its own");
    assert_eq!(found("").await, [lin, ada], "by user id");
    let first = stores.servers.members(SERVER, None, None, 1).await.unwrap();
    assert_eq!((first.items[0].0.user, first.next.as_deref()), (LIN, Some(LIN.to_string().as_str())));
    let second = stores.servers.members(SERVER, None, first.next, 1).await.unwrap();
    assert_eq!((second.items[0].0.user, second.next), (ADA, None));
}
