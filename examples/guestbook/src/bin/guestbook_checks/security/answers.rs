//! Requirements for every response: the security headers, and no internal details.

use reqwest::Method;

use super::OVERSIZED;
use crate::exchange::{Answer, FORM, JSON, Request};
use crate::run::{Failure, require};
use crate::target::Target;

/// Signs of internal details in a response, in lower case.
const INTERNALS: [&str; 13] = [
    "panicked",
    "backtrace",
    ".rs:",
    "/src/",
    "rusqlite",
    "sqlite",
    "select ",
    "insert into",
    "axum",
    "hyper",
    "tokio",
    "/home/",
    "guestbook.db",
];
/// Headers that name the service's software.
const NAMEPLATES: [&str; 5] = [
    "server",
    "x-powered-by",
    "via",
    "x-aspnet-version",
    "x-generator",
];

/// One response of every sort: pages, documents, and each refusal.
pub fn specimens() -> Vec<(Request, u16)> {
    vec![
        (Request::get("/"), 200),
        (Request::get("/style.css"), 200),
        (Request::get("/healthz"), 200),
        (Request::get("/openapi.json"), 200),
        (Request::get("/api/entries"), 200),
        (Request::get("/no-such-page"), 404),
        (Request::get("/api/no-such-thing"), 404),
        (Request::delete("/"), 405),
        (Request::new(Method::PUT, "/api/entries"), 405),
        (Request::post("/api/entries", JSON, "{"), 400),
        (Request::delete("/api/entries/1"), 401),
        (Request::post("/", "text/plain", "hello"), 415),
        (Request::post("/", FORM, ""), 422),
        (Request::post("/", FORM, "m".repeat(OVERSIZED)), 413),
    ]
}

pub fn verify_headers(answer: &Answer) -> Result<(), Failure> {
    let header = |name: &str| {
        let missing = || {
            Failure::wrong(format!(
                "{} answered without the header {name}",
                answer.asked
            ))
        };
        answer
            .header(name)
            .map(str::to_ascii_lowercase)
            .ok_or_else(missing)
    };
    let policy = header("content-security-policy")?;
    let directives: Vec<&str> = policy.split(';').map(str::trim).collect();
    for needed in [
        "default-src 'none'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    ] {
        require(directives.contains(&needed), || {
            format!("the content security policy lacks {needed}")
        })?;
    }
    for open in ["unsafe-inline", "unsafe-eval", "*", "http:", "data:"] {
        require(!policy.contains(open), || {
            format!("the content security policy allows {open}")
        })?;
    }
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "deny"),
        ("referrer-policy", "no-referrer"),
    ] {
        let found = header(name)?;
        require(found == value, || {
            format!(
                "{} answered with {name}: {found}, expected {value}",
                answer.asked
            )
        })?;
    }
    Ok(())
}

pub async fn no_nameplates(target: &Target) -> Result<(), Failure> {
    for (request, _) in specimens() {
        let answer = target.send(request).await?;
        for name in NAMEPLATES {
            let value = answer.header(name).unwrap_or_default();
            require(value.is_empty(), || {
                format!("{} answered with {name}: {value}", answer.asked)
            })?;
        }
    }
    Ok(())
}

pub async fn no_internals(target: &Target) -> Result<(), Failure> {
    let mut requests: Vec<Request> = specimens()
        .into_iter()
        .filter(|(_, status)| *status >= 400)
        .map(|(request, _)| request)
        .collect();
    for path in [
        "99999999999999999999999",
        "-1",
        "%00",
        "%ff",
        "1'%20OR%201=1",
        "1%3B%20DROP%20TABLE%20entry",
    ] {
        requests.push(Request::get(format!("/api/entries/{path}")));
    }
    requests.push(Request::get("/api/entries?limit=1'"));
    requests.push(Request::get("/api/entries?limit=%ff"));
    requests.push(Request::post("/", FORM, "name=%ff&name=%00&message"));
    requests.push(Request::post("/api/entries", JSON, "[".repeat(10_000)));
    for request in requests {
        let answer = target.send(request).await?;
        require(answer.status < 500, || {
            format!("{} answered {}", answer.asked, answer.status)
        })?;
        // A page with entries contains visitors' text, which may be anything.
        let shown = answer
            .body
            .split("<article>")
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase();
        for sign in INTERNALS.into_iter().filter(|_| answer.status >= 400) {
            require(!shown.contains(sign), || {
                format!("{} answered with text that contains `{sign}`", answer.asked)
            })?;
        }
    }
    Ok(())
}
