//! Reads a ledger with many entries in whole processes: verification, status, the events of one day.
//!
//! The entries are those of a year of deliveries, releases and checks of two environments. With `--postgres ADDRESS`, also
//! a delivery with the ledger in that database beside one with a folder. Nothing is asserted: the table shows the results.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    reason = "a measurement prints, and stops at the first failure"
)]

use std::fs;
use std::path::{Path, PathBuf};

#[path = "../measure/mod.rs"]
mod measure;

use evenkeel_ledger::Store as _;
use evenkeel_ledger::folder::FolderStore;
use evenkeel_ledger::record::{
    Actor, ApplyEnded, ApplyOutcome, ApplyStarted, EvidenceBinding, LeaseReturned, LeaseTaken,
    Origin, Record, ReleaseEnded, ReleaseStarted, StepEnd, StepOutcome, StepsEnded, StepsIntended,
    SuiteEnded, Verb, VerdictGiven,
};
use evenkeel_model::{Digest, EnvironmentName, Instance, Moment};
use measure::{Took, evenkeel, line, median, numbers, project, run};

const USAGE: &str = "cargo bench --bench ledger -- [--entries 10000,1000000] [--runs 5] [--keep DIRECTORY] [--postgres ADDRESS]";

/// Entries of one delivery, and further ones of a release.
const ENTRIES_OF_A_DELIVERY: usize = 8;
const ENTRIES_OF_A_RELEASE: usize = 11;

/// Deliveries until one is released.
const DELIVERIES_OF_A_RELEASE: usize = 10;

fn main() {
    let mut entries = vec![10_000, 1_000_000];
    let mut runs = 5;
    let mut keep = None;
    let mut postgres = None;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().unwrap_or_default();
        match argument.as_str() {
            "--entries" => entries = numbers(&value()),
            "--runs" => runs = value().parse().unwrap_or(5),
            "--keep" => keep = Some(PathBuf::from(value())),
            "--postgres" => postgres = Some(value()),
            // Cargo passes this argument to benchmarks.
            "--bench" => {}
            _ => {
                println!("{USAGE}");
                return;
            }
        }
    }
    let scratch = keep.clone().unwrap_or_else(|| {
        std::env::temp_dir().join(format!("evenkeel-ledger-{}", std::process::id()))
    });
    fs::create_dir_all(&scratch).unwrap();
    println!("{:<34} {:>9} {:>9} {:>9}", "", "seconds", "MB", "ratio");
    for number in entries {
        long(number, runs, &scratch);
    }
    if let Some(address) = postgres {
        deliveries(&address, runs, &scratch);
    }
    if keep.is_none() {
        let _ = fs::remove_dir_all(&scratch);
    }
}

/// Measures the commands that read, with a ledger of about this many entries.
fn long(number: usize, runs: usize, scratch: &Path) {
    let root = project(1, scratch);
    let judged = judged(&root);
    // A delivery makes the last entries, and the snapshot.
    let last = write_entries(&root, number, &judged);
    measured(&root, &["deliver"], &[0, 3], 1);
    println!("{number} entries");
    let verified = measured(&root, &["audit", "verify"], &[0], runs);
    line("  audit verify", verified, None);
    if let Some(took) = verified {
        println!(
            "{:<34} {:>9.0} entries per second",
            "",
            number as f64 / took.seconds
        );
    }
    line("  status", measured(&root, &["status"], &[0], runs), None);
    let day = last.to_string();
    let day = day.split('T').next().unwrap_or_default();
    let until = format!("{day}T23:59:59Z");
    line(
        "  log of a day",
        measured(
            &root,
            &["log", "--since", day, "--until", &until, "--all"],
            &[0],
            runs,
        ),
        None,
    );
    line("  log", measured(&root, &["log"], &[0], runs), None);
    line(
        "  deliver",
        measured(&root, &["deliver"], &[0, 3], runs),
        None,
    );
}

