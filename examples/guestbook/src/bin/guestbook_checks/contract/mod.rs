//! The contract: calls each operation of the service's own OpenAPI document, with valid and invalid requests, and
//! checks every response against the document. An operation that consumers rely on and that is missing from the
//! document fails, and so does one that has no call here.

mod exercises;

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::json;

use crate::contract::exercises::{Exercise, reading, refusals, writing};
use crate::document::{Document, Operation};
use crate::entries;
use crate::exchange::{Answer, JSON, Request};
use crate::run::{Failure, Run, require};
use crate::target::Target;

pub async fn check(target: &Target, run: &mut Run) {
    let Some(document) = run.case("the document is OpenAPI 3.1", load(target)).await else {
        run.not_tried(
            &["every operation answers as documented"],
            "no document to check responses against",
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
            format!("no check calls {}", missed.join(", "))
        })
    })
    .await;
    if let Some(token) = &target.token {
        run.case("no entry of this run remains", entries::tidy(target, token))
            .await;
    }
}

async fn load(target: &Target) -> Result<Document, Failure> {
    let answer = target.send(Request::get("/openapi.json")).await?;
    answer.expect_status(200)?;
    Document::understand(answer.json()?)
}

/// Checks the operations on one entry, from writing it to deleting it.
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
            "no entry was added",
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
            moderated(404, "deleting a deleted entry"),
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
