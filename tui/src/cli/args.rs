//! The command line.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand};
use echopulse_protocol::id::Seq;

const EXIT_CODES: &str = "Exit codes: 0 done · 1 failed · 2 wrong command line or configuration · 3 not signed in · \
                          4 no such thing, or not allowed · 5 the deployment does not answer · 6 the input was refused";

/// A chat that lives in the terminal. Without a command: the client.
#[derive(Debug, Parser)]
#[command(name = "echopulse", version, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    /// Whose client.
    #[command(flatten)]
    pub(crate) named: Named,
    /// Reads the configuration, says what is wrong with it, and ends.
    #[arg(long)]
    pub(crate) check_config: bool,
    /// What to do instead of opening the client.
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// Who, where, and how to answer.
#[derive(Clone, Debug, Args)]
pub(crate) struct Named {
    /// The data folder, instead of the one of this computer's user.
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Who you are in this data folder; a new name is a new person.
    #[arg(long = "as", id = "as", global = true, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Which server, where you are in several.
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) server: Option<String>,
    /// Answers in JSON, one object a line.
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

/// What can be done without the client.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serves this data folder until it is told to stop.
    #[cfg(feature = "local")]
    Serve(Serve),
    /// Signs in to a deployment, with a code that you type on a page.
    Login {
        /// Its URL, like `https://chat.example.org`
        url: String,
    },
    /// Signs out of the deployment you are signed in to.
    Logout,
    /// Says who you are, and where.
    Whoami,
    /// Lists your servers, or makes one.
    Servers {
        #[command(subcommand)]
        make: Option<Make>,
    },
    /// Lists the channels of a server, or makes one.
    Channels {
        #[command(subcommand)]
        make: Option<Make>,
    },
    /// Makes and manages bots: programs with an account of their own.
    Bots {
        #[command(subcommand)]
        what: Bots,
    },
    /// Makes and manages webhooks: addresses at which programs without an account post.
    Webhooks {
        #[command(subcommand)]
        what: Webhooks,
    },
    /// Lists the members of a server.
    Members,
    /// Makes an invite.
    Invite(Invite),
    /// Joins by an invite.
    Join {
        /// The code.
        code: String,
    },
    /// Posts a message and prints its id and place once it is durable.
    Send {
        /// Where to, like '#general'.
        channel: String,
        /// What to say; `-`, or nothing, reads standard input.
        text: Option<String>,
    },
    /// Follows a channel, over every restart of whoever serves it.
    Tail {
        /// Which, like '#general'.
        channel: String,
        /// Begins behind this place, instead of now.
        #[arg(long, value_name = "SEQ", value_parser = place)]
        since: Option<Seq>,
    },
    /// Prints the newest messages of a channel.
    History {
        /// Which, like '#general'.
        channel: String,
        /// How many.
        #[arg(long, default_value_t = 50)]
        limit: usize,
        /// Those in front of this place.
        #[arg(long, value_name = "SEQ", value_parser = place)]
        before: Option<Seq>,
    },
}

/// Making something.
#[derive(Debug, Subcommand)]
pub(crate) enum Make {
    /// Makes one.
    Create {
        /// Its name.
        name: String,
    },
}

/// Managing the bots of a server.
#[derive(Debug, Subcommand)]
pub(crate) enum Bots {
    /// Makes one that joins the server, and prints its client id and secret, once.
    Create {
        /// 1-32 of a-z, 0-9, '.', '_' and '-', like deploy.
        name: String,
    },
    /// Lists those that the server made.
    List,
    /// Prints another secret; the old one, and whatever it opened, ends.
    Rotate {
        /// Which.
        name: String,
    },
    /// Takes one away: it is signed out and leaves every server, at once.
    Revoke {
        /// Which.
        name: String,
    },
}

/// Managing the webhooks of a channel.
#[derive(Debug, Subcommand)]
pub(crate) enum Webhooks {
    /// Makes one and prints its address, once.
    Create {
        /// Where it posts, like '#builds'.
        channel: String,
        /// What its messages are shown under.
        name: String,
    },
    /// Lists those of a channel.
    List {
        /// Which, like '#builds'.
        channel: String,
    },
    /// Prints another address; the old one opens nothing any more.
    Rotate {
        /// Where it posts.
        channel: String,
        /// Its name or id.
        name: String,
    },
    /// Deletes one. What it wrote stays.
    Delete {
        /// Where it posts.
        channel: String,
        /// Its name or id.
        name: String,
    },
}

/// How to serve.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Where to listen; loopback unless told otherwise.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    pub(crate) listen: SocketAddr,
    /// The https address of the proxy in front, for people elsewhere.
    #[arg(long, value_name = "URL")]
    pub(crate) public_url: Option<String>,
    /// A file whose first line is the password of the folder's first person.
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,
}

/// An invite to be made.
#[derive(Debug, Args)]
pub(crate) struct Invite {
    /// How often it may be used; 0: any number of times.
    #[arg(long, value_name = "COUNT")]
    pub(crate) max_uses: Option<u32>,
    /// How long it lives, in seconds; 0: for ever.
    #[arg(long, value_name = "SECONDS")]
    pub(crate) max_age: Option<u32>,
}

fn place(text: &str) -> Result<Seq, String> {
    text.parse().map_err(|_| "a place is a whole number".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_holds_together() {
        <Cli as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn options_may_stand_behind_the_command() {
        let cli =
            Cli::try_parse_from(["echopulse", "send", "#general", "hi", "--as", "ada", "--json"]).unwrap();
        assert!(cli.named.json && cli.named.name.as_deref() == Some("ada"));
        assert!(matches!(cli.command, Some(Command::Send { text: Some(text), .. }) if text == "hi"));
    }

    #[test]
    fn what_is_made_is_not_who_makes_it() {
        let cli =
            Cli::try_parse_from(["echopulse", "--as", "ada", "servers", "create", "Rust Lyon"]).unwrap();
        assert_eq!(cli.named.name.as_deref(), Some("ada"));
    }

    #[test]
    fn a_place_is_a_number() {
        assert!(Cli::try_parse_from(["echopulse", "tail", "#general", "--since", "-1"]).is_err());
        assert!(Cli::try_parse_from(["echopulse", "tail", "#general", "--since", "7"]).is_ok());
    }
}
