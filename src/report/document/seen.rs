//! Findings and time: what is new since a time, what ended, and what cannot be judged now.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::catalogue::codes;
use super::FindingDocument;
use evenkeel_core::drift::survey::{FactChange, FactTimes};
use evenkeel_core::drift::{Baseline, PastFinding, SeenSince};
use evenkeel_model::defect::{Novelty, Seen};
use evenkeel_model::{EnvironmentName, Moment};

/// When checks saw a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct SeenDocument {
    /// First check that found it.
    #[schemars(with = "String")]
    pub first: Moment,
    /// Last check that found it: this one.
    #[schemars(with = "String")]
    pub last: Moment,
    /// Whether it is new since the time of `--since`; absent without one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub novelty: Option<Novelty>,
    /// Sightings before it ended and came back; absent if it did not.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub earlier: Option<IntervalDocument>,
}

/// First and last sighting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct IntervalDocument {
    /// First check.
    #[schemars(with = "String")]
    pub first: Moment,
    /// Last check.
    #[schemars(with = "String")]
    pub last: Moment,
}

/// Findings since a time.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct SinceTimeDocument {
    /// Time of `--since`.
    #[schemars(with = "String")]
    pub since: Moment,
    /// Recorded check of each environment with which this one is compared.
    pub baselines: Vec<BaselineDocument>,
    /// Number of findings that are new since then.
    pub new: usize,
    /// Number of findings that existed then.
    pub before: usize,
    /// Number of findings of which it is unknown, because no check could judge them then.
    pub unclear: usize,
    /// Findings that ended since then.
    pub ended: Vec<PastFindingDocument>,
    /// Findings of earlier checks that cannot be judged now: what shows them is unreadable.
    pub unknown: Vec<PastFindingDocument>,
    /// Facts of hosts with another value than then.
    pub facts: Vec<FactChangeDocument>,
}

/// Recorded check with which an environment is compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct BaselineDocument {
    /// Environment; absent for differences between definitions.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub environment: Option<String>,
    /// Time of the check; absent if none was recorded.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schemars(with = "Option<String>")]
    pub check: Option<Moment>,
    /// Whether it is the first check of all, made after the time of `--since`.
    pub late: bool,
    /// Number of recorded checks after that time.
    pub later: usize,
}

/// Finding of earlier checks that was not found now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct PastFindingDocument {
    /// Environment; absent for a difference between definitions.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub environment: Option<String>,
    /// Fingerprint.
    pub fingerprint: String,
    /// Code; absent if an earlier version recorded the finding.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub code: Option<String>,
    /// Subject; absent if an earlier version recorded the finding.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub subject: Option<String>,
    /// Attribute.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub attribute: Option<String>,
    /// First check that found it.
    #[schemars(with = "String")]
    pub first: Moment,
    /// Last check that found it.
    #[schemars(with = "String")]
    pub last: Moment,
    /// First check that judged it and did not find it; absent if it cannot be judged now.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schemars(with = "Option<String>")]
    pub gone: Option<Moment>,
}

/// Fact of a host with another value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct FactChangeDocument {
    /// Survey.
    pub survey: String,
    /// Environment.
    pub environment: String,
    /// Host; the target where it has one machine only.
    pub host: String,
    /// Fact with its group: `packages.openssl`.
    pub fact: String,
    /// Value before; absent if it was missing.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub before: Option<String>,
    /// Recorded checks with that value.
    pub before_seen: IntervalDocument,
    /// Value now; absent if it is missing.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub now: Option<String>,
    /// First recorded check with the value of now; absent if this is the first one with it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schemars(with = "Option<String>")]
    pub now_first: Option<Moment>,
}

impl From<Seen> for SeenDocument {
    fn from(seen: Seen) -> Self {
        Self {
            first: seen.first,
            last: seen.last,
            novelty: seen.novelty,
            earlier: seen
                .earlier
                .map(|(first, last)| IntervalDocument { first, last }),
        }
    }
}

impl SeenDocument {
    /// Returns it in words: `first seen 2026-11-28 02:26:08 UTC`.
    #[must_use]
    pub fn words(&self) -> String {
        let mut text = format!("first seen {}", self.first.for_people());
        if let Some(earlier) = &self.earlier {
            text.push_str(&format!("; came back, seen before {}", earlier.words()));
        }
        text
    }
}

impl IntervalDocument {
    /// Returns it in words: `from … to …`.
    #[must_use]
    pub fn words(&self) -> String {
        format!(
            "from {} to {}",
            self.first.for_people(),
            self.last.for_people()
        )
    }
}

impl SinceTimeDocument {
    /// Creates the document from a comparison; the findings of now are counted by [`SinceTimeDocument::count`].
    #[must_use]
    pub fn new(since: Moment, seen: SeenSince, facts: Vec<FactChangeDocument>) -> Self {
        let past = |all: Vec<PastFinding>| all.into_iter().map(Into::into).collect();
        Self {
            since,
            baselines: seen.baselines.into_iter().map(Into::into).collect(),
            new: 0,
            before: 0,
            unclear: 0,
            ended: past(seen.ended),
            unknown: past(seen.unknown),
            facts,
        }
    }

