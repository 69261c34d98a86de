//! Relevant attributes of an element.

use quick_xml::escape::{EscapeError, unescape};
use quick_xml::events::BytesStart;

use super::{Malformed, Trouble, cut};
use crate::suite::result::{Case, Outcome, rounded};
use crate::world::redaction::Redactor;

/// Maximum number of attributes of an element.
const MOST_ATTRIBUTES: usize = 64;
/// Longest name of a case, in characters.
const LONGEST_NAME: usize = 300;
/// Relevant attributes.
#[derive(Default)]
pub(super) struct Attributes {
    name: Option<String>,
    class: Option<String>,
    time: Option<String>,
    /// Message of a verdict.
    pub message: Option<String>,
    /// The type of a verdict.
    pub kind: Option<String>,
    worst: Option<Outcome>,
}

impl Attributes {
    /// Parses them, and checks that all others are well-formed.
    pub(super) fn of(start: &BytesStart<'_>) -> Result<Self, Trouble> {
        let mut known = Self::default();
        for (index, attribute) in start.attributes().enumerate() {
            if index >= MOST_ATTRIBUTES {
                return Err(Malformed::TooMany(format!("{MOST_ATTRIBUTES} attributes")).into());
            }
            let attribute = attribute.map_err(|error| Trouble::Attribute(error.to_string()))?;
            let value = unescape(&attribute.value).map_err(|error| match error {
                EscapeError::UnrecognizedEntity(_, name) => {
                    Malformed::Entity(cut(&name, 40)).into()
                }
                other => Trouble::Attribute(other.to_string()),
            })?;
            let slot = match attribute.key.as_ref() {
                "name" => &mut known.name,
                "classname" => &mut known.class,
                "time" => &mut known.time,
                "message" => &mut known.message,
                "type" => &mut known.kind,
                "status" | "result" => {
                    known.worst = known.worst.max(worse(&value));
                    continue;
                }
                _ => continue,
            };
            *slot = Some(value.into_owned()).filter(|value| !value.trim().is_empty());
        }
        Ok(known)
    }

    /// Returns the case of an element with these attributes.
    pub(super) fn case(&self, redactor: &Redactor) -> Case {
        let name = match (&self.class, &self.name) {
            (Some(class), Some(name)) => format!("{class}.{name}"),
            (Some(only), None) | (None, Some(only)) => only.clone(),
            (None, None) => "(without a name)".to_owned(),
        };
        let seconds = self.time.as_ref().map(|time| time.replace(',', ""));
        let seconds = seconds.and_then(|time| time.trim().parse::<f64>().ok());
        let mut case = Case::new(
            &cut(
                &redactor.text(&name).replace(['\n', '\t'], " "),
                LONGEST_NAME,
            ),
            self.worst.unwrap_or(Outcome::Passed),
            None,
        );
        case.seconds = seconds
            .filter(|time| (0.0..1e9).contains(time))
            .map_or(0.0, |time| rounded(time, 1e6));
        case
    }
}

/// Returns the outcome of a case's status, if that is not a pass.
fn worse(status: &str) -> Option<Outcome> {
    match status.trim().to_ascii_lowercase().as_str() {
        "notrun" | "skipped" | "suppressed" | "disabled" | "ignored" | "pending" => {
            Some(Outcome::Skipped)
        }
        "fail" | "failed" | "failure" => Some(Outcome::Failed),
        "error" | "errored" | "broken" => Some(Outcome::Error),
        _ => None,
    }
}
