//! Tests of the state after sequences of entries.

use super::State;
use crate::conformance::{lease, time};
use crate::environment_state::Noted;
use crate::memory::MemoryLedger;
use crate::record::{
    Actor, ApplyEnded, ApplyOutcome, ApplyStarted, EvidenceBinding, Origin, ReleaseEnded,
    ReleaseStarted, StepEnd, StepOutcome, StepsEnded, StepsIntended, SuiteEnded, Verb,
};
use crate::{Entry, Fence, Ledger, LedgerError, Record};
use evenkeel_model::{Address, Digest, EnvironmentName, Instance, Moment};

fn staging() -> EnvironmentName {
    EnvironmentName::new("staging")
}

fn actor() -> Actor {
    Actor {
        name: "ada".to_owned(),
        host: "engine".to_owned(),
        process: 7,
    }
}

fn started(number: u64, from_file: bool) -> Record {
    Record::ApplyStarted(ApplyStarted {
        apply: format!("a-{number}"),
        environment: staging(),
        plan: Digest::of(&number.to_be_bytes()),
        recipe: Digest::of(b"recipe"),
        origin: Origin {
            commit: Some("a1b2c3d".to_owned()),
            dirty: false,
            definitions: Digest::of(b"definitions"),
        },
        steps: 1,
        by: actor(),
        purpose: "apply".to_owned(),
        from_file,
    })
}

fn instance(name: &str) -> Instance {
    Address::new("file", name).into()
}

fn intended(number: u64, name: &str, verb: Verb) -> Record {
    Record::StepsIntended(StepsIntended {
        apply: format!("a-{number}"),
        environment: staging(),
        steps: vec![(instance(name), verb)],
    })
}

fn step(name: &str, verb: Verb, outcome: StepOutcome, applied: Option<&str>) -> StepEnd {
    StepEnd {
        instance: instance(name),
        verb,
        outcome,
        shape: Digest::of(name.as_bytes()),
        applied: applied.map(|json| serde_json::from_str(json).unwrap()),
        reason: None,
    }
}

fn steps_ended(number: u64, steps: Vec<StepEnd>) -> Record {
    Record::StepsEnded(StepsEnded {
        apply: format!("a-{number}"),
        environment: staging(),
        steps,
    })
}

fn ended(number: u64, outcome: ApplyOutcome) -> Record {
    Record::ApplyEnded(ApplyEnded {
        apply: format!("a-{number}"),
        environment: staging(),
        outcome,
        done: 1,
        failed: 0,
        not_started: 0,
        observation: None,
    })
}

fn fold(records: &[Record]) -> State {
    let ledger = MemoryLedger::found("guestbook", time(0), "lineage").unwrap();
    ledger.append(time(1), records, None).unwrap();
    State::of(&ledger).unwrap()
}

