use super::{Home, admin, pointer, refused};
use crate::{
    common::{
        Permission, ServerId,
        actor::{Actor, Identity},
        community::{JoinPolicy, UserKind},
        event::{RemovalCause, ServerChange},
        sign_out::Ended,
    },
    server::{
        error::Refusal,
        port::inbound::{Accounts, Answer, Bots, Invites, Members, NewBot, Servers},
    },
    testing::executor::block_on,
};

fn create<'a>(home: &'a Home, actor: Actor, name: &str) -> Answer<'a, NewBot> {
    Bots::create(home.service(), actor, home.server.id, name.to_owned())
}

fn made(home: &Home, name: &str) -> NewBot {
    block_on(create(home, home.ada, name)).unwrap()
}

/// Who the bot is once it has signed in.
fn signs_in(home: &Home, new: &NewBot) -> Actor {
    let identity = Identity {
        iss: "https://issuer.example".to_owned(),
        sub: new.bot.sub.clone(),
        preferred_username: new.bot.name.as_str().to_owned(),
        name: None,
        kind: UserKind::Bot,
        admin: false,
    };
    block_on(home.service().sign_in(identity)).unwrap()
}

fn listed(home: &Home) -> Vec<String> {
    let bots = block_on(Bots::list(home.service(), home.ada, home.server.id)).unwrap();
    bots.into_iter().map(|bot| bot.name.into_string()).collect()
}

fn elsewhere(home: &Home, owner: Actor) -> ServerId {
    block_on(home.town.server(owner, JoinPolicy::Invite)).unwrap().id
}

#[test]
fn a_bot_is_made_with_an_account_and_joins_without_roles() {
    let home = Home::new();
    let new = made(&home, "deploy");
    assert_eq!(signs_in(&home, &new).user, new.bot.user, "the client and the account are one");
    assert_eq!(home.member(new.bot.user).unwrap().roles, []);
    let user = block_on(home.service().user(home.lin, new.bot.user)).unwrap();
    assert_eq!((user.kind, user.username.as_str()), (UserKind::Bot, "deploy"));
    assert_eq!(listed(&home), ["deploy"]);
    assert_eq!(home.town.bots.secret(&new.bot.client_id), Some(new.secret));
}

#[test]
fn only_people_who_manage_the_server_make_bots() {
    let home = Home::new();
    let missing = Refusal::PermissionMissing(Permission::ManageServer);
    assert_eq!(refused(create(&home, home.lin, "deploy")), missing);
    assert_eq!(refused(Bots::list(home.service(), home.lin, home.server.id)), missing);
    let stranger = home.arrives("stranger");
    assert_eq!(refused(create(&home, stranger, "deploy")), Refusal::ServerNotFound);
    let bot = signs_in(&home, &made(&home, "deploy"));
    home.gives(bot, 1, &[Permission::ManageServer]);
    assert_eq!(refused(create(&home, bot, "another")), Refusal::BotRefused);
    assert_eq!(refused(Bots::rotate(home.service(), bot, home.server.id, bot.user)), Refusal::BotRefused);
    assert_eq!(refused(Bots::revoke(home.service(), bot, home.server.id, bot.user)), Refusal::BotRefused);
    block_on(create(&home, admin(stranger), "another")).unwrap();
}

#[test]
fn a_name_is_one_bots_and_a_valid_one() {
    let home = Home::new();
    made(&home, "deploy");
    assert_eq!(refused(create(&home, home.ada, "deploy")), Refusal::NameTaken("deploy".to_owned()));
    for wrong in ["", "De ploy", "everyone", &"x".repeat(33)] {
        assert_eq!(pointer(create(&home, home.ada, wrong)), "/name", "{wrong}");
    }
}

#[test]
fn a_server_makes_fifty_bots_at_most() {
    let home = Home::new();
    for number in 0..50 {
        made(&home, &format!("bot-{number}"));
    }
    let expected = Refusal::LimitReached { what: "bots", limit: 50 };
    assert_eq!(refused(create(&home, home.ada, "one-more")), expected);
    assert_eq!(home.town.bots.secret("bot-one-more"), None, "and nothing is left at the issuer");
}

