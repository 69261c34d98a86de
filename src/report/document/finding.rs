//! Findings: differences with their places, declarations and help.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::SeenDocument;
use super::place::{PlaceDocument, Places};
use evenkeel_model::Moment;
use evenkeel_model::defect::{Allowed, Also, Code, Corner, Defect, Severity};

/// One finding: one cause, with all its places.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct FindingDocument {
    /// Fingerprint: stable across edits of definitions, computed from code, environment, subject and attribute.
    pub fingerprint: String,
    /// Code, such as `file/mode-differs`; the report's `codes` explain it.
    pub code: Cow<'static, str>,
    /// Severity.
    pub severity: Severity,
    /// Environment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Address, or another subject.
    pub subject: String,
    /// Attribute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attribute: Option<String>,
    /// Message.
    pub message: String,
    /// Which of definition, last applied and live disagree.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub corner: Option<Corner>,
    /// Expected value, without secrets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// Found value, without secrets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
    /// Unified difference of texts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub difference: Option<String>,
    /// Since when it is known to exist.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<SinceDocument>,
    /// When checks saw it; absent if no check was recorded.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub seen: Option<SeenDocument>,
    /// Places in files, the most important first.
    pub places: Vec<PlaceDocument>,
    /// Reason of its severity and of its position among the findings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Number of its places: its own, and those in `also`.
    pub reach: usize,
    /// Other places with the same cause.
    pub also: Vec<AlsoDocument>,
    /// Declared difference that allows it, so that it shuts nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed: Option<AllowedDocument>,
    /// Help.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

/// Since when a finding is known to exist.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct SinceDocument {
    /// Moment; the start, if it is an interval.
    #[schemars(with = "String")]
    pub at: Moment,
    /// End of the interval in which it appeared; absent if the moment is known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schemars(with = "Option<String>")]
    pub until: Option<Moment>,
    /// Source of this knowledge.
    pub known: String,
    /// Author of the change, if a commit names one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub by: Option<String>,
}

/// Another place of a finding with many places.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct AlsoDocument {
    /// Fingerprint of this place.
    pub fingerprint: String,
    /// Code of this place, if it differs from the finding's, such as a value inside a missing key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<Cow<'static, str>>,
    /// Subject of this place.
    pub subject: String,
    /// Attribute of this place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attribute: Option<String>,
    /// Message.
    pub message: String,
    /// Expected value, without secrets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// Found value, without secrets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
    /// Places in files.
    pub places: Vec<PlaceDocument>,
}

/// Declared difference that allows a finding.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct AllowedDocument {
    /// Reason.
    pub reason: String,
    /// Owner.
    pub owner: String,
    /// Expiry.
    #[schemars(with = "String")]
    pub expires: Moment,
    /// Ticket.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
    /// Place of the declaration.
    pub place: PlaceDocument,
}

/// Code of findings in the report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct CodeDocument {
    /// Name: `file/mode-differs`.
    pub name: Cow<'static, str>,
    /// Title in one line.
    pub title: Cow<'static, str>,
    /// Meaning and help.
    pub help: Cow<'static, str>,
    /// Default severity.
    pub severity: Severity,
}

/// Number of findings by severity; allowed ones count in `allowed` only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct CountsDocument {
    /// Critical findings.
    pub critical: usize,
    /// Errors.
    pub error: usize,
    /// Warnings.
    pub warning: usize,
    /// Advice.
    pub advice: usize,
    /// Findings that a declared difference allows.
    pub allowed: usize,
    /// Findings that the next apply or release removes, because only the definition changed. They count here only, and facts of
    /// hosts that such a change explains do not count.
    #[serde(default)]
    pub pending: usize,
}

impl CountsDocument {
    pub(super) fn add(&mut self, finding: &FindingDocument) {
        *match (&finding.allowed, finding.severity) {
            (Some(_), _) => &mut self.allowed,
            // A fact that a pending step explains is no step.
            (None, _) if finding.is_pending() && finding.code.starts_with("survey/") => return,
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
            seen: defect.seen.map(Into::into),
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

    /// Whether it reports something unreadable or unobservable, whose state is unknown.
    #[must_use]
    pub fn is_unreadable(&self) -> bool {
        self.code.starts_with("document/")
            || ["live/cannot-tell", "survey/cannot-tell"].contains(&&*self.code)
    }

    /// Whether it is an undeclared error.
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
