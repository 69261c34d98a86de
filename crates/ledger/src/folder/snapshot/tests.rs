//! A snapshot counts only for exactly the file it was made of, and equals the fold of the entries.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Snapshot, identity_of, path, persist, store, write};
use crate::folder::{FolderStore, database};
use crate::record::{
    Actor, ApplyStarted, Founded, Origin, StepEnd, StepOutcome, StepsEnded, StepsIntended, Verb,
};
use crate::{Ledger, Record, State, Store};
use evenkeel_model::{Digest, EnvironmentName, Instance, Moment};
use serde_json::value::RawValue;

struct Project {
    _home: tempfile::TempDir,
    folder: PathBuf,
    database: PathBuf,
    store: FolderStore,
}

fn moment(seconds: i64) -> Moment {
    Moment::from_millisecond(1_700_000_000_000 + seconds * 1000)
}

fn actor() -> Actor {
    Actor {
        name: "kim".to_owned(),
        host: "here".to_owned(),
        process: 1,
    }
}

impl Project {
    /// A project whose ledger has one apply of three resources.
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("ledger");
        let store = FolderStore::new(&folder);
        let project = Self {
            database: database::path(&folder),
            _home: home,
            folder,
            store,
        };
        project.append("a-1", &["file.a", "file.b@web-1", "file.c"]);
        project
    }

    fn append(&self, apply: &str, names: &[&str]) {
        let ledger = self.store.open_or_found("system", moment(0)).unwrap();
        let environment = EnvironmentName::new("staging");
        let instances: Vec<Instance> = names
            .iter()
            .map(|it| Instance::parse(it).unwrap())
            .collect();
        let records: Vec<Record> = vec![
            ApplyStarted {
                apply: apply.to_owned(),
                environment: environment.clone(),
                purpose: "apply".to_owned(),
                plan: Digest::of(apply.as_bytes()),
                recipe: Digest::of(b"recipe"),
                from_file: true,
                steps: names.len(),
                origin: Origin {
                    commit: None,
                    dirty: true,
                    definitions: Digest::of(b"definitions"),
                },
                by: actor(),
            }
            .into(),
            StepsIntended {
                apply: apply.to_owned(),
                environment: environment.clone(),
                steps: instances
                    .iter()
                    .cloned()
                    .map(|it| (it, Verb::Create))
                    .collect(),
            }
            .into(),
            StepsEnded {
                apply: apply.to_owned(),
                environment,
                steps: instances
                    .into_iter()
                    .map(|instance| StepEnd {
                        shape: Digest::of(instance.to_string().as_bytes()),
                        applied: RawValue::from_string(format!("{{\"kind\":\"{instance}\"}}")).ok(),
                        instance,
                        verb: Verb::Create,
                        outcome: StepOutcome::Done,
                        reason: None,
                    })
                    .collect(),
            }
            .into(),
        ];
        ledger.append(moment(1), &records, None).unwrap();
    }

    fn ledger(&self) -> Box<dyn Ledger> {
        self.store.open(None).unwrap().unwrap()
    }

    fn snapshot(&self) -> Option<State> {
        self.ledger().snapshot()
    }
}

fn encoded(state: &State) -> Vec<u8> {
    let mut bytes = Vec::new();
    state.encode(&mut bytes).unwrap();
    bytes
}

fn same(one: &State, other: &State) {
    assert_eq!(encoded(one), encoded(other));
    assert_eq!(
        format!(
            "{:?}",
            one.environments
                .values()
                .map(|it| &it.applied)
                .collect::<Vec<_>>()
        ),
        format!(
            "{:?}",
            other
                .environments
                .values()
                .map(|it| &it.applied)
                .collect::<Vec<_>>()
        ),
    );
}

