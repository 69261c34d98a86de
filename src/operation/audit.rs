//! Audit: proof that the ledger is unchanged, by itself and by checkpoints that were kept elsewhere, that the objects
//! that its entries name are unchanged, and that people signed what it says they decided.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::session::Session;
use super::{Failure, Project, ProjectLocation, World};
use crate::report::{
    CHECKPOINT_COMMAND, CheckpointDocument, ObjectDocument, ObjectState, ObjectsDocument,
    ProofDocument, Report,
};
use crate::world::files::{read_plain, write_whole};
use evenkeel_core::checkpoint::{self, CHECKPOINT_FORMAT, CheckpointFile};
use evenkeel_core::recorded;
use evenkeel_ledger::record::{Overridden, ReleaseStarted};
use evenkeel_ledger::{Completeness, Irregularity, Kept, LedgerError, Proof, Record, Verification};
use evenkeel_model::Digest;
use evenkeel_model::defect::Defect;
use evenkeel_model::text::{count, list};

/// Number of missing or altered objects that are named before the rest is counted.
const SHOWN_OBJECTS: usize = 10;

/// Verifies every entry of the ledger, every object that an entry names, and every signed decision and release, and compares
/// it with checkpoints that were kept elsewhere.
///
/// # Errors
///
/// When there is no ledger to verify.
pub fn audit_verify(
    world: &World<'_>,
    location: &ProjectLocation,
    against: &[PathBuf],
    restore_head: bool,
) -> Result<Report, Failure> {
    let Session {
        project,
        mut report,
    } = Session::open(world, location, "audit")?;
    // Checkpoints are named relative to the working directory, not the project.
    report.project = None;
    let mut files: Vec<CheckpointFile> = Vec::new();
    for path in against {
        match read(&world.directory, path) {
            Ok(file) => files.push(file),
            Err(defects) => report.defects(defects),
        }
    }
    let kept: Vec<Kept> = files.iter().map(|file| file.kept.clone()).collect();
    // One pass over the entries verifies them and lists what they name.
    let mut named = Named::default();
    let mut verification = project
        .store
        .verify_each(&kept, &mut |sequence, record| named.note(sequence, record))?;
    let is_refused =
        report.has_errors() || verification.proofs.iter().any(|it| it.proven.is_none());
    if restore_head && verification.is_whole() && !is_refused {
        project.store.restore_head()?;
        if let Completeness::NotProven(reason) = &verification.complete {
            // The rewritten head hides that entries may have been missing.
            let overridden = Overridden {
                what: "audit verify --restore-head".into(),
                environment: None,
                codes: vec!["gate/ledger-broken".into()],
                by: world.actor.clone(),
                reason: format!("the ledger counts as complete, although {reason}"),
            };
            let ledger = project.ledger()?;
            ledger.append(world.clock.now(), &[overridden.into()], None)?;
        }
        verification = project.store.verify(&kept)?;
        report.say("the head was rewritten: the ledger now counts as complete");
    }
    for (file, proof) in files.iter().zip(&verification.proofs) {
        if let Some(founded) = &verification.founded {
            report.defects(file.edits(&founded.system, proof));
        }
        report.proofs.push(proof_document(proof));
    }
    let is_whole = tell(&project, &verification, &mut report);
    let is_proven = !is_whole || {
        let has_objects = tell_of_objects(&project, &named, &mut report)?;
        tell_of_decisions(&project, &named, &mut report)? && has_objects
    };
    report.exit_code = match (is_whole && is_proven, report.has_errors()) {
        (false, _) => 7,
        (true, true) => 1,
        // Missing entries are possible, but not proven.
        (true, false) => u8::from(verification.complete != Completeness::Proven),
    };
    if is_whole && verification.complete != Completeness::Proven {
        report.next(
            "evenkeel audit verify --against CHECKPOINT   # a checkpoint that was kept elsewhere",
        );
        report.next("evenkeel audit verify --restore-head   # if the ledger is complete");
    }
    Ok(report)
}

