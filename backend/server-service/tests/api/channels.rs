//! Channels of a server.

use echopulse_documents::{Operation, samples};
use echopulse_protocol::{
    event::Channel,
    problem::ProblemCode as Code,
    rest::{ChannelPlace, CreateChannel, Page, UpdateChannel},
};
use serde_json::json;

use crate::{FORBIDDEN, HIDDEN};

pub(crate) fn operations() -> Vec<Operation> {
    vec![
        Operation::new("list_channels", "The channels that the asker may view")
            .cached()
            .answers::<Page<Channel>>(200, "all of them", samples::page(&samples::channel()))
            .refuses(&HIDDEN),
        Operation::new("create_channel", "Makes a channel")
            .details("The name is lower-cased, its blanks become `-`, and it is unique in the server.")
            .keyed()
            .audited()
            .takes::<CreateChannel>(json!({ "name": "general", "kind": "text" }))
            .answers::<Channel>(201, "the channel", samples::channel())
            .refuses(&FORBIDDEN)
            .refuses(&[Code::NameTaken, Code::LimitReached, Code::CategoryNotFound]),
        Operation::new("order_channels", "Orders channels: those listed share out the places they had")
            .replaces()
            .audited()
            .takes::<Vec<ChannelPlace>>(json!([{ "id": samples::CHANNEL, "category_id": null }]))
            .answers::<Page<Channel>>(200, "all channels in their order", samples::page(&samples::channel()))
            .refuses(&FORBIDDEN)
            .refuses(&[Code::ChannelNotFound, Code::CategoryNotFound]),
        Operation::new("update_channel", "Changes a channel")
            .matched()
            .audited()
            .takes::<UpdateChannel>(
                json!({ "topic": "Whatever has no channel of its own", "slow_mode_s": 10 }),
            )
            .answers::<Channel>(200, "the channel as it is now", samples::channel())
            .refuses(&FORBIDDEN)
            .refuses(&[Code::ChannelNotFound, Code::CategoryNotFound, Code::NameTaken]),
        Operation::new("delete_channel", "Deletes a channel with its messages")
            .audited()
            .says(204, "it is gone")
            .refuses(&FORBIDDEN)
            .refuses(&[Code::ChannelNotFound]),
    ]
}
