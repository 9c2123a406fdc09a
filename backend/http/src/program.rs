//! What the programs of both services have in common: the command line, the signals, and the listeners.

use std::{
    io::Write,
    path::PathBuf,
    process::ExitCode,
    sync::{Arc, OnceLock},
    time::Duration,
};

use axum::{
    Json, Router,
    extract::Request,
    middleware,
    response::{IntoResponse, Response},
    routing::get,
};
use clap::Parser;
use echopulse_protocol::{
    problem::ProblemCode,
    rest::{ClientIds, WellKnown},
};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    task::JoinError,
    time,
};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use tracing_subscriber::filter::LevelFilter;

use crate::{
    ApiError,
    config::{self, ConfigError},
    door::{self, Hosts},
    health::{self, Readiness},
    serve,
    settings::{DEFAULTS, Level, Settings},
    telemetry,
};

/// The pause before a part that does not answer is tried again.
const PAUSE: Duration = Duration::from_secs(1);

/// A service of an EchoPulse deployment. Configured by a file, by variables `ECHOPULSE_<SECTION>__<KEY>`, or both.
#[derive(Parser)]
struct Arguments {
    /// The configuration file.
    #[arg(long, value_name = "FILE", env = "ECHOPULSE_CONFIG")]
    config: Option<PathBuf>,
    /// Says whether the configuration is right, and ends.
    #[arg(long)]
    check_config: bool,
    /// Prints the configuration, secrets hidden, and ends.
    #[arg(long)]
    print_config: bool,
    /// Prints every key with its default, as a file to copy, and ends.
    #[arg(long)]
    default_config: bool,
}

/// Why a service ended.
#[derive(Debug, thiserror::Error)]
pub enum ProgramError {
    /// It was configured wrongly.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// An address cannot be listened on.
    #[error("{0} cannot be listened on")]
    Listen(String, #[source] std::io::Error),
    /// Something that it needs could not be made.
    #[error("{0}")]
    Part(&'static str, #[source] Box<dyn std::error::Error + Send + Sync>),
    /// A part of it ended by itself.
    #[error("a part of the service ended by itself; the log says which")]
    Broken,
}

impl ProgramError {
    /// Something that the service needs could not be made.
    pub fn part<E: Into<Box<dyn std::error::Error + Send + Sync>>>(what: &'static str) -> impl Fn(E) -> Self {
        move |error| Self::Part(what, error.into())
    }
}

/// Says that a task which should have run for ever did not.
pub fn ended(task: Option<Result<(), JoinError>>) -> ProgramError {
    let error = task.and_then(Result::err);
    let error = error.as_ref().map(|error| error as &dyn std::error::Error);
    tracing::error!(error, "a part of the service ended by itself");
    ProgramError::Broken
}

/// Says what is missing in the settings.
pub type Check = fn(&Settings) -> Result<(), ConfigError>;

/// Reads the command line and the configuration, which `check` looks at, and runs the service until a signal comes.
pub fn main<F>(check: Check, run: impl FnOnce(Settings, CancellationToken) -> F) -> ExitCode
where
    F: Future<Output = Result<(), ProgramError>>,
{
    match start(check, run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let mut words = error.to_string();
            let mut cause = std::error::Error::source(&error);
            while let Some(error) = cause {
                words = format!("{words}: {error}");
                cause = error.source();
            }
            // Nobody may be reading; the exit code says it as well.
            let _ = writeln!(std::io::stderr(), "{words}");
            ExitCode::from(if matches!(error, ProgramError::Config(_)) { 2 } else { 1 })
        }
    }
}

fn start<F>(check: Check, run: impl FnOnce(Settings, CancellationToken) -> F) -> Result<(), ProgramError>
where
    F: Future<Output = Result<(), ProgramError>>,
{
    let arguments = Arguments::parse();
    let mut out = std::io::stdout();
    if arguments.default_config {
        let _ = out.write_all(DEFAULTS.as_bytes());
        return Ok(());
    }
    let environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let settings: Settings = config::load(DEFAULTS, arguments.config.as_deref(), environment)?;
    if arguments.print_config {
        let shown = toml::to_string(&settings).map_err(|error| ConfigError::Value(error.to_string()))?;
        let _ = out.write_all(shown.as_bytes());
        return Ok(());
    }
    check(&settings)?;
    if arguments.check_config {
        let _ = writeln!(out, "the configuration is fine");
        return Ok(());
    }
    telemetry::log(match settings.log.level {
        Level::Error => LevelFilter::ERROR,
        Level::Warn => LevelFilter::WARN,
        Level::Info => LevelFilter::INFO,
        Level::Debug => LevelFilter::DEBUG,
        Level::Trace => LevelFilter::TRACE,
    });
    let broken = |error: std::io::Error| ProgramError::Part("no runtime can be started", error.into());
    let tokio = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(broken)?;
    tokio.block_on(async {
        let stop = CancellationToken::new();
        let (mut interrupt, mut terminate) = (
            signal(SignalKind::interrupt()).map_err(broken)?,
            signal(SignalKind::terminate()).map_err(broken)?,
        );
        let stopped = stop.clone();
        let mut running = std::pin::pin!(run(settings, stopped));
        let told = async {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        };
        tokio::select! {
            ended = &mut running => return ended,
            () = told => tracing::info!("stopping"),
        }
        stop.cancel();
        running.await
    })
}

/// Routes that are put in once there is something behind them; until then the answer is that the service is not ready.
#[derive(Clone, Default)]
pub struct Late(Arc<OnceLock<Router>>);

impl Late {
    /// Puts the routes in. Only the first count.
    pub fn set(&self, routes: Router) {
        let _ = self.0.set(routes);
    }

