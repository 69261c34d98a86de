//! A guestbook with an injected fault: a real one behind a proxy that changes one thing, so a failing check fails
//! because of that.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::guestbook::{Guestbook, TOKEN};
use crate::suite::{Ran, run};

#[derive(Debug, Clone, Copy)]
pub enum Fault {
    /// No fault, to show that the proxy itself is harmless.
    None,
    HeaderMissing(&'static str),
    HeaderAdded(&'static str, &'static str),
    /// Only on responses with this status.
    HeaderMissingOn(u16, &'static str),
    MarkupNotEscaped,
    /// Replaces this status with that one, with a body that is difficult to report.
    WrongStatus(u16, u16),
    /// Adds an undocumented field to every entry in JSON.
    FieldAdded,
    MessagesUpperCase,
    /// Removes this path from the interface description.
    PathUndescribed(&'static str),
    /// Adds this path to the interface description.
    PathInvented(&'static str),
    /// Appends this to error pages.
    ErrorsReveal(&'static str),
    /// Accepts every deletion.
    EverybodyModerates,
    NeverAnswers,
    /// Sends headers and then nothing.
    NeverFinishes,
}

#[derive(Clone)]
struct Spoiler {
    upstream: String,
    client: reqwest::Client,
    fault: Fault,
}

/// Runs one suite against a guestbook with this fault.
pub fn check(suite: &str, fault: Fault, arguments: &[&str]) -> Ran {
    let guestbook = Guestbook::start();
    let runtime = Runtime::new().expect("a runtime starts");
    let address = runtime.block_on(serve(guestbook.url(), fault));
    let ran = run(suite, &format!("http://{address}"), Some(TOKEN), arguments);
    // A request without a response must not keep the test waiting.
    runtime.shutdown_timeout(Duration::ZERO);
    ran
}

async fn serve(upstream: String, fault: Fault) -> SocketAddr {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder()
        .tls_certs_only([])
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .expect("a client is created");
    let router = Router::new().fallback(pass_on).with_state(Spoiler {
        upstream,
        client,
        fault,
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port is free");
    let address = listener.local_addr().expect("it has an address");
    if matches!(fault, Fault::NeverFinishes) {
        tokio::spawn(begin_only(listener));
        return address;
    }
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

/// Promises a body to every client and sends none.
async fn begin_only(listener: tokio::net::TcpListener) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(async move {
            // A response before its request counts as a broken connection.
            while stream.readable().await.is_ok() {
                match stream.try_read(&mut [0; 4096]) {
                    Ok(0) => break,
                    Ok(_) => {
                        let head = b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 100\r\n\r\n";
                        let _ = stream.try_write(head);
                        std::future::pending::<()>().await;
                    }
                    Err(_) => {}
                }
            }
        });
    }
}

async fn pass_on(State(spoiler): State<Spoiler>, request: Request) -> Response {
    if matches!(spoiler.fault, Fault::NeverAnswers) {
        std::future::pending::<()>().await;
    }
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX)
        .await
        .expect("the checks send whole bodies");
    let mut headers = parts.headers;
    headers.remove("host");
    headers.remove("content-length");
    if matches!(spoiler.fault, Fault::EverybodyModerates) && parts.method == Method::DELETE {
        let token =
            HeaderValue::from_str(&format!("Bearer {TOKEN}")).expect("the token fits a header");
        headers.insert("authorization", token);
    }
    let address = format!("{}{}", spoiler.upstream, parts.uri);
    let request = spoiler
        .client
        .request(parts.method, address)
        .headers(headers)
        .body(body);
    let answer = request.send().await.expect("the guestbook answers");
    let (status, mut headers) = (answer.status(), answer.headers().clone());
    for hop in ["content-length", "transfer-encoding", "connection", "date"] {
        headers.remove(hop);
    }
    let body = answer
        .text()
        .await
        .expect("the guestbook answers with text");
    spoil(spoiler.fault, parts.uri.path(), status, headers, body)
}

fn spoil(
    fault: Fault,
    path: &str,
    mut status: StatusCode,
    mut headers: HeaderMap,
    mut body: String,
) -> Response {
    let is = |headers: &HeaderMap, media_type: &str| {
        headers
            .get("content-type")
            .is_some_and(|value| value.as_bytes().starts_with(media_type.as_bytes()))
    };
    match fault {
        Fault::HeaderMissing(name) => {
            headers.remove(name);
        }
        Fault::HeaderMissingOn(on, name) if status == on => {
            headers.remove(name);
        }
        Fault::HeaderAdded(name, value) => {
            headers.insert(
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            );
        }
        Fault::MarkupNotEscaped if is(&headers, "text/html") => {
            body = body
                .replace("&lt;", "<")
                .replace("&gt;", ">")
                .replace("&quot;", "\"");
        }
        Fault::WrongStatus(from, to) if status == from => {
            status = StatusCode::from_u16(to).expect("the test names a status");
            body = String::from("\u{1}\u{fffe}]]> <b>&amp; \"quoted\"\r\n'ünïcode'");
        }
        Fault::FieldAdded if is(&headers, "application/json") && path.starts_with("/api/") => {
            body = with_field(&body);
        }
        Fault::MessagesUpperCase
            if is(&headers, "application/json") && path.starts_with("/api/") =>
        {
            body = body
                .replace("Greetings", "GREETINGS")
                .replace("DROP", "drop");
        }
        Fault::PathUndescribed(gone) if path == "/openapi.json" => {
            body = with_paths(&body, |paths| {
                paths.remove(gone);
            });
        }
        Fault::PathInvented(new) if path == "/openapi.json" => {
            body = with_paths(&body, |paths| {
                paths.insert(new.to_owned(), json!({ "get": { "responses": {} } }));
            });
        }
        Fault::ErrorsReveal(text) if status.as_u16() >= 400 && is(&headers, "text/html") => {
            body.push_str(text);
        }
        _ => {}
    }
    (status, headers, body).into_response()
}

fn with_field(body: &str) -> String {
    let mut value: Value = serde_json::from_str(body).expect("the guestbook sends JSON");
    if value.get("id").is_some() {
        value["colour"] = json!("blue");
    }
    value.to_string()
}

fn with_paths(body: &str, change: impl Fn(&mut serde_json::Map<String, Value>)) -> String {
    let mut value: Value = serde_json::from_str(body).expect("the document is JSON");
    change(
        value["paths"]
            .as_object_mut()
            .expect("the document has paths"),
    );
    value.to_string()
}
