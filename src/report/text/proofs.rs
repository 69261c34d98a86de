//! Checkpoints that the ledger was compared with, one line each.

use std::io::{self, Write};

use super::super::document::ProofDocument;
use super::Style;
use evenkeel_model::text::inert;

/// Writes one line for a checkpoint.
pub(super) fn line(proof: &ProofDocument, style: Style, to: &mut dyn Write) -> io::Result<()> {
    let file = inert(&proof.file);
    let sequence = proof.sequence;
    match proof.time.filter(|_| proof.proven) {
        Some(time) => writeln!(
            to,
            "{} {file}: entries 1 to {sequence} are unchanged since {}",
            style.good("✔"),
            time.for_people()
        ),
        None => writeln!(
            to,
            "{} {file}: entries 1 to {sequence} do not match",
            style.bad("✘")
        ),
    }
}
