//! The newest events of a ledger that people ask about: applies, suites, verdicts, approvals, releases, broken leases.
//!
//! Bounded, so that the state of a long ledger stays small. Steps and leases that are returned are no events.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::record::{ApplyOutcome, Record, Signed};
use evenkeel_model::text::count;
use evenkeel_model::{EnvironmentName, Moment};

/// How many events are kept.
const KEPT: usize = 200;

/// The newest events, oldest first.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Timeline {
    events: VecDeque<Event>,
    left_out: usize,
}

/// Something that happened in an environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// The number of its first entry.
    pub sequence: u64,
    /// When it started.
    pub at: Moment,
    /// When it ended; `None` while it runs, after it was killed, and for what has no duration.
    pub ended: Option<Moment>,
    /// The environment.
    pub environment: EnvironmentName,
    /// Its kind.
    pub kind: EventKind,
    /// Its name: `a-7`, `r-3`, the suite, the plan.
    pub name: String,
    /// The purpose of an apply, the kind of a suite, what a release rolls back, the reason of a decision or of breaking a
    /// lease.
    pub words: Option<String>,
    /// The account, where the ledger has it.
    pub by: Option<String>,
    /// Its outcome; `None` while it runs, and after it was killed.
    pub outcome: Option<EventOutcome>,
}

/// The kind of an event.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum EventKind {
    /// An apply.
    Apply,
    /// A suite ran.
    Suite,
    /// The gate was asked.
    Verdict,
    /// A person approved a release.
    Approval,
    /// A person rejected a release.
    Rejection,
    /// A person withdrew an approval or a rejection.
    Withdrawal,
    /// The gate was drilled.
    Drill,
    /// A person applied although the gate was shut.
    BreakGlass,
    /// Another person reviewed that.
    FollowUp,
    /// A release.
    Release,
    /// A lease was taken from its holder.
    LeaseBroken,
    /// A check for drift. Checks that follow each other with the same result are one event.
    Check,
}

/// The outcome of an event.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum EventOutcome {
    /// Every step is done; an approval or the breaking of a lease is recorded.
    Done,
    /// The suite passed.
    Passed,
    /// The gate is open.
    Open,
    /// The gate is shut.
    Shut,
    /// It failed.
    Failed,
    /// It was interrupted.
    Interrupted,
    /// What it did is not known; a check could not read everything.
    Unknown,
    /// Nothing differs.
    InSync,
    /// Something differs.
    Drift,
}

impl From<ApplyOutcome> for EventOutcome {
    fn from(outcome: ApplyOutcome) -> Self {
        match outcome {
            ApplyOutcome::Done => Self::Done,
            ApplyOutcome::Failed => Self::Failed,
            ApplyOutcome::Interrupted => Self::Interrupted,
            ApplyOutcome::Unknown => Self::Unknown,
        }
    }
}

impl Timeline {
    /// The events, oldest first.
    pub fn events(&self) -> impl ExactSizeIterator<Item = &Event> {
        self.events.iter()
    }

    /// How many older events are not kept.
    #[must_use]
    pub fn left_out(&self) -> usize {
        self.left_out
    }

