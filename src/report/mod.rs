//! Reports: one document, and one file for each format that writes it.
//!
//! The document is what `--format json` prints, and every other format is a rendering of it. To add a format: write
//! `<format>.rs`, add its `mod` line, and its line in [`Format`].

mod checkpoints;
mod document;
mod json;
mod locks;
mod places;
mod text;

use std::io::{self, Write};

pub use checkpoints::{COMMAND as CHECKPOINT_COMMAND, CheckpointDocument, ProofDocument};
pub use document::{
    AlsoDocument, ApplyDocument, DocumentsDocument, EntryDocument, EnvironmentReport,
    FindingDocument, NotDone, OriginDocument, ParityDocument, PlanReport, Report, StatusDocument,
    StepDocument, SuiteDocument, VerdictDocument,
};
pub use locks::{HolderDocument, HolderProcess, LockDocument, LockState};
pub use text::{Style, failure};

/// The formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs: one JSON document, described by `schemas/report.schema.json`.
    Json,
}

impl Format {
    /// Writes a report.
    ///
    /// # Errors
    ///
    /// When `to` cannot be written.
    pub fn write(self, report: &Report, style: Style, to: &mut dyn Write) -> io::Result<()> {
        match self {
            Self::Text => text::write(report, style, to),
            Self::Json => json::write(report, to),
        }
    }
}
