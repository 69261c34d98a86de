//! The ledger in PostgreSQL: each append is one transaction that holds the head.
//!
//! `server` repeats a transaction whose connection broke; an unanswered commit is looked for before it is repeated.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use postgres::GenericClient;

use super::failure::Failure;
use super::server::Server;
use super::{migrations, rows};
use crate::chain::{self, Link};
use crate::record::{Founded, Record};
use crate::shared::SharedKey;
use crate::{Checkpoint, Entry, EntryRange, Fence, Head, Ledger, LedgerError, copy, random};
use evenkeel_model::{Digest, EnvironmentName, Moment};

/// A ledger in a schema.
pub(super) struct PostgresLedger {
    server: Arc<Server>,
    founded: Founded,
    /// The end that this handle has verified; `None` when opened for reading.
    seen: Option<Mutex<Link>>,
}

/// Returns the stored fingerprint of the key.
pub(super) fn founded(server: &Server) -> Result<Option<Digest>, LedgerError> {
    if !server.is_there()? {
        return Ok(None);
    }
    server.read(|client| Ok(rows::head(client, server.schema())?.key))
}

impl PostgresLedger {
    /// Opens the ledger for reading; `None` when none has ever existed. Changes nothing.
    pub(super) fn open_existing(
        server: &Arc<Server>,
        system: Option<&str>,
    ) -> Result<Option<Self>, LedgerError> {
        if !server.is_there_now()? {
            return Ok(None);
        }
        let inspected = server.read(|client| inspect(client, server, system))?;
        Ok(inspected.map(|(founded, _)| Self {
            server: Arc::clone(server),
            founded,
            seen: None,
        }))
    }

    /// Opens the ledger for appending; founds it if none has ever existed.
    pub(super) fn open_or_found(
        server: &Arc<Server>,
        system: &str,
        time: Moment,
        key: &SharedKey,
    ) -> Result<Self, LedgerError> {
        migrations::migrate(server)?;
        let mut inspected = server.read(|client| inspect(client, server, Some(system)))?;
        if inspected.is_none() {
            let fingerprint = key.find(|| Ok(None))?.map(|sealer| sealer.fingerprint());
            let lineage = random::lineage()?;
            found(server, system, time, &lineage, fingerprint)?;
            inspected = server.read(|client| inspect(client, server, Some(system)))?;
        }
        let Some((founded, last)) = inspected else {
            return Err(LedgerError::broken(
                1,
                "the ledger is empty; restore it from a backup",
            ));
        };
        Ok(Self {
            server: Arc::clone(server),
            founded,
            seen: Some(Mutex::new(last)),
        })
    }
}

/// Founds the ledger, unless another run does so at the same time.
fn found(
    server: &Server,
    system: &str,
    time: Moment,
    lineage: &str,
    fingerprint: Option<Digest>,
) -> Result<(), LedgerError> {
    let schema = server.schema();
    let founded = Record::Founded(Founded {
        system: system.to_owned(),
        lineage: lineage.to_owned(),
        tool: env!("CARGO_PKG_VERSION").to_owned(),
    });
    let first = Link::root().extend_by(time, &founded)?;
    server.write(
        "found",
        |transaction| {
            let row = rows::lock_head(transaction, schema)?;
            if rows::last(transaction, schema)?.is_some() || row.head != Head::Absent {
                return Ok(());
            }
            rows::insert(transaction, schema, std::slice::from_ref(&first))?;
            let head = Checkpoint {
                digest: first.digest,
                lineage: lineage.to_owned(),
                sequence: 1,
            };
            rows::set_head(transaction, schema, &head)?;
            if let Some(fingerprint) = fingerprint {
                rows::set_key(transaction, schema, fingerprint)?;
            }
            Ok(())
        },
        // A founding that took effect is found by the same task.
        |_, ()| Ok(false),
    )
}

/// The number of lines in one statement.
const AT_ONCE: usize = 1_000;