/// Measures a delivery of unchanged files, without suites, with the ledger in a folder and in a database.
fn deliveries(address: &str, runs: usize, scratch: &Path) {
    println!("delivery, nothing to do");
    let folder = project(50, scratch);
    open_gate(&folder);
    measured(&folder, &["deliver"], &[0, 3], 1);
    let here = measured(&folder, &["deliver"], &[0, 3], runs);
    line("  folder", here, None);
    let shared = project(50, scratch);
    open_gate(&shared);
    let system = shared.join("environments/system.toml");
    let text = fs::read_to_string(&system).unwrap();
    fs::write(
        &system,
        format!("{text}\n[ledger]\npostgres = \"{address}\"\n"),
    )
    .unwrap();
    for name in ["staging", "production"] {
        let file = shared.join(format!("environments/{name}.toml"));
        let text = fs::read_to_string(&file).unwrap();
        let base = shared.display();
        let text = text.replace(
            "local = true\n",
            &format!("local = true\nbase = \"{base}\"\nstate = \"{base}/state/{name}\"\n"),
        );
        fs::write(&file, text).unwrap();
    }
    measured(&shared, &["deliver"], &[0, 3], 1);
    let there = measured(&shared, &["deliver"], &[0, 3], runs);
    line("  PostgreSQL", there, None);
    if let (Some(here), Some(there)) = (here, there) {
        println!("{:<34} {:>9.2} times", "", there.seconds / here.seconds);
    }
}

fn measured(root: &Path, arguments: &[&str], codes: &[i32], runs: usize) -> Option<Took> {
    let took: Vec<Took> = (0..runs)
        .filter_map(|_| run(root, &evenkeel(), arguments, codes))
        .collect();
    median(took)
}

/// A verdict of the gate: the plan, and the dossier that verification reads for every release.
struct Judged {
    plan: Digest,
    dossier: Vec<u8>,
}

/// Lets the gate open without a commit and without approvals, so that a delivery goes through to the end.
fn open_gate(root: &Path) {
    let system = root.join("environments/system.toml");
    let text = fs::read_to_string(&system).unwrap();
    let policy = "require = []\napprovals = 0\nuncommitted = true";
    fs::write(&system, text.replace("require = []", policy)).unwrap();
}

/// Delivers once without required approvals, removes everything that this left except the verdict, and returns that.
fn judged(root: &Path) -> Judged {
    open_gate(root);
    measured(root, &["deliver"], &[0, 3], 1);
    let store = FolderStore::new(&root.join(".evenkeel"));
    let mut verdict = None;
    let ledger = store.open(None).unwrap().unwrap();
    ledger
        .each_record(0, &mut |_, record| {
            if let Some(Record::VerdictGiven(given)) = record {
                verdict = Some(given);
            }
            Ok(())
        })
        .unwrap();
    let verdict = verdict.unwrap();
    let dossier = store.objects().get(&verdict.dossier).unwrap().unwrap();
    drop(ledger);
    fs::remove_dir_all(root.join(".evenkeel")).unwrap();
    fs::remove_dir_all(root.join("run")).unwrap();
    Judged {
        plan: verdict.plan,
        dossier,
    }
}

/// Writes about this many entries, over a year that ends yesterday, and returns the time of the last one.
fn write_entries(root: &Path, number: usize, judged: &Judged) -> Moment {
    let store = FolderStore::new(&root.join(".evenkeel"));
    let deliveries = number * DELIVERIES_OF_A_RELEASE
        / (DELIVERIES_OF_A_RELEASE * ENTRIES_OF_A_DELIVERY + ENTRIES_OF_A_RELEASE);
    let year = 364 * 24 * 3600 * 1000_i64;
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(0));
    let first = now - year - 24 * 3600 * 1000;
    let at = |delivery: usize| {
        let part = delivery as f64 / deliveries.max(1) as f64;
        #[allow(clippy::cast_possible_truncation, reason = "milliseconds of a year")]
        Moment::from_millisecond(first + (year as f64 * part) as i64)
    };
    let ledger = store.open_or_found("bench", at(0)).unwrap();
    // Verdicts name objects, which verification reads; here they share one.
    let dossier = store.objects().put(&judged.dossier).unwrap();
    // Many deliveries share a transaction, so that only reading is measured.
    let mut batch = Vec::new();
    for delivery in 0..deliveries {
        batch.extend(records(delivery as u64, at(delivery), dossier, judged.plan));
        if batch.len() > 2_000 || delivery + 1 == deliveries {
            ledger.append(at(delivery), &batch, None).unwrap();
            batch.clear();
        }
    }
    at(deliveries.saturating_sub(1))
}