fn change(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(path).unwrap();
    change(&mut bytes);
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_snapshot_equals_the_fold_of_the_entries() {
    let project = Project::new();
    assert!(project.snapshot().is_none());
    store(&project.folder, &project.database, None).unwrap();
    let folded = State::of(&*project.ledger()).unwrap();
    assert_eq!(
        folded.environments.values().next().unwrap().applied.len(),
        3
    );
    same(&project.snapshot().unwrap(), &folded);
    same(&State::current(&*project.ledger()).unwrap(), &folded);
    same(&State::decode(&encoded(&folded)).unwrap(), &folded);
    assert!(project.store.verify(&[]).unwrap().is_whole());
}

#[test]
fn small_ledgers_get_none() {
    let project = Project::new();
    write(&project.folder, &project.database, None);
    assert!(!path(&project.folder).exists());
}

#[test]
fn large_ledgers_get_one_when_they_close() {
    let project = Project::new();
    let names: Vec<String> = (0..3000).map(|number| format!("file.f{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    project.append("a-2", &names);
    let first = project.snapshot().unwrap();
    assert_eq!(
        first.environments.values().next().unwrap().applied.len(),
        3003
    );
    project.append("a-3", &["file.d"]);
    let second = project.snapshot().unwrap();
    assert!(second.sequence > first.sequence);
    same(&second, &State::of(&*project.ledger()).unwrap());
    assert!(fs::read_dir(&project.folder).unwrap().all(|it| {
        let name = it.unwrap().file_name();
        !name.to_string_lossy().starts_with(".snapshot-")
    }));
}

#[test]
fn any_change_of_the_file_makes_it_stale() {
    let project = Project::new();
    store(&project.folder, &project.database, None).unwrap();
    project.append("a-2", &["file.d"]);
    assert!(project.snapshot().is_none(), "an append");

    store(&project.folder, &project.database, None).unwrap();
    assert!(project.snapshot().is_some());
    // The same bytes again.
    change(&project.database, |_| ());
    assert!(project.snapshot().is_none(), "a write of the same bytes");

    store(&project.folder, &project.database, None).unwrap();
    let copy = project.folder.join("copy");
    fs::copy(&project.database, &copy).unwrap();
    fs::rename(&copy, &project.database).unwrap();
    assert!(project.snapshot().is_none(), "another file");
}

#[test]
fn damage_makes_it_unusable_and_never_an_error() {
    let project = Project::new();
    store(&project.folder, &project.database, None).unwrap();
    let whole = fs::read(path(&project.folder)).unwrap();
    for length in [0, 5, 30, 60, 110, whole.len() - 1] {
        fs::write(path(&project.folder), &whole[..length]).unwrap();
        assert!(project.snapshot().is_none(), "{length}");
        State::current(&*project.ledger()).unwrap();
    }
    for place in (0..whole.len()).step_by(7) {
        let mut bytes = whole.clone();
        bytes[place] ^= 1;
        fs::write(path(&project.folder), &bytes).unwrap();
        assert!(project.snapshot().is_none(), "{place}");
    }
    fs::write(path(&project.folder), &whole).unwrap();
    assert!(project.snapshot().is_some());
}

#[test]
fn malformed_states_do_not_decode() {
    let project = Project::new();
    let encoded = encoded(&State::of(&*project.ledger()).unwrap());
    for length in 0..encoded.len() {
        assert!(State::decode(&encoded[..length]).is_none(), "{length}");
    }
    let mut longer = encoded.clone();
    longer.push(0);
    assert!(State::decode(&longer).is_none());
    for place in 0..encoded.len() {
        for bit in [0, 7] {
            let mut bytes = encoded.clone();
            bytes[place] ^= 1 << bit;
            // Any result is acceptable, except a panic or an endless allocation.
            let _ = State::decode(&bytes);
        }
    }
}

#[test]
fn verification_finds_a_false_one() {
    let project = Project::new();
    let mut state = State::of(&*project.ledger()).unwrap();
    state.environments.clear();
    let identity = identity_of(&project.database).unwrap();
    persist(&project.folder, identity, &state).unwrap();
    let last = crate::Link {
        sequence: state.sequence,
        digest: state.head.unwrap(),
    };
    let counts = Snapshot::of(&project.folder, &project.database, last).unwrap();
    assert!(counts.state().is_some());
    let verification = project.store.verify(&[]).unwrap();
    assert!(!verification.is_whole());
    assert!(
        verification.findings[0]
            .what
            .contains("snapshot does not match")
    );
    // What judges the gate does not read it.
    let folded = State::of(&*project.ledger()).unwrap();
    assert_eq!(folded.environments.len(), 1);
    assert!(!folded.is_same(&counts.state().unwrap()));
}

#[test]
fn a_false_one_stays_false_after_appends() {
    let project = Project::new();
    let names: Vec<String> = (0..3000).map(|number| format!("file.f{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    project.append("a-2", &names);
    let mut state = State::of(&*project.ledger()).unwrap();
    state.used_plans.clear();
    let identity = identity_of(&project.database).unwrap();
    persist(&project.folder, identity, &state).unwrap();
    // The next snapshot continues the false one, and verification still finds it.
    project.append("a-3", &["file.d"]);
    assert_eq!(project.snapshot().unwrap().used_plans.len(), 1);
    let verification = project.store.verify(&[]).unwrap();
    let what = &verification.findings[0].what;
    assert!(what.contains("snapshot does not match"), "{what}");
}

#[test]
fn writers_start_from_it_and_absorb_what_follows() {
    let project = Project::new();
    store(&project.folder, &project.database, None).unwrap();
    let ledger = project.store.open_or_found("system", moment(9)).unwrap();
    let before = ledger.snapshot().unwrap();
    same(&before, &State::of(&*ledger).unwrap());
    // Another process appends, and this one.
    project.append("a-2", &["file.d"]);
    let founded = Founded {
        system: "system".to_owned(),
        lineage: "other".to_owned(),
        tool: "0".to_owned(),
    };
    ledger.append(moment(10), &[founded.into()], None).unwrap();
    let now = State::current(&*ledger).unwrap();
    assert_eq!(now.sequence, before.sequence + 4);
    same(&now, &State::of(&*ledger).unwrap());
}

#[test]
fn a_file_that_changes_under_a_writer_is_folded_again() {
    let project = Project::new();
    let names: Vec<String> = (0..3000).map(|number| format!("file.f{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    project.append("a-2", &names);
    let mut state = State::of(&*project.ledger()).unwrap();
    state.used_plans.clear();
    let identity = identity_of(&project.database).unwrap();
    persist(&project.folder, identity, &state).unwrap();
    let ledger = project.store.open_or_found("system", moment(9)).unwrap();
    assert!(ledger.snapshot().is_some());
    let file = fs::File::options()
        .write(true)
        .open(&project.database)
        .unwrap();
    file.set_modified(std::time::SystemTime::now()).unwrap();
    assert!(ledger.snapshot().is_none());
    assert_eq!(State::current(&*ledger).unwrap().used_plans.len(), 2);
    let founded = Founded {
        system: "system".to_owned(),
        lineage: "other".to_owned(),
        tool: "0".to_owned(),
    };
    ledger.append(moment(10), &[founded.into()], None).unwrap();
    drop(ledger);
    same(
        &project.snapshot().unwrap(),
        &State::of(&*project.ledger()).unwrap(),
    );
}
