use super::*;
use crate::common::{ChannelId, ServerId, UserId, community::ChannelKind};

const EVERYONE: RoleId = RoleId::everyone(ServerId::from_u128(1));
const WRITER: RoleId = RoleId::from_u128(2);
const MUTED: RoleId = RoleId::from_u128(3);
const LIN: UserId = UserId::from_u128(10);

fn role(id: RoleId, position: u32, permissions: &[Permission]) -> Role {
    Role {
        id,
        name: format!("role {position}"),
        description: String::new(),
        colour: None,
        permissions: Permissions::of(permissions),
        position,
        mentionable: false,
    }
}

fn everyone() -> Role {
    Role { permissions: Permissions::EVERYONE, ..role(EVERYONE, 0, &[]) }
}

fn member(roles: &[RoleId]) -> Member {
    Member {
        user: LIN,
        nickname: None,
        roles: roles.to_vec(),
        joined_at: Timestamp::from_millis(0),
        timeout_until: None,
    }
}

fn channel(overrides: Vec<Override>) -> Channel {
    Channel {
        id: ChannelId::from_u128(5),
        kind: ChannelKind::Text,
        name: "staff".to_owned(),
        topic: String::new(),
        category: None,
        position: 0,
        slow_mode_s: 0,
        retention_days: None,
        overrides,
    }
}

fn over(target: OverrideTarget, allow: &[Permission], deny: &[Permission]) -> Override {
    Override { target, allow: Permissions::of(allow), deny: Permissions::of(deny) }
}

fn standing<'a>(member: &'a Member, roles: &'a [Role], channel: Option<&'a Channel>) -> Standing<'a> {
    Standing {
        suspended: false,
        instance_admin: false,
        owner: false,
        member: Some(member),
        roles,
        channel,
        now: Timestamp::from_millis(100),
    }
}

fn spoken(explanation: &Explanation) -> Vec<(&'static str, Effect, bool)> {
    explanation.chain.iter().map(|step| (step.rule.as_str(), step.effect, step.allowed)).collect()
}

#[test]
fn a_writer_may_post_announcements() {
    use Effect::{Deny, Grant, None};
    let (member, roles) = (member(&[WRITER]), [everyone(), role(WRITER, 1, &[])]);
    let channel = channel(vec![
        over(OverrideTarget::Role(EVERYONE), &[], &[Permission::SendMessages]),
        over(OverrideTarget::Role(WRITER), &[Permission::SendMessages], &[]),
    ]);
    let explanation = explain(&standing(&member, &roles, Some(&channel)), Permission::SendMessages);
    let expected = [
        ("everyone", Grant, true),
        ("roles", None, true),
        ("override-everyone", Deny, false),
        ("override-roles", Grant, true),
        ("override-member", None, true),
        ("needs-view", None, true),
        ("timeout", None, true),
    ];
    assert_eq!(spoken(&explanation), expected);
    assert_eq!((explanation.allowed, explanation.decided_by), (true, Rule::OverrideRoles));
    assert_eq!(explanation.chain[3].source, Some(Source::Role(WRITER)));
}

#[test]
fn who_cannot_see_a_channel_cannot_post_there() {
    let (member, roles) = (member(&[]), [everyone()]);
    let channel = channel(vec![over(OverrideTarget::Role(EVERYONE), &[], &[Permission::ViewChannel])]);
    let explanation = explain(&standing(&member, &roles, Some(&channel)), Permission::SendMessages);
    assert_eq!((explanation.allowed, explanation.decided_by), (false, Rule::NeedsView));
    let step = explanation.chain.iter().find(|step| step.rule == Rule::NeedsView).unwrap();
    assert_eq!((step.effect, step.cause), (Effect::Deny, Some(Rule::OverrideEveryone)));
    let set = permissions(&standing(&member, &roles, Some(&channel)));
    assert_eq!(set, Permissions::of(&[Permission::CreateInvite, Permission::ChangeNickname]));
}

