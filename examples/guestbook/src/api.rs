//! The JSON interface described in `openapi.json`: parses requests and creates responses.

use std::collections::HashMap;

use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::app::App;
use crate::entry::{Complaint, Draft, Entry};
use crate::problem::Problem;

const USUAL_LIMIT: u32 = 50;
const HIGHEST_LIMIT: u32 = 100;

/// `GET /api/entries`
pub async fn list(
    State(app): State<App>,
    query: Result<Query<HashMap<String, String>>, QueryRejection>,
) -> Result<Response, Problem> {
    let limit = limit(query)?;
    let entries = app
        .store
        .newest(limit)
        .await
        .map_err(|error| app.store_problem(&error))?;
    Ok(Json(json!({ "entries": entries })).into_response())
}

/// `POST /api/entries`
pub async fn add(
    State(app): State<App>,
    headers: HeaderMap,
    body: axum::body::Bytes,
) -> Result<Response, Problem> {
    if !is_json(&headers) {
        return Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "Send the entry as application/json.",
        ));
    }
    let value: Value = serde_json::from_slice(&body).map_err(|_| {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "The request body is not valid JSON.",
        )
    })?;
    let draft = draft(&value).map_err(Problem::invalid)?;
    let entry = app
        .store
        .add(draft)
        .await
        .map_err(|error| app.store_problem(&error))?;
    let location = format!("/api/entries/{}", entry.id);
    Ok((StatusCode::CREATED, [(LOCATION, location)], Json(entry)).into_response())
}

/// `GET /api/entries/{id}`
pub async fn read(
    State(app): State<App>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<Entry>, Problem> {
    let found = app
        .store
        .find(number(id)?)
        .await
        .map_err(|error| app.store_problem(&error))?;
    found.map(Json).ok_or_else(Problem::not_found)
}

/// `DELETE /api/entries/{id}`
pub async fn delete(
    State(app): State<App>,
    headers: HeaderMap,
    id: Result<Path<String>, PathRejection>,
) -> Result<StatusCode, Problem> {
    // Before the id is checked: a refusal must not reveal which entries exist.
    if !app.moderator.sent(&headers) {
        return Err(Problem::unauthorised());
    }
    let deleted = app
        .store
        .delete(number(id)?)
        .await
        .map_err(|error| app.store_problem(&error))?;
    if deleted {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Problem::not_found())
    }
}

fn limit(query: Result<Query<HashMap<String, String>>, QueryRejection>) -> Result<u32, Problem> {
    let problem = || {
        Problem::new(
            StatusCode::BAD_REQUEST,
            format!("`limit` must be a whole number from 1 to {HIGHEST_LIMIT}."),
        )
    };
    let Query(query) = query.map_err(|_| problem())?;
    let Some(text) = query.get("limit") else {
        return Ok(USUAL_LIMIT);
    };
    text.parse()
        .ok()
        .filter(|limit| (1..=HIGHEST_LIMIT).contains(limit))
        .ok_or_else(problem)
}

/// An id is a number: any other text is an unknown address.
fn number(id: Result<Path<String>, PathRejection>) -> Result<i64, Problem> {
    id.ok()
        .and_then(|Path(text)| text.parse().ok())
        .ok_or_else(Problem::not_found)
}

fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default();
    media_type.trim().eq_ignore_ascii_case("application/json")
}

/// Parsed without serde's derive, so that all errors are reported at once and in our own words.
fn draft(value: &Value) -> Result<Draft, Vec<Complaint>> {
    let Some(fields) = value.as_object() else {
        return Err(vec![Complaint::new(
            "",
            "must be an object with `name` and `message`",
        )]);
    };
    let mut complaints: Vec<_> = fields
        .keys()
        .filter(|key| !matches!(key.as_str(), "name" | "message"))
        .map(|key| Complaint::new(key, "is not a known field"))
        .collect();
    let mut text = |field: &str| match fields.get(field) {
        Some(Value::String(text)) => text.as_str(),
        Some(_) => {
            complaints.push(Complaint::new(field, "must be text"));
            ""
        }
        None => {
            complaints.push(Complaint::new(field, "is missing"));
            ""
        }
    };
    let (name, message) = (text("name"), text("message"));
    let draft = Draft::understand(name, message);
    match draft {
        Ok(draft) if complaints.is_empty() => Ok(draft),
        Ok(_) => Err(complaints),
        Err(more) => {
            // A missing field is also empty; one error about it is enough.
            let named: Vec<_> = complaints
                .iter()
                .map(|complaint| complaint.field.clone())
                .collect();
            complaints.extend(
                more.into_iter()
                    .filter(|complaint| !named.contains(&complaint.field)),
            );
            Err(complaints)
        }
    }
}