/// Reports whether every object that an entry names is stored and unchanged, and returns it.
fn tell_of_objects(
    project: &Project<'_>,
    named: &Named,
    report: &mut Report,
) -> Result<bool, Failure> {
    let objects = project.store.objects();
    let mut document = ObjectsDocument {
        named: named.objects.len(),
        missing: 0,
        altered: 0,
        findings: Vec::new(),
    };
    for (digest, (entry, role)) in &named.objects {
        if project.world.interruption.is_set() {
            return Err(Failure::Interrupted);
        }
        let (state, reason) = match objects.get(digest) {
            Ok(Some(_)) => continue,
            Ok(None) => (ObjectState::Missing, None),
            Err(LedgerError::Damaged { path, reason }) => {
                (ObjectState::Altered, Some(format!("{path}: {reason}")))
            }
            Err(error) => return Err(error.into()),
        };
        match state {
            ObjectState::Missing => document.missing += 1,
            ObjectState::Altered => document.altered += 1,
        }
        document.findings.push(ObjectDocument {
            digest: *digest,
            entry: *entry,
            role: (*role).to_owned(),
            state,
            reason,
        });
    }
    document.findings.sort_by_key(|finding| finding.entry);
    for finding in document.findings.iter().take(SHOWN_OBJECTS) {
        report.say(finding.words());
    }
    let left = document.findings.len().saturating_sub(SHOWN_OBJECTS);
    if left > 0 {
        report.say(format!("… {left} more; `--format json` has all of them"));
    }
    report.say(document.words());
    let is_whole = document.findings.is_empty();
    if !is_whole {
        report.say(format!(
            "restore the objects of {} from a backup",
            project.store.place()
        ));
    }
    report.objects = Some(document);
    Ok(is_whole)
}

/// Reports decisions that no person signed as recorded, and releases without the approvals that they needed; returns whether
/// there are none.
fn tell_of_decisions(
    project: &Project<'_>,
    named: &Named,
    report: &mut Report,
) -> Result<bool, Failure> {
    let mut faults: BTreeMap<u64, String> = BTreeMap::new();
    let mut signed = 0;
    for (sequence, record) in &named.decisions {
        if project.world.interruption.is_set() {
            return Err(Failure::Interrupted);
        }
        signed += usize::from(record.signed().is_some());
        if let Err(reason) = recorded::decision(record) {
            faults.insert(*sequence, reason);
        }
    }
    let objects = project.store.objects();
    for (sequence, started) in &named.releases {
        // A missing or altered dossier is a finding about objects.
        if let Ok(Some(dossier)) = objects.get(&started.dossier)
            && let Err(reason) = recorded::release(
                started,
                &dossier,
                &named.decisions,
                named.overrides.get(&started.release) == Some(&started.dossier),
            )
        {
            faults.insert(*sequence, format!("{}: {reason}", started.release));
        }
    }
    for (sequence, reason) in faults.iter().take(SHOWN_OBJECTS) {
        report.say(format!("entry {sequence}: {reason}"));
    }
    let left = faults.len().saturating_sub(SHOWN_OBJECTS);
    if left > 0 {
        report.say(format!("… {left} more"));
    }
    let checked = [
        (signed, "signed decision"),
        (named.releases.len(), "release"),
    ];
    let checked: Vec<String> = checked
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, noun)| count(number, noun))
        .collect();
    if faults.is_empty() && !checked.is_empty() {
        report.say(format!("{}, all proven", list(&checked, "and")));
    } else if !faults.is_empty() {
        report.say(format!(
            "{}: {} not proven, so the ledger was not written by evenkeel",
            list(&checked, "and"),
            faults.len()
        ));
    }
    Ok(faults.is_empty())
}

