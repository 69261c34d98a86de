//! Report files: written atomically, and never through a link.

use std::fs::{self, File, Permissions};
use std::io::{self, BufWriter, Read as _, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// Rejects a path that cannot be replaced by a file, before the work, since the report would be lost afterwards.
///
/// # Errors
///
/// The reason.
pub fn check(path: &Path) -> io::Result<()> {
    match fs::metadata(directory(path)) {
        Ok(metadata) if metadata.is_dir() => {}
        Ok(_) => return Err(io::Error::other("its directory is not a directory")),
        Err(error) => {
            let reason = match error.kind() {
                io::ErrorKind::NotFound => "its directory is missing".to_owned(),
                _ => format!("its directory: {error}"),
            };
            return Err(io::Error::new(error.kind(), reason));
        }
    }
    existing(path).map(|_| ())
}

/// Writes a temporary file beside the destination, and moves it there. A replaced file keeps its permissions.
///
/// # Errors
///
/// When it cannot be written, or `path` is not a regular file.
pub fn write(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let kept = existing(path)?;
    let mut file = tempfile::Builder::new()
        .prefix(".evenkeel-report-")
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(directory(path))?;
    if let Some(kept) = kept {
        file.as_file().set_permissions(kept)?;
    }
    let mut to = BufWriter::new(file.as_file_mut());
    write(&mut to)?;
    to.flush()?;
    drop(to);
    file.as_file().sync_all()?;
    // A link that appears meanwhile is replaced, not followed.
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// Appends to a file, and creates a missing one. `text` receives the length of the file, and may return `None`.
///
/// # Errors
///
/// When it cannot be written, or is not a regular file.
pub fn append(path: &Path, text: impl FnOnce(u64) -> Option<String>) -> io::Result<()> {
    let mut file = File::options().append(true).create(true).open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    match text(metadata.len()) {
        Some(text) => file.write_all(text.as_bytes()),
        None => Ok(()),
    }
}

/// Returns an unpredictable random word.
///
/// # Errors
///
/// When the system returns no random bytes.
pub fn token() -> io::Result<String> {
    let mut bytes = [0; 16];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Returns the directory of a file.
fn directory(path: &Path) -> &Path {
    path.parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

/// Returns the permissions of the regular file at a path; `None` if it is missing.
fn existing(path: &Path) -> io::Result<Option<Permissions>> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_file() => Ok(Some(metadata.permissions())),
        Ok(metadata) if metadata.is_symlink() => Err(io::Error::other(
            "it is a symbolic link, which is not followed",
        )),
        Ok(metadata) if metadata.is_dir() => Err(io::Error::other("it is a directory")),
        Ok(_) => Err(io::Error::other("it is not a regular file")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::{check, write};

    #[test]
    fn a_file_is_replaced_as_a_whole_and_keeps_its_permissions() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("report");
        write(&path, |to| to.write_all(b"one")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let failed = write(&path, |to| {
            to.write_all(b"half")?;
            Err(std::io::Error::other("full"))
        });
        assert!(failed.is_err());
        assert_eq!(fs::read(&path).unwrap(), b"one");
        write(&path, |to| to.write_all(b"two")).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert_eq!(
            fs::read_dir(home.path()).unwrap().count(),
            1,
            "nothing is left over"
        );
    }

    #[test]
    fn links_directories_and_missing_directories_are_refused() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        fs::write(at("target"), "kept").unwrap();
        symlink(at("target"), at("link")).unwrap();
        symlink(at("nowhere"), at("dangling")).unwrap();
        for name in ["link", "dangling", "", "target/report", "missing/report"] {
            assert!(check(&at(name)).is_err(), "{name}");
            assert!(
                write(&at(name), |to| to.write_all(b"lost")).is_err(),
                "{name}"
            );
        }
        assert_eq!(fs::read(at("target")).unwrap(), b"kept");
        assert!(!at("nowhere").exists());
    }
}