    /// Notes what a record says, if it is an event or the end of one.
    pub(super) fn note(&mut self, record: &Record, sequence: u64, at: Moment) {
        let event = |environment: &EnvironmentName, kind, name: String| Event {
            sequence,
            at,
            ended: None,
            environment: environment.clone(),
            kind,
            name,
            words: None,
            by: None,
            outcome: None,
        };
        match record {
            Record::ApplyStarted(it) => self.push(Event {
                words: Some(it.purpose.clone()),
                by: Some(it.by.name.clone()),
                ..event(&it.environment, EventKind::Apply, it.apply.clone())
            }),
            Record::ApplyEnded(it) => {
                self.end(EventKind::Apply, &it.apply, at, it.outcome.into());
            }
            Record::ReleaseStarted(it) => self.push(Event {
                words: it.rollback.as_ref().map(|rollback| {
                    format!("rolls back {} to {}", rollback.undoes, rollback.restores)
                }),
                by: Some(it.by.name.clone()),
                ..event(&it.environment, EventKind::Release, it.release.clone())
            }),
            Record::ReleaseEnded(it) => {
                let outcome = match (it.outcome, it.smoke) {
                    (ApplyOutcome::Done, Some(false)) => EventOutcome::Failed,
                    (outcome, _) => outcome.into(),
                };
                self.end(EventKind::Release, &it.release, at, outcome);
            }
            Record::SuiteEnded(it) => self.push(Event {
                at: it.started,
                ended: Some(it.ended),
                words: Some(it.kind.clone()),
                outcome: Some(if it.passed {
                    EventOutcome::Passed
                } else {
                    EventOutcome::Failed
                }),
                ..event(&it.environment, EventKind::Suite, it.suite.clone())
            }),
            Record::VerdictGiven(it) => self.push(Event {
                outcome: Some(if it.open {
                    EventOutcome::Open
                } else {
                    EventOutcome::Shut
                }),
                ..event(&it.environment, EventKind::Verdict, it.plan.short())
            }),
            Record::Approved(it) => self.push(Event {
                words: Some(it.reason.clone()),
                by: Some(Signed::signer(it.signed.as_ref(), &it.by)),
                outcome: Some(EventOutcome::Done),
                ..event(&it.environment, EventKind::Approval, it.plan.short())
            }),
            Record::Rejected(it) => self.push(Event {
                words: Some(it.reason.clone()),
                by: Some(Signed::signer(it.signed.as_ref(), &it.by)),
                outcome: Some(EventOutcome::Done),
                ..event(&it.environment, EventKind::Rejection, it.plan.short())
            }),
            Record::Withdrawn(it) => self.push(Event {
                words: Some(it.reason.clone()),
                by: Some(Signed::signer(it.signed.as_ref(), &it.by)),
                outcome: Some(EventOutcome::Done),
                ..event(&it.environment, EventKind::Withdrawal, it.plan.short())
            }),
            Record::Drilled(it) => self.push(Event {
                words: Some(count(it.results.len(), "fault")),
                by: Some(it.by.name.clone()),
                outcome: Some(if it.passed {
                    EventOutcome::Passed
                } else {
                    EventOutcome::Failed
                }),
                ..event(&it.environment, EventKind::Drill, "drill".to_owned())
            }),
            Record::GlassBroken(it) => self.push(Event {
                words: Some(format!("{}: {}", it.incident, it.reason)),
                by: Some(Signed::signer(it.signed.as_ref(), &it.by)),
                outcome: Some(EventOutcome::Done),
                ..event(
                    &it.environment,
                    EventKind::BreakGlass,
                    it.break_glass.clone(),
                )
            }),
            Record::FollowedUp(it) => self.push(Event {
                words: Some(it.reason.clone()),
                by: Some(Signed::signer(it.signed.as_ref(), &it.by)),
                outcome: Some(EventOutcome::Done),
                ..event(&it.environment, EventKind::FollowUp, it.break_glass.clone())
            }),
            Record::LeaseBroken(it) => self.push(Event {
                words: Some(it.reason.clone()),
                by: Some(it.by.name.clone()),
                outcome: Some(EventOutcome::Done),
                ..event(
                    &it.environment,
                    EventKind::LeaseBroken,
                    it.held_by.name.clone(),
                )
            }),
            Record::DriftChecked(it) => {
                for (environment, findings) in &it.environments {
                    let outcome = match (findings.len(), it.complete) {
                        (0, true) => EventOutcome::InSync,
                        (0, false) => EventOutcome::Unknown,
                        _ => EventOutcome::Drift,
                    };
                    self.check(Event {
                        words: (!findings.is_empty()).then(|| count(findings.len(), "finding")),
                        by: Some(it.by.name.clone()),
                        outcome: Some(outcome),
                        ..event(environment, EventKind::Check, "drift".to_owned())
                    });
                }
            }
            Record::Founded(_)
            | Record::Moved(_)
            | Record::TargetsAdopted(_)
            | Record::NotificationFailed(_)
            | Record::Refused(_)
            | Record::Overridden(_)
            | Record::LeaseTaken(_)
            | Record::LeaseReturned(_)
            | Record::StepsIntended(_)
            | Record::StepsEnded(_) => {}
        }
    }

    fn push(&mut self, event: Event) {
        if self.events.len() == KEPT {
            self.events.pop_front();
            self.left_out += 1;
        }
        self.events.push_back(event);
    }