    fn router(self) -> Router {
        Router::new().fallback(move |request: Request| {
            let routes = self.0.get().cloned();
            async move { answer(routes, request).await }
        })
    }
}

async fn answer(routes: Option<Router>, request: Request) -> Response {
    let Some(routes) = routes else {
        let starting = ApiError::new(ProblemCode::NotReady, "the service is starting; try again in a moment");
        return starting.into_response();
    };
    routes.oneshot(request).await.into_response()
}

/// Listens for clients and for the operator until `stop`.
pub struct Listeners {
    clients: TcpListener,
    operator: TcpListener,
}

impl Listeners {
    /// Takes both addresses.
    ///
    /// # Errors
    ///
    /// [`ProgramError::Listen`].
    pub async fn bind(settings: &Settings) -> Result<Self, ProgramError> {
        Ok(Self {
            clients: listen(&settings.listen.address).await?,
            operator: listen(&settings.listen.metrics).await?,
        })
    }

    /// Serves until `stop`.
    pub async fn serve(
        self,
        settings: &Settings,
        routes: Late,
        readiness: Arc<dyn Readiness>,
        figures: Router,
        stop: CancellationToken,
    ) {
        let document = well_known(settings);
        let site = Router::new()
            .route("/.well-known/echopulse", get(move || std::future::ready(Json(document.clone()))))
            .merge(health::routes(Arc::clone(&readiness)))
            .merge(routes.router());
        let site = door::guard(site, Hosts::any(), &settings.public.origins)
            .layer(middleware::from_fn(telemetry::measure));
        let operator = figures.merge(health::routes(readiness));
        tokio::join!(
            serve(self.clients, site, stop.clone().cancelled_owned()),
            serve(self.operator, operator, stop.cancelled_owned()),
        );
    }
}

async fn listen(address: &str) -> Result<TcpListener, ProgramError> {
    TcpListener::bind(address).await.map_err(|error| ProgramError::Listen(address.to_owned(), error))
}

/// Where everything of the deployment is.
fn well_known(settings: &Settings) -> WellKnown {
    WellKnown {
        issuer: settings.identity.issuer.clone(),
        clients: ClientIds {
            tui: settings.identity.tui_client.clone(),
            web: settings.identity.web_client.clone(),
        },
        server: settings.public.server_urls.clone(),
        chat: settings.public.chat_urls.clone(),
    }
}

/// Tries until something succeeds; says what is missing, and where. `None`: `stop` came first.
pub async fn insist<T, E: std::error::Error + 'static, F: Future<Output = Result<T, E>>>(
    what: &str,
    stop: &CancellationToken,
    mut attempt: impl FnMut() -> F,
) -> Option<T> {
    loop {
        let error = tokio::select! {
            () = stop.cancelled() => return None,
            tried = attempt() => match tried {
                Ok(found) => return Some(found),
                Err(error) => error,
            },
        };
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "{what} cannot be used yet; trying again until it can"
        );
        tokio::select! {
            () = stop.cancelled() => return None,
            () = time::sleep(PAUSE) => {}
        }
    }
}
