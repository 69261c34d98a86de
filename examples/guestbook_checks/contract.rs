//! The contract: each operation of the service's own OpenAPI document is called, rightly and wrongly, and every answer
//! is held against the document. An operation that consumers rely on and the document lacks fails, and so does one that
//! the document has and nothing here calls.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use crate::document::{Document, Operation};
use crate::entries;
use crate::run::{Failure, Run, require};
use crate::target::{Answer, FORM, JSON, Request, Target, form};

const ENTRY: &str = "/api/entries/{id}";
/// No guestbook has had this many visitors.
const NO_SUCH_ID: i64 = 9_007_199_254_740_991;

/// A call and what should come of it.
struct Exercise {
    path: &'static str,
    request: Request,
    status: u16,
    about: &'static str,
    /// What was sent, and whether the document should allow it, for calls that are about the body.
    sends: Option<(Value, bool)>,
}

impl Exercise {
    fn new(path: &'static str, request: Request, status: u16, about: &'static str) -> Self {
        Self {
            path,
            request,
            status,
            about,
            sends: None,
        }
    }

    fn of_page(path: &'static str, about: &'static str) -> Self {
        Self::new(path, Request::get(path), 200, about)
    }

    fn of_entry(
        method: Method,
        id: impl std::fmt::Display,
        status: u16,
        about: &'static str,
    ) -> Self {
        Self::new(
            ENTRY,
            Request::new(method, format!("/api/entries/{id}")),
            status,
            about,
        )
    }

    fn sending(body: Value, status: u16, about: &'static str) -> Self {
        let request = Request::post("/api/entries", JSON, body.to_string());
        Self {
            sends: Some((body, status == 201)),
            ..Self::new("/api/entries", request, status, about)
        }
    }

    fn operation(&self) -> Operation {
        Operation::new(self.request.method.as_str(), self.path)
    }
}

pub async fn check(target: &Target, run: &mut Run) {
    let Some(document) = run.case("the document is OpenAPI 3.1", load(target)).await else {
        run.not_tried(
            &["every operation answers as the document says"],
            "there is no document to hold answers against",
        );
        return;
    };
    let mut called = BTreeSet::new();
    let mut exercises = reading();
    exercises.extend(writing(&target.unique));
    exercises.extend(refusals());
    for exercise in exercises {
        call(target, run, &document, exercise, &mut called).await;
    }
    on_one_entry(target, run, &document, &mut called).await;
    run.case("every operation of the document was called", async {
        let missed: Vec<_> = document
            .operations()
            .iter()
            .filter(|one| !called.contains(*one))
            .map(ToString::to_string)
            .collect();
        require(missed.is_empty(), || {
            format!("nothing here calls {}", missed.join(", "))
        })
    })
    .await;
    if let Some(token) = &target.token {
        run.case("nothing of this run is left", entries::tidy(target, token))
            .await;
    }
}

async fn load(target: &Target) -> Result<Document, Failure> {
    let answer = target.send(Request::get("/openapi.json")).await?;
    answer.expect_status(200)?;
    Document::understand(answer.json()?)
}

fn reading() -> Vec<Exercise> {
    let limit = |text: &str, status, about| {
        Exercise::new(
            "/api/entries",
            Request::get(format!("/api/entries?limit={text}")),
            status,
            about,
        )
    };
    vec![
        Exercise::of_page("/", "the page"),
        Exercise::of_page("/style.css", "the stylesheet"),
        Exercise::of_page("/healthz", "health"),
        Exercise::of_page("/openapi.json", "the document itself"),
        Exercise::of_page("/api/entries", "the list"),
        limit("100", 200, "the longest list"),
        limit("0", 400, "a list of none"),
        limit("101", 400, "a list that is too long"),
        limit("many", 400, "a limit that is no number"),
    ]
}

fn writing(unique: &str) -> Vec<Exercise> {
    let longest_name: String = "ä".repeat(80);
    let longest_message = format!("{unique} {}", "m".repeat(1999 - unique.len()));
    let signed = form(&[("name", "Contract"), ("message", unique)]);
    vec![
        Exercise::new("/", Request::post("/", FORM, signed), 303, "the form"),
        Exercise::sending(
            json!({ "name": "Contract", "message": unique }),
            201,
            "an entry",
        ),
        Exercise::sending(
            json!({ "name": longest_name, "message": longest_message }),
            201,
            "the longest entry",
        ),
    ]
}