    /// Adds a check, or continues the last event of its environment where that is a check with the same result: frequent
    /// checks must not crowd out everything else.
    fn check(&mut self, event: Event) {
        let last = self
            .events
            .iter_mut()
            .rfind(|last| last.environment == event.environment);
        match last.filter(|last| last.kind == EventKind::Check) {
            Some(last) if last.outcome == event.outcome && last.words == event.words => {
                last.ended = Some(event.at);
            }
            _ => self.push(event),
        }
    }

    /// Ends the newest event of a name. A release that did not end well can end once more.
    fn end(&mut self, kind: EventKind, name: &str, at: Moment, outcome: EventOutcome) {
        let event = self
            .events
            .iter_mut()
            .rfind(|event| event.kind == kind && event.name == name);
        if let Some(event) = event {
            event.ended = Some(at);
            event.outcome = Some(outcome);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{EventKind, EventOutcome, KEPT, Timeline};
    use crate::record::{
        Actor, ApplyEnded, ApplyOutcome, ApplyStarted, DriftChecked, Origin, Record,
    };
    use evenkeel_model::{Digest, EnvironmentName, Moment};

    fn origin() -> Origin {
        Origin {
            commit: None,
            dirty: false,
            definitions: Digest::of(b"definitions"),
        }
    }

    fn ada() -> Actor {
        Actor {
            name: "ada".into(),
            host: "engine".into(),
            process: 7,
        }
    }

    fn started(number: usize) -> Record {
        Record::ApplyStarted(ApplyStarted {
            apply: format!("a-{number}"),
            environment: EnvironmentName::new("staging"),
            plan: Digest::of(b"plan"),
            recipe: Digest::of(b"recipe"),
            origin: origin(),
            steps: 1,
            by: ada(),
            purpose: "deliver".into(),
            from_file: false,
        })
    }

    #[test]
    fn an_apply_is_one_event_with_its_outcome() {
        let mut timeline = Timeline::default();
        timeline.note(&started(1), 3, Moment::from_millisecond(1000));
        let ended = Record::ApplyEnded(ApplyEnded {
            apply: "a-1".into(),
            environment: EnvironmentName::new("staging"),
            outcome: ApplyOutcome::Failed,
            done: 0,
            failed: 1,
            not_started: 0,
            observation: None,
        });
        timeline.note(&ended, 6, Moment::from_millisecond(2000));
        let event = timeline.events().next().unwrap();
        assert_eq!(
            (event.kind, &*event.name, event.sequence),
            (EventKind::Apply, "a-1", 3)
        );
        assert_eq!(event.ended, Some(Moment::from_millisecond(2000)));
        assert_eq!(event.outcome, Some(EventOutcome::Failed));
        assert_eq!(timeline.events().len(), 1);
    }

    #[test]
    fn checks_with_the_same_result_are_one_event() {
        let mut timeline = Timeline::default();
        for (number, findings) in [0, 0, 2, 2, 2, 0].into_iter().enumerate() {
            let checked = Record::DriftChecked(DriftChecked {
                environments: [(
                    EnvironmentName::new("staging"),
                    vec![Digest::of(b"finding"); findings],
                )]
                .into(),
                parity: None,
                pending: Vec::new(),
                facts: Vec::new(),
                described: Vec::new(),
                unknown: None,
                complete: true,
                origin: origin(),
                by: ada(),
            });
            timeline.note(
                &checked,
                1,
                Moment::from_millisecond(i64::try_from(number).unwrap()),
            );
        }
        let shown: Vec<_> = timeline
            .events()
            .map(|event| (event.outcome, event.words.as_deref(), event.ended.is_some()))
            .collect();
        assert_eq!(
            shown,
            [
                (Some(EventOutcome::InSync), None, true),
                (Some(EventOutcome::Drift), Some("2 findings"), true),
                (Some(EventOutcome::InSync), None, false),
            ]
        );
    }

    #[test]
    fn only_the_newest_events_are_kept_and_the_others_counted() {
        let mut timeline = Timeline::default();
        for number in 1..=KEPT + 5 {
            timeline.note(&started(number), number as u64, Moment::from_millisecond(0));
        }
        assert_eq!((timeline.events().len(), timeline.left_out()), (KEPT, 5));
        assert_eq!(timeline.events().next().unwrap().name, "a-6");
    }
}
