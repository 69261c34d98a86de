//! The figures of histories: which events count, and where production recovers.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Change, Deployments, Figures, Window, times};
use evenkeel_ledger::Record;
use evenkeel_ledger::record::{
    Actor, ApplyEnded, ApplyOutcome, ApplyStarted, Founded, GlassBroken, Origin, ReleaseEnded,
    ReleaseStarted, Rollback, RollbackCause,
};
use evenkeel_model::{Digest, EnvironmentName, Moment};

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

fn production() -> EnvironmentName {
    EnvironmentName::new("production")
}

fn second(seconds: i64) -> Moment {
    Moment::from_millisecond(seconds * 1000)
}

fn ada() -> Actor {
    Actor {
        name: "ada".into(),
        host: "here".into(),
        process: 1,
    }
}

fn origin(commit: Option<&str>, dirty: bool) -> Origin {
    Origin {
        commit: commit.map(str::to_owned),
        dirty,
        definitions: Digest::of(b"definitions"),
    }
}

/// A ledger that is written second by second.
struct Past(Deployments);

impl Past {
    fn founded() -> Self {
        let mut all = Deployments::to(&production());
        let founded = Founded {
            system: "shop".into(),
            lineage: "0".into(),
            tool: "evenkeel".into(),
        };
        all.take(second(0), &founded.into());
        Self(all)
    }

    fn take(&mut self, at: i64, record: impl Into<Record>) -> &mut Self {
        self.0.take(second(at), &record.into());
        self
    }

    fn starts(&mut self, at: i64, name: &str, undoes: Option<(&str, &str)>) -> &mut Self {
        self.starts_in(at, name, undoes, "production", false)
    }

    fn starts_in(
        &mut self,
        at: i64,
        name: &str,
        rollback: Option<(&str, &str)>,
        environment: &str,
        dirty: bool,
    ) -> &mut Self {
        let recipe = rollback.map_or(name, |(restores, _)| restores);
        self.take(
            at,
            ReleaseStarted {
                release: name.into(),
                environment: EnvironmentName::new(environment),
                plan: Digest::of(b"plan"),
                recipe: Digest::of(recipe.as_bytes()),
                dossier: Digest::of(b"dossier"),
                by: ada(),
                binding: None,
                definitions: None,
                origin: Some(origin(Some(name), dirty)),
                rollback: rollback.map(|(restores, undoes)| Rollback {
                    restores: restores.into(),
                    undoes: undoes.into(),
                    cause: RollbackCause::Request,
                    reason: None,
                }),
            },
        )
    }

    fn ends(
        &mut self,
        at: i64,
        name: &str,
        outcome: ApplyOutcome,
        smoke: Option<bool>,
    ) -> &mut Self {
        self.take(
            at,
            ReleaseEnded {
                release: name.into(),
                environment: production(),
                recipe: Digest::of(name.as_bytes()),
                commit: None,
                outcome,
                smoke,
            },
        )
    }

    /// A release of one minute.
    fn releases(&mut self, at: i64, name: &str) -> &mut Self {
        self.starts(at - 60, name, None)
            .ends(at, name, ApplyOutcome::Done, Some(true))
    }

    fn fails(&mut self, at: i64, name: &str) -> &mut Self {
        self.starts(at - 60, name, None)
            .ends(at, name, ApplyOutcome::Failed, None)
    }

    fn rolls_back(&mut self, at: i64, name: &str, restores: &str, undoes: &str) -> &mut Self {
        self.starts(at - 60, name, Some((restores, undoes))).ends(
            at,
            name,
            ApplyOutcome::Done,
            Some(true),
        )
    }

    fn applies(&mut self, at: i64, recipe: &str) -> &mut Self {
        let apply = format!("a-{at}");
        self.take(
            at - 1,
            ApplyStarted {
                apply: apply.clone(),
                environment: production(),
                plan: Digest::of(b"plan"),
                recipe: Digest::of(recipe.as_bytes()),
                origin: origin(None, false),
                steps: 1,
                by: ada(),
                purpose: "repair".into(),
                from_file: false,
            },
        )
        .take(
            at,
            ApplyEnded {
                apply,
                environment: production(),
                outcome: ApplyOutcome::Done,
                done: 1,
                failed: 0,
                not_started: 0,
                observation: None,
            },
        )
    }

    /// Returns the figures of the first week. Each release brought one commit, which is one day older than its start.
    fn week(&self) -> Figures {
        let window = Window {
            since: second(0),
            until: second(7 * DAY),
        };
        let changes = self.0.brought(window).into_iter().map(|brought| {
            let release = self.0.all.iter().find(|it| it.name == brought.release);
            let started = release.unwrap().started.as_millisecond();
            let change = Change {
                commit: brought.commit,
                time: Moment::from_millisecond(started - DAY * 1000),
            };
            (brought.release, vec![change])
        });
        self.0.figures(window, &changes.collect())
    }
}

fn seconds(duration: Option<Duration>) -> Option<i64> {
    duration.map(|duration| i64::try_from(duration.as_secs()).unwrap())
}

