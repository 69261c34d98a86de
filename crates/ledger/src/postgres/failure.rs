//! Failures of a statement: the server's, or the ledger's own.
//!
//! The server's messages are untrusted text; they are data in an error, and reports make them inert.

use std::path::Path;

use postgres::error::SqlState;

use crate::LedgerError;

/// A failure inside a transaction.
#[derive(Debug)]
pub(super) enum Failure {
    /// Of the server or of the connection.
    Server(postgres::Error),
    /// Of the ledger, such as a lost lease.
    Ledger(LedgerError),
}

impl From<postgres::Error> for Failure {
    fn from(error: postgres::Error) -> Self {
        Self::Server(error)
    }
}

impl From<LedgerError> for Failure {
    fn from(error: LedgerError) -> Self {
        Self::Ledger(error)
    }
}

impl Failure {
    /// Returns the error of the failed `operation` on the ledger at `place`.
    pub(super) fn into_error(self, operation: &'static str, place: &str) -> LedgerError {
        let error = match self {
            Self::Ledger(error) => return error,
            Self::Server(error) => error,
        };
        if let Some(mistrust) = mistrust(&error) {
            return LedgerError::unusable(Path::new(place), &mistrust.reason, mistrust.remedy);
        }
        match error.code() {
            // An append-only table was changed, or the role may only read.
            Some(&SqlState::INSUFFICIENT_PRIVILEGE) => LedgerError::unusable(
                Path::new(place),
                &format!("the database refused it: {}", message_of(&error)),
                "use an account that may write to the ledger",
            ),
            Some(
                &SqlState::LOCK_NOT_AVAILABLE
                | &SqlState::QUERY_CANCELED
                | &SqlState::T_R_DEADLOCK_DETECTED,
            ) => LedgerError::Busy {
                operation,
                path: place.to_owned(),
                writer: "another writer holds its head and does not go on; see `pg_stat_activity` of the database"
                    .to_owned(),
            },
            _ => LedgerError::storage(operation, Path::new(place), message_of(&error)),
        }
    }

    /// Returns whether the connection ended, or its server is about to: another connection may succeed.
    pub(super) fn is_disconnected(&self) -> bool {
        match self {
            Self::Ledger(_) => false,
            Self::Server(error) => is_disconnected(error),
        }
    }
}

/// Returns whether this error is of the connection and not of the statement.
pub(super) fn is_disconnected(error: &postgres::Error) -> bool {
    match error.code() {
        // Another connection shows the same certificate.
        None => mistrust(error).is_none(),
        Some(code) => {
            // Class 08 is "connection exception"; a pooler answers with it when its server is gone.
            code.code().starts_with("08")
                || [
                    SqlState::ADMIN_SHUTDOWN,
                    SqlState::CRASH_SHUTDOWN,
                    SqlState::CANNOT_CONNECT_NOW,
                    SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
                ]
                .contains(code)
        }
    }
}

/// Why the encryption that a server offers is refused, and the way out.
struct Mistrust {
    reason: String,
    remedy: &'static str,
}

/// Returns why the server is not trusted; `None` when the failure is another one.
fn mistrust(error: &postgres::Error) -> Option<Mistrust> {
    use rustls::CertificateError as Bad;
    use std::error::Error as _;
    let cause = error.source()?;
    if cause.to_string() == "server does not support TLS" {
        return Some(Mistrust {
            reason: "the server offers no encryption".to_owned(),
            remedy: "enable it on the server, or use `sslmode=disable` for a connection that no one else can read",
        });
    }
    let cause = cause.downcast_ref::<std::io::Error>()?.get_ref()?;
    let rustls::Error::InvalidCertificate(bad) = cause.downcast_ref::<rustls::Error>()? else {
        return None;
    };
    let (reason, remedy) = match bad {
        // The second one: of an authority with a known name and another key.
        Bad::UnknownIssuer | Bad::BadSignature => (
            "comes from an unknown authority".to_owned(),
            "name the file of its authority with `sslrootcert=FILE` in the address",
        ),
        Bad::NotValidForName => (
            "is for another host".to_owned(),
            "use a name of the certificate in the address",
        ),
        Bad::NotValidForNameContext { expected, .. } => (
            format!("is for another host than {}", expected.to_str()),
            "use a name of the certificate in the address",
        ),
        Bad::Expired | Bad::ExpiredContext { .. } => (
            "has expired".to_owned(),
            "renew it on the server; if it is new, check the clock of this machine",
        ),
        Bad::NotValidYet | Bad::NotValidYetContext { .. } => (
            "is not valid yet".to_owned(),
            "check the clock of this machine and the dates of the certificate",
        ),
        other => (
            format!("cannot be verified: {other}"),
            "replace it on the server",
        ),
    };
    Some(Mistrust {
        reason: format!("the server's certificate {reason}"),
        remedy,
    })
}

/// Returns what the server or the connection says, in one line.
pub(super) fn message_of(error: &postgres::Error) -> String {
    use std::error::Error as _;
    if let Some(database) = error.as_db_error() {
        return match database.hint() {
            Some(hint) => format!("{} ({hint})", database.message()),
            None => database.message().to_owned(),
        };
    }
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        cause = inner.source();
    }
    text
}
