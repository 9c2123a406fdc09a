//! Access is checked on every path, and again when rights change.

use std::{
    collections::BTreeSet,
    sync::{Arc, atomic::Ordering::SeqCst},
    time::Duration,
};

use echopulse_core::{
    chat::{
        error::Refusal,
        model::{HistoryQuery, Item, Mentions, ReadMove, Signal},
        port::{
            inbound::{self, DeleteMessages, EditMessage, Following, PostMessage, Posting, Reading},
            outbound::{EventLog, Projection},
        },
        webhook::TokenHash,
    },
    common::{
        ChannelId, MessageId, Permission, Seq, ServerId, StreamKey,
        actor::Actor,
        community::Member,
        event::{RemovalCause, ServerChange},
        port::Clock,
    },
    testing::executor::block_on,
};

use crate::world::{
    ADA, EVE, GENERAL, HIDDEN, LIN, Reader, SERVER, World, actor, channel, joined, member, post, refusal,
    removed, rest,
};

const NEWS: StreamKey = StreamKey::Server(SERVER);

/// Everything that can be asked of a channel, as a person who may not see it: all the same refusal.
#[test]
fn who_does_not_see_a_channel_gets_nothing_of_it_on_any_path() {
    let world = World::new();
    world.run(async {
        let ada = PostMessage { channel: HIDDEN, ..post(ADA, "n", "secret") };
        let message = world.service.post(ada).await.unwrap().message;
        let service = &world.service;
        let reader = Reader::new(9);
        for (user, channel) in [(LIN, HIDDEN), (EVE, HIDDEN), (EVE, GENERAL)] {
            let who = actor(user);
            let answers = [
                refusal(service.history(who, channel, HistoryQuery::Latest, 9).await),
                refusal(service.message(who, channel, message).await),
                refusal(service.move_read(who, channel, ReadMove::UnreadFrom(Seq(1))).await),
                refusal(service.post(PostMessage { channel, ..post(user, "m", "hello") }).await),
                refusal(
                    service
                        .edit(EditMessage {
                            actor: who,
                            channel,
                            message,
                            content: "x".to_owned(),
                            named: Mentions::default(),
                        })
                        .await,
                ),
                refusal(
                    service.delete(DeleteMessages { actor: who, channel, messages: vec![message] }).await,
                ),
                refusal(service.purge(who, channel, Seq(1)).await),
                refusal(service.typing(who, channel).await),
                refusal(world.follows(user, StreamKey::Channel(channel), None, &reader).await),
            ];
            assert!(answers.iter().all(|answer| *answer == Refusal::ChannelNotFound), "{answers:?}");
        }
        let visible = service.read_states(actor(LIN)).await.unwrap();
        assert_eq!(visible.iter().map(|state| state.channel).collect::<Vec<_>>(), [GENERAL]);
        assert_eq!(service.read_states(actor(EVE)).await.unwrap(), []);
        assert_eq!(refusal(service.presence(actor(EVE), SERVER).await), Refusal::ServerNotFound);
        assert_eq!(refusal(world.follows(EVE, NEWS, None, &reader).await), Refusal::ServerNotFound);
        assert!(world.follows(EVE, StreamKey::User(LIN), None, &reader).await.is_err());
        assert!(reader.read().is_empty());
    });
}

#[test]
fn what_does_not_exist_is_refused_like_what_is_hidden() {
    let world = World::new();
    let nowhere = StreamKey::Channel(ChannelId::from_u128(0xdead));
    let nobody = StreamKey::Server(ServerId::from_u128(0xdead));
    let reader = Reader::new(1);
    world.run(async {
        assert_eq!(refusal(world.follows(LIN, nowhere, None, &reader).await), Refusal::ChannelNotFound);
        assert_eq!(refusal(world.follows(LIN, nobody, None, &reader).await), Refusal::ServerNotFound);
    });
}

