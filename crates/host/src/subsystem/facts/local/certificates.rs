//! Certificates in the usual places: subject and expiry. Private keys are not read.

use std::path::{Path, PathBuf};

use super::der::{self, Certificate};
use super::{Group, bytes};

/// The most files that are searched.
const MOST_FILES: usize = 500;

pub(super) fn read(group: &mut Group) {
    let mut files: Vec<PathBuf> = Vec::new();
    for directory in [
        "/etc/ssl",
        "/etc/nginx/ssl",
        "/etc/nginx/certs",
        "/etc/pki/tls/certs",
    ] {
        for ending in [".pem", ".crt", ".cer"] {
            files.extend(group.files(directory, ending));
        }
    }
    if Path::new("/etc/letsencrypt/live").exists() {
        for directory in group.files("/etc/letsencrypt/live", "") {
            let path = directory.join("fullchain.pem");
            if directory.is_dir() {
                files.push(path);
            }
        }
    }
    for configuration in configurations(group) {
        if let Some(text) = group.file(configuration) {
            files.extend(named(&text).into_iter().map(PathBuf::from));
        }
    }
    files.sort();
    files.dedup();
    // A bundle of trusted certificates is not the host's own; its digest is a fact of `tls`.
    files.retain(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        !name.starts_with("ca-") && !["cert.pem", "tls-ca-bundle.pem"].contains(&&*name)
    });
    if files.len() > MOST_FILES {
        group.miss(format!(
            "more than {MOST_FILES} files may hold certificates; the others are not read"
        ));
        files.truncate(MOST_FILES);
    }
    for path in files {
        let shown = path.display().to_string();
        match bytes(&path) {
            Ok(Some(bytes)) => match der::first(&bytes) {
                Some(Ok(Certificate { subject, expires })) => {
                    group.add(&[&shown, "subject"], &subject);
                    group.add(&[&shown, "expires"], &expires);
                }
                Some(Err(())) => group.miss(format!("`{shown}` is not a valid certificate")),
                None => {}
            },
            Ok(None) => {}
            Err(reason) => group.miss(format!("`{shown}`: {reason}")),
        }
    }
}

/// Lists the configuration files of web servers.
fn configurations(group: &mut Group) -> Vec<PathBuf> {
    let mut files = vec![PathBuf::from("/etc/nginx/nginx.conf")];
    files.extend(group.files("/etc/nginx/conf.d", ".conf"));
    files.extend(group.files("/etc/nginx/sites-enabled", ""));
    files.extend(group.files("/etc/apache2/sites-enabled", ".conf"));
    files.extend(group.files("/etc/httpd/conf.d", ".conf"));
    files.truncate(MOST_FILES);
    files
}

/// Returns the certificates that a configuration names with an absolute path.
pub(super) fn named(text: &str) -> Vec<String> {
    text.lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            let word = words.next()?;
            let is_one = ["ssl_certificate", "SSLCertificateFile"]
                .iter()
                .any(|known| word.eq_ignore_ascii_case(known));
            let path = words.next()?.trim_matches(['"', '\'', ';']);
            (is_one && path.starts_with('/') && !path.contains('$')).then(|| path.to_owned())
        })
        .collect()
}