    /// Counts a finding of now.
    pub(super) fn count(&mut self, finding: &FindingDocument) {
        match finding.seen.as_ref().and_then(|seen| seen.novelty) {
            Some(Novelty::New) => self.new += 1,
            Some(Novelty::Before) => self.before += 1,
            Some(Novelty::Unknown) => self.unclear += 1,
            None => {}
        }
    }

    /// Returns the summary: `since …: 1 new, 2 before, 1 ended`.
    #[must_use]
    pub fn summary(&self) -> String {
        let mut parts = vec![
            format!("{} new", self.new),
            format!("{} before", self.before),
            format!("{} ended", self.ended.len()),
        ];
        for (number, what) in [
            (self.unclear, "unknown whether new"),
            (self.unknown.len(), "unknown now"),
        ] {
            if number > 0 {
                parts.push(format!("{number} {what}"));
            }
        }
        format!("since {}: {}", self.since.for_people(), parts.join(", "))
    }

    /// Returns a sentence for each environment that is compared with another check than one at that time.
    pub fn notes(&self) -> impl Iterator<Item = String> + '_ {
        self.baselines.iter().filter_map(|baseline| {
            let name = baseline.name();
            match baseline.check {
                None => Some(format!("{name}: no check was recorded")),
                Some(check) if baseline.late => Some(format!(
                    "{name}: no check was recorded before that time; compared with the first, {}",
                    check.for_people()
                )),
                Some(_) => None,
            }
        })
    }
}

impl From<Baseline> for BaselineDocument {
    fn from(baseline: Baseline) -> Self {
        Self {
            environment: baseline.environment.as_ref().map(ToString::to_string),
            check: baseline.at,
            late: baseline.is_late,
            later: baseline.later,
        }
    }
}

impl BaselineDocument {
    /// Returns its name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.environment.as_deref().unwrap_or("parity")
    }
}

impl From<PastFinding> for PastFindingDocument {
    fn from(past: PastFinding) -> Self {
        let (code, subject, attribute) = match past.note {
            None => (None, None, None),
            Some(note) => (Some(note.code), Some(note.subject), note.attribute),
        };
        Self {
            environment: past.environment.as_ref().map(ToString::to_string),
            fingerprint: past.fingerprint.short(),
            code,
            subject,
            attribute,
            first: past.first,
            last: past.last,
            gone: past.gone,
        }
    }
}

impl PastFindingDocument {
    /// Returns `ended`, or `unknown` where it cannot be judged now.
    #[must_use]
    pub const fn state(&self) -> &'static str {
        match self.gone {
            Some(_) => "ended",
            None => "unknown",
        }
    }

    /// Returns what it is about: `file.page content (staging)`.
    #[must_use]
    pub fn about(&self) -> String {
        let subject = match &self.subject {
            Some(subject) => Cow::from(subject),
            None => format!("finding {}", self.fingerprint).into(),
        };
        let attribute = self
            .attribute
            .as_deref()
            .map_or_else(String::new, |attribute| format!(" {attribute}"));
        match &self.environment {
            Some(environment) => format!("{subject}{attribute} ({environment})"),
            None => format!("{subject}{attribute}"),
        }
    }

    /// Returns what it says and when it was seen.
    #[must_use]
    pub fn words(&self) -> String {
        let title = match &self.code {
            None => "recorded by an earlier version without a description".to_owned(),
            Some(name) => codes()
                .find(|code| code.name == *name)
                .map_or_else(|| name.clone(), |code| code.title.to_owned()),
        };
        let end = match self.gone {
            Some(gone) => format!("not found {}", gone.for_people()),
            None => "cannot be judged now".to_owned(),
        };
        format!(
            "{title}; first seen {}, last seen {}; {end}",
            self.first.for_people(),
            self.last.for_people()
        )
    }
}

impl FactChangeDocument {
    /// Creates the document of a change.
    #[must_use]
    pub fn new(
        survey: &str,
        environment: &EnvironmentName,
        host: &str,
        change: FactChange,
        times: FactTimes,
    ) -> Self {
        let (first, last) = times.before;
        Self {
            survey: survey.to_owned(),
            environment: environment.to_string(),
            host: host.to_owned(),
            fact: change.key.1.to_string(),
            before: change.before,
            before_seen: IntervalDocument { first, last },
            now: change.now,
            now_first: times.now,
        }
    }

    /// Returns it in words: both values, and when they were seen.
    #[must_use]
    pub fn words(&self) -> String {
        let shown = |value: &Option<String>| {
            value
                .as_ref()
                .map_or_else(|| "missing".to_owned(), |value| format!("`{value}`"))
        };
        let first = match self.now_first {
            Some(first) => format!("first seen {}", first.for_people()),
            None => "first seen now".to_owned(),
        };
        format!(
            "{} was {} (seen {}), is {} ({first})",
            self.fact,
            shown(&self.before),
            self.before_seen.words(),
            shown(&self.now)
        )
    }
}
