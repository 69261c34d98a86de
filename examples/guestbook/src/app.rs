//! Routing: maps each address to its function, and holds the shared state. `page` and `api` create the responses.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;

use crate::in_flight::InFlight;
use crate::log::{Level, Log};
use crate::moderator::Moderator;
use crate::pool::PoolError;
use crate::problem::Problem;
use crate::store::Store;
use crate::{api, guard, page};

/// The state that every response can use.
#[derive(Clone)]
pub struct App {
    pub store: Arc<Store>,
    pub moderator: Moderator,
    pub log: Log,
    pub in_flight: InFlight,
}

impl App {
    /// Logs why the database failed, and reveals only what clients need to know.
    pub fn store_problem(&self, error: &PoolError) -> Problem {
        self.log
            .event(Level::Error, "database-failed", &crate::with_causes(error));
        Problem::unavailable()
    }
}

pub fn router(app: App) -> Router {
    Router::new()
        .route("/", get(page::show).post(page::sign))
        .route("/style.css", get(stylesheet))
        .route("/api/entries", get(api::list).post(api::add))
        .route("/api/entries/{id}", get(api::read).delete(api::delete))
        .route("/healthz", get(health))
        .route("/openapi.json", get(interface_description))
        .fallback(async |request: Request| Problem::not_found().answer_for(request.uri().path()))
        .method_not_allowed_fallback(async |request: Request| {
            Problem::method_not_allowed().answer_for(request.uri().path())
        })
        // The last layer is the outermost: even a refused body is timed, logged and sent with the right headers.
        .layer(from_fn(guard::limit_body))
        .layer(from_fn_with_state(app.clone(), guard::watch))
        .with_state(app)
}

async fn health(State(app): State<App>) -> Result<Response, Problem> {
    let schema_version = app
        .store
        .health()
        .await
        .map_err(|error| app.store_problem(&error))?;
    Ok(Json(json!({ "status": "ok", "schema_version": schema_version })).into_response())
}

async fn interface_description() -> Response {
    (
        StatusCode::OK,
        [(CONTENT_TYPE, "application/json")],
        include_str!("openapi.json"),
    )
        .into_response()
}

async fn stylesheet() -> Response {
    let headers = [
        (CONTENT_TYPE, "text/css; charset=utf-8"),
        (CACHE_CONTROL, "public, max-age=300"),
    ];
    (headers, include_str!("style.css")).into_response()
}
