//! The schema and its history: numbered steps, each in its own transaction, counted in the database's `user_version`.
//! Opening connections is the store's business.

use rusqlite::{Connection, TransactionBehavior};

/// The schema version that this release works with.
const NEWEST: u32 = 2;

/// Step *n* of this list makes schema version *n* + 1. A step that was released is never edited.
const STEPS: [&str; NEWEST as usize] = [
    "CREATE TABLE entry (
        id      INTEGER PRIMARY KEY AUTOINCREMENT,
        name    TEXT NOT NULL,
        message TEXT NOT NULL
    ) STRICT;",
    // Nobody knows when the entries that are there already were written, so the column may be empty.
    "ALTER TABLE entry ADD COLUMN written_at TEXT;",
];

#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    #[error(
        "the database has schema version {found}, and this release knows versions up to {known} only"
    )]
    Newer { found: u32, known: u32 },
    #[error("cannot bring the database to schema version {version}")]
    Step {
        version: u32,
        source: rusqlite::Error,
    },
    #[error("cannot read the database's schema version")]
    Version(#[source] rusqlite::Error),
}

/// Brings the database to the newest schema and returns the versions before and after.
pub fn migrate(connection: &mut Connection) -> Result<(u32, u32), MigrationError> {
    let before = version(connection).map_err(MigrationError::Version)?;
    if before > NEWEST {
        return Err(MigrationError::Newer {
            found: before,
            known: NEWEST,
        });
    }
    for (step, target) in STEPS.iter().zip(1..) {
        migrate_to(connection, step, target).map_err(|source| MigrationError::Step {
            version: target,
            source,
        })?;
    }
    Ok((before, NEWEST))
}

fn migrate_to(connection: &mut Connection, step: &str, target: u32) -> rusqlite::Result<()> {
    // The version is read inside the write lock: another process may have come first.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if version(&transaction)? < target {
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "user_version", target)?;
    }
    transaction.commit()
}

/// The schema version that the database says it has.
pub fn version(connection: &Connection) -> rusqlite::Result<u32> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}
