//! The writer: a process that appends and prints acknowledged entries, and the functions that start one.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use evenkeel_ledger::folder::{FolderStore, SqliteLedger};
use evenkeel_ledger::record::{Actor, LeaseTaken};
use evenkeel_ledger::{Lease, Ledger, LedgerError, Record, Store, Verification};
use evenkeel_model::moment::SystemClock;
use evenkeel_model::{Clock, EnvironmentName};

const ROLE: &str = "EVENKEEL_TEST_ROLE";
const FOLDER: &str = "EVENKEEL_TEST_FOLDER";
const NUMBER: &str = "EVENKEEL_TEST_NUMBER";

/// Opens or founds the ledger of the tests.
pub fn open(folder: &Path) -> SqliteLedger {
    SqliteLedger::open_or_found(folder, "guestbook", SystemClock.now(), "lineage").unwrap()
}

/// Verifies the ledger of the tests.
pub fn verify(folder: &Path) -> Result<Verification, LedgerError> {
    FolderStore::new(folder).verify(&[])
}

/// Returns the actor of the tests.
pub fn actor() -> Actor {
    Actor {
        name: "ada".to_owned(),
        host: "engine".to_owned(),
        process: std::process::id(),
    }
}

/// Returns a record that contains its own number.
pub fn record(writer: u64, token: u64) -> Record {
    Record::LeaseTaken(LeaseTaken {
        environment: EnvironmentName::new(&format!("environment-{writer}")),
        token,
        by: actor(),
        purpose: "x".repeat(200),
    })
}

/// Returns the command that runs a role on a ledger; `around` is its prefix, such as a tracer.
pub fn command(around: &[&str], role: &str, folder: &Path, number: u64) -> Command {
    let program = std::env::current_exe().unwrap();
    let mut command = match around {
        [] => Command::new(&program),
        [tracer, arguments @ ..] => {
            let mut command = Command::new(tracer);
            command.args(arguments).arg(&program);
            command
        }
    };
    command
        .args([
            "--exact",
            "writer::play",
            "--nocapture",
            "--test-threads=1",
            "-q",
        ])
        .env(ROLE, role)
        .env(FOLDER, folder)
        .env(NUMBER, number.to_string())
        .env("RUST_BACKTRACE", "0")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Returns the numbers of a writer's acknowledged entries.
pub fn acknowledged(output: &str) -> Vec<(u64, u64)> {
    output
        .lines()
        .filter_map(|line| {
            let (sequence, token) = line.strip_prefix("acknowledged ")?.split_once(' ')?;
            Some((sequence.parse().ok()?, token.parse().ok()?))
        })
        .collect()
}

/// Not a test: the entry point of a process of this binary that was given a role.
#[test]
fn play() {
    let Ok(role) = std::env::var(ROLE) else {
        return;
    };
    let folder = std::env::var_os(FOLDER).unwrap();
    let folder = Path::new(&folder);
    let number: u64 = std::env::var(NUMBER).unwrap().parse().unwrap();
    match role.as_str() {
        // Appends without end under its own environment.
        "endless" => append(folder, number, u64::MAX),
        "hundred" => append(folder, number, 100),
        "five" => append(folder, number, 5),
        // Appends a number of entries at once.
        "batch" => {
            let batch: Vec<_> = (1..=number).map(|token| record(1, token)).collect();
            open(folder)
                .append(SystemClock.now(), &batch, None)
                .unwrap();
        }
        "holder" => hold(folder),
        "stubborn" => insist(folder, number),
        "reader" => {
            let ledger = SqliteLedger::open_existing(folder, Some("guestbook")).unwrap();
            assert_eq!(ledger.unwrap().read(0).unwrap().len(), 1);
            assert!(verify(folder).unwrap().is_whole());
        }
        other => panic!("unknown role `{other}`"),
    }
}

fn say(line: &str) {
    let mut output = std::io::stdout().lock();
    writeln!(output, "{line}").unwrap();
    output.flush().unwrap();
}

fn append(folder: &Path, writer: u64, count: u64) {
    let ledger = open(folder);
    let environment = EnvironmentName::new(&format!("environment-{writer}"));
    let first = ledger.newest_token(&environment).unwrap() + 1;
    say("opened");
    for token in (first..u64::MAX).take(usize::try_from(count).unwrap_or(usize::MAX)) {
        match ledger.append(SystemClock.now(), &[record(writer, token)], None) {
            Ok(sequence) => say(&format!("acknowledged {sequence} {token}")),
            // As in the program: no later append may follow.
            Err(error) => panic!("{error}: {error:?}"),
        }
    }
    say("finished");
}

fn hold(folder: &Path) {
    let ledger = open(folder);
    let staging = EnvironmentName::new("staging");
    let lease = Lease::take(
        &FolderStore::new(folder),
        &ledger,
        &SystemClock,
        &staging,
        &actor(),
        "apply",
        None,
    )
    .unwrap();
    say(&format!("held {}", lease.fence().token));
    let fence = lease.fence();
    let first = ledger
        .newest_token(&EnvironmentName::new("environment-9"))
        .unwrap()
        + 1;
    for token in first.. {
        std::thread::sleep(std::time::Duration::from_millis(2));
        match ledger.append(SystemClock.now(), &[record(9, token)], Some(fence)) {
            Ok(sequence) => say(&format!("acknowledged {sequence} {token}")),
            Err(error) => return say(&format!("refused {error}")),
        }
    }
}

/// Continues after a failure, which the program never does.
fn insist(folder: &Path, writer: u64) {
    let ledger = open(folder);
    for token in 1..=5 {
        match ledger.append(SystemClock.now(), &[record(writer, token)], None) {
            Ok(sequence) => say(&format!("acknowledged {sequence} {token}")),
            Err(error) => say(&format!("refused {error}")),
        }
    }
}
