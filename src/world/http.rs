//! The HTTP client that suites and load are made with.
//!
//! No redirect is followed and no proxy is used: what is asked is what answers. Whether an answer is good is left to
//! others.

use std::error::Error as _;
use std::sync::OnceLock;

use evenkeel_model::text::inert;

/// A client for many requests, on whichever runtime the caller has.
///
/// For `http` no certificate is looked for: hosts without any can still be asked.
///
/// # Errors
///
/// When the machine has no certificate authorities to check `https` with.
pub fn client(scheme: &str) -> Result<reqwest::Client, String> {
    static PROVIDER: OnceLock<()> = OnceLock::new();
    PROVIDER.get_or_init(|| {
        // An error says that one is installed already, which serves as well.
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

/// The innermost cause, which says most, made harmless.
fn deepest(error: &reqwest::Error) -> String {
    let mut words = None;
    let mut cause = error.source();
    while let Some(inner) = cause {
        words = Some(inner.to_string());
        cause = inner.source();
    }
    let words = words.unwrap_or_else(|| "the conversation failed".to_owned());
    let short: String = words.chars().take(300).collect();
    inert(&short).into_owned()
}