/// Returns the records of one delivery, and of its release.
fn records(number: u64, at: Moment, dossier: Digest, judged: Digest) -> Vec<Record> {
    let by = Actor {
        name: "ci:github/bench".into(),
        host: "runner-7".into(),
        process: 4711,
    };
    let digest = |what: &str| Digest::of(format!("{what} {number}").as_bytes());
    let origin = Origin {
        commit: Some(
            digest("commit")
                .to_string()
                .chars()
                .skip(7)
                .take(40)
                .collect(),
        ),
        dirty: false,
        definitions: digest("definitions"),
    };
    let mut all = Vec::new();
    let is_released = number.is_multiple_of(DELIVERIES_OF_A_RELEASE as u64);
    let names = ["staging", "production"].into_iter();
    for (place, name) in names.take(1 + usize::from(is_released)).enumerate() {
        let environment = EnvironmentName::new(name);
        let apply = format!("a-{}", 2 * number + place as u64 + 1);
        let token = number + 1;
        let step = Instance::parse("file.f00000").unwrap();
        all.push(Record::from(LeaseTaken {
            environment: environment.clone(),
            token,
            by: by.clone(),
            purpose: "deliver".into(),
        }));
        if place == 1 {
            all.push(
                VerdictGiven {
                    environment: environment.clone(),
                    plan: digest("plan"),
                    recipe: digest("recipe"),
                    open: true,
                    shut_by: Vec::new(),
                    dossier,
                }
                .into(),
            );
            all.push(
                ReleaseStarted {
                    release: format!("r-{}", number + 1),
                    environment: environment.clone(),
                    plan: judged,
                    recipe: digest("recipe"),
                    dossier,
                    by: by.clone(),
                    binding: None,
                    definitions: None,
                    origin: Some(origin.clone()),
                    rollback: None,
                }
                .into(),
            );
        }
        all.push(
            ApplyStarted {
                apply: apply.clone(),
                environment: environment.clone(),
                plan: digest("plan"),
                recipe: digest("recipe"),
                origin: origin.clone(),
                steps: 1,
                by: by.clone(),
                purpose: "deliver".into(),
                from_file: false,
            }
            .into(),
        );
        all.push(
            StepsIntended {
                apply: apply.clone(),
                environment: environment.clone(),
                steps: vec![(step.clone(), Verb::Update)],
            }
            .into(),
        );
        all.push(
            StepsEnded {
                apply: apply.clone(),
                environment: environment.clone(),
                steps: vec![StepEnd {
                    instance: step,
                    verb: Verb::Update,
                    outcome: StepOutcome::Done,
                    shape: Digest::of(b"shape"),
                    applied: None,
                    reason: None,
                }],
            }
            .into(),
        );
        all.push(
            ApplyEnded {
                apply,
                environment: environment.clone(),
                outcome: ApplyOutcome::Done,
                done: 1,
                failed: 0,
                not_started: 0,
                observation: Some(digest("observation")),
            }
            .into(),
        );
        all.push(
            SuiteEnded {
                suite: "smoke".into(),
                kind: "smoke".into(),
                environment: environment.clone(),
                passed: true,
                summary: "4 passed".into(),
                cases: (4, 0),
                started: at,
                ended: at,
                bound: EvidenceBinding {
                    recipe: digest("recipe"),
                    plan: Some(digest("plan")),
                    artifacts: [("app".to_owned(), digest("artifact"))].into(),
                    observation: digest("observation"),
                    suite: Digest::of(b"suite"),
                },
                output: None,
                undisturbed: true,
            }
            .into(),
        );
        if place == 1 {
            all.push(
                ReleaseEnded {
                    release: format!("r-{}", number + 1),
                    environment: environment.clone(),
                    recipe: digest("recipe"),
                    commit: origin.commit.clone(),
                    outcome: ApplyOutcome::Done,
                    smoke: Some(true),
                }
                .into(),
            );
        }
        if place == 0 {
            all.push(
                VerdictGiven {
                    environment: EnvironmentName::new("production"),
                    plan: digest("plan"),
                    recipe: digest("recipe"),
                    open: false,
                    shut_by: vec!["gate/not-approved".into()],
                    dossier,
                }
                .into(),
            );
        }
        all.push(LeaseReturned { environment, token }.into());
    }
    all
}
