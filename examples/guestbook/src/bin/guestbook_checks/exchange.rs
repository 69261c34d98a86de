//! One request and its response, with the checks that all suites share. `target` sends requests.

use std::fmt::Write;

use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::Value;

use crate::run::Failure;

const LONGEST_QUOTE: usize = 200;

pub const FORM: &str = "application/x-www-form-urlencoded";
pub const JSON: &str = "application/json";

/// A request in progress.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: Method,
    pub path: String,
    pub headers: Vec<(&'static str, String)>,
    pub body: Option<String>,
}

impl Request {
    pub fn new(method: Method, path: impl Into<String>) -> Self {
        Self {
            method,
            path: path.into(),
            headers: Vec::new(),
            body: None,
        }
    }

    pub fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path)
    }

    pub fn delete(path: impl Into<String>) -> Self {
        Self::new(Method::DELETE, path)
    }

    pub fn post(path: impl Into<String>, content_type: &str, body: impl Into<String>) -> Self {
        let request = Self::new(Method::POST, path).header("content-type", content_type);
        Self {
            body: Some(body.into()),
            ..request
        }
    }

    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", format!("Bearer {token}"))
    }
}

/// A response.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The request in words, for messages.
    pub asked: String,
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn expect_status(&self, expected: u16) -> Result<(), Failure> {
        if self.status == expected {
            return Ok(());
        }
        let quote: String = self.body.chars().take(LONGEST_QUOTE).collect();
        Err(Failure::wrong(format!(
            "{} answered {}, expected {expected}: {quote}",
            self.asked, self.status
        )))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Returns the content type without its parameters.
    pub fn media_type(&self) -> Option<String> {
        let media_type = self.header("content-type")?.split(';').next()?;
        Some(media_type.trim().to_ascii_lowercase())
    }

    pub fn json(&self) -> Result<Value, Failure> {
        serde_json::from_str(&self.body).map_err(|error| {
            Failure::wrong(format!(
                "{} answered with a body that is not JSON: {error}",
                self.asked
            ))
        })
    }

    /// Checks that the response is a problem document with this status.
    pub fn expect_problem(&self, status: u16) -> Result<(), Failure> {
        self.expect_status(status)?;
        if self.media_type().as_deref() != Some("application/problem+json") {
            let found = self.header("content-type").unwrap_or("nothing");
            return Err(Failure::wrong(format!(
                "{} answered with {found}, expected a problem document",
                self.asked
            )));
        }
        if self.json()?.get("status").and_then(Value::as_u64) != Some(u64::from(status)) {
            return Err(Failure::wrong(format!(
                "{} answered with a problem document of another status",
                self.asked
            )));
        }
        Ok(())
    }
}

/// Encodes fields as a browser's form does.
pub fn form(fields: &[(&str, &str)]) -> String {
    let mut text = String::new();
    for (name, value) in fields {
        if !text.is_empty() {
            text.push('&');
        }
        text.push_str(name);
        text.push('=');
        for byte in value.bytes() {
            if byte.is_ascii_alphanumeric() {
                text.push(char::from(byte));
            } else {
                // Writing to a `String` cannot fail.
                let _ = write!(text, "%{byte:02X}");
            }
        }
    }
    text
}
