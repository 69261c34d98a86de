//! The directory of the sockets of open connections: short, since a socket's path has at most 107 bytes, and readable
//! by its account alone, since opening a socket there is a login.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::login;
use evenkeel_host::reason::why_io;
use evenkeel_model::Digest;

/// Longest path of a socket in bytes that `ssh` can make: it adds a suffix of 17 while it is made.
const LONGEST: usize = 107 - 17;

/// Files of OpenSSH's configuration that decide where a name leads.
const CONFIGURATION: [&str; 2] = ["/etc/ssh/ssh_config", "/etc/ssh/ssh_config.d"];

/// Returns the socket of the connection to a destination, and makes its directory.
///
/// Another configuration of OpenSSH has other sockets: a name may lead elsewhere since it was edited.
///
/// # Errors
///
/// When no directory is safe.
pub fn socket(destination: &str, variables: &BTreeMap<String, String>) -> Result<PathBuf, String> {
    let directory = directory(variables)?;
    let mut known = vec![destination.as_bytes().to_vec()];
    if let Some(named) = variables.get(login::CONFIGURATION) {
        known.push(named.as_bytes().to_vec());
        describe(Path::new(named), &mut known);
    } else {
        for path in CONFIGURATION {
            describe(Path::new(path), &mut known);
        }
        if let Some(home) = variables.get("HOME") {
            for name in ["config", "config.d"] {
                describe(&Path::new(home).join(".ssh").join(name), &mut known);
            }
        }
    }
    let name = Digest::of_record("evenkeel ssh socket 1", &known).hex();
    let socket = directory.join(name.get(..16).unwrap_or(&name));
    if socket.as_os_str().len() > LONGEST {
        return Err(format!(
            "cannot be reached: the path {} is too long for a socket; set XDG_RUNTIME_DIR to a shorter directory",
            socket.display()
        ));
    }
    Ok(socket)
}

/// Adds the state of a file, or of the files of a directory. What cannot be read counts as absent: `ssh` complains about it.
fn describe(path: &Path, known: &mut Vec<Vec<u8>>) {
    let mut files: Vec<PathBuf> = match fs::read_dir(path) {
        Ok(entries) => entries.flatten().map(|entry| entry.path()).collect(),
        Err(_) => vec![path.to_owned()],
    };
    files.sort();
    for file in files {
        if let Ok(metadata) = fs::metadata(&file) {
            let state = format!(
                "{} {} {} {}",
                file.display(),
                metadata.len(),
                metadata.mtime(),
                metadata.mtime_nsec()
            );
            known.push(state.into_bytes());
        }
    }
}

/// Reads a file beside the sockets that was written not longer than some time ago.
pub fn recent(path: &Path, within: Duration) -> Option<String> {
    let age = fs::symlink_metadata(path).ok()?.modified().ok()?.elapsed();
    // A time in the future is none to rely on.
    if age.is_ok_and(|age| age < within) {
        return fs::read_to_string(path).ok();
    }
    None
}

/// Writes such a file. If that fails, it is absent or as before.
pub fn keep(path: &Path, text: &str) {
    let process = std::process::id();
    let new = path.with_extension(format!("{process}.new"));
    let written = fs::write(&new, text).and_then(|()| fs::rename(&new, path));
    if written.is_err() {
        let _ = fs::remove_file(&new);
    }
}

fn directory(variables: &BTreeMap<String, String>) -> Result<PathBuf, String> {
    let account = rustix::process::getuid().as_raw();
    let directory = match variables.get("XDG_RUNTIME_DIR") {
        Some(runtime) if runtime.starts_with('/') => Path::new(runtime).join("evenkeel"),
        _ => PathBuf::from(format!("/tmp/evenkeel-{account}")),
    };
    let refused = |reason: String| {
        format!(
            "cannot be reached: {} cannot hold connections: {reason}",
            directory.display()
        )
    };
    match fs::DirBuilder::new().mode(0o700).create(&directory) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(refused(why_io(&error))),
    }
    // In a directory that others can write, it may be a link, or another account's.
    let metadata = fs::symlink_metadata(&directory).map_err(|error| refused(why_io(&error)))?;
    if !metadata.is_dir() || metadata.uid() != account || metadata.mode() & 0o077 != 0 {
        return Err(refused(
            "another account owns it or can read it; remove it, or set XDG_RUNTIME_DIR".to_owned(),
        ));
    }
    Ok(directory)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    use std::path::Path;

    use super::socket;

    fn variables(runtime: &Path, home: &Path) -> BTreeMap<String, String> {
        [("XDG_RUNTIME_DIR", runtime), ("HOME", home)]
            .map(|(name, path)| (name.to_owned(), path.to_string_lossy().into_owned()))
            .into()
    }

    #[test]
    fn each_destination_and_each_configuration_has_its_socket() {
        let scratch = tempfile::tempdir().unwrap();
        let home = scratch.path().join("home");
        fs::create_dir_all(home.join(".ssh")).unwrap();
        let variables = variables(scratch.path(), &home);
        let one = socket("web-1", &variables).unwrap();
        assert_eq!(socket("web-1", &variables).unwrap(), one);
        assert_ne!(socket("web-2", &variables).unwrap(), one);
        fs::write(home.join(".ssh/config"), "Host web-1\nHostName other\n").unwrap();
        assert_ne!(socket("web-1", &variables).unwrap(), one);
        let mode = fs::metadata(one.parent().unwrap()).unwrap().permissions();
        assert_eq!(mode.mode() & 0o777, 0o700);
    }

    #[test]
    fn a_directory_that_others_read_or_lead_elsewhere_is_refused() {
        let scratch = tempfile::tempdir().unwrap();
        let ours = scratch.path().join("evenkeel");
        let variables = variables(scratch.path(), scratch.path());
        fs::create_dir(&ours).unwrap();
        fs::set_permissions(&ours, fs::Permissions::from_mode(0o755)).unwrap();
        let refused = socket("web", &variables).unwrap_err();
        assert!(refused.contains("can read it"), "{refused}");
        fs::remove_dir(&ours).unwrap();
        symlink(scratch.path(), &ours).unwrap();
        assert!(socket("web", &variables).is_err());
    }
}