#[test]
fn who_sees_a_channel_and_is_silenced_may_only_look() {
    let world = World::new();
    world.run(async {
        let service = &world.service;
        let own = service.post(post(LIN, "n", "mine")).await.unwrap().message;
        let others = world.says("not mine").await.message;
        let until = Some(world.clock.now().after(Duration::from_secs(60)));
        world.hears(ServerChange::MemberUpdated(Member { timeout_until: until, ..member(LIN) })).await;
        let lin = actor(LIN);
        let silenced = |answer| assert!(matches!(answer, Refusal::TimedOut(_)), "{answer:?}");
        silenced(refusal(service.post(post(LIN, "m", "more")).await));
        silenced(refusal(service.typing(lin, GENERAL).await));
        let named = Mentions::default();
        let edit = EditMessage { actor: lin, channel: GENERAL, message: own, content: "x".to_owned(), named };
        silenced(refusal(service.edit(edit).await));
        let delete =
            |message: MessageId| DeleteMessages { actor: lin, channel: GENERAL, messages: vec![message] };
        let missing = Refusal::PermissionMissing(Permission::ManageMessages);
        assert_eq!(refusal(service.delete(delete(others)).await), missing);
        world.hears(ServerChange::MemberUpdated(member(LIN))).await;
        let missing = Refusal::PermissionMissing(Permission::ManageChannels);
        assert_eq!(refusal(service.purge(lin, GENERAL, Seq(1)).await), missing);
        assert!(service.history(lin, GENERAL, HistoryQuery::Latest, 9).await.is_ok());
    });
}

#[test]
fn an_instance_admin_manages_a_channel_and_does_not_read_in_it() {
    let world = World::new();
    world.run(async {
        let service = &world.service;
        let message = world.says("a").await.message;
        let admin = Actor { admin: true, ..actor(EVE) };
        assert_eq!(refusal(service.message(admin, GENERAL, message).await), Refusal::ChannelNotFound);
        let deleted = DeleteMessages { actor: admin, channel: GENERAL, messages: vec![message] };
        assert_eq!(service.delete(deleted).await.unwrap().seq, Seq(2));
        assert_eq!(service.purge(admin, GENERAL, Seq(2)).await.unwrap().seq, Seq(3));
        let nowhere = ChannelId::from_u128(0xdead);
        assert_eq!(refusal(service.purge(admin, nowhere, Seq(1)).await), Refusal::ChannelNotFound);
    });
}

#[test]
fn a_no_is_looked_at_again_before_it_is_said() {
    let world = World::new();
    world.run(async {
        let reader = Reader::new(9);
        assert!(world.follows(EVE, NEWS, None, &reader).await.is_err());
        // Nobody tells this node of any of it.
        world.decide(joined(EVE));
        world.follows(EVE, NEWS, None, &reader).await.unwrap();
        world.decide(removed(EVE, RemovalCause::Left));
        world.service.check().await.unwrap();
        world.decide(joined(EVE));
        assert!(world.service.presence(actor(EVE), SERVER).await.is_ok());
        let fresh = ChannelId::from_u128(0xc3);
        world.decide(ServerChange::ChannelCreated(channel(fresh, "fresh", false)));
        world.service.post(PostMessage { channel: fresh, ..post(EVE, "n", "hello") }).await.unwrap();
        let until = Some(world.clock.now().after(Duration::from_secs(600)));
        world.hears(ServerChange::MemberUpdated(Member { timeout_until: until, ..member(LIN) })).await;
        world.decide(ServerChange::MemberUpdated(member(LIN)));
        world.service.post(post(LIN, "n", "hello")).await.unwrap();
    });
}

#[test]
fn silence_of_the_server_service_is_no_no() {
    let world = World::new();
    world.broken.upstream.store(true, SeqCst);
    world.run(async {
        let reader = Reader::new(1);
        let unknown = StreamKey::Channel(ChannelId::from_u128(0xdead));
        for stream in [StreamKey::Channel(GENERAL), unknown, NEWS] {
            assert_eq!(refusal(world.follows(EVE, stream, None, &reader).await), Refusal::NotReady);
        }
        assert!(world.follows(LIN, NEWS, None, &reader).await.is_ok(), "a yes needs nobody");
    });
}