#[test]
fn who_is_above_the_rules() {
    let (member, roles) = (member(&[]), [everyone()]);
    let base = standing(&member, &roles, None);
    let suspended = Standing { suspended: true, owner: true, instance_admin: true, ..base };
    assert_eq!(permissions(&suspended), Permissions::NONE);
    assert_eq!(permissions(&Standing { owner: true, ..base }), Permissions::ALL);
    let outsider = Standing { member: None, ..base };
    assert_eq!(permissions(&outsider), Permissions::NONE);
    assert_eq!(explain(&outsider, Permission::CreateInvite).decided_by, Rule::NotMember);
    let admin = permissions(&Standing { instance_admin: true, ..outsider });
    assert_eq!(admin, Permissions::ALL.without(NOT_FOR_ADMINS), "an admin manages, but does not read along");
}

#[test]
fn an_administrator_passes_overrides_and_deletes_no_server() {
    let roles = [everyone(), role(WRITER, 1, &[Permission::Administrator])];
    let mut member = member(&[WRITER]);
    member.timeout_until = Some(Timestamp::from_millis(1000));
    let channel = channel(vec![over(OverrideTarget::Member(LIN), &[], &[Permission::ViewChannel])]);
    let base = standing(&member, &roles, Some(&channel));
    assert_eq!(permissions(&base), Permissions::ALL.without(Permissions::of(&[Permission::DeleteServer])));
    assert_eq!(explain(&base, Permission::ViewChannel).decided_by, Rule::Administrator);
    assert!(!explain(&base, Permission::DeleteServer).allowed);
    let roles = [everyone(), role(WRITER, 1, &[Permission::Administrator, Permission::DeleteServer])];
    assert_eq!(permissions(&standing(&member, &roles, Some(&channel))), Permissions::ALL);
}

#[test]
fn denies_of_roles_go_before_allows_whatever_their_order() {
    let member = member(&[WRITER, MUTED]);
    let channel = channel(vec![
        over(OverrideTarget::Role(WRITER), &[Permission::SendMessages], &[]),
        over(OverrideTarget::Role(MUTED), &[], &[Permission::SendMessages]),
    ]);
    for (writer, muted) in [(1, 2), (2, 1)] {
        let roles = [everyone(), role(WRITER, writer, &[]), role(MUTED, muted, &[])];
        assert!(allows(&standing(&member, &roles, Some(&channel)), Permission::SendMessages));
    }
}

#[test]
fn the_members_own_override_comes_last() {
    let member = member(&[WRITER]);
    let roles = [everyone(), role(WRITER, 1, &[])];
    let channel = channel(vec![
        over(OverrideTarget::Role(WRITER), &[Permission::PinMessages], &[]),
        over(OverrideTarget::Member(LIN), &[], &[Permission::PinMessages]),
    ]);
    let base = standing(&member, &roles, Some(&channel));
    assert!(!allows(&base, Permission::PinMessages));
    assert_eq!(explain(&base, Permission::PinMessages).decided_by, Rule::OverrideMember);
}

#[test]
fn what_is_not_marked_o_cannot_be_overridden() {
    let (member, roles) = (member(&[]), [everyone()]);
    let entry = over(OverrideTarget::Member(LIN), &[Permission::BanMembers], &[Permission::CreateInvite]);
    let channel = channel(vec![entry]);
    let set = permissions(&standing(&member, &roles, Some(&channel)));
    assert_eq!(set, Permissions::EVERYONE);
}

#[test]
fn mentioning_everyone_needs_the_right_to_post() {
    let member = member(&[WRITER]);
    let roles = [everyone(), role(WRITER, 1, &[Permission::MentionEveryone])];
    let channel = channel(vec![over(OverrideTarget::Role(EVERYONE), &[], &[Permission::SendMessages])]);
    let explanation = explain(&standing(&member, &roles, Some(&channel)), Permission::MentionEveryone);
    assert_eq!((explanation.allowed, explanation.decided_by), (false, Rule::NeedsSend));
}

