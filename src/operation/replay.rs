//! Replay of verdicts: each is judged again from its dossier, without definitions, live state or clock.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::session::Session;
use super::{Failure, ProjectLocation, World};
use crate::report::{REPLAY_COMMAND, ReplayDocument, ReplayPart, ReplayResult, Report};
use crate::world::files::read_plain;
use evenkeel_core::gate::replay::{Replayed, replay};
use evenkeel_core::gate::stored::RULES;
use evenkeel_core::gate::{StoredDossier, StoredDossierError};
use evenkeel_ledger::record::VerdictGiven;
use evenkeel_ledger::{Ledger, LedgerError, Record, chain};
use evenkeel_model::text::count;
use evenkeel_model::{Digest, Moment};

/// The largest dossier file that is read.
const LARGEST: u64 = 256 * 1024 * 1024;

/// Recorded verdict.
struct Given {
    sequence: u64,
    time: Moment,
    record: VerdictGiven,
}

/// Verdicts of a ledger, and the releases that they allowed.
#[derive(Default)]
struct Verdicts {
    given: Vec<Given>,
    /// Number and name of each release, by its dossier.
    releases: BTreeMap<Digest, (u64, String)>,
}

/// Judges recorded verdicts again, and compares each with its record: those named by the number of their entry, by their
/// release (`r-3`) or by the start of their dossier's digest; all if none is named.
///
/// # Errors
///
/// When the ledger cannot be read, or has no such verdict.
pub fn audit_replay(
    world: &World<'_>,
    location: &ProjectLocation,
    names: &[String],
) -> Result<Report, Failure> {
    let Session {
        project,
        mut report,
    } = Session::open(world, location, REPLAY_COMMAND)?;
    report.project = None;
    let ledger = project.store.open(Some(&project.definition.system))?;
    let verdicts = match &ledger {
        Some(ledger) => Verdicts::read(&**ledger)?,
        None => Verdicts::default(),
    };
    if verdicts.given.is_empty() {
        return Err(Failure::Other {
            reason: "the ledger has no verdicts yet".into(),
            help: Some("run `evenkeel deliver` first".into()),
        });
    }
    let objects = project.store.objects();
    for given in verdicts.named(names)? {
        let digest = &given.record.dossier;
        let mut document = document(digest.to_string());
        document.entry = Some(given.sequence);
        document.time = Some(given.time);
        document.environment = Some(given.record.environment.to_string());
        document.plan = Some(given.record.plan.to_string());
        document.release = verdicts.releases.get(digest).map(|(_, name)| name.clone());
        match objects.get(digest) {
            Ok(Some(bytes)) => judge(&mut document, &bytes, Some(&given.record)),
            Ok(None) => {
                document.result = ReplayResult::Missing;
                document.reason = Some(format!("the dossier {digest} is missing"));
            }
            Err(LedgerError::Damaged { path, reason }) => {
                document.result = ReplayResult::Altered;
                document.reason = Some(format!("the dossier {path} is altered: {reason}"));
            }
            Err(error) => return Err(error.into()),
        }
        report.replays.push(document);
    }
    conclude(&mut report);
    if report.exit_code == 7 {
        report.next("evenkeel audit verify");
    }
    Ok(report)
}

/// Judges the dossiers in files again. Needs no project and no ledger.
///
/// # Errors
///
/// When a file cannot be read.
pub fn audit_replay_files(world: &World<'_>, files: &[PathBuf]) -> Result<Report, Failure> {
    let mut report = Report::new(REPLAY_COMMAND, "", world.clock.now());
    for path in files {
        let bytes = read(&world.directory, path)?;
        let mut document = document(Digest::of(&bytes).to_string());
        document.file = Some(path.display().to_string());
        if let Ok(stored) = StoredDossier::read(&bytes)
            && report.system.is_empty()
        {
            report.system = stored.dossier.system;
        }
        judge(&mut document, &bytes, None);
        report.replays.push(document);
    }
    conclude(&mut report);
    report.say("the digest of each dossier must be the one in the ledger entry of its verdict");
    for replay in &report.replays.clone() {
        report.say(format!("{}: {}", replay.name(), replay.dossier));
    }
    Ok(report)
}

fn read(directory: &Path, path: &Path) -> Result<Vec<u8>, Failure> {
    let refused = |reason: &dyn std::fmt::Display| {
        Failure::other(format!("cannot read {}: {reason}", path.display()))
    };
    match read_plain(&directory.join(path), LARGEST) {
        Ok(Some(bytes)) => Ok(bytes),
        Ok(None) => Err(refused(&"it is larger than any dossier")),
        Err(error) => Err(refused(&error)),
    }
}

/// Returns a document without a judgement.
fn document(dossier: String) -> ReplayDocument {
    ReplayDocument {
        entry: None,
        time: None,
        file: None,
        release: None,
        dossier,
        environment: None,
        plan: None,
        at: None,
        rules: None,
        result: ReplayResult::NotCompared,
        open: None,
        shut_by: Vec::new(),
        differences: Vec::new(),
        reason: None,
    }
}