/// Copies the entries of another ledger, in one transaction.
pub(super) fn fill(
    server: &Server,
    source: &dyn Ledger,
    fingerprint: Option<Digest>,
) -> Result<Link, LedgerError> {
    migrations::migrate(server)?;
    let schema = server.schema();
    server.write(
        "write to",
        |transaction| {
            let head = rows::lock_head(transaction, schema)?.head;
            if rows::last(transaction, schema)?.is_some() || head != Head::Absent {
                return Err(copy::occupied(server.place()).into());
            }
            // A whole ledger takes longer than a statement of an append may.
            transaction.batch_execute("SET LOCAL statement_timeout = 0")?;
            let mut lines = Vec::with_capacity(AT_ONCE);
            let copied = copy::each_line(source, &mut |line| {
                lines.push(line);
                if lines.len() < AT_ONCE {
                    return Ok(());
                }
                rows::insert(transaction, schema, &std::mem::take(&mut lines))
                    .map_err(|failure| server.failed("write to", failure))
            })?;
            rows::insert(transaction, schema, &lines)?;
            for (environment, token) in &copied.tokens {
                rows::keep_token(transaction, schema, environment, *token)?;
            }
            let head = Checkpoint {
                digest: copied.link.digest,
                lineage: copied.lineage,
                sequence: copied.link.sequence,
            };
            rows::set_head(transaction, schema, &head)?;
            if let Some(fingerprint) = fingerprint {
                rows::set_key(transaction, schema, fingerprint)?;
            }
            Ok(copied.link)
        },
        |transaction, link| {
            let kept = rows::at(transaction, schema, link.sequence)?;
            Ok(kept.is_some_and(|row| row.digest == link.digest.as_bytes()))
        },
    )
}

/// The name of the head in messages.
pub(super) fn head_name(server: &Server) -> String {
    format!("the head at {}", server.place())
}

/// Verifies that the schema has a ledger of this system that reaches its head; returns its founding record and its end.
fn inspect(
    client: &mut impl GenericClient,
    server: &Server,
    system: Option<&str>,
) -> Result<Option<(Founded, Link)>, Failure> {
    let schema = server.schema();
    let head = rows::head(client, schema)?.head;
    let Some(first) = rows::after(client, schema, 0, Some(1))?.into_iter().next() else {
        return match head {
            Head::Absent => Ok(None),
            _ => Err(LedgerError::Missing {
                path: server.place().to_owned(),
                head: head_name(server),
            }
            .into()),
        };
    };
    let first = Link::root()
        .follow(first.sequence, first.line.as_bytes(), &first.digest)
        .map_err(|reason| LedgerError::broken(1, reason))?;
    let Some(Record::Founded(founded)) = chain::understand(&first)? else {
        return Err(LedgerError::broken(1, "the first entry is not a founding record").into());
    };
    if let Some(system) = system {
        founded.belongs_to(system, server.place())?;
    }
    let last = end(client, schema)?;
    if let Head::Known(checkpoint) = head {
        let kept = rows::at(client, schema, checkpoint.sequence)?;
        let name = head_name(server);
        checkpoint.prove(
            &founded.lineage,
            last.sequence,
            kept.as_ref().map(|row| row.digest.as_slice()),
            &name,
            &format!("remove {name} deliberately"),
        )?;
    }
    Ok(Some((founded, last)))
}

/// Returns the end of the chain, and verifies its line against its digest.
fn end(client: &mut impl GenericClient, schema: &str) -> Result<Link, Failure> {
    match rows::last(client, schema)? {
        None => Ok(Link::root()),
        Some(row) => Ok(link(&row)?),
    }
}

/// Returns the link of a row, and verifies its line against its digest.
fn link(row: &rows::Stored) -> Result<Link, LedgerError> {
    let digest = Digest::of(row.line.as_bytes());
    if row.digest != digest.as_bytes() {
        return Err(LedgerError::broken(
            row.sequence,
            "its line does not match its stored digest",
        ));
    }
    Ok(Link {
        sequence: row.sequence,
        digest,
    })
}

impl Ledger for PostgresLedger {
    fn belongs_to(&self, system: &str) -> Result<(), LedgerError> {
        self.founded.belongs_to(system, self.server.place())
    }

    fn each(
        &self,
        after: u64,
        take: &mut dyn FnMut(Entry) -> Result<(), LedgerError>,
    ) -> Result<(), LedgerError> {
        let through = u64::MAX;
        self.each_within(EntryRange { after, through }, take)
    }

