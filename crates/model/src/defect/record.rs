//! A defect: one disagreement, as data.

use std::sync::Arc;

use crate::source::Span;
use crate::{Address, Digest, EnvironmentName, Moment};

use super::{Allowed, Code, Corner, Kin, Rank, Seen, Severity};

/// A place in a definition with a note about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// The note, in a few words.
    pub text: String,
}

/// A further place of a defect with many places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Also {
    /// The subject there.
    pub subject: String,
    /// Its attribute.
    pub attribute: Option<String>,
    /// The problem there, if it differs from the defect's code, such as inside of something that is missing.
    pub code: &'static Code,
    /// The severity there.
    pub severity: Severity,
    /// The fingerprint of this place: that of a defect with only this place.
    pub fingerprint: Digest,
    /// The message about it.
    pub message: String,
    /// The expected and the found value there.
    pub values: (Option<String>, Option<String>),
    /// The places in definitions.
    pub labels: Vec<Label>,
}

/// The known age of a defect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Since {
    /// The moment; for an interval, its start.
    pub at: Moment,
    /// The end of the interval in which the defect appeared; `None` when the moment itself is known.
    pub until: Option<Moment>,
    /// The source of this knowledge.
    pub known: String,
    /// The person who made the change, where a commit names one.
    pub by: Option<String>,
}

impl Since {
    /// Creates an age with a known moment.
    #[must_use]
    pub fn at(at: Moment, known: impl Into<String>) -> Self {
        Self {
            at,
            until: None,
            known: known.into(),
            by: None,
        }
    }
}

/// One disagreement.
///
/// `expected` and `found` are for people and contain no secrets; `message` may quote outside values and is escaped on
/// output.
#[derive(Clone, Debug)]
pub struct Defect {
    /// The code.
    pub code: &'static Code,
    /// The severity; the code's unless the policy changes it.
    pub severity: Severity,
    /// The environment; `None` for problems of a definition itself.
    pub environment: Option<EnvironmentName>,
    /// The subject: an address, or a parameter, suite, difference or file by name.
    pub subject: String,
    /// Its attribute.
    pub attribute: Option<String>,
    /// The message in one sentence.
    pub message: String,
    /// The places in definitions, most important first.
    pub labels: Vec<Label>,
    /// The properties shared with defects of the same cause; `None` without any. Never shown.
    pub cause: Option<String>,
    /// The view of each grouping rule. Never shown.
    pub kin: Vec<Kin>,
    /// The attribute of the defect that explains this one, such as a missing parent. Never shown.
    pub explained_by: Option<String>,
    /// The attributes of its siblings, as one text. Never shown.
    pub among: Option<Arc<str>>,
    /// The rank within its severity.
    pub rank: Rank,
    /// Whether the system sets its severity.
    pub is_weighed: bool,
    /// The reason for its severity and rank.
    pub why: Option<String>,
    /// Further places with the same cause.
    pub also: Vec<Also>,
    /// The expected value.
    pub expected: Option<String>,
    /// The found value.
    pub found: Option<String>,
    /// The unified difference, when both are texts.
    pub difference: Option<String>,
    /// Which of definition, last applied state and live state disagree.
    pub corner: Option<Corner>,
    /// The known age, and the source of that knowledge.
    pub since: Option<Since>,
    /// When recorded checks saw it; `None` without any.
    pub seen: Option<Seen>,
    /// The remedy.
    pub help: Option<String>,
    /// The declared difference that allows it; an allowed defect does not close the gate.
    pub declared: Option<Arc<Allowed>>,
}

impl Defect {
    /// Creates a defect with a code, a subject and a message; the methods below add the rest.
    #[must_use]
    pub fn new(
        code: &'static Code,
        subject: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            code,
            severity: code.severity,
            environment: None,
            subject: subject.into(),
            attribute: None,
            message: message.into(),
            labels: Vec::new(),
            cause: None,
            kin: Vec::new(),
            explained_by: None,
            among: None,
            rank: Rank::default(),
            is_weighed: false,
            why: None,
            also: Vec::new(),
            expected: None,
            found: None,
            difference: None,
            corner: None,
            since: None,
            seen: None,
            help: None,
            declared: None,
        }
    }

    /// Creates a defect of an address.
    #[must_use]
    pub fn of(code: &'static Code, address: &Address, message: impl Into<String>) -> Self {
        Self::new(code, address.as_str(), message)
    }

    /// Sets the environment.
    #[must_use]
    pub fn within(mut self, environment: &EnvironmentName) -> Self {
        self.environment = Some(environment.clone());
        self
    }

    /// Sets the attribute.
    #[must_use]
    pub fn attribute(mut self, attribute: impl Into<String>) -> Self {
        self.attribute = Some(attribute.into());
        self
    }

    /// Adds a place.
    #[must_use]
    pub fn at(mut self, span: &Span, text: impl Into<String>) -> Self {
        self.labels.push(Label {
            span: span.clone(),
            text: text.into(),
        });
        self
    }

    /// Sets the expected and the found value.
    #[must_use]
    pub fn expected_found(mut self, expected: impl Into<String>, found: impl Into<String>) -> Self {
        self.expected = Some(expected.into());
        self.found = Some(found.into());
        self
    }

    /// Sets the remedy.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Returns the stable fingerprint: see [`fingerprint`].
    #[must_use]
    pub fn fingerprint(&self) -> Digest {
        fingerprint(
            self.code.name,
            self.environment.as_ref(),
            &self.subject,
            self.attribute.as_deref(),
        )
    }

    /// Returns the number of its places.
    #[must_use]
    pub fn reach(&self) -> usize {
        self.also.len() + 1
    }

    /// Returns the fingerprints of all its places, its own first.
    pub fn fingerprints(&self) -> impl Iterator<Item = Digest> + '_ {
        std::iter::once(self.fingerprint()).chain(self.also.iter().map(|also| also.fingerprint))
    }

    /// Returns whether it is an error without a declared difference.
    #[must_use]
    pub fn counts(&self) -> bool {
        self.severity >= Severity::Error && self.declared.is_none()
    }
}

/// Returns the digest of code, environment, subject and attribute: it excludes lines and values, so it survives edits.
#[must_use]
pub fn fingerprint(
    code: &str,
    environment: Option<&EnvironmentName>,
    subject: &str,
    attribute: Option<&str>,
) -> Digest {
    Digest::of_record(
        "evenkeel defect 1",
        &(
            code,
            environment.map(EnvironmentName::as_str),
            subject,
            attribute,
        ),
    )
}