#[test]
fn five_events_make_a_figure_and_four_do_not() {
    let mut past = Past::founded();
    for number in 1..=4 {
        past.releases(number * DAY, &format!("r-{number}"));
    }
    let figures = past.week();
    assert_eq!((figures.releases, figures.frequency.events), (4, 4));
    assert_eq!(figures.frequency.value, None);
    assert_eq!(figures.failure_rate.value, None);
    assert_eq!(
        (figures.lead_time.events, figures.lead_time.median),
        (4, None)
    );
    past.releases(5 * DAY, "r-5");
    let figures = past.week();
    assert_eq!(figures.frequency.value, Some(5.0));
    assert_eq!(figures.failure_rate.value, Some(0.0));
    assert_eq!(seconds(figures.lead_time.median), Some(DAY + 60));
    assert_eq!(seconds(figures.lead_time.ninetieth), Some(DAY + 60));
    assert_eq!(figures.recovery.events, 0);
}

#[test]
fn percentiles_are_of_the_nearest_rank() {
    let of = |all: &[u64]| {
        let figure = times(all.iter().copied().map(Duration::from_secs).collect());
        (seconds(figure.median), seconds(figure.ninetieth))
    };
    assert_eq!(of(&[5, 1, 4, 2, 3]), (Some(3), Some(5)));
    assert_eq!(of(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]), (Some(5), Some(9)));
    assert_eq!(of(&[1, 2, 3, 4]), (None, None));
    assert_eq!(of(&[]), (None, None));
}

/// Each case: a history after the good release r-1 at hour 1, the failed releases, the seconds of the recoveries, the
/// releases without one.
#[test]
fn failures_and_recoveries() {
    type History = fn(&mut Past);
    type Names = &'static [&'static str];
    type Case = (&'static str, History, Names, &'static [i64], Names);
    let cases: &[Case] = &[
        (
            "a good release",
            |past| {
                past.releases(2 * HOUR, "r-2");
            },
            &[],
            &[],
            &[],
        ),
        (
            "a failed release, and the next good one",
            |past| {
                past.fails(2 * HOUR, "r-2").releases(3 * HOUR, "r-3");
            },
            &["r-2"],
            &[HOUR],
            &[],
        ),
        (
            "two failed releases recover together",
            |past| {
                past.fails(2 * HOUR, "r-2")
                    .fails(3 * HOUR, "r-3")
                    .releases(4 * HOUR, "r-4");
            },
            &["r-2", "r-3"],
            &[2 * HOUR, HOUR],
            &[],
        ),
        (
            "failed smoke suites, and a rollback",
            |past| {
                past.starts(2 * HOUR - 60, "r-2", None)
                    .ends(2 * HOUR, "r-2", ApplyOutcome::Done, Some(false))
                    .rolls_back(2 * HOUR + 300, "r-3", "r-1", "r-2");
            },
            &["r-2"],
            &[300],
            &[],
        ),
        (
            "a good release that was rolled back later",
            |past| {
                past.releases(2 * HOUR, "r-2")
                    .rolls_back(6 * HOUR, "r-3", "r-1", "r-2");
            },
            &["r-2"],
            &[4 * HOUR],
            &[],
        ),
        (
            "a rollback that failed recovers nothing",
            |past| {
                past.fails(2 * HOUR, "r-2")
                    .starts(3 * HOUR, "r-3", Some(("r-1", "r-2")))
                    .ends(3 * HOUR, "r-3", ApplyOutcome::Failed, None);
            },
            &["r-2"],
            &[],
            &["r-2"],
        ),
        (
            "a failed release that an apply finished",
            |past| {
                past.fails(2 * HOUR, "r-2").applies(3 * HOUR, "r-2").ends(
                    3 * HOUR,
                    "r-2",
                    ApplyOutcome::Done,
                    None,
                );
            },
            &["r-2"],
            &[HOUR],
            &[],
        ),
        (
            "a failed release, and a repair to the one before it",
            |past| {
                past.fails(2 * HOUR, "r-2").applies(3 * HOUR, "r-1");
            },
            &["r-2"],
            &[HOUR],
            &[],
        ),
        (
            "a repair to the release whose smoke suites failed",
            |past| {
                past.starts(2 * HOUR - 60, "r-2", None)
                    .ends(2 * HOUR, "r-2", ApplyOutcome::Done, Some(false))
                    .applies(3 * HOUR, "r-2");
            },
            &["r-2"],
            &[],
            &["r-2"],
        ),
        (
            "a killed release that a rollback ended",
            |past| {
                past.starts(2 * HOUR, "r-2", None)
                    .rolls_back(3 * HOUR, "r-3", "r-1", "r-2")
                    .ends(3 * HOUR, "r-2", ApplyOutcome::Failed, None);
            },
            &["r-2"],
            &[HOUR],
            &[],
        ),
        (
            "an interrupted release",
            |past| {
                past.starts(2 * HOUR, "r-2", None).ends(
                    2 * HOUR,
                    "r-2",
                    ApplyOutcome::Interrupted,
                    None,
                );
            },
            &["r-2"],
            &[],
            &["r-2"],
        ),
        (
            "a recovery after the period",
            |past| {
                past.fails(2 * HOUR, "r-2").releases(8 * DAY, "r-3");
            },
            &["r-2"],
            &[],
            &["r-2"],
        ),
    ];
    for (case, history, failed, recoveries, open) in cases {
        let mut past = Past::founded();
        past.releases(HOUR, "r-1");
        history(&mut past);
        let figures = past.week();
        assert_eq!(figures.failed, *failed, "{case}");
        assert_eq!(figures.open, *open, "{case}");
        assert_eq!(figures.recovery.events, recoveries.len(), "{case}");
        let window = Window {
            since: second(0),
            until: second(7 * DAY),
        };
        let (times, _) = past.0.recoveries(window);
        let times: Vec<i64> = times
            .into_iter()
            .filter_map(|it| seconds(Some(it)))
            .collect();
        assert_eq!(times, *recoveries, "{case}");
    }
}

