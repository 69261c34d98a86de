//! Requests that must be refused: oversized, malformed, with paths out of the service, and moderation without its
//! token.

use reqwest::Method;

use super::OVERSIZED;
use crate::entries;
use crate::exchange::{FORM, JSON, Request, form};
use crate::raw;
use crate::run::{Failure, require};
use crate::target::Target;

const TRAVERSALS: [&str; 6] = [
    "/../../../../etc/passwd",
    "/style.css/../../../../etc/passwd",
    "/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "/..%2f..%2f..%2fetc%2fpasswd",
    "/api/entries/..%2f..%2fguestbook.db",
    "/%5c..%5c..%5cetc%5cpasswd",
];

pub async fn oversized(target: &Target) -> Result<(), Failure> {
    let much = "m".repeat(OVERSIZED);
    target
        .send(entries::post("Security", &much))
        .await?
        .expect_problem(413)?;
    target
        .send(Request::post("/", FORM, form(&[("message", &much)])))
        .await?
        .expect_status(413)?;
    target
        .send(Request::get("/healthz"))
        .await?
        .expect_status(200)
}

pub async fn malformed(target: &Target) -> Result<(), Failure> {
    for body in ["", "{", "{\"name\":\"n\",}", "\u{feff}{}", "nul"] {
        target
            .send(Request::post("/api/entries", JSON, body))
            .await?
            .expect_problem(400)?;
    }
    Ok(())
}

pub async fn traversal(target: &Target) -> Result<(), Failure> {
    for path in TRAVERSALS {
        let answer = raw::get(target, path).await?;
        require(answer.status == 404, || {
            format!("GET {path} answered {}, expected 404", answer.status)
        })?;
        let leaks = answer.rest.contains("root:") || answer.rest.contains("SQLite format");
        require(!leaks, || format!("GET {path} answered with a file"))?;
    }
    Ok(())
}

pub async fn wrong_method(target: &Target) -> Result<(), Failure> {
    let tries = [
        (Method::DELETE, "/"),
        (Method::PUT, "/api/entries"),
        (Method::PATCH, "/api/entries/1"),
        (Method::POST, "/healthz"),
        (Method::TRACE, "/"),
    ];
    for (method, path) in tries {
        let answer = target.send(Request::new(method, path)).await?;
        answer.expect_status(405)?;
        require(answer.header("allow").is_some(), || {
            format!("{} does not list the allowed methods", answer.asked)
        })?;
    }
    Ok(())
}

pub async fn moderator_only(target: &Target) -> Result<(), Failure> {
    let id = entries::write(target, "Security", &format!("{} stays", target.unique)).await?;
    let delete = || Request::delete(entries::path(id));
    let mut tries = vec![
        delete(),
        delete().bearer(""),
        delete().bearer(&target.unique),
        delete().header("authorization", "Basic bW9kZXJhdG9yOm1vZGVyYXRvcg=="),
        delete().header("cookie", "moderator=true"),
    ];
    if let Some(token) = &target.token {
        tries.push(delete().bearer(&format!("{token}x")));
        tries.push(delete().header("authorization", token.clone()));
        tries.push(Request::delete(format!(
            "{}?{}",
            entries::path(id),
            form(&[("token", token)])
        )));
    }
    for request in tries {
        let answer = target.send(request).await?;
        answer.expect_problem(401)?;
        require(answer.header("www-authenticate").is_some(), || {
            "a 401 does not name its authentication scheme".to_owned()
        })?;
    }
    entries::read(target, id).await.map(|_| ())
}