#[test]
fn a_completed_step_replaces_the_applied_resource() {
    let config = instance("config");
    let state = fold(&[
        started(1, false),
        intended(1, "config", Verb::Create),
        steps_ended(
            1,
            vec![step(
                "config",
                Verb::Create,
                StepOutcome::Done,
                Some(r#"{"mode": "0640"}"#),
            )],
        ),
        ended(1, ApplyOutcome::Done),
        started(2, true),
        intended(2, "config", Verb::Update),
        steps_ended(
            2,
            vec![step("config", Verb::Update, StepOutcome::Failed, None)],
        ),
        ended(2, ApplyOutcome::Failed),
    ]);
    let standing = state.environment(&staging()).unwrap();
    assert_eq!(
        state.applied(&staging(), &config),
        Some(r#"{"mode":"0640"}"#)
    );
    assert_eq!(&*standing.applied[&config].apply, "a-1");
    assert!(standing.open.is_empty());
    assert_eq!(&*standing.settled.as_ref().unwrap().apply, "a-1");
    let last = standing.last_apply.as_ref().unwrap();
    assert_eq!(last.outcome(), Some(ApplyOutcome::Failed));
    assert_eq!(state.next_apply(), "a-3");
    assert!(standing.has_rehearsed(&Digest::of(b"config"), 3));
    assert!(!standing.has_rehearsed(&Digest::of(b"config"), 4));
    let used = &state.used_plans[&Digest::of(&2u64.to_be_bytes())];
    assert_eq!((&*used.apply, state.used_plans.len()), ("a-2", 1));
}

#[test]
fn an_intent_without_an_end_stays_open() {
    let config = instance("config");
    let state = fold(&[
        started(1, false),
        intended(1, "config", Verb::Create),
        intended(1, "page", Verb::Create),
        steps_ended(
            1,
            vec![step("page", Verb::Create, StepOutcome::Unknown, None)],
        ),
    ]);
    let standing = state.environment(&staging()).unwrap();
    assert_eq!(standing.open.len(), 1);
    assert_eq!(standing.open[&config].1, Verb::Create);
    assert!(standing.applied.is_empty());
    assert!(standing.uncertain.contains(&instance("page")));
    assert_eq!(standing.last_apply.as_ref().unwrap().outcome(), None);
    assert!(standing.settled.is_none());
}

#[test]
fn a_removed_resource_is_not_applied() {
    let create = vec![step("config", Verb::Create, StepOutcome::Done, Some("{}"))];
    let remove = vec![step("config", Verb::Remove, StepOutcome::Done, None)];
    let state = fold(&[steps_ended(1, create), steps_ended(1, remove)]);
    assert!(state.environment(&staging()).unwrap().applied.is_empty());
}

#[test]
fn releases_have_numbers_and_ends() {
    let release = |number: u64| {
        Record::ReleaseStarted(ReleaseStarted {
            release: format!("r-{number}"),
            environment: staging(),
            plan: Digest::of(b"plan"),
            recipe: Digest::of(b"recipe"),
            dossier: Digest::of(b"dossier"),
            by: actor(),
            binding: None,
            definitions: None,
            origin: None,
            rollback: None,
        })
    };
    let end = Record::ReleaseEnded(ReleaseEnded {
        release: "r-1".to_owned(),
        environment: staging(),
        recipe: Digest::of(b"recipe"),
        commit: None,
        outcome: ApplyOutcome::Done,
        smoke: Some(true),
    });
    let state = fold(&[release(1), end, release(2)]);
    assert_eq!(state.next_release(), "r-3");
    assert!(state.releases[0].ended.is_some());
    assert!(state.releases[1].ended.is_none());
}

#[test]
fn a_newer_kind_is_counted_and_a_gap_is_an_error() {
    let mut state = fold(&[lease("staging", 1)]);
    assert_eq!(
        state.environments[&staging()]
            .lease
            .as_ref()
            .unwrap()
            .record
            .token,
        1
    );
    let entry = |sequence| Entry {
        sequence,
        time: time(1),
        kind: "dreamt".to_owned(),
        body: "{}".into(),
        previous: Digest::of(b""),
        digest: Digest::of(b""),
    };
    state.absorb(&entry(3)).unwrap();
    assert_eq!(state.unknown, 1);
    assert!(state.absorb(&entry(5)).is_err());
    assert!(
        state
            .absorb(&Entry {
                kind: "approved".to_owned(),
                ..entry(4)
            })
            .is_err()
    );
}

/// A ledger that restarts every read, as after a concurrent append.
struct RestartingLedger {
    first: MemoryLedger,
    second: MemoryLedger,
}

impl Ledger for RestartingLedger {
    fn belongs_to(&self, _: &str) -> Result<(), LedgerError> {
        Ok(())
    }

    fn each(
        &self,
        after: u64,
        take: &mut dyn FnMut(Entry) -> Result<(), LedgerError>,
    ) -> Result<(), LedgerError> {
        self.first.each(after, take)?;
        self.second.each(after, take)
    }

    fn append(
        &self,
        time: Moment,
        records: &[Record],
        fence: Option<&Fence>,
    ) -> Result<u64, LedgerError> {
        self.second.append(time, records, fence)
    }
}

#[test]
fn entries_of_a_restarted_read_count_once() {
    let ledger = |records: &[Record]| {
        let ledger = MemoryLedger::found("guestbook", time(0), "lineage").unwrap();
        ledger.append(time(1), records, None).unwrap();
        ledger
    };
    let begun = [started(1, false), intended(1, "config", Verb::Create)];
    let longer = [begun.to_vec(), vec![ended(1, ApplyOutcome::Failed)]].concat();
    let unsettled = RestartingLedger {
        first: ledger(&begun),
        second: ledger(&longer),
    };
    let state = State::of(&unsettled).unwrap();
    assert_eq!(state.sequence, 4);
    assert!(
        state.environments[&staging()]
            .last_apply
            .as_ref()
            .is_some_and(|apply| apply.ended.is_some())
    );
    assert_eq!(unsettled.read(0).unwrap().len(), 4);
    let exchanged = RestartingLedger {
        first: ledger(&begun),
        second: ledger(&[started(1, false), intended(1, "other", Verb::Create)]),
    };
    assert!(matches!(
        State::of(&exchanged),
        Err(LedgerError::Broken { sequence: 3, .. })
    ));
}

#[test]
fn ten_thousand_steps_of_a_few_entries_fold() {
    let json = format!(
        r#"{{"digest":"{}","mode":"0640","path":"/srv/guestbook"}}"#,
        Digest::of(b"")
    );
    let names: Vec<String> = (0..10_000).map(|number| format!("page-{number}")).collect();
    let batches: Vec<Record> = names
        .chunks(2_500)
        .map(|names| {
            let steps = names
                .iter()
                .map(|name| step(name, Verb::Create, StepOutcome::Done, Some(&json)))
                .collect();
            steps_ended(1, steps)
        })
        .collect();
    let ledger = MemoryLedger::found("guestbook", time(0), "lineage").unwrap();
    ledger.append(time(1), &batches, None).unwrap();
    let state = State::of(&ledger).unwrap();
    assert_eq!(state.environments[&staging()].applied.len(), 10_000);
}

fn suite_ended(suite: &str, kind: &str, recipe: u8, at: u64) -> Record {
    Record::SuiteEnded(SuiteEnded {
        suite: suite.to_owned(),
        kind: kind.to_owned(),
        environment: staging(),
        passed: true,
        summary: at.to_string(),
        cases: (1, 0),
        started: time(1),
        ended: time(1),
        bound: EvidenceBinding {
            recipe: Digest::of(&[recipe]),
            plan: None,
            artifacts: std::collections::BTreeMap::new(),
            observation: Digest::of(b"observation"),
            suite: Digest::of(b"suite"),
        },
        output: None,
        undisturbed: true,
    })
}

fn release_started(recipe: u8) -> Record {
    Record::ReleaseStarted(ReleaseStarted {
        release: "r-1".to_owned(),
        environment: staging(),
        plan: Digest::of(b"plan"),
        recipe: Digest::of(&[recipe]),
        dossier: Digest::of(b"dossier"),
        by: actor(),
        binding: None,
        definitions: None,
        origin: None,
        rollback: None,
    })
}

/// The runs that decide anything: the newest of each suite, and the newest smoke run of each on the last release.
fn deciding(all: &[Noted<SuiteEnded>], released: Option<(u64, u8)>) -> Vec<u64> {
    let mut newest = std::collections::BTreeMap::new();
    for noted in all {
        newest.insert((noted.record.suite.clone(), false), noted.sequence);
        let is_of_release = released.is_some_and(|(sequence, recipe)| {
            noted.sequence > sequence && noted.record.bound.recipe == Digest::of(&[recipe])
        });
        if noted.record.kind == "smoke" && is_of_release {
            newest.insert((noted.record.suite.clone(), true), noted.sequence);
        }
    }
    let mut sequences: Vec<u64> = newest.into_values().collect();
    sequences.sort_unstable();
    sequences.dedup();
    sequences
}

#[test]
fn superseded_runs_of_suites_are_dropped_and_no_others() {
    let mut seed = 7_u64;
    let mut random = |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (seed >> 33) % below
    };
    let ledger = MemoryLedger::found("guestbook", time(0), "lineage").unwrap();
    let mut state = State::of(&ledger).unwrap();
    let mut all: Vec<Noted<SuiteEnded>> = Vec::new();
    let mut released = None;
    for round in 0..400 {
        let recipe = u8::try_from(random(3)).unwrap();
        let record = if random(9) == 0 {
            release_started(recipe)
        } else {
            let suite = ["health", "e2e", "load"][usize::try_from(random(3)).unwrap()];
            let kind = ["smoke", "e2e"][usize::try_from(random(2)).unwrap()];
            suite_ended(suite, kind, recipe, round)
        };
        let sequence = ledger
            .append(time(1), std::slice::from_ref(&record), None)
            .unwrap();
        match record {
            Record::SuiteEnded(record) => all.push(Noted {
                sequence,
                at: time(1),
                record,
            }),
            _ => released = Some((sequence, recipe)),
        }
        state.catch_up(&ledger).unwrap();
        let kept: Vec<u64> = state.environments[&staging()]
            .evidence
            .iter()
            .map(|noted| noted.sequence)
            .collect();
        let deciding = deciding(&all, released);
        assert!(deciding.iter().all(|it| kept.contains(it)), "round {round}");
        assert!(kept.is_sorted() && kept.len() <= 6, "round {round}");
    }
}