    fn each_within(
        &self,
        EntryRange { after, through }: EntryRange,
        take: &mut dyn FnMut(Entry) -> Result<(), LedgerError>,
    ) -> Result<(), LedgerError> {
        let schema = self.server.schema();
        let mut link = if after == 0 {
            Link::root()
        } else {
            let row = self.server.read(|client| rows::at(client, schema, after))?;
            let Some(row) = row else {
                return Err(LedgerError::broken(
                    after,
                    "the entry is missing, but was read before; restore the ledger from a backup",
                ));
            };
            self::link(&row)?
        };
        loop {
            // Entries are only added, so the parts that are read one after the other fit together.
            let part = self
                .server
                .read(|client| rows::after(client, schema, link.sequence, None))?;
            if link.sequence >= through {
                return Ok(());
            }
            let is_last = part.len() < rows::AT_ONCE;
            for row in part {
                if row.sequence > through {
                    return Ok(());
                }
                let next = link.sequence + 1;
                let entry = link
                    .follow(row.sequence, row.line.as_bytes(), &row.digest)
                    .map_err(|reason| LedgerError::broken(next, reason))?;
                link = Link::from(&entry);
                take(entry)?;
            }
            if is_last {
                return Ok(());
            }
        }
    }

    fn append(
        &self,
        time: Moment,
        records: &[Record],
        fence: Option<&Fence>,
    ) -> Result<u64, LedgerError> {
        let Some(seen) = &self.seen else {
            return Err(LedgerError::storage(
                "append to",
                Path::new(self.server.place()),
                "opened for reading only",
            ));
        };
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        let schema = self.server.schema();
        let lineage = &self.founded.lineage;
        let known = *seen;
        let link = self.server.write(
            "append to",
            |transaction| append(transaction, schema, lineage, known, time, records, fence),
            // The head is held, so an unanswered commit has ended.
            |transaction, link| {
                rows::lock_head(transaction, schema)?;
                let kept = rows::at(transaction, schema, link.sequence)?;
                Ok(kept.is_some_and(|row| row.digest == link.digest.as_bytes()))
            },
        )?;
        *seen = link;
        Ok(link.sequence)
    }

    fn newest_token(&self, environment: &EnvironmentName) -> Result<u64, LedgerError> {
        self.server
            .read(|client| rows::token(client, self.server.schema(), environment))
    }
}

/// Appends records in a transaction. `known` is an end that was verified before.
fn append(
    transaction: &mut impl GenericClient,
    schema: &str,
    lineage: &str,
    known: Link,
    time: Moment,
    records: &[Record],
    fence: Option<&Fence>,
) -> Result<Link, Failure> {
    let head = rows::lock_head(transaction, schema)?.head;
    // Most appends are about one environment.
    let first = records.iter().find_map(|record| match record {
        Record::LeaseTaken(taken) => Some(&taken.environment),
        _ => None,
    });
    let named = fence.map(|fence| &fence.environment).or(first);
    let Some((last, token)) = rows::last_and_token(transaction, schema, named)? else {
        return Err(LedgerError::broken(1, "the ledger is empty; restore it from a backup").into());
    };
    let mut link = self::link(&last)?;
    // The ledger was cut or replaced since this run opened it.
    if link.sequence < known.sequence
        || (link.sequence == known.sequence && link.digest != known.digest)
    {
        return Err(LedgerError::broken(
            link.sequence + 1,
            "the ledger was truncated or replaced while it was open; restore it from a backup",
        )
        .into());
    }
    if let Some(fence) = fence {
        let newest = token;
        if newest != fence.token {
            return Err(fenced(&fence.environment, fence.token, newest));
        }
    }
    let mut lines = Vec::with_capacity(records.len());
    let mut is_kept = true;
    for record in records {
        let written = link.extend_by(time, record)?;
        if let Record::LeaseTaken(taken) = record {
            let newest = match named {
                Some(named) if is_kept && *named == taken.environment => token,
                _ => rows::token(transaction, schema, &taken.environment)?,
            };
            if taken.token <= newest {
                return Err(fenced(&taken.environment, taken.token, newest));
            }
            rows::keep_token(transaction, schema, &taken.environment, taken.token)?;
            is_kept = false;
        }
        link = Link::from(&written);
        lines.push(written);
    }
    // A missing or unreadable head proves nothing, and an append to a possibly truncated ledger must not hide that.
    let is_first = link.sequence <= 1 + records.len() as u64;
    if is_first || matches!(head, Head::Known(_)) {
        let head = Checkpoint {
            digest: link.digest,
            lineage: lineage.to_owned(),
            sequence: link.sequence,
        };
        rows::insert_with_head(transaction, schema, &lines, &head)?;
    } else {
        rows::insert(transaction, schema, &lines)?;
    }
    Ok(link)
}

fn fenced(environment: &EnvironmentName, held: u64, newest: u64) -> Failure {
    LedgerError::Fenced {
        environment: environment.clone(),
        held,
        newest,
    }
    .into()
}
