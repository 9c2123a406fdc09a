//! The browser client of a deployment, for itself: the page, its files and the document that says where the services are.
//!
//! It reads the same configuration as the services and needs only the addresses in it: it holds no secret and keeps nothing.

use std::{process::ExitCode, sync::Arc};

use echopulse_http::{
    health::Always,
    program::{self, Late, Listeners, ProgramError},
    settings::Settings,
    telemetry,
};
use echopulse_web::{Page, router};
use tokio_util::sync::CancellationToken;

fn main() -> ExitCode {
    program::main(Settings::check_addresses, run)
}

async fn run(settings: Settings, stop: CancellationToken) -> Result<(), ProgramError> {
    let figures = telemetry::metrics().map_err(ProgramError::part("figures cannot be collected"))?;
    let listeners = Listeners::bind(&settings).await?;
    let page = Page::of_deployment(
        &settings.public.server_urls,
        &settings.public.chat_urls,
        &settings.identity.issuer,
    );
    let late = Late::default();
    late.set(router(page));
    tracing::info!(address = settings.listen.address, "serving");
    listeners.serve(&settings, late, Arc::new(Always), telemetry::routes(figures), stop).await;
    Ok(())
}
