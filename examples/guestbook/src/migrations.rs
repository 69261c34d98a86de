//! The schema and its history: numbered steps, each in its own transaction, counted in the database's `user_version`.
//! `store` opens connections.

use rusqlite::{Connection, TransactionBehavior};

/// The schema version of this release.
const NEWEST: u32 = 2;

/// Step *n* of this list creates schema version *n* + 1. Never edit a released step.
const STEPS: [&str; NEWEST as usize] = [
    "CREATE TABLE entry (
        id      INTEGER PRIMARY KEY AUTOINCREMENT,
        name    TEXT NOT NULL,
        message TEXT NOT NULL
    ) STRICT;",
    // The times of existing entries are unknown, so the column may be empty.
    "ALTER TABLE entry ADD COLUMN written_at TEXT;",
];

#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    #[error("the database has schema version {found}, supported up to {known}")]
    Newer { found: u32, known: u32 },
    #[error("cannot migrate the database to schema version {version}")]
    Step {
        version: u32,
        source: rusqlite::Error,
    },
    #[error("cannot read the database's schema version")]
    Version(#[source] rusqlite::Error),
}

/// Migrates the database to the newest schema and returns the versions before and after.
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
    // The version is read inside the write lock: another process may have migrated first.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if version(&transaction)? < target {
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "user_version", target)?;
    }
    transaction.commit()
}

/// Returns the schema version of the database.
pub fn version(connection: &Connection) -> rusqlite::Result<u32> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}
