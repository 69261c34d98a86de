//! The folder of a ledger: created private, checked, and written so that a power cut leaves either the old or the new
//! file.
//!
//! This module handles files and knows nothing about entries.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use crate::LedgerError;

/// Creates the folder, readable only by its owner, if it is missing; rejects an unsuitable one.
///
/// # Errors
///
/// [`LedgerError::Unusable`] for a symbolic link or a network file system, [`LedgerError::Storage`] otherwise.
pub fn ensure(folder: &Path) -> Result<(), LedgerError> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Ok(()) => {
            ignore(folder).map_err(|error| LedgerError::storage("write to", folder, error))?;
            sync(folder.parent().unwrap_or(folder))
                .map_err(|error| LedgerError::storage("make durable", folder, error))?;
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(LedgerError::storage("create the folder", folder, error)),
    }
    check(folder)
}

/// Keeps a folder out of version control. Keeps an existing `.gitignore`.
fn ignore(folder: &Path) -> io::Result<()> {
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(folder.join(".gitignore"));
    match file {
        Ok(mut file) => file.write_all(b"*\n"),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

/// Rejects a folder that cannot hold a ledger.
///
/// # Errors
///
/// Like [`ensure`].
pub fn check(folder: &Path) -> Result<(), LedgerError> {
    let facts = fs::symlink_metadata(folder)
        .map_err(|error| LedgerError::storage("check", folder, error))?;
    if facts.file_type().is_symlink() {
        return Err(LedgerError::unusable(
            folder,
            "it is a symbolic link, and its target may change",
            "use a separate folder",
        ));
    }
    if !facts.is_dir() {
        return Err(LedgerError::unusable(
            folder,
            "not a folder",
            "move it away",
        ));
    }
    private(folder, &facts)?;
    if let Some(name) = network(folder)? {
        return Err(LedgerError::unusable(
            folder,
            &format!("it is on {name}, where locks and syncs are unreliable"),
            "store the ledger on a local disk",
        ));
    }
    Ok(())
}

/// The files of a ledger's folder that determine its content.
const CONTENTS: [&str; 6] = [
    "ledger.db",
    "ledger.db-wal",
    "head",
    "objects",
    "locks",
    "snapshot",
];

/// Rejects a folder in which other users can write to a file of the ledger.
///
/// # Errors
///
/// Like [`ensure`].
pub fn check_contents(folder: &Path) -> Result<(), LedgerError> {
    for name in CONTENTS {
        let path = folder.join(name);
        match fs::symlink_metadata(&path) {
            // Special files are rejected when they are opened.
            Ok(facts) if facts.is_file() || facts.is_dir() => private(&path, &facts)?,
            _ => {}
        }
    }
    Ok(())
}

/// Rejects files that other users can write: they could add an approval or truncate the ledger.
fn private(path: &Path, facts: &fs::Metadata) -> Result<(), LedgerError> {
    let mode = facts.mode() & 0o7777;
    if mode & 0o022 != 0 {
        return Err(LedgerError::unusable(
            path,
            &format!("its mode {mode:04o} permits writes by other users"),
            &format!(
                "run `chmod -R go-rwx {}`, then `evenkeel audit verify`",
                path.display()
            ),
        ));
    }
    let user = rustix::process::geteuid().as_raw();
    // Root may work in another user's project on that user's request.
    if user != 0 && ![user, 0].contains(&facts.uid()) {
        return Err(LedgerError::unusable(
            path,
            &format!("it belongs to user {}, which can write to it", facts.uid()),
            "use a ledger that belongs to the current user",
        ));
    }
    Ok(())
}

/// Rejects a symbolic link; a missing file is accepted. Returns whether it exists.
///
/// # Errors
///
/// Like [`ensure`].
pub fn is_there(path: &Path) -> Result<bool, LedgerError> {
    match fs::symlink_metadata(path) {
        Ok(facts) if facts.is_file() => Ok(true),
        Ok(_) => Err(LedgerError::unusable(
            path,
            "not a regular file",
            "move it away, or restore the file from a backup",
        )),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(LedgerError::storage("check", path, error)),
    }
}

/// Network file systems by the magic number of `statfs`.
const NETWORK: &[(u32, &str)] = &[
    (0x6969, "NFS"),
    (0x517b, "SMB"),
    (0xfe53_4d42, "SMB"),
    (0xff53_4d42, "CIFS"),
    (0x564c, "NCP"),
    (0x5346_414f, "AFS"),
    (0x6b41_4653, "AFS"),
    (0x7375_7245, "Coda"),
    (0x00c3_6400, "Ceph"),
    (0x0102_1997, "9P"),
    (0x0bd0_0bd0, "Lustre"),
    (0x4750_4653, "GPFS"),
    (0x7461_636f, "OCFS2"),
    (0x0116_1970, "GFS2"),
    (0x786f_4256, "a VirtualBox share"),
    (0x6573_5546, "FUSE"),
];

/// Returns the name of the network file system that contains `folder`, if any.
#[cfg(target_os = "linux")]
fn network(folder: &Path) -> Result<Option<&'static str>, LedgerError> {
    let facts = rustix::fs::statfs(folder)
        .map_err(|error| LedgerError::storage("find the file system of", folder, error))?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "magic numbers have 32 bits"
    )]
    Ok(named(facts.f_type as u32))
}