/// Parts of entries that are verified beside the chain.
#[derive(Default)]
struct Named {
    /// Objects, each with the first entry that names it and its role.
    objects: BTreeMap<Digest, (u64, &'static str)>,
    /// Decisions.
    decisions: BTreeMap<u64, Record>,
    /// Starts of releases.
    releases: BTreeMap<u64, ReleaseStarted>,
    /// Dossiers of releases that a break-glass made, by release.
    overrides: BTreeMap<String, Digest>,
}

impl Named {
    /// Notes what an entry names. The same entry can come twice.
    fn note(&mut self, sequence: u64, record: &Record) {
        if let Some((role, digest)) = record.object() {
            self.objects.entry(*digest).or_insert((sequence, role));
        }
        match record {
            Record::ReleaseStarted(started) => {
                self.releases.insert(sequence, started.clone());
            }
            Record::GlassBroken(broken) => {
                self.overrides
                    .insert(broken.release.clone(), broken.dossier);
            }
            _ => {}
        }
        // A break-glass is signed too.
        if recorded::is_decision(record) {
            self.decisions.insert(sequence, record.clone());
        }
    }
}

/// Returns the checkpoint of a verified ledger. `None` with a report of its damage.
pub(super) fn proven(
    project: &Project<'_>,
    report: &mut Report,
) -> Result<Option<CheckpointDocument>, Failure> {
    let verification = project.store.verify(&[])?;
    if !verification.is_whole() || is_foreign(project, &verification) {
        tell(project, &verification, report);
        report.checkpoint = None;
        report.exit_code = 7;
        return Ok(None);
    }
    Ok(how_far(&verification))
}

/// Adds a checkpoint of the ledger to the report, and writes it to a file if one is named.
///
/// A damaged ledger has no checkpoint: the report lists the damage.
///
/// # Errors
///
/// When there is no ledger, or the file cannot be written.
pub fn audit_checkpoint(
    world: &World<'_>,
    location: &ProjectLocation,
    output: Option<&Path>,
) -> Result<Report, Failure> {
    let Session {
        project,
        mut report,
    } = Session::open(world, location, CHECKPOINT_COMMAND)?;
    let Some(checkpoint) = proven(&project, &mut report)? else {
        return Ok(report);
    };
    report.checkpoint = Some(checkpoint);
    if let (Some(path), Some(checkpoint)) = (output, &report.checkpoint) {
        let failed = |error: &dyn std::fmt::Display| {
            Failure::other(format!("cannot write {}: {error}", path.display()))
        };
        let text = checkpoint.text().map_err(|error| failed(&error))?;
        // It is public.
        write_whole(&world.directory.join(path), text.as_bytes(), 0o644)
            .map_err(|error| failed(&error))?;
        report.say(format!(
            "saved to {}: keep it out of reach of everyone who can change the ledger",
            path.display()
        ));
        report.next(format!(
            "evenkeel audit verify --against {}",
            path.display()
        ));
    }
    Ok(report)
}

/// Returns the checkpoint of a whole ledger.
fn how_far(verification: &Verification) -> Option<CheckpointDocument> {
    let head = verification.head.as_ref()?;
    Some(CheckpointDocument {
        format: CHECKPOINT_FORMAT.into(),
        system: verification.founded.as_ref()?.system.clone(),
        lineage: head.lineage.clone(),
        sequence: head.sequence,
        digest: head.digest,
        time: verification.time?,
    })
}

/// Reads a checkpoint file from an untrusted source.
fn read(directory: &Path, path: &Path) -> Result<CheckpointFile, Vec<Defect>> {
    let name = path.display().to_string();
    match read_plain(&directory.join(path), checkpoint::LONGEST) {
        Ok(Some(bytes)) => checkpoint::read(&name, bytes),
        Ok(None) => Err(vec![checkpoint::unreadable(
            &name,
            "larger than any checkpoint",
        )]),
        Err(error) => {
            let why = match error.kind() {
                std::io::ErrorKind::NotFound => "no such file".to_owned(),
                std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
                _ => error.to_string(),
            };
            Err(vec![checkpoint::unreadable(&name, &why)])
        }
    }
}

fn proof_document(proof: &Proof) -> ProofDocument {
    ProofDocument {
        file: proof.kept.name.clone(),
        sequence: proof.kept.checkpoint.sequence,
        proven: proof.proven.is_some(),
        time: proof.proven,
        reason: proof.refuted.clone(),
    }
}

fn is_foreign(project: &Project<'_>, verification: &Verification) -> bool {
    verification
        .founded
        .as_ref()
        .is_some_and(|founded| founded.system != project.definition.system)
}

/// Reports the result, and whether the ledger is whole.
fn tell(project: &Project<'_>, verification: &Verification, report: &mut Report) -> bool {
    let said = |finding: &Irregularity| match finding.sequence {
        Some(sequence) => format!("entry {sequence}: {}", finding.what),
        None => finding.what.clone(),
    };
    for finding in &verification.findings {
        report.say(said(finding));
    }
    for advice in &verification.advice {
        report.say(format!("note: {}", said(advice)));
    }
    let foreign = is_foreign(project, verification);
    if foreign {
        report.say("the ledger belongs to another system");
    }
    if !verification.is_whole() || foreign {
        report.say(if verification.is_only_refuted() && !foreign {
            "its entries are consistent, but it is not the ledger of the checkpoint".to_owned()
        } else {
            format!(
                "evenkeel does not use it: restore {} from a backup",
                project.store.place()
            )
        });
        return false;
    }
    report.say(format!(
        "{}, all unchanged",
        evenkeel_model::text::count(
            usize::try_from(verification.entries).unwrap_or(usize::MAX),
            "entry"
        )
    ));
    if let Some(head) = &verification.head {
        report.say(format!("head: {} {}", head.sequence, head.digest));
    }
    report.checkpoint = how_far(verification);
    match &verification.complete {
        Completeness::Proven => report.say("no entry is missing at the end"),
        Completeness::NotProven(reason) => {
            report.say(format!("entries may be missing at the end: {reason}"));
        }
    }
    true
}