#[test]
fn who_loses_the_right_while_they_are_let_in_is_not_let_in() {
    let world = World::new();
    world.run(async {
        let event = world.decide(removed(LIN, RemovalCause::Kicked));
        let (store, rights) = (Arc::clone(&world.store), Arc::clone(&world.rights));
        // Between the look at rights and the registration: this recheck finds nobody yet.
        world.log.before_heads(move || {
            block_on(store.apply(event)).unwrap();
            rights.forget(SERVER);
        });
        let reader = Reader::new(9);
        let stream = StreamKey::Channel(GENERAL);
        assert_eq!(refusal(world.follows(LIN, stream, None, &reader).await), Refusal::ChannelNotFound);
        assert_eq!(world.hub.followers_of(stream), BTreeSet::new());
        world.says("without them").await;
        rest().await;
        assert!(reader.read().is_empty());
    });
}

#[test]
fn a_resume_is_checked_like_the_first_time() {
    let world = World::new();
    world.run(async {
        let stream = StreamKey::Channel(GENERAL);
        let place = world.head(stream).await;
        let reader = Reader::new(9);
        let id = world.follows(LIN, stream, Some(place), &reader).await.unwrap();
        world.service.unfollow(stream, id);
        world.says("without them").await;
        world.hears(removed(LIN, RemovalCause::Banned)).await;
        assert_eq!(refusal(world.follows(LIN, stream, Some(place), &reader).await), Refusal::ChannelNotFound);
        assert!(reader.read().is_empty());
    });
}

#[test]
fn news_of_a_channel_are_for_those_who_see_it() {
    let world = World::new();
    world.run(async {
        let (ada, lin) = (Reader::new(9), Reader::new(9));
        world.follows(ADA, NEWS, None, &ada).await.unwrap();
        world.follows(LIN, NEWS, None, &lin).await.unwrap();
        let secret = PostMessage { channel: HIDDEN, ..post(ADA, "n", "secret") };
        world.service.post(secret).await.unwrap();
        let page = EventLog::events(&*world.log, StreamKey::Channel(HIDDEN), Seq(0), 1);
        world.activity.note(&page.await.unwrap().unwrap().events[0]);
        rest().await;
        assert!(matches!(&ada.read()[..], [Item::Signal(Signal::Activity(news))] if news.channel == HIDDEN));
        assert!(lin.read().is_empty());
    });
}

#[test]
fn a_ban_is_shown_to_those_who_may_ban() {
    let world = World::new();
    world.run(async {
        let place = world.head(NEWS).await;
        world.hears(ServerChange::MemberBanned { user: EVE, delete_messages_s: 0 }).await;
        let (ada, lin) = (Reader::new(9), Reader::new(9));
        world.follows(ADA, NEWS, Some(place), &ada).await.unwrap();
        world.follows(LIN, NEWS, Some(place), &lin).await.unwrap();
        assert_eq!(ada.seqs(), [7]);
        assert_eq!(lin.read(), [Item::Skip { from: Seq(7), to: Seq(7) }]);
    });
}

#[test]
fn a_mention_tells_nobody_who_does_not_see_the_channel() {
    let world = World::new();
    world.run(async {
        let named = Mentions { users: vec![LIN, EVE], roles: Vec::new(), everyone: false };
        let command = PostMessage { channel: HIDDEN, named, ..post(ADA, "n", "hello") };
        let message = world.service.post(command).await.unwrap().message;
        let shown = world.service.message(actor(ADA), HIDDEN, message).await.unwrap();
        assert_eq!(shown.mentions, Mentions::default());
    });
}

#[test]
fn a_webhook_may_be_made_before_this_node_has_heard_that_its_maker_joined() {
    let world = World::new();
    world.run(async {
        world.decide(joined(EVE));
        let eve = Actor { admin: true, ..actor(EVE) };
        let token = TokenHash([1; 32]);
        let made = inbound::Webhooks::create(&*world.service, eve, GENERAL, "CI".to_owned(), token).await;
        let made = made.unwrap();
        assert_eq!((made.channel, made.created_by), (GENERAL, EVE));
    });
}
