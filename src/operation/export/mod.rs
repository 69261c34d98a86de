//! Export: the record of a period for an auditor, with a program that verifies it without evenkeel.
//!
//! `period` chooses the entries, `register` reads them for people, `statement` attests each release, and this file writes
//! the bundle. `verify.py` is the verifier; it reads only what this writes.
//!
//! The export has every entry from the first one of the period to the end of the ledger, since an entry is bound to the
//! head only by the lines between them. Nothing earlier is exported but the digest that the first entry names.

mod period;
mod register;
mod statement;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use ring::digest::{SHA256, digest};
use serde::Serialize;

use self::period::Period;
use self::statement::{Attested, Attestor};
use super::session::Session;
use super::{Failure, Project, ProjectLocation, World, audit};
use crate::report::{CheckpointDocument, EXPORT_COMMAND, Report, ReportFormat, Style};
use crate::world::bundle::Bundle;
use evenkeel_ledger::{Entry, Ledger, LedgerError, chain, entry};
use evenkeel_model::text::count;
use evenkeel_model::{Digest, Moment};

/// Format of the manifest.
const FORMAT: &str = "evenkeel export 1";
/// The verifier. Python without other packages, at most 200 lines, so that an auditor can read it.
pub const VERIFIER: &str = include_str!("../../report/export/verify.py");
/// Instructions for the person who gets the export.
const README: &str = include_str!("../../report/export/README.txt");

/// Request to export the record of a period.
#[derive(Clone, Copy, Debug)]
pub struct ExportRequest<'a> {
    /// Start: a day, a time or an age; the founding of the ledger without one.
    pub from: Option<&'a str>,
    /// End: a day, which is part of the period, or a time or an age, which is not; the newest entry without one.
    pub to: Option<&'a str>,
    /// File of an SSH key that signs the attestations.
    pub key: Option<&'a Path>,
    /// New folder, or new archive whose name ends with `.zip`.
    pub output: Option<&'a Path>,
}

/// List of the export's files.
#[derive(Serialize)]
struct Manifest<'a> {
    format: &'a str,
    tool: &'a str,
    system: &'a str,
    lineage: &'a str,
    from: Option<Moment>,
    to: Option<Moment>,
    /// First entry of the period, and of the export.
    first: u64,
    /// Last entry of the period.
    last: u64,
    /// Last entry of the export, the end of the ledger.
    head: u64,
    /// Digest that the first entry names.
    before: Digest,
    /// SHA-256 digests in hexadecimal digits.
    files: &'a BTreeMap<String, String>,
}

/// Writes the record of a period to a new folder or archive.
///
/// A damaged ledger is not exported: the report lists the damage.
///
/// # Errors
///
/// When there is no ledger, an object is missing or altered, the key cannot sign, or the destination exists.
pub fn audit_export(
    world: &World<'_>,
    location: &ProjectLocation,
    request: ExportRequest<'_>,
) -> Result<Report, Failure> {
    let Some(output) = request.output else {
        return Err(Failure::Usage(
            "name the folder or the .zip to write: -o FOLDER".into(),
        ));
    };
    let Session {
        project,
        mut report,
    } = Session::open(world, location, EXPORT_COMMAND)?;
    let mut bundle = bundle(world, output)?;
    let attestor = Attestor::new(world, request.key)?;
    let Some(checkpoint) = audit::proven(&project, &mut report)? else {
        return Ok(report);
    };
    let entries = entries(&project, &checkpoint)?;
    let period = Period::new(&request, world.clock.now(), &entries)?;
    let register = register::of_period(&project, &period, &entries)?;
    // As of the last entry, so that the same record gives the same page.
    let mut page = Report::new(EXPORT_COMMAND, &checkpoint.system, checkpoint.time);
    page.path.clone_from(&report.path);
    page.register = Some(register.clone());
    page.checkpoint = Some(checkpoint.clone());
    page.conclude(0);
    let export = Export {
        project: &project,
        entries: &entries,
        period,
        checkpoint: &checkpoint,
        attestor,
    };
    let files = Files {
        bundle: &mut bundle,
        output,
        digests: BTreeMap::new(),
    };
    let statements = export.write(files, &page)?;
    bundle.finish().map_err(|error| failed(output, &error))?;
    report.say(format!(
        "{} to {}: {}",
        count(period.entries(&entries).len(), "entry"),
        output.display(),
        register.words()
    ));
    if statements > 0 && request.key.is_none() {
        report.say("the statements are not signed; --key FILE signs them");
    }
    if output.extension().is_some_and(|suffix| suffix == "zip") {
        report.next(format!(
            "python3 -m zipfile -e {} export && python3 export/verify.py",
            output.display()
        ));
    } else {
        report.next(format!("python3 {}/verify.py", output.display()));
    }
    report.register = Some(register);
    report.checkpoint = Some(checkpoint);
    Ok(report)
}

/// Starts the bundle.
fn bundle(world: &World<'_>, output: &Path) -> Result<Bundle, Failure> {
    Bundle::new(&world.directory.join(output)).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => Failure::Refused {
            reason: format!("{}: {error}", output.display()),
            help: "name a new folder or a new file".into(),
        },
        _ => failed(output, &error),
    })
}

fn failed(output: &Path, error: &std::io::Error) -> Failure {
    Failure::other(format!("cannot write {}: {error}", output.display()))
}

