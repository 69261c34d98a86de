//! Findings: what is not as it should be.

use schemars::JsonSchema;
use serde::Serialize;

use evenkeel_model::Moment;
use evenkeel_model::defect::{Corner, Defect, Severity};
use evenkeel_model::source::Location;

/// One finding.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct FindingDocument {
    /// Stable across edits of definitions: code, environment, subject and attribute make it.
    pub fingerprint: String,
    /// The code: `file/mode-differs`.
    pub code: &'static str,
    /// How grave.
    pub severity: Severity,
    /// The environment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// The address, or what else it is about.
    pub subject: String,
    /// The attribute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attribute: Option<String>,
    /// One sentence.
    pub message: String,
    /// Which of definition, last applied and live disagree.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub corner: Option<Corner>,
    /// As expected, without secrets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// As found, without secrets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
    /// The unified difference of texts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub difference: Option<String>,
    /// Since when it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub since: Option<Moment>,
    /// How that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since_known: Option<String>,
    /// Places in definitions, the most important first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<Location>,
    /// At how many places it is: its own, and those below.
    pub reach: usize,
    /// Other places with the same cause.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<AlsoDocument>,
    /// Why it is allowed, if it was declared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub declared: Option<String>,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

/// Another place of a finding with many places.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct AlsoDocument {
    /// The fingerprint of this place.
    pub fingerprint: String,
    /// What it is about there.
    pub subject: String,
    /// The attribute there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attribute: Option<String>,
    /// Where it is written.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<Location>,
}

impl FindingDocument {
    pub(super) fn new(defect: &Defect) -> Self {
        Self {
            fingerprint: defect.fingerprint().short(),
            code: defect.code.name,
            severity: defect.severity,
            environment: defect.environment.as_ref().map(ToString::to_string),
            subject: defect.subject.clone(),
            attribute: defect.attribute.clone(),
            message: defect.message.clone(),
            corner: defect.corner,
            expected: defect.expected.clone(),
            found: defect.found.clone(),
            difference: defect.difference.clone(),
            since: defect.since.as_ref().map(|(moment, _)| *moment),
            since_known: defect.since.as_ref().map(|(_, how)| how.clone()),
            places: defect
                .labels
                .iter()
                .map(|label| label.span.location())
                .collect(),
            reach: defect.reach(),
            also: defect
                .also
                .iter()
                .map(|also| AlsoDocument {
                    fingerprint: also.fingerprint.short(),
                    subject: also.subject.clone(),
                    attribute: also.attribute.clone(),
                    places: also
                        .labels
                        .iter()
                        .map(|label| label.span.location())
                        .collect(),
                })
                .collect(),
            declared: defect.declared.clone(),
            help: defect.help.clone(),
        }
    }
}
