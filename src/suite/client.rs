//! Requests of suites: a client for a URL, and waiting for answers from anywhere.
//!
//! What is asked and what the answer must be is said elsewhere; how clients are made is `target`'s.

use std::future::Future;
use std::time::Duration;

use reqwest::{Client, Url};

use evenkeel_host::Interruption;
use evenkeel_host::threads;

/// How often an interruption is looked for.
const GLANCE: Duration = Duration::from_millis(20);

/// A client for a URL, and the URL itself.
///
/// Proxies of the caller's environment are not used: what is measured is the service that was declared, whoever runs
/// the suite.
pub(crate) fn client(url: &str) -> Result<(Client, Url), String> {
    let url: Url = url
        .parse()
        .map_err(|error| format!("`{url}` is not a URL: {error}"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("`{url}` is neither http nor https"));
    }
    let client = crate::world::http::client(url.scheme())?;
    Ok((client, url))
}

/// Runs a future to its end, or until an interruption: `None` then.
///
/// It has a thread and a runtime of its own, so that it may be called from anywhere.
pub(crate) fn wait<F>(interruption: &Interruption, future: F) -> Result<Option<F::Output>, String>
where
    F: Future<Output: Send> + Send,
{
    std::thread::scope(|scope| {
        let thread = threads::builder().spawn_scoped(scope, || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .map_err(|error| format!("no runtime: {error}"))?;
            let ended = runtime.block_on(async {
                tokio::select! {
                    output = future => Some(output),
                    () = interrupted(interruption) => None,
                }
            });
            // Name lookups in progress are not waited for.
            runtime.shutdown_background();
            Ok(ended)
        });
        thread
            .map_err(|error| format!("no thread: {error}"))?
            .join()
            .unwrap_or_else(|_| Err("the request's thread ended too early".to_owned()))
    })
}

/// Ends when an interruption is asked for.
async fn interrupted(interruption: &Interruption) {
    while !interruption.is_set() {
        tokio::time::sleep(GLANCE).await;
    }
}

/// The cause at the bottom of an error, which says most: `Connection refused (os error 111)`.
pub(crate) fn innermost(error: &dyn std::error::Error) -> String {
    let mut deepest = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    deepest.to_string()
}
