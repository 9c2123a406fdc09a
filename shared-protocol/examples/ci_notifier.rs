//! Posts what it reads on standard input, once: `make 2>&1 | tail | ci_notifier '#builds' KEY`. The key names the run, so that a
//! step that is repeated does not post a second time.
use std::{env::args, io::Read, process::ExitCode};

use echopulse_protocol::client::{Client, ClientError, PostMessage, SendOutcome};

/// The longest message.
const LONGEST: usize = 4000;

#[tokio::main]
#[allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for pipes")]
async fn main() -> Result<ExitCode, ClientError> {
    let bot = Client::bot_from_env()?;
    let channel = bot.channel(&args().nth(1).unwrap_or_default()).await?.id;
    let mut text = String::new();
    if let Err(error) = std::io::stdin().read_to_string(&mut text) {
        eprintln!("standard input: {error}");
        return Ok(ExitCode::FAILURE);
    }
    // The end of a log says more than its beginning.
    let text = text.trim();
    let too_much = text.chars().count().saturating_sub(LONGEST);
    let text: String = text.chars().skip(too_much).collect();
    let nonce = args().nth(2).unwrap_or_else(|| format!("ci-{}", std::process::id()));
    let (session, _events) = bot.session();
    match session.post(PostMessage::new(channel, nonce, text)).await.outcome().await {
        SendOutcome::Done(receipt) => {
            println!("{} {}", receipt.message_id, receipt.seq);
            return Ok(ExitCode::SUCCESS);
        }
        SendOutcome::Refused(reply) => eprintln!("{} ({})", reply.detail, reply.code),
        SendOutcome::Noted | SendOutcome::Unknown => eprintln!("the deployment does not answer"),
    }
    Ok(ExitCode::FAILURE)
}