/// Other systems do not report the number; their lock checks must suffice.
#[cfg(not(target_os = "linux"))]
fn network(_: &Path) -> Result<Option<&'static str>, LedgerError> {
    let _ = named;
    Ok(None)
}

fn named(magic: u32) -> Option<&'static str> {
    NETWORK
        .iter()
        .find(|(number, _)| *number == magic)
        .map(|(_, name)| *name)
}

/// Makes the names in a folder durable.
///
/// # Errors
///
/// When the system fails.
pub fn sync(folder: &Path) -> io::Result<()> {
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    File::open(folder)?.sync_all()
}

/// Writes a private file durably under its final name, unless that name exists; returns whether it wrote it.
///
/// # Errors
///
/// When the system fails; the name does not exist then.
pub fn publish(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<bool> {
    let mut temporary = tempfile::Builder::new()
        .prefix(".new-")
        .tempfile_in(folder)?;
    temporary.write_all(bytes)?;
    temporary.as_file().sync_all()?;
    let written = match temporary.persist_noclobber(folder.join(name)) {
        Ok(_) => true,
        Err(refused) if refused.error.kind() == io::ErrorKind::AlreadyExists => false,
        Err(refused) => return Err(refused.error),
    };
    sync(folder)?;
    Ok(written)
}

/// Opens a private file for locking and writing, without truncating it.
///
/// # Errors
///
/// When the system fails.
pub fn open_private(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(
            (rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK)
                .bits()
                .cast_signed(),
        )
        .open(path)
}

#[cfg(test)]
mod tests {
    use super::{LedgerError, check_contents, ensure, named, publish};
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_folder_is_private_and_never_a_link() {
        let world = tempfile::tempdir().unwrap();
        let folder = world.path().join("ledger");
        ensure(&folder).unwrap();
        ensure(&folder).unwrap();
        let mode = std::fs::metadata(&folder).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        let link = world.path().join("link");
        std::os::unix::fs::symlink(&folder, &link).unwrap();
        assert!(matches!(ensure(&link), Err(LedgerError::Unusable { .. })));
    }

    #[test]
    fn files_writable_by_others_are_refused_and_readable_ones_are_not() {
        let world = tempfile::tempdir().unwrap();
        let folder = world.path().join("ledger");
        ensure(&folder).unwrap();
        std::fs::create_dir(folder.join("objects")).unwrap();
        std::fs::write(folder.join("ledger.db"), "").unwrap();
        let mode = |name: &str, mode: u32| {
            let path = folder.join(name);
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        };
        for (name, good) in [("", 0o700), ("objects", 0o700), ("ledger.db", 0o600)] {
            for open in [0o777, 0o720, 0o702, 0o770] {
                mode(name, open);
                let refused = ensure(&folder).and_then(|()| check_contents(&folder));
                let refused = refused.unwrap_err().to_string();
                assert!(refused.contains("chmod"), "{name}: {refused}");
            }
            for private in [0o755, good] {
                mode(name, private);
                ensure(&folder).unwrap();
                check_contents(&folder).unwrap();
            }
        }
    }

    #[test]
    fn network_file_systems_are_recognised() {
        assert_eq!(named(0x6969), Some("NFS"));
        assert_eq!(named(0xef53), None);
    }

    #[test]
    fn a_name_is_taken_once() {
        let world = tempfile::tempdir().unwrap();
        assert!(publish(world.path(), "name", b"one").unwrap());
        assert!(!publish(world.path(), "name", b"two").unwrap());
        assert_eq!(std::fs::read(world.path().join("name")).unwrap(), b"one");
        assert_eq!(std::fs::read_dir(world.path()).unwrap().count(), 1);
    }
}
