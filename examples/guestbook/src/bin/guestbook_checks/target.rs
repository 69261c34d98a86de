//! The guestbook under test: sends requests, with a time limit on each, and reads responses. The suites check them.

use std::fmt::Write;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use reqwest::{Client, Url, redirect};

use crate::exchange::{Answer, Request};
use crate::run::{Failure, Kind};

const LONGEST_ANSWER: usize = 4 * 1024 * 1024;

pub struct Target {
    base: Url,
    client: Client,
    pub timeout: Duration,
    /// The moderator's token, if set in the environment.
    pub token: Option<String>,
    /// Text that is unique to this run.
    pub unique: String,
}

impl Target {
    pub fn from_environment(timeout: Duration) -> Result<Self, String> {
        let text = std::env::var("TARGET_URL")
            .map_err(|_| "TARGET_URL is not set; set it to the address of the guestbook")?;
        let base: Url = text
            .parse()
            .map_err(|error| format!("TARGET_URL is not a URL: {error}"))?;
        if base.scheme() != "http" || !base.has_host() {
            return Err(format!(
                "TARGET_URL is `{text}`, expected http:// and a host"
            ));
        }
        let token = std::env::var("MODERATOR_TOKEN")
            .ok()
            .filter(|token| !token.is_empty());
        // The client requires a TLS provider although it only uses plain HTTP. Installing fails when one is already
        // installed, which is fine.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .tls_certs_only([])
            .no_proxy()
            .redirect(redirect::Policy::none())
            .connect_timeout(timeout)
            .timeout(timeout)
            .build()
            .map_err(|error| format!("cannot create an HTTP client: {error}"))?;
        Ok(Self {
            base,
            client,
            timeout,
            token,
            unique: unique_text(),
        })
    }

    /// Returns host and port, for requests that no well-behaved client can send.
    pub fn socket(&self) -> Result<(String, u16), Failure> {
        match (self.base.host_str(), self.base.port_or_known_default()) {
            (Some(host), Some(port)) => Ok((host.trim_matches(['[', ']']).to_owned(), port)),
            _ => Err(Failure::wrong("TARGET_URL has no host and port")),
        }
    }

    /// Returns the address of a path on the target.
    pub fn url(&self, path: &str) -> Result<Url, Failure> {
        let text = format!("{}{path}", self.base.as_str().trim_end_matches('/'));
        text.parse()
            .map_err(|error| Failure::wrong(format!("`{text}` is not a URL: {error}")))
    }

    /// Returns the path of a `Location` header; an error when it leads to another site.
    pub fn path_of(&self, location: &str) -> Result<String, Failure> {
        let url = self.url("/")?.join(location).map_err(|error| {
            Failure::wrong(format!("the Location `{location}` is not a URL: {error}"))
        })?;
        if url.origin() != self.base.origin() {
            return Err(Failure::wrong(format!(
                "the Location `{location}` leads to another site"
            )));
        }
        let prefix = self.base.path().trim_end_matches('/');
        Ok(url
            .path()
            .strip_prefix(prefix)
            .unwrap_or(url.path())
            .to_owned())
    }

    pub async fn send(&self, request: Request) -> Result<Answer, Failure> {
        let asked = format!("{} {}", request.method, request.path);
        let url = self.url(&request.path)?;
        let mut builder = self.client.request(request.method, url);
        for (name, value) in request.headers {
            builder = builder.header(name, value);
        }
        if let Some(body) = request.body {
            builder = builder.body(body);
        }
        let failed = |error: reqwest::Error| no_answer(&asked, self.timeout, &error);
        let mut response = builder.send().await.map_err(failed)?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            body.extend_from_slice(&chunk);
            if body.len() > LONGEST_ANSWER {
                return Err(Failure::wrong(format!(
                    "{asked} answered with more than {LONGEST_ANSWER} bytes"
                )));
            }
        }
        Ok(Answer {
            asked,
            status,
            headers,
            body: String::from_utf8_lossy(&body).into_owned(),
        })
    }
}

fn no_answer(asked: &str, timeout: Duration, error: &reqwest::Error) -> Failure {
    if error.is_timeout() {
        let message = format!(
            "no response to {asked} within {} seconds",
            timeout.as_secs()
        );
        return Failure {
            kind: Kind::Timeout,
            message,
        };
    }
    let mut message = format!("no response to {asked}: {error}");
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        let _ = write!(message, ": {next}");
        cause = next.source();
    }
    Failure {
        kind: Kind::NoAnswer,
        message,
    }
}

fn unique_text() -> String {
    let moment = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_nanos());
    format!("check-{moment:x}-{:x}", std::process::id())
}