#[test]
fn rollbacks_are_no_releases_and_break_glass_are() {
    let mut past = Past::founded();
    past.releases(HOUR, "r-1").take(
        2 * HOUR - 60,
        GlassBroken {
            break_glass: "b-1".into(),
            release: "r-2".into(),
            environment: production(),
            plan: Digest::of(b"plan"),
            recipe: Digest::of(b"r-2"),
            by: ada(),
            reason: "down".into(),
            incident: "INC-42".into(),
            shut_by: Vec::new(),
            dossier: Digest::of(b"dossier"),
            signed: None,
        },
    );
    past.releases(2 * HOUR, "r-2")
        .rolls_back(3 * HOUR, "r-3", "r-1", "r-2")
        .starts(4 * HOUR, "r-4", None);
    let figures = past.week();
    assert_eq!((figures.releases, figures.break_glass), (2, 1));
    assert_eq!(figures.rollbacks, 1);
    assert_eq!(figures.unfinished, ["r-4"]);
    assert_eq!(
        (figures.frequency.events, figures.failure_rate.events),
        (2, 2)
    );
    assert_eq!(figures.lead_time.events, 2);
}

#[test]
fn other_environments_and_other_periods_do_not_count() {
    let mut past = Past::founded();
    past.starts_in(HOUR, "r-1", None, "staging", false)
        .releases(8 * DAY, "r-2")
        .fails(9 * DAY, "r-3");
    let figures = past.week();
    assert_eq!(figures.releases, 0);
    assert!(figures.unfinished.is_empty() && figures.open.is_empty());
}

#[test]
fn a_period_starts_at_the_founding_at_the_earliest() {
    let mut past = Past::founded();
    for number in 1..=5 {
        past.releases(number * HOUR, &format!("r-{number}"));
    }
    let window = Window {
        since: second(-1000 * DAY),
        until: second(7 * DAY),
    };
    let figures = past.0.figures(window, &BTreeMap::new());
    assert_eq!(figures.window.since, second(0));
    assert_eq!(figures.frequency.value, Some(5.0));
}

#[test]
fn a_commit_counts_once_and_its_lead_time_is_never_negative() {
    let mut past = Past::founded();
    past.releases(HOUR, "r-1")
        .fails(2 * HOUR, "r-2")
        .releases(3 * HOUR, "r-3");
    let window = Window {
        since: second(0),
        until: second(7 * DAY),
    };
    let asked = past.0.brought(window);
    let asked: Vec<(&str, Option<&str>)> = asked
        .iter()
        .map(|it| (&*it.release, it.before.as_deref()))
        .collect();
    // What a failed release did not bring, the next one brings.
    assert_eq!(asked, [("r-1", None), ("r-3", Some("r-1"))]);
    let change = |commit: &str, at: i64| Change {
        commit: commit.into(),
        time: second(at),
    };
    let changes: BTreeMap<String, Vec<Change>> = [
        (
            "r-1".to_owned(),
            vec![change("a", 0), change("b", 2 * HOUR)],
        ),
        ("r-3".to_owned(), vec![change("b", 0), change("c", HOUR)]),
    ]
    .into();
    let (mut lead_times, unknown) = past.0.lead_times(window, &changes);
    lead_times.sort_unstable();
    let lead_times: Vec<i64> = lead_times
        .into_iter()
        .filter_map(|it| seconds(Some(it)))
        .collect();
    assert_eq!(lead_times, [0, HOUR, 2 * HOUR]);
    assert!(unknown.is_empty());
}

#[test]
fn releases_without_known_commits_are_named() {
    let mut past = Past::founded();
    past.starts_in(HOUR, "r-1", None, "production", true)
        .ends(HOUR, "r-1", ApplyOutcome::Done, Some(true))
        .releases(2 * HOUR, "r-2")
        .releases(3 * HOUR, "r-3");
    let window = Window {
        since: second(0),
        until: second(7 * DAY),
    };
    let known = [("r-3".to_owned(), Vec::new())].into();
    let figures = past.0.figures(window, &known);
    assert_eq!(figures.unknown, ["r-1", "r-2"]);
    assert_eq!(figures.lead_time.events, 0);
}
