//! The document itself.

use std::io::{self, Write};

use super::Report;

/// Writes the report as one JSON document with a line feed at its end.
pub(super) fn write(report: &Report, to: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *to, report).map_err(io::Error::other)?;
    to.write_all(b"\n")
}
