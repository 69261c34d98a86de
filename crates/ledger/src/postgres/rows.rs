//! The rows of a ledger: read with any content, and trusted only after the chain verifies them.

use std::collections::BTreeMap;

use postgres::types::Type;
use postgres::{GenericClient, Row};

use super::failure::Failure;
use crate::chain::Written;
use crate::{Checkpoint, Head};
use evenkeel_model::{Digest, EnvironmentName};

/// The number of rows read at once, so that a long ledger is never in memory as a whole.
pub(super) const AT_ONCE: usize = 5_000;

/// Converts a number to the database's type. A ledger cannot reach a number out of its range.
pub(super) fn kept(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A stored row.
pub(super) struct Stored {
    pub(super) sequence: u64,
    pub(super) line: String,
    pub(super) digest: Vec<u8>,
}

fn stored(row: &Row) -> Result<Stored, Failure> {
    Ok(Stored {
        sequence: u64::try_from(row.try_get::<_, i64>(0)?).unwrap_or(0),
        line: row.try_get(1)?,
        digest: row.try_get(2)?,
    })
}

/// Returns some of the rows after `after`, in order; none at the end.
pub(super) fn after(
    client: &mut impl GenericClient,
    schema: &str,
    after: u64,
    limit: Option<u64>,
) -> Result<Vec<Stored>, Failure> {
    let most = kept(AT_ONCE as u64);
    let limit = limit.map_or(most, kept).min(most);
    let rows = client.query_typed(
        &format!(
            "SELECT sequence, line, digest FROM {schema}.entry WHERE sequence > $1 ORDER BY sequence LIMIT $2"
        ),
        &[(&kept(after), Type::INT8), (&limit, Type::INT8)],
    )?;
    rows.iter().map(stored).collect()
}

/// Returns one row.
pub(super) fn at(
    client: &mut impl GenericClient,
    schema: &str,
    sequence: u64,
) -> Result<Option<Stored>, Failure> {
    let row = client.query_typed_opt(
        &format!("SELECT sequence, line, digest FROM {schema}.entry WHERE sequence = $1"),
        &[(&kept(sequence), Type::INT8)],
    )?;
    row.as_ref().map(stored).transpose()
}

/// Returns the last row; `None` when there is none.
pub(super) fn last(
    client: &mut impl GenericClient,
    schema: &str,
) -> Result<Option<Stored>, Failure> {
    let row = client.query_typed_opt(
        &format!(
            "SELECT sequence, line, digest FROM {schema}.entry ORDER BY sequence DESC LIMIT 1"
        ),
        &[],
    )?;
    row.as_ref().map(stored).transpose()
}

/// The columns of lines.
type Columns<'a> = (Vec<i64>, Vec<&'a str>, Vec<&'a [u8]>);

fn columns(lines: &[Written]) -> Columns<'_> {
    let lines = lines.iter();
    (
        lines.clone().map(|line| kept(line.sequence)).collect(),
        lines.clone().map(|line| line.line.as_str()).collect(),
        lines
            .map(|line| line.digest.as_bytes().as_slice())
            .collect(),
    )
}

/// Inserts lines.
pub(super) fn insert(
    client: &mut impl GenericClient,
    schema: &str,
    lines: &[Written],
) -> Result<(), Failure> {
    let (sequences, texts, digests) = columns(lines);
    client.execute_typed(
        &format!(
            "INSERT INTO {schema}.entry (sequence, line, digest) SELECT * FROM unnest($1::bigint[], $2::text[], $3::bytea[])"
        ),
        &[
            (&sequences, Type::INT8_ARRAY),
            (&texts, Type::TEXT_ARRAY),
            (&digests, Type::BYTEA_ARRAY),
        ],
    )?;
    Ok(())
}

/// Inserts lines and writes the head, in one statement.
pub(super) fn insert_with_head(
    client: &mut impl GenericClient,
    schema: &str,
    lines: &[Written],
    head: &Checkpoint,
) -> Result<(), Failure> {
    let (sequences, texts, digests) = columns(lines);
    client.execute_typed(
        &format!(
            "WITH added AS (INSERT INTO {schema}.entry (sequence, line, digest) \
             SELECT * FROM unnest($1::bigint[], $2::text[], $3::bytea[])) \
             UPDATE {schema}.head SET lineage = $4, sequence = $5, digest = $6"
        ),
        &[
            (&sequences, Type::INT8_ARRAY),
            (&texts, Type::TEXT_ARRAY),
            (&digests, Type::BYTEA_ARRAY),
            (&head.lineage, Type::TEXT),
            (&kept(head.sequence), Type::INT8),
            (&head.digest.as_bytes().as_slice(), Type::BYTEA),
        ],
    )?;
    Ok(())
}

/// The row that every writer locks, with the content of the head.
pub(super) struct HeadRow {
    pub(super) head: Head,
    pub(super) key: Option<Digest>,
}

