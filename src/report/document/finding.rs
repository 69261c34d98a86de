//! Findings: what disagrees, where, why it is allowed, and what to do.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::place::{PlaceDocument, Places};
use evenkeel_model::Moment;
use evenkeel_model::defect::{Allowed, Also, Code, Corner, Defect, Severity};

/// One finding: one cause, with all its places.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct FindingDocument {
    /// Stable across edits of definitions: code, environment, subject and attribute make it.
    pub fingerprint: String,
    /// The code, such as `file/mode-differs`; the report's `codes` explain it.
    pub code: Cow<'static, str>,
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
    /// The expected value, without secrets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// The value found, without secrets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
    /// The unified difference of texts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub difference: Option<String>,
    /// Since when it can be known to exist.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<SinceDocument>,
    /// Its places in files, the most important first.
    pub places: Vec<PlaceDocument>,
    /// Why it is as grave as it is, and where it is in the order of findings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The number of its places: its own, and those in `also`.
    pub reach: usize,
    /// Other places with the same cause.
    pub also: Vec<AlsoDocument>,
    /// The declared difference that allows it; it shuts nothing then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed: Option<AllowedDocument>,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

/// Since when a finding can be known to exist.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct SinceDocument {
    /// The moment; of an interval, its start.
    #[schemars(with = "String")]
    pub at: Moment,
    /// The end of the interval in which it came to be; absent where the moment itself is known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schemars(with = "Option<String>")]
    pub until: Option<Moment>,
    /// How that is known.
    pub known: String,
    /// The person who made the change, where a commit names one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub by: Option<String>,
}

/// Another place of a finding with many places.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct AlsoDocument {
    /// The fingerprint of this place.
    pub fingerprint: String,
    /// The code of this place, where it is not that of the finding: something inside of what is missing, for example.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<Cow<'static, str>>,
    /// What it is about there.
    pub subject: String,
    /// The attribute there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attribute: Option<String>,
    /// One sentence.
    pub message: String,
    /// The value expected there, without secrets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// The value found there, without secrets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
    /// Its places in files.
    pub places: Vec<PlaceDocument>,
}

/// The declared difference that allows a finding.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct AllowedDocument {
    /// Why it may differ.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// When it expires.
    #[schemars(with = "String")]
    pub expires: Moment,
    /// Where it is followed up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
    /// Where it is declared.
    pub place: PlaceDocument,
}

/// A code that findings of the report have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct CodeDocument {
    /// Its name: `file/mode-differs`.
    pub name: Cow<'static, str>,
    /// One line that names the fault.
    pub title: Cow<'static, str>,
    /// What it means and what to do.
    pub help: Cow<'static, str>,
    /// How grave it is by default.
    pub severity: Severity,
}

/// The findings, counted; those that are allowed are only in `allowed`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct CountsDocument {
    /// Critical ones.
    pub critical: usize,
    /// Errors.
    pub error: usize,
    /// Warnings.
    pub warning: usize,
    /// Advice.
    pub advice: usize,
    /// Those that a declared difference allows.
    pub allowed: usize,
    /// Those that the next apply or release removes: the definition changed, and nothing else did. Counted nowhere else.
    #[serde(default)]
    pub pending: usize,
}

impl CountsDocument {
    pub(super) fn add(&mut self, finding: &FindingDocument) {
        *match (&finding.allowed, finding.severity) {
            (Some(_), _) => &mut self.allowed,
            (None, _) if finding.is_pending() => &mut self.pending,
            (None, Severity::Critical) => &mut self.critical,
            (None, Severity::Error) => &mut self.error,
            (None, Severity::Warning) => &mut self.warning,
            (None, Severity::Advice) => &mut self.advice,
        } += 1;
    }
}

impl From<&'static Code> for CodeDocument {
    fn from(code: &'static Code) -> Self {
        Self {
            name: code.name.into(),
            title: code.title.into(),
            help: code.help.into(),
            severity: code.severity,
        }
    }
}

impl FindingDocument {
    pub(super) fn new(defect: Defect, places: &mut Places) -> Self {
        Self {
            fingerprint: defect.fingerprint().short(),
            reach: defect.reach(),
            why: defect.why,
            code: defect.code.name.into(),
            severity: defect.severity,
            environment: defect.environment.as_ref().map(ToString::to_string),
            subject: defect.subject,
            attribute: defect.attribute,
            message: defect.message,
            corner: defect.corner,
            expected: defect.expected,
            found: defect.found,
            difference: defect.difference,
            since: defect.since.map(|since| SinceDocument {
                at: since.at,
                until: since.until,
                known: since.known,
                by: since.by,
            }),
            places: places.all(&defect.labels),
            also: defect
                .also
                .into_iter()
                .map(|also| AlsoDocument::new(also, defect.code, places))
                .collect(),
            allowed: defect
                .declared
                .map(|allowed| AllowedDocument::new(&allowed, places)),
            help: defect.help,
        }
    }

    /// Whether the next apply or release removes it: the definition changed, and nothing was changed outside evenkeel.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        matches!(self.corner, Some(Corner::Pending | Corner::HalfPromoted))
    }

    /// Whether it says that something could not be read or observed, so that nothing is known of it.
    #[must_use]
    pub fn is_unreadable(&self) -> bool {
        self.code.starts_with("document/") || self.code == "live/cannot-tell"
    }

    /// Whether it is an error that nothing allows.
    #[must_use]
    pub fn counts(&self) -> bool {
        self.severity >= Severity::Error && self.allowed.is_none()
    }
}

impl AlsoDocument {
    fn new(also: Also, code: &Code, places: &mut Places) -> Self {
        let (expected, found) = also.values;
        Self {
            fingerprint: also.fingerprint.short(),
            code: (also.code != code).then(|| also.code.name.into()),
            subject: also.subject,
            attribute: also.attribute,
            message: also.message,
            expected,
            found,
            places: places.all(&also.labels),
        }
    }
}

impl AllowedDocument {
    fn new(allowed: &Allowed, places: &mut Places) -> Self {
        Self {
            reason: allowed.reason.clone(),
            owner: allowed.owner.clone(),
            expires: allowed.expires,
            ticket: allowed.ticket.clone(),
            place: places.place(&allowed.span, "declared here"),
        }
    }
}