fn refusals() -> Vec<Exercise> {
    let (page, list) = ("/", "/api/entries");
    let much = "m".repeat(64 * 1024);
    vec![
        Exercise::new(
            page,
            Request::post(page, FORM, form(&[("name", "Contract")])),
            422,
            "a form without a message",
        ),
        Exercise::new(
            page,
            Request::post(page, "text/plain", "hello"),
            415,
            "text in place of a form",
        ),
        Exercise::new(
            page,
            Request::post(page, FORM, form(&[("message", &much)])),
            413,
            "a form that is too large",
        ),
        Exercise::sending(json!({}), 422, "an entry without fields"),
        Exercise::sending(json!([]), 422, "a list in place of an entry"),
        Exercise::sending(json!({ "name": " ", "message": "m" }), 422, "a blank name"),
        Exercise::sending(
            json!({ "name": 1, "message": "m" }),
            422,
            "a number for a name",
        ),
        Exercise::sending(
            json!({ "name": "n".repeat(81), "message": "m" }),
            422,
            "a name that is too long",
        ),
        Exercise::sending(
            json!({ "name": "n", "message": "m".repeat(2001) }),
            422,
            "a message that is too long",
        ),
        Exercise::sending(
            json!({ "name": "n\u{0}", "message": "m" }),
            422,
            "a control character",
        ),
        Exercise::sending(
            json!({ "name": "n", "message": "m", "id": 1 }),
            422,
            "a field too many",
        ),
        Exercise::new(
            list,
            Request::post(list, JSON, "{\"name\": "),
            400,
            "half a document",
        ),
        Exercise::new(
            list,
            Request::post(list, "text/plain", "{}"),
            415,
            "text in place of an entry",
        ),
        Exercise::new(
            list,
            Request::post(list, JSON, format!("\"{much}\"")),
            413,
            "an entry that is too large",
        ),
        Exercise::of_entry(Method::GET, NO_SUCH_ID, 404, "no such entry"),
        Exercise::of_entry(Method::GET, "first", 404, "an id that is no number"),
        Exercise::of_entry(Method::DELETE, NO_SUCH_ID, 401, "deleting as nobody"),
    ]
}

/// The operations on one entry, from writing it to deleting it.
async fn on_one_entry(
    target: &Target,
    run: &mut Run,
    document: &Document,
    called: &mut BTreeSet<Operation>,
) {
    let message = format!("{} for one entry", target.unique);
    let add = Exercise::sending(
        json!({ "name": "Contract", "message": message }),
        201,
        "an entry to read",
    );
    let id = match call(target, run, document, add, called).await {
        Some(answer) => {
            run.case("an added entry has an id", async {
                entries::id_in(&answer)
            })
            .await
        }
        None => None,
    };
    let Some(id) = id else {
        run.not_tried(
            &["GET /api/entries/{id} answers 200: the entry"],
            "no entry could be added",
        );
        return;
    };
    call(
        target,
        run,
        document,
        Exercise::of_entry(Method::GET, id, 200, "the entry"),
        called,
    )
    .await;
    if let Some(token) = &target.token {
        let moderated = |status, about| {
            let exercise = Exercise::of_entry(Method::DELETE, id, status, about);
            Exercise {
                request: exercise.request.bearer(token),
                ..exercise
            }
        };
        call(
            target,
            run,
            document,
            moderated(204, "deleting as the moderator"),
            called,
        )
        .await;
        call(
            target,
            run,
            document,
            moderated(404, "deleting what is gone"),
            called,
        )
        .await;
    }
}

async fn call(
    target: &Target,
    run: &mut Run,
    document: &Document,
    exercise: Exercise,
    called: &mut BTreeSet<Operation>,
) -> Option<Answer> {
    let operation = exercise.operation();
    called.insert(operation.clone());
    let name = format!(
        "{operation} answers {}: {}",
        exercise.status, exercise.about
    );
    run.case(&name, async {
        let answer = target.send(exercise.request).await?;
        answer.expect_status(exercise.status)?;
        document.verify_answer(&operation, &answer)?;
        if let Some((body, expected)) = &exercise.sends {
            let allowed = document.allows_request(&operation, JSON, body)?;
            require(allowed == *expected, || {
                let (document, service) = if allowed {
                    ("allows", "refuses")
                } else {
                    ("forbids", "takes")
                };
                format!("the document {document} a body that the service {service}")
            })?;
        }
        Ok(answer)
    })
    .await
}