fn head_row(row: Option<&Row>) -> Result<HeadRow, Failure> {
    let Some(row) = row else {
        return Ok(HeadRow {
            head: Head::Absent,
            key: None,
        });
    };
    let lineage: Option<String> = row.try_get(0)?;
    let sequence: Option<i64> = row.try_get(1)?;
    let digest: Option<Vec<u8>> = row.try_get(2)?;
    let key: Option<Vec<u8>> = row.try_get(3)?;
    let bytes = |bytes: &[u8]| <[u8; 32]>::try_from(bytes).ok().map(Digest::from_bytes);
    let head = match (lineage, sequence, digest) {
        (None, None, None) => Head::Absent,
        (Some(lineage), Some(sequence), Some(digest)) => {
            match (u64::try_from(sequence), bytes(&digest)) {
                (Ok(sequence), Some(digest)) => Head::Known(Checkpoint {
                    digest,
                    lineage,
                    sequence,
                }),
                _ => Head::Unreadable,
            }
        }
        _ => Head::Unreadable,
    };
    Ok(HeadRow {
        head,
        key: key.as_deref().and_then(bytes),
    })
}

/// Returns the head.
pub(super) fn head(client: &mut impl GenericClient, schema: &str) -> Result<HeadRow, Failure> {
    let row = client.query_typed_opt(
        &format!("SELECT lineage, sequence, digest, key FROM {schema}.head"),
        &[],
    )?;
    head_row(row.as_ref())
}

/// Locks the head until the transaction ends, and returns it. One writer at a time gets it.
pub(super) fn lock_head(client: &mut impl GenericClient, schema: &str) -> Result<HeadRow, Failure> {
    let statement = format!("SELECT lineage, sequence, digest, key FROM {schema}.head FOR UPDATE");
    let mut row = client.query_typed_opt(&statement, &[])?;
    if row.is_none() {
        // Without the row, nothing would be locked.
        client.execute_typed(
            &format!("INSERT INTO {schema}.head DEFAULT VALUES ON CONFLICT DO NOTHING"),
            &[],
        )?;
        row = client.query_typed_opt(&statement, &[])?;
    }
    head_row(row.as_ref())
}

/// Returns the last row, and the newest token of an environment if one is named; zero when there is none. Only a statement
/// after the one that locks the head sees what the writer before appended.
pub(super) fn last_and_token(
    client: &mut impl GenericClient,
    schema: &str,
    environment: Option<&EnvironmentName>,
) -> Result<Option<(Stored, u64)>, Failure> {
    let row = client.query_typed_opt(
        &format!(
            "SELECT sequence, line, digest, (SELECT token FROM {schema}.lease WHERE environment = $1) \
             FROM {schema}.entry ORDER BY sequence DESC LIMIT 1"
        ),
        &[(&environment.map(EnvironmentName::as_str), Type::TEXT)],
    )?;
    let Some(row) = row else {
        return Ok(None);
    };
    let token: Option<i64> = row.try_get(3)?;
    let token = u64::try_from(token.unwrap_or(0)).unwrap_or(0);
    Ok(Some((stored(&row)?, token)))
}

/// Writes the head.
pub(super) fn set_head(
    client: &mut impl GenericClient,
    schema: &str,
    head: &Checkpoint,
) -> Result<(), Failure> {
    client.execute_typed(
        &format!("UPDATE {schema}.head SET lineage = $1, sequence = $2, digest = $3"),
        &[
            (&head.lineage, Type::TEXT),
            (&kept(head.sequence), Type::INT8),
            (&head.digest.as_bytes().as_slice(), Type::BYTEA),
        ],
    )?;
    Ok(())
}

/// Stores the fingerprint of the key.
pub(super) fn set_key(
    client: &mut impl GenericClient,
    schema: &str,
    fingerprint: Digest,
) -> Result<(), Failure> {
    client.execute_typed(
        &format!("UPDATE {schema}.head SET key = $1"),
        &[(&fingerprint.as_bytes().as_slice(), Type::BYTEA)],
    )?;
    Ok(())
}

/// Returns the newest token of an environment; zero when there is none.
pub(super) fn token(
    client: &mut impl GenericClient,
    schema: &str,
    environment: &EnvironmentName,
) -> Result<u64, Failure> {
    let row = client.query_typed_opt(
        &format!("SELECT token FROM {schema}.lease WHERE environment = $1"),
        &[(&environment.as_str(), Type::TEXT)],
    )?;
    match row {
        None => Ok(0),
        Some(row) => Ok(u64::try_from(row.try_get::<_, i64>(0)?).unwrap_or(0)),
    }
}

/// Returns the newest tokens of all environments.
pub(super) fn all_tokens(
    client: &mut impl GenericClient,
    schema: &str,
) -> Result<BTreeMap<EnvironmentName, u64>, Failure> {
    let rows = client.query_typed(
        &format!("SELECT environment, token FROM {schema}.lease"),
        &[],
    )?;
    rows.iter()
        .map(|row| {
            let environment: String = row.try_get(0)?;
            let token: i64 = row.try_get(1)?;
            Ok((
                EnvironmentName::new(&environment),
                u64::try_from(token).unwrap_or(0),
            ))
        })
        .collect()
}

/// Stores the newest token of an environment.
pub(super) fn keep_token(
    client: &mut impl GenericClient,
    schema: &str,
    environment: &EnvironmentName,
    token: u64,
) -> Result<(), Failure> {
    client.execute_typed(
        &format!(
            "INSERT INTO {schema}.lease (environment, token) VALUES ($1, $2) \
             ON CONFLICT (environment) DO UPDATE SET token = excluded.token"
        ),
        &[
            (&environment.as_str(), Type::TEXT),
            (&kept(token), Type::INT8),
        ],
    )?;
    Ok(())
}
