//! An entry and its permitted content. Other files parse requests and store entries.

use serde::Serialize;

pub const LONGEST_NAME: usize = 80;
pub const LONGEST_MESSAGE: usize = 2000;

/// A stored entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    pub id: i64,
    pub name: String,
    pub message: String,
    /// `None` for entries from before schema version 2.
    pub written_at: Option<String>,
}

/// Unvalidated text of an entry.
#[derive(Debug)]
pub struct Draft {
    pub name: String,
    pub message: String,
}

/// An error in one field of a draft.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Complaint {
    pub field: String,
    pub detail: String,
}

impl Complaint {
    pub fn new(field: &str, detail: impl Into<String>) -> Self {
        Self {
            field: field.to_owned(),
            detail: detail.into(),
        }
    }
}

impl Draft {
    /// Validates the draft; returns all errors.
    pub fn understand(name: &str, message: &str) -> Result<Self, Vec<Complaint>> {
        let mut complaints = Vec::new();
        complaints.extend(complaint("name", name, LONGEST_NAME, |_| false));
        // Browsers end the lines of a text area with CR LF; other clients may use tabs.
        complaints.extend(complaint(
            "message",
            message,
            LONGEST_MESSAGE,
            |character| "\r\n\t".contains(character),
        ));
        if complaints.is_empty() {
            Ok(Self {
                name: name.trim().to_owned(),
                message: message.replace("\r\n", "\n").trim().to_owned(),
            })
        } else {
            Err(complaints)
        }
    }
}

fn complaint(
    field: &str,
    text: &str,
    longest: usize,
    allowed: fn(char) -> bool,
) -> Option<Complaint> {
    if text.trim().is_empty() {
        Some(Complaint::new(field, "must not be empty"))
    } else if text.chars().count() > longest {
        Some(Complaint::new(
            field,
            format!("must have at most {longest} characters"),
        ))
    } else if text
        .chars()
        .any(|character| character.is_control() && !allowed(character))
    {
        Some(Complaint::new(field, "must not contain control characters"))
    } else {
        None
    }
}
