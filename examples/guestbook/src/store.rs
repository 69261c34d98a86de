//! The store of entries in one SQLite file: opening, migration, queries and changes.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags, OptionalExtension, Row};

use crate::entry::{Draft, Entry};
use crate::migrations::{self, MigrationError};
use crate::pool::{Pool, PoolError};

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("cannot open the database {}", path.display())]
    Open {
        path: PathBuf,
        source: rusqlite::Error,
    },
    #[error("cannot use the database {}", path.display())]
    Schema {
        path: PathBuf,
        source: MigrationError,
    },
}

/// SQLite permits one writer at a time and, with its write-ahead log, concurrent readers.
pub struct Store {
    // Dropped in this order: the last connection to close removes the write-ahead log and must be able to write.
    readers: Pool,
    writer: Pool,
}

impl Store {
    /// Opens the file, migrates its schema, and returns the versions before and after.
    pub fn open(path: &Path, readers: usize) -> Result<(Self, (u32, u32)), StoreError> {
        let open_error = |source| StoreError::Open {
            path: path.to_path_buf(),
            source,
        };
        let mut writer = connect(
            path,
            OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
        )
        .map_err(open_error)?;
        writer
            .pragma_update(None, "journal_mode", "WAL")
            .map_err(open_error)?;
        let versions = migrations::migrate(&mut writer).map_err(|source| StoreError::Schema {
            path: path.to_path_buf(),
            source,
        })?;
        let readers = (0..readers)
            .map(|_| connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY))
            .collect::<Result<_, _>>()
            .map_err(open_error)?;
        Ok((
            Self {
                writer: Pool::new(vec![writer]),
                readers: Pool::new(readers),
            },
            versions,
        ))
    }

    /// Returns the newest entries, newest first.
    pub async fn newest(&self, limit: u32) -> Result<Vec<Entry>, PoolError> {
        self.readers
            .with(move |connection| {
                connection
                    .prepare_cached(
                        "SELECT id, name, message, written_at FROM entry ORDER BY id DESC LIMIT ?1",
                    )?
                    .query_map([limit], entry)?
                    .collect()
            })
            .await
    }

    pub async fn find(&self, id: i64) -> Result<Option<Entry>, PoolError> {
        self.readers
            .with(move |connection| {
                connection
                    .prepare_cached(
                        "SELECT id, name, message, written_at FROM entry WHERE id = ?1",
                    )?
                    .query_row([id], entry)
                    .optional()
            })
            .await
    }

    pub async fn add(&self, draft: Draft) -> Result<Entry, PoolError> {
        let written_at = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        self.writer
            .with(move |connection| {
                connection
                    .prepare_cached(
                        "INSERT INTO entry (name, message, written_at) VALUES (?1, ?2, ?3)
                         RETURNING id, name, message, written_at",
                    )?
                    .query_row((draft.name, draft.message, written_at), entry)
            })
            .await
    }

    /// Deletes an entry; returns whether it existed.
    pub async fn delete(&self, id: i64) -> Result<bool, PoolError> {
        self.writer
            .with(move |connection| {
                let deleted = connection
                    .prepare_cached("DELETE FROM entry WHERE id = ?1")?
                    .execute([id])?;
                Ok(deleted > 0)
            })
            .await
    }

    /// Returns the schema version, after a query that proves that the database works.
    pub async fn health(&self) -> Result<u32, PoolError> {
        self.readers
            .with(|connection| {
                connection
                    .prepare_cached("SELECT written_at FROM entry ORDER BY id DESC LIMIT 1")?
                    .query_row([], |_| Ok(()))
                    .optional()?;
                migrations::version(connection)
            })
            .await
    }
}

fn connect(path: &Path, how: OpenFlags) -> rusqlite::Result<Connection> {
    // Each connection is used by one thread at a time, so SQLite's own locking is not needed.
    let connection = Connection::open_with_flags(path, how | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    Ok(connection)
}

fn entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    Ok(Entry {
        id: row.get(0)?,
        name: row.get(1)?,
        message: row.get(2)?,
        written_at: row.get(3)?,
    })
}