#[test]
fn a_bot_is_added_to_other_servers_by_who_manages_them() {
    let home = Home::new();
    let bot = signs_in(&home, &made(&home, "deploy"));
    let max = home.arrives("max");
    let other = elsewhere(&home, max);
    let add = |actor: Actor| Members::add_bot(home.service(), actor, other, bot.user);
    assert_eq!(refused(add(home.ada)), Refusal::ServerNotFound);
    let joined = block_on(add(max)).unwrap();
    assert_eq!((joined.member.user, joined.member.roles.len()), (bot.user, 0));
    let again = block_on(add(max)).unwrap();
    assert_eq!((again.member, again.newly), (joined.member, false), "once is enough");
    let person = Members::add_bot(home.service(), max, other, home.lin.user);
    assert_eq!(refused(person), Refusal::UserNotFound, "people join by themselves");
}

#[test]
fn a_bot_redeems_no_invite() {
    let home = Home::new();
    let max = home.arrives("max");
    let other = elsewhere(&home, max);
    let invite = block_on(Invites::create(home.service(), max, other, 0, 0)).unwrap();
    let bot = signs_in(&home, &made(&home, "deploy"));
    assert_eq!(refused(Invites::join(home.service(), bot, invite.code)), Refusal::BotRefused);
}

#[test]
fn another_secret_replaces_the_old_one() {
    let home = Home::new();
    let old = made(&home, "deploy");
    let rotate = |actor| Bots::rotate(home.service(), actor, home.server.id, old.bot.user);
    assert_eq!(refused(rotate(home.lin)), Refusal::PermissionMissing(Permission::ManageServer));
    let new = block_on(rotate(home.ada)).unwrap();
    assert_ne!(new.secret, old.secret);
    assert_eq!(home.town.bots.secret(&old.bot.client_id), Some(new.secret));
    assert_eq!(new.bot, old.bot);
    let noted = home.town.sign_outs.noted();
    assert_eq!(noted[0].ended, Ended::Subject(old.bot.sub), "what the old one opened ends");
}

#[test]
fn a_revoked_bot_is_gone_everywhere_and_its_name_is_free() {
    let home = Home::new();
    let new = made(&home, "deploy");
    let max = home.arrives("max");
    let other = elsewhere(&home, max);
    block_on(Members::add_bot(home.service(), max, other, new.bot.user)).unwrap();
    let revoke = |actor, server| Bots::revoke(home.service(), actor, server, new.bot.user);
    assert_eq!(refused(revoke(max, other)), Refusal::UserNotFound, "it was made elsewhere");
    block_on(revoke(home.ada, home.server.id)).unwrap();
    assert_eq!(home.last(), ServerChange::MemberRemoved { user: new.bot.user, cause: RemovalCause::Deleted });
    assert_eq!(block_on(home.service().mine(signs_in(&home, &new))).unwrap(), []);
    assert_eq!(home.town.bots.secret(&new.bot.client_id), None);
    assert_eq!(listed(&home), [""; 0]);
    assert_eq!(home.town.sign_outs.noted()[0].ended, Ended::Subject(new.bot.sub));
    let again = made(&home, "deploy");
    assert_ne!(again.bot.user, new.bot.user, "the same name is another account");
}

#[test]
fn a_deleted_server_takes_its_bots_along() {
    let home = Home::new();
    let new = made(&home, "deploy");
    let delete =
        |confirm: &str| Servers::delete(home.service(), home.ada, home.server.id, confirm.to_owned());
    assert_eq!(refused(delete("another name")), Refusal::ConfirmationMismatch);
    assert!(home.town.bots.secret(&new.bot.client_id).is_some(), "nothing was deleted");
    block_on(delete("Rust Lyon")).unwrap();
    assert_eq!(home.town.bots.secret(&new.bot.client_id), None);
}
