//! Keys and parsing of a readiness check, which several kinds have.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{Attributes, Wrong};
use evenkeel_host::Ready;
use evenkeel_model::duration;
use evenkeel_model::source::{Field, Form};

/// Keys of the table `ready`.
pub(super) const READY: &[Field] = &[
    Field::optional(
        "http",
        Form::Words,
        "A URL whose GET answers with a status from 200 to 299.",
    ),
    Field::optional(
        "tcp",
        Form::Words,
        "A `host:port` that accepts connections.",
    ),
    Field::optional(
        "within",
        Form::Duration,
        "The time limit. Default: \"10s\".",
    ),
];

/// Returns the check of `ready` and its time limit in milliseconds, and reports problems.
pub(super) fn parse(attributes: &Attributes, wrong: &mut Vec<Wrong>) -> (Option<Ready>, u64) {
    let table = attributes.table("ready");
    let text = |key: &str| table?.get(key)?.as_text().map(str::to_owned);
    let ready = match (text("http"), text("tcp")) {
        (Some(url), None) => Some(Ready::Http(url)),
        (None, Some(address)) => Some(Ready::Tcp(address)),
        (None, None) if table.is_none() => None,
        _ => {
            wrong.push(Wrong::new("ready", "use exactly one of `http` and `tcp`"));
            None
        }
    };
    if let Some(Ready::Http(url)) = &ready
        && !(url.starts_with("http://") || url.starts_with("https://"))
    {
        wrong.push(Wrong::new(
            "ready",
            format!("`{url}` is not an http or https URL"),
        ));
    }
    if let Some(Ready::Tcp(address)) = &ready
        && !is_endpoint(address)
    {
        wrong.push(Wrong::new(
            "ready",
            format!("`{address}` is not a host and a port such as `127.0.0.1:5432`"),
        ));
    }
    let within = text("within").and_then(|text| duration::parse(&text));
    (ready, within.map_or(10_000, milliseconds))
}

/// Returns the port of a check.
pub(super) fn port(ready: &Ready) -> Option<u16> {
    let (text, usual) = match ready {
        Ready::Http(url) => match url.split_once("://")? {
            ("https", rest) => (rest, 443),
            (_, rest) => (rest, 80),
        },
        Ready::Tcp(endpoint) => (endpoint.as_str(), 0),
    };
    let host = text.split(['/', '?', '#']).next().unwrap_or_default();
    let host = host.rsplit('@').next().unwrap_or_default();
    match host.rsplit_once(':') {
        // A colon within brackets is a part of the address.
        Some((_, port)) if !port.ends_with(']') => port.parse().ok(),
        _ => (usual > 0).then_some(usual),
    }
}

/// Returns the numbers in some texts that may be ports.
pub(super) fn ports<'a>(texts: impl Iterator<Item = &'a str>) -> BTreeSet<u16> {
    texts
        .flat_map(|text| text.split(|each: char| !each.is_ascii_alphanumeric()))
        .filter(|word| word.len() > 1)
        .filter_map(|word| word.parse().ok())
        .collect()
}

/// Returns a duration in milliseconds.
pub(super) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn is_endpoint(text: &str) -> bool {
    text.rsplit_once(':').is_some_and(|(host, port)| {
        !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port > 0)
    })
}

#[cfg(test)]
mod tests {
    use super::port;
    use evenkeel_host::Ready;

    #[test]
    fn a_check_names_one_port() {
        let http = |url: &str| port(&Ready::Http(url.to_owned()));
        assert_eq!(http("http://127.0.0.1:7101/healthz?a=:9"), Some(7101));
        assert_eq!(http("http://app/"), Some(80));
        assert_eq!(http("https://ada:pw@app#x"), Some(443));
        assert_eq!(http("https://[::1]/x"), Some(443));
        assert_eq!(http("https://[::1]:8443"), Some(8443));
        assert_eq!(http("http://app:many/"), None);
        let tcp = |endpoint: &str| port(&Ready::Tcp(endpoint.to_owned()));
        assert_eq!(tcp("127.0.0.1:5432"), Some(5432));
        assert_eq!(tcp("[::1]"), None);
    }
}
