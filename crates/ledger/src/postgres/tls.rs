//! Encryption of the connection: always verified, or explicitly none.
//!
//! `address` decides which.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt as _;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::LedgerError;

/// The authorities that a server's certificate must come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    /// No encryption: the connection does not leave this machine, or its address says so.
    Unencrypted,
    /// Those of this machine.
    Machine,
    /// Those in this file, as PEM.
    File(PathBuf),
}

/// Returns the maker of encrypted connections; `None` where none is wanted.
///
/// # Errors
///
/// When the authorities cannot be read.
pub(super) fn encryption(
    trust: &Trust,
    place: &str,
) -> Result<Option<MakeRustlsConnect>, LedgerError> {
    let failed = |reason: String| {
        LedgerError::unusable(
            Path::new(place),
            &format!("the server's certificate cannot be verified: {reason}"),
            "name a file of authorities with `sslrootcert=FILE` in the address",
        )
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = || {
        ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| failed(error.to_string()))
    };
    let config = match trust {
        Trust::Unencrypted => return Ok(None),
        Trust::Machine => builder()?
            .with_platform_verifier()
            .map_err(|error| failed(error.to_string()))?
            .with_no_client_auth(),
        Trust::File(path) => {
            let unreadable = |error: rustls::pki_types::pem::Error| {
                failed(format!("{}: {error}", path.display()))
            };
            let mut roots = RootCertStore::empty();
            for certificate in CertificateDer::pem_file_iter(path).map_err(unreadable)? {
                roots
                    .add(certificate.map_err(unreadable)?)
                    .map_err(|error| failed(format!("{}: {error}", path.display())))?;
            }
            if roots.is_empty() {
                return Err(failed(format!("{} has no certificate", path.display())));
            }
            builder()?
                .with_root_certificates(roots)
                .with_no_client_auth()
        }
    };
    Ok(Some(MakeRustlsConnect::new(config)))
}
