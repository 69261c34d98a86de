//! The folder a ledger lives in: made private, checked, and written to so that a loss of power leaves old or new.
//!
//! It knows files and nothing about entries.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use crate::LedgerError;

/// Makes the folder, readable by its owner alone, if it is not there; refuses one that a ledger cannot be kept in.
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

/// Keeps a folder out of version control. A `.gitignore` that exists is left alone.
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

/// Refuses a folder that a ledger cannot be kept in.
///
/// # Errors
///
/// As [`ensure`].
pub fn check(folder: &Path) -> Result<(), LedgerError> {
    let facts = fs::symlink_metadata(folder)
        .map_err(|error| LedgerError::storage("look at", folder, error))?;
    if facts.file_type().is_symlink() {
        return Err(LedgerError::unusable(
            folder,
            "it is a symbolic link, and what it leads to may change",
            "use a folder of its own",
        ));
    }
    if !facts.is_dir() {
        return Err(LedgerError::unusable(
            folder,
            "it is not a folder",
            "move it away",
        ));
    }
    private(folder, &facts)?;
    if let Some(name) = network(folder)? {
        return Err(LedgerError::unusable(
            folder,
            &format!("it is on {name}, where locks and syncs do not hold what they promise"),
            "keep the ledger on a local disk",
        ));
    }
    Ok(())
}

/// What lies in the folder of a ledger and decides what the ledger says.
const CONTENTS: [&str; 5] = ["ledger.db", "ledger.db-wal", "head", "objects", "locks"];

/// Refuses a folder in which a file of the ledger is open to others.
///
/// # Errors
///
/// As [`ensure`].
pub fn check_contents(folder: &Path) -> Result<(), LedgerError> {
    for name in CONTENTS {
        let path = folder.join(name);
        match fs::symlink_metadata(&path) {
            // What is no plain file is refused where it is opened.
            Ok(facts) if facts.is_file() || facts.is_dir() => private(&path, &facts)?,
            _ => {}
        }
    }
    Ok(())
}

/// Refuses what others than its owner can write: they could add an approval, or cut the ledger short.
fn private(path: &Path, facts: &fs::Metadata) -> Result<(), LedgerError> {
    let mode = facts.mode() & 0o7777;
    if mode & 0o022 != 0 {
        return Err(LedgerError::unusable(
            path,
            &format!("its mode {mode:04o} lets others write to it"),
            &format!(
                "run `chmod -R go-rwx {}`, then `evenkeel audit verify`",
                path.display()
            ),
        ));
    }
    let user = rustix::process::geteuid().as_raw();
    // Root may work in a project of somebody else, who called it.
    if user != 0 && ![user, 0].contains(&facts.uid()) {
        return Err(LedgerError::unusable(
            path,
            &format!("it belongs to user {}, who can write to it", facts.uid()),
            "use a ledger of the user who runs evenkeel",
        ));
    }
    Ok(())
}

/// Refuses a file that is a symbolic link; one that is not there is fine. Says whether it is there.
///
/// # Errors
///
/// As [`ensure`].
pub fn is_there(path: &Path) -> Result<bool, LedgerError> {
    match fs::symlink_metadata(path) {
        Ok(facts) if facts.is_file() => Ok(true),
        Ok(_) => Err(LedgerError::unusable(
            path,
            "it is not a plain file",
            "move it away, or restore the file from a backup",
        )),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(LedgerError::storage("look at", path, error)),
    }
}

/// The network file systems, by the magic number that `statfs` gives.
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

/// The name of the network file system that `folder` is on, if it is on one.
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

/// Other systems do not give the number; their own lock checks must do.
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
/// What the system says.
pub fn sync(folder: &Path) -> io::Result<()> {
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    File::open(folder)?.sync_all()
}

/// Writes a private file durably under its final name, unless that name is taken; says whether it wrote it.
///
/// # Errors
///
/// What the system says; the name is not taken then.
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

/// Opens a private file for locking and writing, without emptying it.
///
/// # Errors
///
/// What the system says.
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
    fn what_others_can_write_is_refused_and_what_they_can_read_is_not() {
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
    fn network_file_systems_are_known() {
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
