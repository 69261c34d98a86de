//! Objects in a table, each named by its digest.

use std::path::Path;
use std::sync::Arc;

use postgres::types::Type;

use super::migrations;
use super::server::Server;
use crate::{LedgerError, Objects};
use evenkeel_model::Digest;

/// The largest object: a value of the database is at most 1 GiB, and travels as a whole.
const LARGEST: usize = 256 * 1024 * 1024;

/// Objects in the table `object`.
pub(super) struct PostgresObjects {
    server: Arc<Server>,
}

impl PostgresObjects {
    pub(super) fn new(server: Arc<Server>) -> Self {
        Self { server }
    }

    fn damaged(&self, digest: &Digest) -> LedgerError {
        LedgerError::Damaged {
            path: format!("object {digest} at {}", self.server.place()),
            reason: "its content does not match the digest in its name".to_owned(),
        }
    }
}

impl Objects for PostgresObjects {
    fn put(&self, bytes: &[u8]) -> Result<Digest, LedgerError> {
        if bytes.len() > LARGEST {
            return Err(LedgerError::storage(
                "write an object to",
                Path::new(self.server.place()),
                "it exceeds the size limit of objects, 256 MiB",
            ));
        }
        let digest = Digest::of(bytes);
        match self.get(&digest) {
            Ok(Some(_)) => return Ok(digest),
            Ok(None) | Err(LedgerError::Damaged { .. }) => {}
            Err(error) => return Err(error),
        }
        if !self.server.is_there()? {
            migrations::migrate(&self.server)?;
        }
        // Storing the bytes again replaces a damaged object.
        let statement = format!(
            "INSERT INTO {}.object (digest, bytes) VALUES ($1, $2) ON CONFLICT (digest) DO UPDATE SET bytes = excluded.bytes",
            self.server.schema()
        );
        self.server.write(
            "write an object to",
            |transaction| {
                transaction.execute_typed(
                    &statement,
                    &[
                        (&digest.as_bytes().as_slice(), Type::BYTEA),
                        (&bytes, Type::BYTEA),
                    ],
                )?;
                Ok(())
            },
            // Writing it twice has the same effect.
            |_, ()| Ok(false),
        )?;
        Ok(digest)
    }

    fn get(&self, digest: &Digest) -> Result<Option<Vec<u8>>, LedgerError> {
        if !self.server.is_there()? {
            return Ok(None);
        }
        let statement = format!(
            "SELECT bytes FROM {}.object WHERE digest = $1",
            self.server.schema()
        );
        let found: Option<Vec<u8>> = self.server.read(|client| {
            let row = client
                .query_typed_opt(&statement, &[(&digest.as_bytes().as_slice(), Type::BYTEA)])?;
            Ok(row.map(|row| row.try_get(0)).transpose()?)
        })?;
        match found {
            Some(bytes) if Digest::of(&bytes) != *digest => Err(self.damaged(digest)),
            found => Ok(found),
        }
    }

    fn list(&self) -> Result<Vec<Digest>, LedgerError> {
        if !self.server.is_there()? {
            return Ok(Vec::new());
        }
        let statement = format!(
            "SELECT digest FROM {}.object ORDER BY digest",
            self.server.schema()
        );
        self.server.read(|client| {
            let rows = client.query_typed(&statement, &[])?;
            let mut digests = Vec::with_capacity(rows.len());
            for row in rows {
                let bytes: Vec<u8> = row.try_get(0)?;
                if let Ok(bytes) = <[u8; 32]>::try_from(bytes) {
                    digests.push(Digest::from_bytes(bytes));
                }
            }
            Ok(digests)
        })
    }
}
