//! The project's key for sealing secrets.
//!
//! The key is created once and stored beside the ledger, readable only by its owner. Callers decide what to seal.

use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::{files, opening};
use crate::{LedgerError, random};
use evenkeel_model::{Digest, Sealer};

/// The file's name.
const NAME: &str = "key";

/// Returns the sealer with the project's key; creates a key if none exists.
///
/// Two concurrent processes get the same key.
///
/// # Errors
///
/// [`LedgerError::Unusable`] when others may read it or it is not a key, [`LedgerError::Storage`] otherwise.
pub fn open_or_make(folder: &Path) -> Result<Sealer, LedgerError> {
    files::ensure(folder)?;
    if let Some(sealer) = open_existing(folder)? {
        return Ok(sealer);
    }
    let path = path(folder);
    let random = Zeroizing::new(
        random::bytes::<32>()
            .map_err(|error| LedgerError::storage("create a key for", &path, error))?,
    );
    let mut text = Zeroizing::new(Digest::from_bytes(*random).hex());
    text.push('\n');
    files::publish(folder, NAME, text.as_bytes())
        .map_err(|error| LedgerError::storage("write", &path, error))?;
    // Another process may have been first: read the key that is stored now.
    open_existing(folder)?.ok_or_else(|| {
        LedgerError::storage("read", &path, io::Error::from(io::ErrorKind::NotFound))
    })
}

/// Makes a key the project's, unless it has another one.
///
/// # Errors
///
/// [`LedgerError::Unusable`] when the project has another key, and otherwise like [`open_or_make`].
pub fn adopt(folder: &Path, sealer: &Sealer) -> Result<(), LedgerError> {
    files::ensure(folder)?;
    let path = path(folder);
    if open_existing(folder)?.is_none() {
        let mut text = Zeroizing::new(Digest::from_bytes(*sealer.reveal_key()).hex());
        text.push('\n');
        files::publish(folder, NAME, text.as_bytes())
            .map_err(|error| LedgerError::storage("write", &path, error))?;
    }
    match open_existing(folder)? {
        Some(kept) if kept.fingerprint() == sealer.fingerprint() => Ok(()),
        _ => Err(LedgerError::unusable(
            &path,
            "it is another key than the copied ledger's",
            "move it away, if nothing was sealed with it",
        )),
    }
}

/// Returns the sealer with the project's key; `None` when no key exists. Creates nothing.
///
/// # Errors
///
/// Like [`open_or_make`].
pub fn open_existing(folder: &Path) -> Result<Option<Sealer>, LedgerError> {
    let path = path(folder);
    let read = |error| LedgerError::storage("read", &path, error);
    let Some(mut file) = opening::open(folder, &[NAME])? else {
        return Ok(None);
    };
    let mode = file.metadata().map_err(read)?.mode();
    if mode & 0o077 != 0 {
        return Err(LedgerError::unusable(
            &path,
            &format!(
                "its mode {:04o} permits other users to read the key",
                mode & 0o7777
            ),
            &format!(
                "run `chmod 600 {}`, and rotate the secrets if other users had access",
                path.display()
            ),
        ));
    }
    let mut text = Zeroizing::new(String::with_capacity(256));
    Read::by_ref(&mut file)
        .take(256)
        .read_to_string(&mut text)
        .map_err(read)?;
    let Ok(key) = text.trim_ascii_end().parse::<Digest>() else {
        return Err(LedgerError::unusable(
            &path,
            "expected 64 hexadecimal digits",
            "restore it from a backup; with another key, every secret is reported as changed",
        ));
    };
    Ok(Some(Sealer::new(*key.as_bytes())))
}

fn path(folder: &Path) -> PathBuf {
    folder.join(NAME)
}

#[cfg(test)]
mod tests {
    use super::{open_existing, open_or_make};
    use crate::LedgerError;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn concurrent_creators_get_the_same_key() {
        let world = tempfile::tempdir().unwrap();
        assert!(open_existing(world.path()).unwrap().is_none());
        let seals: std::collections::BTreeSet<_> = std::thread::scope(|scope| {
            let makers: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| open_or_make(world.path()).unwrap().seal(b"secret")))
                .collect();
            makers
                .into_iter()
                .map(|maker| maker.join().unwrap())
                .collect()
        });
        assert_eq!(seals.len(), 1);
        let kept = open_existing(world.path()).unwrap().unwrap();
        assert!(seals.contains(&kept.seal(b"secret")));
        let mode = fs::metadata(world.path().join("key"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_key_readable_by_others_is_refused() {
        let world = tempfile::tempdir().unwrap();
        open_or_make(world.path()).unwrap();
        let path = world.path().join("key");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let refused = open_or_make(world.path()).unwrap_err();
        assert!(matches!(refused, LedgerError::Unusable { .. }));
        assert!(refused.to_string().contains("chmod 600"), "{refused}");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&path, "short").unwrap();
        assert!(matches!(
            open_or_make(world.path()),
            Err(LedgerError::Unusable { .. })
        ));
    }
}
