//! The tables, and their numbered changes: each is one transaction, so that a run that dies leaves the format before it
//! or after it.
//!
//! Reading changes nothing: only a founder and a writer migrate.

use postgres::Client;
use postgres::types::Type;

use super::failure::Failure;
use super::server::Server;
use crate::LedgerError;

/// The changes in order; the format of a ledger is the number of those that it has. `$` stands for the schema.
const CHANGES: &[&str] = &[
    "CREATE TABLE $.entry (
    sequence bigint PRIMARY KEY CHECK (sequence > 0),
    line text NOT NULL,
    digest bytea NOT NULL
);
CREATE TABLE $.object (
    digest bytea PRIMARY KEY,
    bytes bytea NOT NULL
);
ALTER TABLE $.object ALTER COLUMN bytes SET STORAGE EXTERNAL;
CREATE TABLE $.head (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    lineage text,
    sequence bigint,
    digest bytea,
    key bytea
);
INSERT INTO $.head DEFAULT VALUES;
CREATE TABLE $.lease (
    environment text PRIMARY KEY,
    token bigint NOT NULL
);
CREATE TABLE $.lock (
    environment text PRIMARY KEY,
    number bigint NOT NULL,
    holder text,
    expires timestamptz NOT NULL
);
CREATE FUNCTION $.refuse() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    RAISE EXCEPTION 'entries and objects of a ledger are only added' USING ERRCODE = 'insufficient_privilege';
END
$body$;
CREATE TRIGGER entry_is_final BEFORE UPDATE OR DELETE ON $.entry FOR EACH ROW EXECUTE FUNCTION $.refuse();
CREATE TRIGGER entry_is_not_emptied BEFORE TRUNCATE ON $.entry FOR EACH STATEMENT EXECUTE FUNCTION $.refuse();
CREATE TRIGGER object_is_kept BEFORE DELETE ON $.object FOR EACH ROW EXECUTE FUNCTION $.refuse();
CREATE TRIGGER object_is_not_emptied BEFORE TRUNCATE ON $.object FOR EACH STATEMENT EXECUTE FUNCTION $.refuse();",
];

/// The tables that a reader needs.
const TABLES: &[&str] = &["migration", "entry", "object", "head", "lease", "lock"];

/// The newest format of this version.
fn newest() -> i64 {
    i64::try_from(CHANGES.len()).unwrap_or(i64::MAX)
}

/// Returns the format of the ledger in a schema; `None` when there is no ledger.
pub(super) fn format(client: &mut Client, schema: &str) -> Result<Option<i64>, Failure> {
    let there = client.query_typed_one(
        "SELECT EXISTS (SELECT FROM pg_catalog.pg_tables WHERE schemaname = $1 AND tablename = 'migration')",
        &[(&schema, Type::TEXT)],
    )?;
    if !there.try_get::<_, bool>(0)? {
        return Ok(None);
    }
    let format = client.query_typed_one(
        &format!("SELECT coalesce(max(number), 0)::bigint FROM {schema}.migration"),
        &[],
    )?;
    Ok(Some(format.try_get(0)?).filter(|format| *format > 0))
}

/// Returns whether a format is this version's, so that nothing is left to migrate.
pub(super) fn is_newest(found: Option<i64>) -> bool {
    found == Some(newest())
}

/// Decides about a format: whether there is a ledger.
///
/// # Errors
///
/// [`LedgerError::Newer`].
pub(super) fn check(found: Option<i64>, place: &str) -> Result<bool, LedgerError> {
    match found {
        None => Ok(false),
        Some(found) if found > newest() => Err(LedgerError::Newer {
            path: place.to_owned(),
            found,
            known: newest(),
        }),
        Some(_) => Ok(true),
    }
}

/// Makes the schema and its tables, or brings them to this version's format.
///
/// # Errors
///
/// When the account may not create them; nothing was changed then.
pub(super) fn migrate(server: &Server) -> Result<(), LedgerError> {
    let schema = server.schema();
    loop {
        if server.is_newest()? {
            return Ok(());
        }
        server.write(
            "create",
            |transaction| next(transaction, schema),
            // A change that took effect is found on the next round.
            |_, ()| Ok(true),
        )?;
    }
}

/// Makes the next change, unless another run makes all of them.
fn next(transaction: &mut Client, schema: &str) -> Result<(), Failure> {
    // The lock ends with the transaction. Its number is the schema's own.
    transaction.query_typed(
        "SELECT pg_advisory_xact_lock(hashtextextended('evenkeel ' || $1, 0))",
        &[(&schema, Type::TEXT)],
    )?;
    let there = transaction.query_typed_one(
        "SELECT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = $1)",
        &[(&schema, Type::TEXT)],
    )?;
    // `IF NOT EXISTS` would need the right to create even where the schema exists.
    if !there.try_get::<_, bool>(0)? {
        transaction.batch_execute(&format!("CREATE SCHEMA {schema}"))?;
    }
    transaction.batch_execute(&format!(
        "CREATE TABLE IF NOT EXISTS {schema}.migration \
         (number bigint PRIMARY KEY, time timestamptz NOT NULL DEFAULT now())"
    ))?;
    let done: i64 = transaction
        .query_typed_one(
            &format!("SELECT coalesce(max(number), 0)::bigint FROM {schema}.migration"),
            &[],
        )?
        .try_get(0)?;
    let Some(change) = usize::try_from(done)
        .ok()
        .and_then(|done| CHANGES.get(done))
    else {
        return Ok(());
    };
    transaction.batch_execute(&change.replace("$.", &format!("{schema}.")))?;
    transaction.execute_typed(
        &format!("INSERT INTO {schema}.migration (number) VALUES ($1)"),
        &[(&(done + 1), Type::INT8)],
    )?;
    Ok(())
}

/// Lets a role read everything.
///
/// # Errors
///
/// When there is no ledger, no such role, or no right to grant.
pub(super) fn grant_reading(server: &Server, role: &str) -> Result<(), LedgerError> {
    if !server.is_there()? {
        return Err(LedgerError::storage(
            "grant reading of",
            server.place().as_ref(),
            "not founded",
        ));
    }
    let schema = server.schema();
    let role = format!("\"{}\"", role.replace('"', "\"\""));
    let tables: Vec<String> = TABLES
        .iter()
        .map(|table| format!("{schema}.{table}"))
        .collect();
    let statement = format!(
        "GRANT USAGE ON SCHEMA {schema} TO {role}; GRANT SELECT ON {} TO {role}",
        tables.join(", ")
    );
    server.write(
        "grant reading of",
        |transaction| Ok(transaction.batch_execute(&statement)?),
        // Granting twice has the same effect.
        |_, ()| Ok(false),
    )
}
