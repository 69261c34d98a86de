//! HTTP checks: each sends one request on its own connection and is one case.
//!
//! Expected answers are left to `expectation`.

use std::time::{Duration, Instant};

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, Url};

use super::client::{client, innermost, wait};
use super::compression::decoded;
use super::expectation::{HttpAnswer, LARGEST_BODY, disagreements};
use super::result::{Case, Outcome, Part};
use crate::world::redaction::Redactor;
use evenkeel_core::environment::suite::{HttpCheck, SuiteText};
use evenkeel_host::Interruption;
use evenkeel_model::duration;
use evenkeel_model::text;

/// Longest time limit; longer ones are unlimited.
const FOREVER: Duration = Duration::from_hours(24 * 365);

/// Runs the checks in order, unless interrupted.
pub(super) fn run(
    checks: &[HttpCheck],
    redactor: &Redactor,
    interruption: &Interruption,
    progress: &dyn Fn(&str),
) -> Part {
    let mut part = Part::default();
    for check in checks {
        let name = text::inert(&redactor.text(&name(check))).into_owned();
        progress(&name);
        let begun = Instant::now();
        let ended = match request(check) {
            Ok((client, request)) => wait(interruption, answer(client, request, check.within))
                .unwrap_or_else(|reason| Some(Err((Outcome::Error, reason)))),
            Err(reason) => Some(Err((Outcome::Error, reason))),
        };
        let Some(ended) = ended else {
            part.interrupted = true;
            part.cases
                .push(Case::new(&name, Outcome::Error, "interrupted".to_owned()));
            return part;
        };
        let case = match ended {
            Ok(answer) => {
                let found = disagreements(check, &answer, redactor);
                if found.is_empty() {
                    Case::new(&name, Outcome::Passed, None)
                } else {
                    Case::new(&name, Outcome::Failed, found.join("\n"))
                }
            }
            Err((outcome, reason)) => {
                let reason = text::inert(&redactor.text(&reason)).into_owned();
                Case::new(&name, outcome, reason)
            }
        };
        part.cases.push(case.taking(begun.elapsed()));
    }
    part
}

/// Returns the method and the URL, without user information.
fn name(check: &HttpCheck) -> String {
    let shown = check.url.parse::<Url>().ok().and_then(|mut url| {
        if url.username().is_empty() && url.password().is_none() {
            return None;
        }
        url.set_username("").ok()?;
        url.set_password(None).ok()?;
        Some(url.to_string())
    });
    format!("{} {}", check.method, shown.as_ref().unwrap_or(&check.url))
}

/// Returns the request to send, or the reason why it is invalid.
fn request(check: &HttpCheck) -> Result<(Client, reqwest::Request), String> {
    let (client, url) = client(&check.url)?;
    let method = Method::from_bytes(check.method.as_bytes())
        .map_err(|_| format!("`{}` is not a method", check.method))?;
    let mut headers = HeaderMap::new();
    for (name, text) in &check.send {
        let header: HeaderName = name
            .parse()
            .map_err(|_| format!("`{name}` is not a header"))?;
        let (text, sensitive) = match text {
            SuiteText::Plain(text) => (text.as_str(), false),
            SuiteText::Secret(secret) => (secret.reveal(), true),
        };
        let mut value = HeaderValue::from_str(text)
            .map_err(|_| format!("the value of header `{name}` contains invalid characters"))?;
        value.set_sensitive(sensitive);
        headers.insert(header, value);
    }
    let mut request = client.request(method, url).headers(headers);
    if let Some(body) = &check.body {
        request = request.body(body.clone());
    }
    let request = request
        .build()
        .map_err(|error| format!("cannot send the request: {}", innermost(&error)))?;
    Ok((client, request))
}

/// Returns the whole answer, or the reason why there is none in time.
async fn answer(
    client: Client,
    request: reqwest::Request,
    within: Duration,
) -> Result<HttpAnswer, (Outcome, String)> {
    let whole = async {
        let mut response = client.execute(request).await?;
        let mut answer = HttpAnswer {
            status: response.status().as_u16(),
            headers: std::mem::take(response.headers_mut()),
            body: Vec::new(),
            broken: None,
        };
        while answer.body.len() <= LARGEST_BODY
            && let Some(chunk) = response.chunk().await?
        {
            let room = (LARGEST_BODY + 1).saturating_sub(answer.body.len());
            answer.body.extend(chunk.iter().take(room));
        }
        if answer.body.len() <= LARGEST_BODY {
            let body = std::mem::take(&mut answer.body);
            match decoded(&answer.headers, body, LARGEST_BODY) {
                Ok(body) => answer.body = body,
                Err(reason) => answer.broken = Some(reason),
            }
        }
        Ok(answer)
    };
    match tokio::time::timeout(within.min(FOREVER), whole).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => {
            let error: reqwest::Error = error;
            let what = if error.is_connect() {
                "could not connect"
            } else {
                "no whole answer"
            };
            Err((Outcome::Error, format!("{what}: {}", innermost(&error))))
        }
        Err(_) => Err((
            Outcome::Failed,
            format!(
                "expected the whole answer within {}, found none",
                duration::phrase(within)
            ),
        )),
    }
}
