//! Founding a server.

use echopulse_core::{
    common::{
        Seq, StoreError,
        event::{ServerChange, ServerEvent},
    },
    server::port::outbound::{Founding, Unfounded},
};

use super::{
    change::{Numbering, tell},
    kept, people, view,
};
use crate::postgres::{
    codec::{id, signed},
    database::Database,
    query::run,
};

/// Stores a server with its first events, or nothing.
pub(super) async fn found(
    database: &Database,
    founding: Founding,
) -> Result<Result<Vec<ServerEvent>, Unfounded>, StoreError> {
    let mut tx = database.write().await?;
    let owner = founding.member.user;
    people::lock(&mut tx, &[owner]).await?;
    let Some(user) = people::user(&mut tx, owner).await? else { return Ok(Err(Unfounded::TooMany)) };
    if view::servers_of(&mut tx, owner).await? >= founding.limit {
        return Ok(Err(Unfounded::TooMany));
    }
    if let Some(answer) = &founding.kept
        && !kept::keep(&mut tx, answer).await?
    {
        return Ok(Err(Unfounded::Answered));
    }
    let Founding { at, server, epoch, everyone, channel, member, .. } = founding;
    let key = id(server.id.as_u128());
    let mut numbering = Numbering { server: server.id, epoch, head: Seq::ZERO, at, actor: Some(owner) };
    let changes = [
        ServerChange::ServerCreated(server),
        ServerChange::RoleCreated(everyone),
        ServerChange::ChannelCreated(channel),
        ServerChange::MemberJoined { member, user },
    ];
    let mut events = Vec::with_capacity(changes.len());
    for change in changes {
        events.push(tell(&mut tx, &mut numbering, change).await?);
    }
    let head = "INSERT INTO server_head (server, epoch, head) VALUES ($1, $2, $3)";
    let head = sqlx::query(head).bind(key).bind(signed(epoch.0)).bind(signed(numbering.head.0));
    run(&mut tx, head).await?;
    tx.commit().await?;
    Ok(Ok(events))
}