#[test]
fn a_timeout_leaves_only_the_view_and_ends_by_the_clock() {
    let (mut member, roles) = (member(&[]), [everyone()]);
    member.timeout_until = Some(Timestamp::from_millis(100));
    assert_eq!(permissions(&standing(&member, &roles, None)), Permissions::EVERYONE, "it is over");
    member.timeout_until = Some(Timestamp::from_millis(101));
    let base = standing(&member, &roles, None);
    assert_eq!(permissions(&base), Permissions::of(&[Permission::ViewChannel]));
    assert_eq!(explain(&base, Permission::SendMessages).decided_by, Rule::Timeout);
}

#[test]
fn ranks_are_compared_strictly() {
    let roles = [everyone(), role(WRITER, 1, &[]), role(MUTED, 2, &[])];
    let (low, high) = (member(&[WRITER]), member(&[WRITER, MUTED]));
    let (low, high) = (standing(&low, &roles, None), standing(&high, &roles, None));
    let owner = Rank::of(&Standing { owner: true, ..low });
    assert_eq!((Rank::of(&low), Rank::of(&high), owner), (Rank::Position(1), Rank::Position(2), Rank::Above));
    assert!(Rank::of(&high).acts_on(Rank::of(&low)) && !Rank::of(&low).acts_on(Rank::of(&low)));
    assert!(Rank::of(&high).manages(1) && !Rank::of(&high).manages(2));
    assert!(owner.acts_on(Rank::of(&high)) && !owner.acts_on(Rank::Above));
}

#[test]
fn nobody_hands_out_what_they_lack() {
    let actor = Permissions::of(&[Permission::SendMessages, Permission::PinMessages]);
    let pin = Permissions::of(&[Permission::PinMessages]);
    let ban = Permissions::of(&[Permission::BanMembers]);
    assert!(hands_out_only(actor, Permissions::NONE, pin));
    assert!(hands_out_only(actor, ban, ban.union(pin)), "what stays is nobody's business");
    assert!(!hands_out_only(actor, ban, Permissions::NONE));
    assert!(!hands_out_only(actor, Permissions::NONE, ban));
}

/// Both ways of asking agree, over many standings made from one seed.
#[test]
fn the_set_and_the_explanation_agree() {
    let mut state = 7u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u32::try_from(state >> 33).unwrap_or(0)
    };
    for _ in 0..2_000 {
        let mut set = || Permissions::from_bits(next() & next());
        let mut roles = vec![everyone(), role(WRITER, 1, &[]), role(MUTED, 2, &[])];
        roles.iter_mut().for_each(|role| role.permissions = set());
        let targets =
            [OverrideTarget::Role(EVERYONE), OverrideTarget::Role(WRITER), OverrideTarget::Member(LIN)];
        let overrides = targets.map(|target| Override { target, allow: set(), deny: set() });
        let channel = channel(overrides.to_vec());
        let mut member = member(&[WRITER, MUTED]);
        let dice = next();
        member.timeout_until = (dice & 1 == 0).then_some(Timestamp::from_millis(500));
        member.roles.truncate(usize::try_from(dice >> 1 & 3).unwrap_or(0));
        let standing = Standing {
            suspended: dice & 0x70 == 0,
            instance_admin: dice & 0x700 == 0,
            owner: dice & 0x7000 == 0,
            member: (dice & 0x7_0000 != 0).then_some(&member),
            channel: (dice & 0x8_0000 != 0).then_some(&channel),
            ..standing(&member, &roles, None)
        };
        for permission in Permission::ALL {
            let explained = explain(&standing, *permission);
            assert_eq!(
                explained.allowed,
                allows(&standing, *permission),
                "{permission} {standing:?} {explained:?}"
            );
        }
    }
}
