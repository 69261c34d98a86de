//! Middleware around every request: limits on body and time, protection from panics, security headers, and one log
//! line.

use std::future::poll_fn;
use std::pin::Pin;
use std::time::{Duration, Instant};

use axum::body::{Body, HttpBody};
use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::Response;

use crate::app::App;
use crate::log::{Answered, Level};
use crate::problem::Problem;

const LONGEST_BODY: usize = 32 * 1024;
/// The part of an oversized body that is read and discarded before the refusal. A client that is still sending when the
/// connection closes would see a broken connection instead of the response.
const LONGEST_DISCARD: usize = 1024 * 1024;
const LONGEST_REQUEST: Duration = Duration::from_secs(10);

const SECURITY_HEADERS: [(HeaderName, &str); 5] = [
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
    (REFERRER_POLICY, "no-referrer"),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
];

/// Times the request, catches its panic, adds headers to the response and logs it.
pub async fn watch(State(app): State<App>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let _flight = app.in_flight.begin();
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    // In a separate task, a panic ends the task and not the connection, and a change is completed even after the client
    // disconnects.
    let mut task = tokio::spawn(next.run(request));
    let mut response = match tokio::time::timeout(LONGEST_REQUEST, &mut task).await {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => {
            app.log
                .event(Level::Error, "request-panicked", &error.to_string());
            Problem::internal().answer_for(&path)
        }
        Err(_) => {
            task.abort();
            Problem::new(StatusCode::REQUEST_TIMEOUT, "The request took too long.")
                .answer_for(&path)
        }
    };
    dress(&mut response);
    app.log.request(&Answered {
        method: method.as_str(),
        path: &path,
        status: response.status().as_u16(),
        microseconds: u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX),
    });
    response
}

fn dress(response: &mut Response) {
    let headers = response.headers_mut();
    for (name, value) in SECURITY_HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers
        .entry(CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
}

/// Reads the whole body, within limits, before any handler runs.
pub async fn limit_body(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    match read(body).await {
        Ok(bytes) => {
            next.run(Request::from_parts(parts, Body::from(bytes)))
                .await
        }
        Err(problem) => problem.answer_for(parts.uri.path()),
    }
}

async fn read(mut body: Body) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    let mut length = 0;
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let frame = frame.map_err(|_| {
            Problem::new(StatusCode::BAD_REQUEST, "The request body is unreadable.")
        })?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        length += data.len();
        if length > LONGEST_DISCARD {
            break;
        }
        if length <= LONGEST_BODY {
            bytes.extend_from_slice(&data);
        }
    }
    if length > LONGEST_BODY {
        let detail = format!("The request body has more than {LONGEST_BODY} bytes.");
        return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail));
    }
    Ok(bytes)
}
