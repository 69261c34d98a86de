//! The calls that need only the service: reading, writing, and every refusal.

use reqwest::Method;
use serde_json::{Value, json};

use crate::document::Operation;
use crate::exchange::{FORM, JSON, Request, form};

const ENTRY: &str = "/api/entries/{id}";
/// An id that no guestbook has reached.
const NO_SUCH_ID: i64 = 9_007_199_254_740_991;

/// A call and its expected result.
pub struct Exercise {
    pub path: &'static str,
    pub request: Request,
    pub status: u16,
    pub about: &'static str,
    /// The sent body, and whether the document should allow it, for calls about the body.
    pub sends: Option<(Value, bool)>,
}

impl Exercise {
    pub fn new(path: &'static str, request: Request, status: u16, about: &'static str) -> Self {
        Self {
            path,
            request,
            status,
            about,
            sends: None,
        }
    }

    pub fn of_page(path: &'static str, about: &'static str) -> Self {
        Self::new(path, Request::get(path), 200, about)
    }

    pub fn of_entry(
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

    pub fn sending(body: Value, status: u16, about: &'static str) -> Self {
        let request = Request::post("/api/entries", JSON, body.to_string());
        Self {
            sends: Some((body, status == 201)),
            ..Self::new("/api/entries", request, status, about)
        }
    }

    pub fn operation(&self) -> Operation {
        Operation::new(self.request.method.as_str(), self.path)
    }
}

pub fn reading() -> Vec<Exercise> {
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
        limit("many", 400, "a limit that is not a number"),
    ]
}

pub fn writing(unique: &str) -> Vec<Exercise> {
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

pub fn refusals() -> Vec<Exercise> {
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
            "an unknown field",
        ),
        Exercise::new(
            list,
            Request::post(list, JSON, "{\"name\": "),
            400,
            "a truncated document",
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
        Exercise::of_entry(Method::GET, "first", 404, "an id that is not a number"),
        Exercise::of_entry(Method::DELETE, NO_SUCH_ID, 401, "deleting without a token"),
    ]
}
