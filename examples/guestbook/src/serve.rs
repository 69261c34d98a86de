//! The service's life: take the port, open the database, answer until told to stop, finish what is in flight, end.

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
/// After a stop, how long the last answers may be on their way to slow readers. Connections on which nothing was asked
/// in that time do not hold the stop up any longer.
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
    #[error("some requests were still unanswered {} seconds after the signal to stop", LONGEST_STOP.as_secs())]
    Unanswered,
}

/// Returns when a signal asked to stop and every request in flight was answered.
pub async fn serve(config: Config) -> Result<(), ServeError> {
    // Signals first: one that comes early must stop the service and not kill it half way.
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
    // The token has done its duty; only its digest lives on.
    drop(config);

    let served = answer_until_told(listener, app, (terminate, interrupt), &log).await;
    log.event(
        Level::Info,
        "stopped",
        if served.is_ok() {
            "every request was answered"
        } else {
            "with an error"
        },
    );
    writer.finish(log, Duration::from_secs(1));
    served
}

async fn answer_until_told(
    listener: TcpListener,
    app: App,
    (mut terminate, mut interrupt): (Signal, Signal),
    log: &Log,
) -> Result<(), ServeError> {
    let (told, stopping) = oneshot::channel();
    let log = log.clone();
    let stop = async move {
        let name = tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "SIGINT",
        };
        log.event(Level::Info, "stopping", name);
        // Nobody waits for this when serving has ended by itself.
        let _ = told.send(());
    };
    let in_flight = app.in_flight.clone();
    let serving = axum::serve(listener, router(app)).with_graceful_shutdown(stop);
    let given_up = async {
        if stopping.await.is_err() {
            // Serving has ended by itself, and says why.
            std::future::pending::<()>().await;
        }
        tokio::time::timeout(LONGEST_STOP, in_flight.quiet_for(LAST_ANSWERS)).await
    };
    tokio::select! {
        served = serving => served.map_err(ServeError::Serving),
        quiet = given_up => quiet.map_err(|_| ServeError::Unanswered),
    }
}