/// Returns all entries up to a checkpoint.
fn entries(project: &Project<'_>, checkpoint: &CheckpointDocument) -> Result<Vec<Entry>, Failure> {
    let ledger = project.store.open(Some(&project.definition.system))?;
    let ledger: Box<dyn Ledger> = ledger.ok_or_else(|| Failure::other("there is no ledger"))?;
    let mut entries = ledger.read(0)?;
    // Entries that were appended since the verification are not part of the export.
    entries.truncate(usize::try_from(checkpoint.sequence).unwrap_or(usize::MAX));
    match entries.last() {
        Some(last) if last.digest == checkpoint.digest => Ok(entries),
        _ => Err(LedgerError::Broken {
            sequence: checkpoint.sequence,
            reason: "it changed since it was verified".to_owned(),
        }
        .into()),
    }
}

/// Files of the export with their digests.
struct Files<'a> {
    bundle: &'a mut Bundle,
    output: &'a Path,
    digests: BTreeMap<String, String>,
}

impl Files<'_> {
    fn add(&mut self, name: impl Into<String>, bytes: &[u8]) -> Result<(), Failure> {
        let name = name.into();
        self.bundle
            .add(&name, bytes)
            .map_err(|error| failed(self.output, &error))?;
        let sum = digest(&SHA256, bytes);
        let hex = sum.as_ref().iter().map(|byte| format!("{byte:02x}"));
        self.digests.insert(name, hex.collect());
        Ok(())
    }
}

/// Everything that is exported.
struct Export<'a> {
    project: &'a Project<'a>,
    /// All entries up to the checkpoint.
    entries: &'a [Entry],
    period: Period,
    checkpoint: &'a CheckpointDocument,
    attestor: Attestor<'a>,
}

impl Export<'_> {
    /// Writes every file, the manifest last. Returns the number of statements.
    fn write(&self, mut files: Files<'_>, page: &Report) -> Result<usize, Failure> {
        let Self {
            project,
            entries,
            period,
            checkpoint,
            attestor,
        } = self;
        let written = |error: &dyn std::fmt::Display| Failure::other(error.to_string());
        files.add("README.txt", README.as_bytes())?;
        files.add("verify.py", VERIFIER.as_bytes())?;
        let text = checkpoint.text().map_err(|error| written(&error))?;
        files.add("checkpoint.json", text.as_bytes())?;
        let mut lines = String::new();
        for each in period.exported(entries) {
            // The chain was verified, and its lines are canonical: this is the hashed line.
            let line = entry::write(
                each.sequence,
                each.previous,
                each.time,
                &each.kind,
                &each.body,
            )
            .map_err(|error| written(&error))?;
            lines.push_str(&line);
            lines.push('\n');
        }
        files.add("entries.jsonl", lines.as_bytes())?;
        drop(lines);
        let objects = project.store.objects();
        for digest in named(period.entries(entries))? {
            if project.world.interruption.is_set() {
                return Err(Failure::Interrupted);
            }
            let bytes = objects.get(&digest)?.ok_or_else(|| LedgerError::Damaged {
                path: format!("object {digest} at {}", project.store.place()),
                reason: "it is missing".to_owned(),
            })?;
            files.add(format!("objects/{}", digest.hex()), &bytes)?;
        }
        if let Some(register) = &page.register {
            let table = crate::report::register(register).map_err(|error| written(&error))?;
            files.add("register.csv", &table)?;
        }
        let mut html = Vec::new();
        let style = Style {
            colour: false,
            width: 100,
            full: false,
            all: false,
            printed: false,
        };
        ReportFormat::Html
            .write(page, style, &mut html)
            .map_err(|error| written(&error))?;
        files.add("index.html", &html)?;
        let statements = statement::of_releases(project, period.entries(entries), &page.tool)?;
        for (name, statement) in &statements {
            let (suffix, text) = attestor.attest(statement)?;
            files.add(format!("statements/{name}{suffix}"), text.as_bytes())?;
        }
        let manifest = Manifest {
            format: FORMAT,
            tool: &page.tool,
            system: &checkpoint.system,
            lineage: &checkpoint.lineage,
            from: period.from,
            to: period.to,
            first: period.first,
            last: period.last,
            head: checkpoint.sequence,
            before: period.before(entries),
            files: &files.digests.clone(),
        };
        let mut text = serde_json::to_string_pretty(&manifest).map_err(|error| written(&error))?;
        text.push('\n');
        files.add("MANIFEST.json", text.as_bytes())?;
        if attestor.signs() {
            let sum = files.digests.get("MANIFEST.json").cloned();
            let statement = Attested::of_manifest(sum.unwrap_or_default(), checkpoint);
            let (suffix, text) = attestor.attest(&statement)?;
            files.add(format!("MANIFEST{suffix}"), text.as_bytes())?;
        }
        Ok(statements.len())
    }
}

/// Returns the objects that entries name.
fn named(entries: &[Entry]) -> Result<BTreeSet<Digest>, LedgerError> {
    let mut named = BTreeSet::new();
    for entry in entries {
        let record = chain::understand(entry)?;
        let object = record.as_ref().and_then(|record| record.object());
        named.extend(object.map(|(_, digest)| *digest));
    }
    Ok(named)
}
