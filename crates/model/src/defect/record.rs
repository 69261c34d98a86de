//! A defect: one disagreement, as data.

use std::sync::Arc;

use crate::source::Span;
use crate::{Address, Digest, EnvironmentName, Moment};

use super::{Allowed, Code, Corner, Kin, Rank, Severity};

/// A place in a definition and what is to be said about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What, in a few words.
    pub text: String,
}

/// Another place of a defect with many places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Also {
    /// The thing that is wrong there.
    pub subject: String,
    /// The attribute of it.
    pub attribute: Option<String>,
    /// What is wrong there, where it is something else than the defect's own code says: inside of what is missing, for example.
    pub code: &'static Code,
    /// How grave it is there.
    pub severity: Severity,
    /// The fingerprint of this place: what the defect's own would be, were this its only one.
    pub fingerprint: Digest,
    /// The sentence about it.
    pub message: String,
    /// What was expected there, and what was found.
    pub values: (Option<String>, Option<String>),
    /// Where it is written.
    pub labels: Vec<Label>,
}

/// Since when a defect can be known to exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Since {
    /// The moment; of an interval, its start.
    pub at: Moment,
    /// The end of the interval in which it came to be; none where the moment itself is known.
    pub until: Option<Moment>,
    /// How that is known.
    pub known: String,
    /// The person who made the change, where a commit names one.
    pub by: Option<String>,
}

impl Since {
    /// Since a moment that is known.
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
/// `expected` and `found` are for people and are already free of secrets; `message` may quote values from outside and
/// is made inert when it is shown.
#[derive(Clone, Debug)]
pub struct Defect {
    /// What is wrong.
    pub code: &'static Code,
    /// How grave; the code's unless policy says otherwise.
    pub severity: Severity,
    /// Where it is wrong; none for what is wrong with a definition itself.
    pub environment: Option<EnvironmentName>,
    /// The thing that is wrong: an address, or a parameter, suite, difference or file by name.
    pub subject: String,
    /// The attribute of it.
    pub attribute: Option<String>,
    /// One sentence.
    pub message: String,
    /// Places in definitions, the most important first.
    pub labels: Vec<Label>,
    /// What it has in common with others that have the same cause; none for what stands alone. Never shown.
    pub cause: Option<String>,
    /// What each rule of grouping sees in it. Never shown.
    pub kin: Vec<Kin>,
    /// The attribute of the defect that explains it: it is inside of what is missing there, for example. Never shown.
    pub explained_by: Option<String>,
    /// The attributes of its siblings, as one text. Never shown.
    pub among: Option<Arc<str>>,
    /// What puts it before others of its severity.
    pub rank: Rank,
    /// Whether the system sets its severity.
    pub is_weighed: bool,
    /// Why it is as grave as it is, and where it is in the order.
    pub why: Option<String>,
    /// Other places with the same cause.
    pub also: Vec<Also>,
    /// What was expected.
    pub expected: Option<String>,
    /// What was found.
    pub found: Option<String>,
    /// The unified difference, where both are texts.
    pub difference: Option<String>,
    /// Which of definition, last applied and live disagree.
    pub corner: Option<Corner>,
    /// Since when it can be known to stand, and how that is known.
    pub since: Option<Since>,
    /// What to do about it.
    pub help: Option<String>,
    /// The declared difference that allows it; a declared one shuts nothing.
    pub declared: Option<Arc<Allowed>>,
}

impl Defect {
    /// A defect with a code, a subject and a message; the rest is added with the methods below.
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
            help: None,
            declared: None,
        }
    }

    /// Of an address.
    #[must_use]
    pub fn of(code: &'static Code, address: &Address, message: impl Into<String>) -> Self {
        Self::new(code, address.as_str(), message)
    }

    /// In an environment.
    #[must_use]
    pub fn within(mut self, environment: &EnvironmentName) -> Self {
        self.environment = Some(environment.clone());
        self
    }

    /// Of an attribute.
    #[must_use]
    pub fn attribute(mut self, attribute: impl Into<String>) -> Self {
        self.attribute = Some(attribute.into());
        self
    }

    /// At a place.
    #[must_use]
    pub fn at(mut self, span: &Span, text: impl Into<String>) -> Self {
        self.labels.push(Label {
            span: span.clone(),
            text: text.into(),
        });
        self
    }

    /// With what was expected and what was found.
    #[must_use]
    pub fn expected_found(mut self, expected: impl Into<String>, found: impl Into<String>) -> Self {
        self.expected = Some(expected.into());
        self.found = Some(found.into());
        self
    }

    /// With what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The stable fingerprint: see [`fingerprint`].
    #[must_use]
    pub fn fingerprint(&self) -> Digest {
        fingerprint(
            self.code.name,
            self.environment.as_ref(),
            &self.subject,
            self.attribute.as_deref(),
        )
    }

    /// At how many places it is.
    #[must_use]
    pub fn reach(&self) -> usize {
        self.also.len() + 1
    }

    /// The fingerprints of all its places, its own first.
    pub fn fingerprints(&self) -> impl Iterator<Item = Digest> + '_ {
        std::iter::once(self.fingerprint()).chain(self.also.iter().map(|also| also.fingerprint))
    }

    /// Whether it is an error that nobody declared.
    #[must_use]
    pub fn counts(&self) -> bool {
        self.severity >= Severity::Error && self.declared.is_none()
    }
}

/// The digest of code, environment, subject and attribute: no line and no value, so that it survives edits.
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
