//! A small STOMP broker for suites that expect one: `test-broker --listen 127.0.0.1:15674`.

use std::{io::Write, net::SocketAddr};

use anyhow::Context;
use clap::Parser;
use echopulse_tests::{bridge::Bridge, broker::Broker};

#[derive(Parser)]
#[command(name = "test-broker", about = "STOMP over WebSocket with /topic and /queue, in memory")]
struct Options {
    /// Where it listens; with port 0 the system chooses one. Any path is fine, /ws for example.
    #[arg(long, default_value = "127.0.0.1:15674")]
    listen: SocketAddr,
    /// Where it listens for STOMP over TCP, if it is to.
    #[arg(long)]
    tcp: Option<SocketAddr>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let broker =
        Broker::listen(options.listen).await.with_context(|| format!("{} cannot be had", options.listen))?;
    let mut out = std::io::stdout();
    writeln!(out, "listening on {}", broker.url())?;
    let _bridge = match options.tcp {
        None => None,
        Some(address) => {
            let bridge = Bridge::listen(address, &broker.url())
                .await
                .with_context(|| format!("{address} cannot be had"))?;
            writeln!(out, "listening on tcp://{}", bridge.address())?;
            Some(bridge)
        }
    };
    out.flush()?;
    tokio::signal::ctrl_c().await?;
    broker.stop();
    Ok(())
}
