//! Requests of suites: a client for a URL, and waiting for answers.
//!
//! Requests and expectations are defined elsewhere; `target` creates clients.

use std::future::Future;
use std::time::Duration;

use reqwest::{Client, Url};

use evenkeel_host::Interruption;
use evenkeel_host::threads;

/// Interval of checking for an interruption.
const GLANCE: Duration = Duration::from_millis(20);

/// Returns a client for a URL, and the URL.
///
/// Proxies of the caller's environment are not used: the declared service is measured, regardless of the caller.
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
/// It has its own thread and runtime, so that it may be called from anywhere.
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
            // Pending name lookups are not waited for.
            runtime.shutdown_background();
            Ok(ended)
        });
        thread
            .map_err(|error| format!("no thread: {error}"))?
            .join()
            .unwrap_or_else(|_| Err("the request's thread ended too early".to_owned()))
    })
}

/// Ends on an interruption.
async fn interrupted(interruption: &Interruption) {
    while !interruption.is_set() {
        tokio::time::sleep(GLANCE).await;
    }
}

/// Returns the innermost cause of an error, which is the most specific: `Connection refused (os error 111)`.
pub(crate) fn innermost(error: &dyn std::error::Error) -> String {
    let mut deepest = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    deepest.to_string()
}
