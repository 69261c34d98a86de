//! The library of TLS, and the certificates that the host trusts.

use std::path::Path;

use super::{Group, bytes};
use crate::local::tool::{NotRun, Tool};
use evenkeel_model::Digest;

/// Where the trusted certificates are, by family of operating systems.
const BUNDLES: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

pub(super) fn read(group: &mut Group) {
    match Tool::new("openssl").arg("version").run() {
        Ok(ran) => match ran.succeeded() {
            Ok(text) => {
                let version: Vec<&str> = text.split_whitespace().take(2).collect();
                group.add(&["openssl"], &version.join(" "));
            }
            Err(reason) => group.miss(reason),
        },
        Err(NotRun::Missing(_)) => {}
        Err(other) => group.miss(other.to_string()),
    }
    for path in BUNDLES {
        match bytes(Path::new(path)) {
            Ok(Some(bytes)) => {
                group.add(&["trusted-certificates"], &Digest::of(&bytes).to_string());
                return;
            }
            Ok(None) => {}
            Err(reason) => group.miss(format!("`{path}`: {reason}")),
        }
    }
}