/// Judges the bytes of a dossier, and adds the result.
fn judge(document: &mut ReplayDocument, bytes: &[u8], given: Option<&VerdictGiven>) {
    let stored = match StoredDossier::read(bytes) {
        Ok(stored) => stored,
        Err(error) => {
            document.result = ReplayResult::Unreadable;
            document.reason = Some(match &error {
                StoredDossierError::Newer { .. } => format!("{error}; use a newer evenkeel"),
                StoredDossierError::Malformed(cause) => format!("{error}: {cause}"),
            });
            return;
        }
    };
    document.rules = Some(stored.rules);
    document.at = Some(stored.dossier.at);
    if stored.rules > RULES {
        document.result = ReplayResult::Unreadable;
        document.reason = Some(format!(
            "the dossier was judged by version {} of the rules; this evenkeel has version {RULES}; use a newer evenkeel",
            stored.rules
        ));
        return;
    }
    let dossier = &stored.dossier;
    document.environment = Some(dossier.production.to_string());
    document.plan = Some(dossier.release.plan.to_string());
    let Replayed {
        verdict,
        differences,
        compared,
    } = replay(&stored, given);
    document.open = Some(verdict.open);
    document.shut_by = verdict.shut_by().map(str::to_owned).collect();
    document.differences = differences
        .into_iter()
        .map(|difference| ReplayPart {
            part: difference.part,
            recorded: difference.recorded,
            replayed: difference.replayed,
        })
        .collect();
    document.result = match (compared, document.differences.is_empty()) {
        (_, false) => ReplayResult::Different,
        (true, true) => ReplayResult::Same,
        (false, true) => ReplayResult::NotCompared,
    };
    document.reason = match document.result {
        ReplayResult::NotCompared => {
            Some("the dossier is of the first format, which stores no verdict".to_owned())
        }
        ReplayResult::Different if stored.rules < RULES => Some(format!(
            "judged by version {} of the rules; this evenkeel has version {RULES}",
            stored.rules
        )),
        _ => None,
    };
}

/// Sets the exit code: 7 if a record does not match, 1 if this is unknown.
fn conclude(report: &mut Report) {
    let codes = report
        .replays
        .iter()
        .map(|replay| replay.result.exit_code());
    report.exit_code = codes.max().unwrap_or(0);
}

impl Verdicts {
    fn read(ledger: &dyn Ledger) -> Result<Self, LedgerError> {
        let mut verdicts = Self::default();
        let mut last = 0;
        ledger.each(0, &mut |entry| {
            // A concurrent append restarts the read, so an entry can be delivered twice.
            if entry.sequence <= last {
                return Ok(());
            }
            last = entry.sequence;
            match chain::understand(&entry)? {
                Some(Record::VerdictGiven(record)) => verdicts.given.push(Given {
                    sequence: entry.sequence,
                    time: entry.time,
                    record,
                }),
                Some(Record::ReleaseStarted(it)) => {
                    let release = (entry.sequence, it.release);
                    verdicts.releases.entry(it.dossier).or_insert(release);
                }
                _ => {}
            }
            Ok(())
        })?;
        Ok(verdicts)
    }

    /// Returns the named verdicts, each once, in the order of the ledger.
    fn named(&self, names: &[String]) -> Result<Vec<&Given>, Failure> {
        if names.is_empty() {
            return Ok(self.given.iter().collect());
        }
        let mut chosen: BTreeMap<u64, &Given> = BTreeMap::new();
        for name in names {
            let found = self.with_name(name)?;
            chosen.extend(found.into_iter().map(|given| (given.sequence, given)));
        }
        Ok(chosen.into_values().collect())
    }

    fn with_name(&self, name: &str) -> Result<Vec<&Given>, Failure> {
        let none = |reason: String| Failure::Other {
            reason,
            help: Some("run `evenkeel log --kind verdict-given` to list verdicts".into()),
        };
        if let Ok(sequence) = name.parse::<u64>() {
            let given = self.given.iter().find(|given| given.sequence == sequence);
            return given
                .map(|given| vec![given])
                .ok_or_else(|| none(format!("entry {sequence} is not a verdict")));
        }
        if name.starts_with("r-") {
            let release = self.releases.iter().find(|(_, (_, known))| known == name);
            let (dossier, (started, _)) =
                release.ok_or_else(|| none(format!("the ledger has no release `{name}`")))?;
            // The verdict precedes its release.
            let given = self
                .given
                .iter()
                .rev()
                .find(|given| given.record.dossier == *dossier && given.sequence < *started);
            return given
                .map(|given| vec![given])
                .ok_or_else(|| none(format!("the ledger has no verdict of release {name}")));
        }
        let found: Vec<&Given> = self
            .given
            .iter()
            .filter(|given| given.record.dossier.begins_with(name))
            .collect();
        let mut dossiers: Vec<Digest> = found.iter().map(|given| given.record.dossier).collect();
        dossiers.sort_unstable();
        dossiers.dedup();
        match dossiers.len() {
            0 => Err(none(format!("no verdict has a dossier `{name}`"))),
            1 => Ok(found),
            number => Err(Failure::Usage(format!(
                "{} start with `{name}`: write more of the digest",
                count(number, "dossier")
            ))),
        }
    }
}
