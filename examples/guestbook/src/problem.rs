//! Error responses: RFC 9457 problem documents for programs, a plain page for people. Neither reveals internal details;
//! the cause of an internal error is only logged.

use axum::http::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use serde::Serialize;

use crate::entry::Complaint;

#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    detail: String,
    complaints: Vec<Complaint>,
}

#[derive(Serialize)]
struct Document<'problem> {
    r#type: &'static str,
    title: &'problem str,
    status: u16,
    detail: &'problem str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'problem [Complaint],
}

impl Problem {
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            status,
            detail: detail.into(),
            complaints: Vec::new(),
        }
    }

    pub fn invalid(complaints: Vec<Complaint>) -> Self {
        let detail = "Some fields are invalid.".to_owned();
        Self {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            detail,
            complaints,
        }
    }

    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "Page not found.")
    }

    pub fn method_not_allowed() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "This address does not support the method.",
        )
    }

    pub fn unauthorised() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "This action requires the moderator's token.",
        )
    }

    pub fn unavailable() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "The guestbook is unavailable; try again later.",
        )
    }

    pub fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Internal server error.")
    }

    /// Returns the response in the format that suits `path`.
    pub fn answer_for(self, path: &str) -> Response {
        let for_programs = path == "/healthz"
            || path == "/openapi.json"
            || path == "/api"
            || path.starts_with("/api/");
        if for_programs {
            self.into_response()
        } else {
            self.into_page()
        }
    }

    pub fn into_page(self) -> Response {
        // The details are our own words and need no escaping.
        let title = self.title();
        let page = format!(
            "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>{title}</title>\
             <link rel=\"stylesheet\" href=\"/style.css\"></head>\n\
             <body><main><h1>{title}</h1><p>{}</p><p><a href=\"/\">To the guestbook</a></p></main></body>\n</html>\n",
            self.detail
        );
        (self.status, Html(page)).into_response()
    }

    fn title(&self) -> &'static str {
        self.status.canonical_reason().unwrap_or("Refused")
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        // With the type `about:blank`, RFC 9457 requires the status phrase as title.
        let document = Document {
            r#type: "about:blank",
            title: self.title(),
            status: self.status.as_u16(),
            detail: &self.detail,
            errors: &self.complaints,
        };
        let body = serde_json::to_string(&document).unwrap_or_default();
        let mut response = (self.status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(
                WWW_AUTHENTICATE,
                HeaderValue::from_static("Bearer realm=\"guestbook\""),
            );
        }
        response
    }
}
