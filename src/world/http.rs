//! HTTP client of suites and load.
//!
//! No redirect is followed and no proxy is used: the declared service answers. Judging answers is left to others.

use std::error::Error as _;
use std::sync::OnceLock;

use evenkeel_model::text::inert;

/// Creates a client for many requests, on the caller's runtime.
///
/// `http` needs no certificate authorities, so it works on a machine without any.
///
/// # Errors
///
/// When the machine has no certificate authorities for `https`.
pub fn client(scheme: &str) -> Result<reqwest::Client, String> {
    static PROVIDER: OnceLock<()> = OnceLock::new();
    PROVIDER.get_or_init(|| {
        // An error means that one is installed already, which is sufficient.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    let mut builder = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .tcp_nodelay(true)
        .user_agent(concat!("evenkeel/", env!("CARGO_PKG_VERSION")));
    if !scheme.eq_ignore_ascii_case("https") {
        builder = builder.tls_certs_only([]);
    }
    builder.build().map_err(|error| {
        format!(
            "cannot ask `{scheme}:`: {}: install the machine's package of CA certificates",
            deepest(&error)
        )
    })
}

/// Returns the innermost cause, escaped, which is the most specific.
fn deepest(error: &reqwest::Error) -> String {
    let mut words = None;
    let mut cause = error.source();
    while let Some(inner) = cause {
        words = Some(inner.to_string());
        cause = inner.source();
    }
    let words = words.unwrap_or_else(|| "the connection failed".to_owned());
    let short: String = words.chars().take(300).collect();
    inert(&short).into_owned()
}
