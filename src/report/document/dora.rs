//! The four DORA figures of an environment in a period.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use evenkeel_core::release::dora::{FEWEST, Figures, Ratio, Times};
use evenkeel_model::text::{count, list};
use evenkeel_model::{EnvironmentName, Moment, duration};

/// Command that reports the figures.
pub const DORA_COMMAND: &str = "report dora";

/// The four DORA figures.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct DoraDocument {
    /// Environment of the releases.
    pub environment: String,
    /// Start of the period; the founding of the ledger at the earliest.
    #[schemars(with = "String")]
    pub since: Moment,
    /// End of the period, which is not part of it.
    #[schemars(with = "String")]
    pub until: Moment,
    /// Number of releases that ended in the period, without rollbacks.
    pub releases: usize,
    /// Number of these that were made by break-glass.
    pub break_glass: usize,
    /// Number of rollbacks that were completed.
    pub rollbacks: usize,
    /// Releases that failed or were rolled back.
    pub failed: Vec<String>,
    /// Releases without a recorded end.
    pub unfinished: Vec<String>,
    /// Releases whose commits are unknown, so that they have no lead time.
    pub unknown: Vec<String>,
    /// Failed releases without a recovery in the period.
    pub open: Vec<String>,
    /// Successful releases in a week.
    pub deployment_frequency: RatioDocument,
    /// From a commit to the end of the release that brought it first.
    pub lead_time: TimesDocument,
    /// Share of the releases that failed or were rolled back.
    pub change_failure_rate: RatioDocument,
    /// From a failed release to the next good state.
    pub recovery_time: TimesDocument,
}

/// Frequency or share.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct RatioDocument {
    /// Number of events.
    pub events: usize,
    /// Value; absent below five events.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
}

/// Times.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct TimesDocument {
    /// Number of events.
    pub events: usize,
    /// Median in seconds; absent below five events.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub median: Option<u64>,
    /// 90th percentile in seconds; absent below five events.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ninetieth: Option<u64>,
}

/// Figure in words.
pub(in crate::report) struct FigureWords {
    /// Its name.
    pub(in crate::report) name: &'static str,
    /// Its value: `2.5 a week`, or `n/a`.
    pub(in crate::report) value: String,
    /// Its events: `12 releases`.
    pub(in crate::report) events: String,
}

impl From<Ratio> for RatioDocument {
    fn from(ratio: Ratio) -> Self {
        Self {
            events: ratio.events,
            // Four digits, so that no report ends in the noise of a division.
            value: ratio
                .value
                .map(|value| (value * 10_000.0).round() / 10_000.0),
        }
    }
}

impl From<Times> for TimesDocument {
    fn from(times: Times) -> Self {
        Self {
            events: times.events,
            median: times.median.map(|time| time.as_secs()),
            ninetieth: times.ninetieth.map(|time| time.as_secs()),
        }
    }
}

impl TimesDocument {
    fn words(self) -> String {
        let phrase = |seconds| duration::phrase(Duration::from_secs(seconds));
        match (self.median, self.ninetieth) {
            (Some(median), Some(ninetieth)) => format!(
                "median {}, 90th percentile {}",
                phrase(median),
                phrase(ninetieth)
            ),
            _ => NONE.to_owned(),
        }
    }
}

/// Value of a figure with too few events.
const NONE: &str = "n/a";

impl DoraDocument {
    /// Creates it from figures.
    #[must_use]
    pub fn new(environment: &EnvironmentName, figures: Figures) -> Self {
        let Figures {
            window,
            releases,
            break_glass,
            rollbacks,
            failed,
            unfinished,
            frequency,
            lead_time,
            unknown,
            failure_rate,
            recovery,
            open,
        } = figures;
        Self {
            environment: environment.to_string(),
            since: window.since,
            until: window.until,
            releases,
            break_glass,
            rollbacks,
            failed,
            unfinished,
            unknown,
            open,
            deployment_frequency: frequency.into(),
            lead_time: lead_time.into(),
            change_failure_rate: failure_rate.into(),
            recovery_time: recovery.into(),
        }
    }

    /// Returns the period and its releases in words.
    pub(in crate::report) fn words(&self) -> String {
        let mut parts = vec![count(self.releases, "release")];
        if self.break_glass > 0 {
            parts.push(format!("{} by break-glass", self.break_glass));
        }
        if self.rollbacks > 0 {
            parts.push(count(self.rollbacks, "rollback"));
        }
        format!(
            "{} from {} to {}: {}",
            self.environment,
            self.since.for_people(),
            self.until.for_people(),
            parts.join(", ")
        )
    }

    /// Returns the figures in words.
    pub(in crate::report) fn figures(&self) -> [FigureWords; 4] {
        let frequency = self.deployment_frequency;
        let rate = self.change_failure_rate;
        let or_none = |value: Option<String>| value.unwrap_or_else(|| NONE.to_owned());
        [
            FigureWords {
                name: "deployment frequency",
                value: or_none(frequency.value.map(|value| format!("{value:.1} a week"))),
                events: count(frequency.events, "successful release"),
            },
            FigureWords {
                name: "lead time for changes",
                value: self.lead_time.words(),
                events: count(self.lead_time.events, "commit"),
            },
            FigureWords {
                name: "change failure rate",
                value: or_none(rate.value.map(|value| format!("{:.0} %", value * 100.0))),
                events: format!(
                    "{} of {} failed",
                    self.failed.len(),
                    count(rate.events, "release")
                ),
            },
            FigureWords {
                name: "failed deployment recovery time",
                value: self.recovery_time.words(),
                events: match self.recovery_time.events {
                    1 => "1 recovery".to_owned(),
                    events => format!("{events} recoveries"),
                },
            },
        ]
    }

    /// Returns what the figures leave out, one sentence each.
    pub(in crate::report) fn remarks(&self) -> Vec<String> {
        let named = |names: &[String]| {
            const SHOWN: usize = 5;
            let shown: Vec<String> = names.iter().take(SHOWN).cloned().collect();
            match names.len().saturating_sub(SHOWN) {
                0 => list(&shown, "and"),
                more => format!("{} and {more} more", shown.join(", ")),
            }
        };
        let mut remarks = Vec::new();
        let figures = self.figures();
        if figures.iter().any(|figure| figure.value == NONE) {
            remarks.push(format!("{NONE}: fewer than {FEWEST} events"));
        }
        if !self.failed.is_empty() {
            remarks.push(format!("failed or rolled back: {}", named(&self.failed)));
        }
        if !self.open.is_empty() {
            remarks.push(format!("without a recovery: {}", named(&self.open)));
        }
        if !self.unknown.is_empty() {
            remarks.push(format!(
                "without a lead time, since git does not have their commits: {}",
                named(&self.unknown)
            ));
        }
        if !self.unfinished.is_empty() {
            remarks.push(format!(
                "without a recorded end: {}",
                named(&self.unfinished)
            ));
        }
        remarks
    }
}
