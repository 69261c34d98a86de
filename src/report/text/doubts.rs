//! Decisions in doubt, one paragraph each.

use std::io::{self, Write};

use super::super::document::DoubtDocument;
use super::layout::{hanging, more};
use super::{Style, one_line};

/// Number of doubts that are displayed before the rest is counted.
const SHOWN: usize = 60;

/// Writes a line for each doubt.
pub(super) fn lines(doubts: &[DoubtDocument], style: Style, to: &mut dyn Write) -> io::Result<()> {
    let shown = if style.all { doubts.len() } else { SHOWN };
    for doubt in doubts.iter().take(shown) {
        let first = format!("{} ", style.bad("✘"));
        let text = format!("entry {}: {}", doubt.entry, doubt.words());
        hanging(&first, 4, &one_line(&text), style.width, to)?;
    }
    match more(doubts.len().saturating_sub(shown)) {
        Some(line) => writeln!(to, "{line}"),
        None => Ok(()),
    }
}
