//! Verification of the tables: their rows for the walk that all backends share, their triggers and their tokens.

use std::cell::RefCell;
use std::collections::BTreeMap;

use postgres::types::Type;

use super::ledger::head_name;
use super::rows;
use super::server::Server;
use crate::verify::{self, Medium, Row};
use crate::walk::TakeRecord;
use crate::{Checkpoint, Head, Kept, LedgerError, Verification, entry, remembered};
use evenkeel_model::{EnvironmentName, Moment};

/// The triggers that refuse a change of what was stored.
const TRIGGERS: &[&str] = &[
    "entry_is_final",
    "entry_is_not_emptied",
    "object_is_kept",
    "object_is_not_emptied",
];

/// Verifies the ledger, including against checkpoints that were kept elsewhere. Changes nothing.
///
/// # Errors
///
/// Like [`Store::verify`](crate::Store::verify).
pub(super) fn verify_against(
    server: &Server,
    checkpoints: &[Kept],
    take: &mut TakeRecord<'_>,
) -> Result<Verification, LedgerError> {
    let head = if server.is_there_now()? {
        Some(server.read(|client| Ok(rows::head(client, server.schema())?.head))?)
    } else {
        None
    };
    let is_empty = match &head {
        None => true,
        Some(_) => server
            .read(|client| rows::last(client, server.schema()))?
            .is_none(),
    };
    if !is_empty {
        let medium = Tables {
            server,
            last: RefCell::default(),
        };
        return verify::examine(&medium, checkpoints, take);
    }
    if let Some(first) = checkpoints.first() {
        return Ok(remembered::gone(server.place(), first, checkpoints));
    }
    match head {
        None | Some(Head::Absent) => Err(LedgerError::storage(
            "verify",
            server.place().as_ref(),
            "not founded",
        )),
        Some(_) => Err(LedgerError::Missing {
            path: server.place().to_owned(),
            head: head_name(server),
        }),
    }
}

/// Writes the head of an intact ledger again.
///
/// # Errors
///
/// Like [`Store::restore_head`](crate::Store::restore_head).
pub(super) fn restore_head(server: &Server) -> Result<(), LedgerError> {
    let verification = verify_against(server, &[], &mut |_, _| {})?;
    let end: Checkpoint = verification.end()?.clone();
    let schema = server.schema();
    server.write(
        "restore the head of",
        |transaction| {
            rows::lock_head(transaction, schema)?;
            // Entries that were appended meanwhile follow the verified end.
            rows::set_head(transaction, schema, &end)
        },
        |_, ()| Ok(false),
    )
}

/// The tables under verification.
struct Tables<'a> {
    server: &'a Server,
    /// The last row that was shown.
    last: RefCell<u64>,
}

impl Medium for Tables<'_> {
    fn each_row(&self, take: &mut dyn FnMut(Row<'_>)) -> Result<(), LedgerError> {
        loop {
            let after = *self.last.borrow();
            let part = self
                .server
                .read(|client| rows::after(client, self.server.schema(), after, None))?;
            let is_last = part.len() < rows::AT_ONCE;
            for row in part {
                *self.last.borrow_mut() = row.sequence;
                take(Ok((row.sequence, row.line.as_bytes(), &row.digest)));
            }
            if is_last {
                return Ok(());
            }
        }
    }

    fn digest(&self, sequence: u64) -> Result<Option<Vec<u8>>, LedgerError> {
        let row = self
            .server
            .read(|client| rows::at(client, self.server.schema(), sequence))?;
        Ok(row.map(|row| row.digest))
    }

    fn time(&self, sequence: u64) -> Result<Option<Moment>, LedgerError> {
        let row = self
            .server
            .read(|client| rows::at(client, self.server.schema(), sequence))?;
        Ok(row.and_then(|row| Some(entry::read(&row.line).ok()?.time)))
    }

    fn head(&self) -> Result<Head, LedgerError> {
        self.server
            .read(|client| Ok(rows::head(client, self.server.schema())?.head))
    }

    fn head_name(&self) -> String {
        head_name(self.server)
    }

    fn check(
        &self,
        tokens: &BTreeMap<EnvironmentName, u64>,
        found: &mut Verification,
    ) -> Result<(), LedgerError> {
        let schema = self.server.schema();
        let enabled: Vec<String> = self.server.read(|client| {
            let rows = client.query_typed(
                "SELECT tgname::text FROM pg_catalog.pg_trigger \
                 JOIN pg_catalog.pg_class ON pg_class.oid = tgrelid \
                 JOIN pg_catalog.pg_namespace ON pg_namespace.oid = relnamespace \
                 WHERE nspname = $1 AND NOT tgisinternal AND tgenabled IN ('O', 'A')",
                &[(&schema, Type::TEXT)],
            )?;
            let names: Result<Vec<String>, postgres::Error> =
                rows.iter().map(|row| row.try_get(0)).collect();
            Ok(names?)
        })?;
        for name in TRIGGERS {
            if !enabled.iter().any(|each| each == name) {
                found.find(
                    None,
                    format!("`{name}` of the schema is missing or disabled"),
                );
            }
        }
        let kept = self
            .server
            .read(|client| rows::all_tokens(client, schema))?;
        verify::check_tokens(&kept, tokens, found);
        Ok(())
    }
}
