//! Register as a table for spreadsheets: one row for each entry of a period except locks and steps, and one for each
//! exception.
//!
//! The columns `entry`, `kind` and `digest` repeat the ledger exactly, so that the table can be compared with it.

use csv::{QuoteStyle, WriterBuilder};

use super::csv::cell;
use super::document::{RegisterDocument, ReleasedDocument};

/// Columns. New ones are added at the end.
const COLUMNS: [&str; 19] = [
    "entry",
    "time",
    "kind",
    "environment",
    "subject",
    "result",
    "by",
    "account",
    "key",
    "plan",
    "commit",
    "authors",
    "ticket",
    "reason",
    "owner",
    "expires",
    "shared-duties",
    "what",
    "digest",
];

/// Returns the table: RFC 4180, every cell quoted, no cell read as a formula.
///
/// # Errors
///
/// Never in memory; the encoder's signature requires it.
pub fn register(document: &RegisterDocument) -> std::io::Result<Vec<u8>> {
    let mut table = WriterBuilder::new()
        .quote_style(QuoteStyle::Always)
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    let written = |error: csv::Error| std::io::Error::other(error);
    table.write_record(COLUMNS).map_err(written)?;
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    for row in &document.rows {
        let release = document
            .releases
            .iter()
            .find(|release| release.entry == row.entry);
        let of = |take: &dyn Fn(&ReleasedDocument) -> String| release.map(take).unwrap_or_default();
        let cells = [
            row.entry.to_string(),
            row.time.to_string(),
            row.kind.clone(),
            text(&row.environment),
            text(&row.subject),
            text(&row.result),
            text(&row.by),
            text(&row.account),
            text(&row.key),
            text(&row.plan),
            text(&row.commit),
            of(&|release| {
                let authors = release.authors.as_deref();
                authors.map_or_else(|| "unknown".to_owned(), |authors| authors.join(" "))
            }),
            of(&|release| text(&release.ticket)),
            text(&row.reason),
            String::new(),
            String::new(),
            of(&|release| release.shared_duties.join("; ")),
            row.words.clone(),
            row.digest.clone(),
        ];
        table
            .write_record(cells.map(|text| cell(&text)))
            .map_err(written)?;
    }
    for exception in &document.exceptions {
        let expires = exception.expires.map(|expires| expires.to_string());
        let cells = [
            exception.entry.to_string(),
            exception.time.to_string(),
            "exception".to_owned(),
            String::new(),
            exception.at.clone(),
            String::new(),
            String::new(),
            String::new(),
            String::new(),
            String::new(),
            String::new(),
            String::new(),
            text(&exception.ticket),
            text(&exception.reason),
            text(&exception.owner),
            expires.unwrap_or_default(),
            String::new(),
            format!(
                "declared difference, first used by {}",
                exception.first_used
            ),
            String::new(),
        ];
        table
            .write_record(cells.map(|text| cell(&text)))
            .map_err(written)?;
    }
    table.into_inner().map_err(csv::IntoInnerError::into_error)
}
