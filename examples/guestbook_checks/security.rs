//! What a visitor with bad intentions would try, and what every answer owes to everybody else. Nothing here does harm:
//! the entries it writes are plain text to a service that holds.

use reqwest::Method;
use serde_json::Value;

use crate::entries;
use crate::raw;
use crate::run::{Failure, Run, require};
use crate::target::{Answer, FORM, JSON, Request, Target, form};

const OVERSIZED: usize = 128 * 1024;

/// Signs that an answer tells about its inside. In lower case.
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
/// Headers that name what the service is made with.
const NAMEPLATES: [&str; 5] = [
    "server",
    "x-powered-by",
    "via",
    "x-aspnet-version",
    "x-generator",
];
const TRAVERSALS: [&str; 6] = [
    "/../../../../etc/passwd",
    "/style.css/../../../../etc/passwd",
    "/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "/..%2f..%2f..%2fetc%2fpasswd",
    "/api/entries/..%2f..%2fguestbook.db",
    "/%5c..%5c..%5cetc%5cpasswd",
];

pub async fn check(target: &Target, run: &mut Run) {
    for (request, status) in specimens() {
        let name = format!(
            "{} {} ({status}) has the security headers",
            request.method, request.path
        );
        run.case(&name, async {
            let answer = target.send(request).await?;
            answer.expect_status(status)?;
            verify_headers(&answer)
        })
        .await;
    }
    run.case(
        "no answer says what it was made with",
        no_nameplates(target),
    )
    .await;
    run.case("error pages keep the inside inside", no_internals(target))
        .await;
    run.case(
        "what is asked for is not reflected as markup",
        reflected(target),
    )
    .await;
    run.case("what was written is not shown as markup", stored(target))
        .await;
    run.case("text that looks like SQL is only text", sql(target))
        .await;
    run.case("an oversized body is refused", oversized(target))
        .await;
    run.case("malformed JSON is a 400 problem", malformed(target))
        .await;
    run.case("paths do not lead out of the service", traversal(target))
        .await;
    run.case(
        "a method that is not offered is a 405",
        wrong_method(target),
    )
    .await;
    run.case("only the moderator's token deletes", moderator_only(target))
        .await;
    if let Some(token) = &target.token {
        run.case("nothing of this run is left", entries::tidy(target, token))
            .await;
    }
}

/// One answer of every sort: pages, documents, and each way to be refused.
fn specimens() -> Vec<(Request, u16)> {
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

fn verify_headers(answer: &Answer) -> Result<(), Failure> {
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
                "{} answered with {name}: {found} instead of {value}",
                answer.asked
            )
        })?;
    }
    Ok(())
}

async fn no_nameplates(target: &Target) -> Result<(), Failure> {
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

async fn no_internals(target: &Target) -> Result<(), Failure> {
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
        // A page that shows entries shows what visitors wrote, and they may write what they like.
        let shown = answer
            .body
            .split("<article>")
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase();
        for sign in INTERNALS.into_iter().filter(|_| answer.status >= 400) {
            require(!shown.contains(sign), || {
                format!("{} answered with a text about `{sign}`", answer.asked)
            })?;
        }
    }
    Ok(())
}

async fn reflected(target: &Target) -> Result<(), Failure> {
    let unique = &target.unique;
    let markup = format!("<script>{unique}</script>");
    let typed = format!("\"><img src=x {unique}>");
    let encoded = form(&[("q", &markup)]);
    let requests = [
        Request::get(format!("/?{encoded}")),
        Request::get(format!("/no-such-page?{encoded}")),
        Request::get(format!("/{}", encoded.trim_start_matches("q="))),
        // Refused for want of a message, and shown again with the name in an attribute.
        Request::post("/", FORM, form(&[("name", &typed), ("message", "")])),
        // Refused for its length, and shown again in the text area.
        Request::post(
            "/",
            FORM,
            form(&[
                ("name", &"n".repeat(81)),
                ("message", &format!("</textarea>{markup}")),
            ]),
        ),
    ];
    for request in requests {
        let answer = target.send(request).await?;
        for raw in [&markup, &typed] {
            require(!answer.body.contains(raw.as_str()), || {
                format!("{} reflects `{raw}`", answer.asked)
            })?;
        }
    }
    Ok(())
}

async fn stored(target: &Target) -> Result<(), Failure> {
    let unique = &target.unique;
    let name = format!("<img src=x title={unique}>");
    let message = format!("</p><script>{unique}</script>");
    entries::write(target, &name, &message).await?;
    let page = target.send(Request::get("/")).await?;
    page.expect_status(200)?;
    require(page.body.contains(unique), || {
        "the page does not show the entry".to_owned()
    })?;
    for markup in [&name, &message] {
        require(!page.body.contains(markup.as_str()), || {
            format!("the page lets `{markup}` through as markup")
        })?;
    }
    let list = target.send(Request::get("/api/entries")).await?;
    // A browser that took the list for a page would run what is in it.
    require(list.media_type().as_deref() == Some(JSON), || {
        "the list is not sent as JSON".to_owned()
    })
}

async fn sql(target: &Target) -> Result<(), Failure> {
    let name = "Robert'); DROP TABLE entry;--";
    let message = format!("{}' OR '1'='1'; DELETE FROM entry; --", target.unique);
    let id = entries::write(target, name, &message).await?;
    let entry = entries::read(target, id).await?;
    for (field, written) in [("name", name), ("message", &message)] {
        let stored = entry.get(field).and_then(Value::as_str);
        require(stored == Some(written), || {
            format!("the {field} was `{written}` and is {stored:?} now")
        })?;
    }
    Ok(())
}

async fn oversized(target: &Target) -> Result<(), Failure> {
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

async fn malformed(target: &Target) -> Result<(), Failure> {
    for body in ["", "{", "{\"name\":\"n\",}", "\u{feff}{}", "nul"] {
        target
            .send(Request::post("/api/entries", JSON, body))
            .await?
            .expect_problem(400)?;
    }
    Ok(())
}

async fn traversal(target: &Target) -> Result<(), Failure> {
    for path in TRAVERSALS {
        let answer = raw::get(target, path).await?;
        require(answer.status == 404, || {
            format!("GET {path} answered {} instead of 404", answer.status)
        })?;
        let leaks = answer.rest.contains("root:") || answer.rest.contains("SQLite format");
        require(!leaks, || format!("GET {path} answered with a file"))?;
    }
    Ok(())
}

async fn wrong_method(target: &Target) -> Result<(), Failure> {
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
            format!("{} does not say what it allows", answer.asked)
        })?;
    }
    Ok(())
}

async fn moderator_only(target: &Target) -> Result<(), Failure> {
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
            "a 401 does not say how to sign in".to_owned()
        })?;
    }
    entries::read(target, id).await.map(|_| ())
}
