//! The life of the service: bind the port, open the database, serve until a signal, finish requests in progress, exit.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

use crate::app::{App, router};
use crate::config::Config;
use crate::in_flight::InFlight;
use crate::log::{self, Level, Log};
use crate::moderator::Moderator;
use crate::store::{Store, StoreError};

/// Longer than any request may take.
const LONGEST_STOP: Duration = Duration::from_secs(15);
/// The time after a stop in which the last responses may reach slow readers. Connections without a request do not delay
/// the stop further.
const LAST_ANSWERS: Duration = Duration::from_secs(3);

#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error("cannot listen on {address}")]
    Listen {
        address: SocketAddr,
        source: io::Error,
    },
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("cannot watch for signals")]
    Signals(#[source] io::Error),
    #[error("stopped serving")]
    Serving(#[source] io::Error),
    #[error("some requests were unanswered {} seconds after the stop signal", LONGEST_STOP.as_secs())]
    Unanswered,
}

/// Returns when a signal requested the stop and every request in progress was answered.
pub async fn serve(config: Config) -> Result<(), ServeError> {
    // Signals first: an early one must stop the service cleanly instead of killing it.
    let terminate = signal(SignalKind::terminate()).map_err(ServeError::Signals)?;
    let interrupt = signal(SignalKind::interrupt()).map_err(ServeError::Signals)?;
    // The port next: a second copy must not touch the database of the first.
    let listen_error = |source| ServeError::Listen {
        address: config.listen,
        source,
    };
    let listener = TcpListener::bind(config.listen)
        .await
        .map_err(listen_error)?;
    let address = listener.local_addr().map_err(listen_error)?;
    let (store, (before, after)) = Store::open(&config.database, config.workers.max(2))?;

    let (log, writer) = log::start(config.log_level);
    log.event(
        Level::Info,
        "schema",
        &format!("from version {before} to version {after}"),
    );
    log.event(Level::Info, "listening", &address.to_string());
    let app = App {
        store: Arc::new(store),
        moderator: Moderator::new(&config.moderator_token),
        log: log.clone(),
        in_flight: InFlight::default(),
    };
    // Only the digest of the token is needed from here on.
    drop(config);

    let served = answer_until_stopped(listener, app, (terminate, interrupt), &log).await;
    log.event(
        Level::Info,
        "stopped",
        if served.is_ok() {
            "all requests answered"
        } else {
            "with an error"
        },
    );
    writer.finish(log, Duration::from_secs(1));
    served
}

async fn answer_until_stopped(
    listener: TcpListener,
    app: App,
    (mut terminate, mut interrupt): (Signal, Signal),
    log: &Log,
) -> Result<(), ServeError> {
    let (sender, stopping) = oneshot::channel();
    let log = log.clone();
    let stop = async move {
        let name = tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "SIGINT",
        };
        log.event(Level::Info, "stopping", name);
        // The receiver is gone when serving has ended by itself.
        let _ = sender.send(());
    };
    let in_flight = app.in_flight.clone();
    let serving = axum::serve(listener, router(app)).with_graceful_shutdown(stop);
    let given_up = async {
        if stopping.await.is_err() {
            // Serving ended by itself; return its error.
            std::future::pending::<()>().await;
        }
        tokio::time::timeout(LONGEST_STOP, in_flight.quiet_for(LAST_ANSWERS)).await
    };
    tokio::select! {
        served = serving => served.map_err(ServeError::Serving),
        quiet = given_up => quiet.map_err(|_| ServeError::Unanswered),
    }
}
