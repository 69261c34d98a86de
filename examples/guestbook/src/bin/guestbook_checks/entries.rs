//! Shared steps of the suites: write an entry, find it, and delete it.

use serde_json::{Value, json};

use crate::exchange::{Answer, JSON, Request};
use crate::run::{Failure, require};
use crate::target::Target;

/// Returns a request for an entry through the interface.
pub fn post(name: &str, message: &str) -> Request {
    Request::post(
        "/api/entries",
        JSON,
        json!({ "name": name, "message": message }).to_string(),
    )
}

pub fn path(id: i64) -> String {
    format!("/api/entries/{id}")
}

/// Writes an entry and returns its id.
pub async fn write(target: &Target, name: &str, message: &str) -> Result<i64, Failure> {
    let answer = target.send(post(name, message)).await?;
    answer.expect_status(201)?;
    id_in(&answer)
}

pub fn id_in(answer: &Answer) -> Result<i64, Failure> {
    answer
        .json()?
        .get("id")
        .and_then(Value::as_i64)
        .ok_or_else(|| Failure::wrong(format!("{} answered without the entry's id", answer.asked)))
}

/// Returns the entry as shown by the interface.
pub async fn read(target: &Target, id: i64) -> Result<Value, Failure> {
    let answer = target.send(Request::get(path(id))).await?;
    answer.expect_status(200)?;
    answer.json()
}

/// Returns the ids of recent entries whose message contains this text.
pub async fn find(target: &Target, text: &str) -> Result<Vec<i64>, Failure> {
    let answer = target.send(Request::get("/api/entries?limit=100")).await?;
    answer.expect_status(200)?;
    let document = answer.json()?;
    let Some(entries) = document.get("entries").and_then(Value::as_array) else {
        return Err(Failure::wrong("the list of entries has no `entries`"));
    };
    let holds = |entry: &&Value| {
        entry
            .get("message")
            .and_then(Value::as_str)
            .is_some_and(|message| message.contains(text))
    };
    Ok(entries
        .iter()
        .filter(holds)
        .filter_map(|entry| entry.get("id")?.as_i64())
        .collect())
}

/// Deletes all entries of this run, and checks that they are gone.
pub async fn tidy(target: &Target, token: &str) -> Result<(), Failure> {
    for id in find(target, &target.unique).await? {
        let answer = target.send(Request::delete(path(id)).bearer(token)).await?;
        answer.expect_status(204)?;
    }
    let left = find(target, &target.unique).await?;
    require(left.is_empty(), || {
        format!("{} entries of this run remain", left.len())
    })
}
