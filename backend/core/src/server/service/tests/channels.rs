use super::{Home, new_channel, pointer, refused};
use crate::{
    common::{
        CategoryId, ChannelId, Permission, Permissions,
        community::{Category, Channel, ChannelKind, Override, OverrideTarget},
        event::ServerChange,
    },
    server::{
        error::Refusal,
        port::inbound::{Answer, Catalogue, ChannelPatch, Channels, NewChannel, Patch, Servers},
    },
    testing::executor::block_on,
};

const NOWHERE: CategoryId = CategoryId::from_u128(0xbad);

fn keep() -> ChannelPatch {
    ChannelPatch::default()
}

fn update(home: &Home, id: ChannelId, patch: ChannelPatch) -> Answer<'_, Channel> {
    Box::pin(
        async move { Ok(Channels::update(home.service(), home.ada, home.server.id, id, patch).await?.0) },
    )
}

#[test]
fn two_channels_of_a_server_cannot_have_one_name() {
    let home = Home::new();
    let taken = |name: &str| Refusal::NameTaken(name.to_owned());
    let create = |name| Channels::create(home.service(), home.ada, home.server.id, new_channel(name));
    assert_eq!(refused(create("general")), taken("general"));
    let random = block_on(create("random")).unwrap();
    assert_eq!(block_on(home.service().server_of_channel(random.id)).unwrap(), Some(home.server.id));
    let rename = |name: &str| ChannelPatch { name: Some(name.to_owned()), ..keep() };
    assert_eq!(refused(update(&home, random.id, rename("general"))), taken("general"));
    let before = home.head();
    assert_eq!(
        block_on(update(&home, random.id, rename("random"))).unwrap(),
        random,
        "its own is no other's"
    );
    assert_eq!(home.head(), before);
    block_on(Channels::delete(home.service(), home.ada, home.server.id, random.id)).unwrap();
    block_on(create("random")).expect("a deleted channel leaves its name");
}

#[test]
fn fields_of_channels_are_checked() {
    let home = Home::new();
    let general = home.seen_by(home.ada)[0];
    let create = |new| Channels::create(home.service(), home.ada, home.server.id, new);
    for name in ["", "No", "a b", &"x".repeat(65)] {
        assert_eq!(pointer(create(new_channel(name))), "/name", "{name}");
    }
    assert_eq!(pointer(create(NewChannel { topic: "x".repeat(1025), ..new_channel("x") })), "/topic");
    let nowhere = NewChannel { category: Some(NOWHERE), ..new_channel("x") };
    assert_eq!(refused(create(nowhere)), Refusal::CategoryNotFound);
    let patch = ChannelPatch { slow_mode_s: Some(21_601), ..keep() };
    assert_eq!(pointer(update(&home, general, patch)), "/slow_mode_s");
    let patch = ChannelPatch { retention_days: Patch::Set(0), ..keep() };
    assert_eq!(pointer(update(&home, general, patch)), "/retention_days");
    let patch = ChannelPatch { category: Patch::Set(NOWHERE), ..keep() };
    assert_eq!(refused(update(&home, general, patch)), Refusal::CategoryNotFound);
    let patch = ChannelPatch { slow_mode_s: Some(21_600), retention_days: Patch::Set(3650), ..keep() };
    let after = block_on(update(&home, general, patch)).unwrap();
    assert_eq!((after.slow_mode_s, after.retention_days), (21_600, Some(3650)));
}

#[test]
fn there_are_at_most_five_hundred_channels() {
    let home = Home::new();
    let general = home.seen_by(home.ada)[0];
    for number in 1..500 {
        home.channel(&format!("c{number}"));
    }
    let one_more = || Channels::create(home.service(), home.ada, home.server.id, new_channel("more"));
    assert_eq!(refused(one_more()), Refusal::LimitReached { what: "channels", limit: 500 });
    block_on(Channels::delete(home.service(), home.ada, home.server.id, general)).unwrap();
    block_on(one_more()).unwrap();
}

#[test]
fn in_an_announcement_channel_members_do_not_post() {
    let home = Home::new();
    let new = NewChannel { kind: ChannelKind::Announcement, ..new_channel("news") };
    let news = block_on(Channels::create(home.service(), home.ada, home.server.id, new)).unwrap();
    let detail = block_on(home.service().detail(home.lin, home.server.id)).unwrap();
    let (_, set) = detail.channels.into_iter().find(|(channel, _)| channel.id == news.id).unwrap();
    assert!(set.contains(Permission::ViewChannel) && !set.contains(Permission::SendMessages));
}

#[test]
fn a_hidden_channel_is_like_one_that_never_was() {
    let home = Home::new();
    home.gives(home.lin, 1, &[Permission::ManageChannels]);
    let (staff, general) = (home.hidden("staff"), home.seen_by(home.lin)[0]);
    assert_eq!(home.seen_by(home.lin), [general]);
    let (service, server) = (home.service(), home.server.id);
    for id in [staff.id, ChannelId::from_u128(0xbad)] {
        assert_eq!(
            refused(Channels::update(service, home.lin, server, id, keep())),
            Refusal::ChannelNotFound
        );
        assert_eq!(refused(Channels::delete(service, home.lin, server, id)), Refusal::ChannelNotFound);
        let order = Channels::order(service, home.lin, server, vec![(id, None)], None);
        assert_eq!(refused(order), Refusal::ChannelNotFound);
    }
}

#[test]
fn a_channel_may_be_somebodys_to_manage() {
    let home = Home::new();
    let (general, random) = (home.seen_by(home.ada)[0], home.channel("random"));
    let entry = Override {
        target: OverrideTarget::Member(home.lin.user),
        allow: Permissions::of(&[Permission::ManageChannels]),
        deny: Permissions::NONE,
    };
    home.set(vec![ServerChange::ChannelUpdated(Channel { overrides: vec![entry], ..random.clone() })]);
    let delete = |id| Channels::delete(home.service(), home.lin, home.server.id, id);
    assert_eq!(refused(delete(general)), Refusal::PermissionMissing(Permission::ManageChannels));
    block_on(delete(random.id)).unwrap();
}

#[test]
fn those_listed_share_out_the_places_they_had() {
    let home = Home::new();
    home.gives(home.lin, 1, &[Permission::ManageChannels]);
    let general = home.seen_by(home.ada)[0];
    let (a, staff, b) = (home.channel("a").id, home.hidden("staff").id, home.channel("b").id);
    let heading = Category { id: CategoryId::from_u128(7), name: "Talk".to_owned(), position: 0 };
    home.set(vec![ServerChange::CategoryCreated(heading.clone())]);
    let order = |list| Channels::order(home.service(), home.lin, home.server.id, list, None);
    let before = home.head();
    let (answer, _) = block_on(order(vec![(b, None), (a, None), (general, Some(heading.id))])).unwrap();
    assert_eq!(answer.iter().map(|channel| channel.id).collect::<Vec<_>>(), [b, a, general]);
    assert_eq!(answer[2].category, Some(heading.id));
    assert_eq!(home.seen_by(home.ada), [b, a, staff, general], "the hidden one kept its place");
    assert_eq!(home.head(), before + 2, "one event for each that moved");
    assert_eq!(pointer(order(vec![(a, None), (a, None)])), "");
    assert_eq!(refused(order(vec![(a, Some(NOWHERE))])), Refusal::CategoryNotFound);
    assert_eq!(home.seen_by(home.ada), [b, a, staff, general], "a refusal moves nothing");
    block_on(order(vec![(a, None), (general, Some(heading.id)), (b, None)])).unwrap();
    assert_eq!(home.seen_by(home.ada), [a, general, staff, b]);
}
