//! Every byte of EchoPulse that crosses a process border.
//!
//! A bot, from nothing to a subscribed session that answers (feature `client`). Against a deployment on this computer, which
//! `echopulse serve` is, the key in its data folder signs the bot in:
//!
//! ```no_run
//! # #[cfg(feature = "client")]
//! # mod bot {
//! use std::sync::Arc;
//! use echopulse_protocol::client::{Client, ClientError, Deployed, LocalFolder, PostMessage, SessionEvent};
//! use echopulse_protocol::{destination::Topic, event::EventBody};
//!
//! pub async fn answer(url: &str, data_folder: &str) -> Result<(), ClientError> {
//!     let place = Arc::new(Deployed::new(url)?);
//!     let key = std::path::Path::new(data_folder).join("folder.key");
//!     let client = Client::new(place.clone(), Arc::new(LocalFolder::new(place, key, "bot")))?;
//!     let me = client.rest().me().await?.id;
//!     let (session, mut events) = client.session();
//!     for server in client.rest().servers().await? {
//!         for channel in client.rest().server(server.id).await?.channels {
//!             session.subscribe(Topic::Channel(channel.id), None).await;
//!         }
//!     }
//!     while let Some(event) = events.recv().await {
//!         let SessionEvent::Event { envelope, .. } = event else { continue };
//!         let EventBody::MessageCreated { message, .. } = envelope.body else { continue };
//!         if message.content == "ping" && message.author.id != me {
//!             // The nonce names what is answered, so that nothing is answered twice.
//!             let nonce = format!("pong-{}", message.id);
//!             session.post(PostMessage::new(message.channel_id, nonce, "pong")).await;
//!         }
//!     }
//!     Ok(())
//! }
//! # }
//! ```
//!
//! STOMP alone, for clients and servers of any kind, is in [`stomp`], and needs no feature.
//!
//! - [`stomp`]: STOMP 1.0, 1.1 and 1.2 as a sans-io codec and two sessions, without a runtime.
//! - [`event`]: what streams carry; [`rest`] and [`problem`]: request, answer and problem bodies; [`destination`]: where
//!   a client sends to and what it subscribes to; [`id`] and [`permission`]: the words in all of them.
//! - [`internal`]: what one service asks the other.
//! - [`text`]: the rules for text, the same for services and clients.
//! - `client` (feature `client`): sign-in, REST, and a STOMP session that reconnects and resumes. The terminal client and bots
//!   use this and nothing else.
//!
//! Deliberately absent: what the services decide with these values.

#![forbid(unsafe_code)]

#[cfg(feature = "client")]
pub mod client;
pub mod destination;
pub mod event;
pub mod id;
pub mod internal;
pub mod permission;
pub mod problem;
pub mod rest;
#[cfg(feature = "schema")]
mod schema;
pub mod stomp;
pub mod text;

/// Runs the examples of the read-me.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadMe;
