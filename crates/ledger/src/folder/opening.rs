//! Opens files of the folder: regular files only, through no link, without blocking, and up to a size.
//!
//! The folder may come from an untrusted repository: any file may be a link, a pipe or endless.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags};
use rustix::io::Errno;

use crate::LedgerError;

/// The content of a file.
pub(super) enum Content {
    /// The file is missing.
    Absent,
    /// The file exceeds the limit.
    TooLong,
    /// The whole content.
    Whole(Vec<u8>),
}

/// Opens a regular file for reading by its names below `folder`; `None` when it is missing.
///
/// # Errors
///
/// [`LedgerError::Unusable`] for a link on the way or a special file, [`LedgerError::Storage`] otherwise.
pub(super) fn open(folder: &Path, names: &[&str]) -> Result<Option<File>, LedgerError> {
    let path = names
        .iter()
        .fold(folder.to_owned(), |path, name| path.join(name));
    let opened = descend(folder, names);
    let file = match opened {
        Ok(file) => file,
        Err(Errno::NOENT) => return Ok(None),
        Err(Errno::LOOP | Errno::NOTDIR | Errno::NXIO) => return Err(not_plain(&path)),
        Err(errno) => {
            return Err(LedgerError::storage("open", &path, io::Error::from(errno)));
        }
    };
    let facts = file
        .metadata()
        .map_err(|error| LedgerError::storage("check", &path, error))?;
    if facts.is_file() {
        Ok(Some(file))
    } else {
        Err(not_plain(&path))
    }
}

/// Opens one name after the other, each relative to its parent.
fn descend(folder: &Path, names: &[&str]) -> Result<File, Errno> {
    let flags = OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let mut opened = rustix::fs::openat(CWD, folder, flags | OFlags::DIRECTORY, Mode::empty())?;
    for (number, name) in names.iter().enumerate() {
        let kind = if number + 1 < names.len() {
            OFlags::DIRECTORY
        } else {
            OFlags::empty()
        };
        opened = rustix::fs::openat(&opened, *name, flags | kind, Mode::empty())?;
    }
    Ok(File::from(opened))
}

/// Reads a regular file of at most `most` bytes.
///
/// # Errors
///
/// Like [`open`].
pub(super) fn read(folder: &Path, names: &[&str], most: u64) -> Result<Content, LedgerError> {
    let Some(file) = open(folder, names)? else {
        return Ok(Content::Absent);
    };
    let read = |error| {
        let path = names
            .iter()
            .fold(folder.to_owned(), |path, name| path.join(name));
        LedgerError::storage("read", &path, error)
    };
    let length = file.metadata().map_err(read)?.len();
    if length > most {
        return Ok(Content::TooLong);
    }
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
    // It may grow meanwhile.
    file.take(most.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(read)?;
    Ok(if bytes.len() as u64 > most {
        Content::TooLong
    } else {
        Content::Whole(bytes)
    })
}

fn not_plain(path: &Path) -> LedgerError {
    LedgerError::unusable(
        path,
        "not a regular file in real folders",
        "move it away, or restore the file from a backup",
    )
}

#[cfg(test)]
mod tests {
    use super::{Content, read};
    use crate::LedgerError;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn only_regular_files_behind_no_link_are_read() {
        let world = tempfile::tempdir().unwrap();
        let folder = world.path();
        assert!(matches!(
            read(folder, &["a", "b"], 9).unwrap(),
            Content::Absent
        ));
        fs::create_dir(folder.join("a")).unwrap();
        fs::write(folder.join("a/b"), "0123456789").unwrap();
        assert!(matches!(
            read(folder, &["a", "b"], 9).unwrap(),
            Content::TooLong
        ));
        let Content::Whole(bytes) = read(folder, &["a", "b"], 10).unwrap() else {
            panic!("it is there");
        };
        assert_eq!(bytes, b"0123456789");
        symlink("a", folder.join("link")).unwrap();
        symlink("/dev/zero", folder.join("zero")).unwrap();
        symlink("b", folder.join("a/link")).unwrap();
        let pipe = folder.join("pipe");
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RUSR).unwrap();
        for names in [
            &["link", "b"][..],
            &["zero"],
            &["a", "link"],
            &["pipe"],
            &["a"],
        ] {
            assert!(
                matches!(read(folder, names, 9), Err(LedgerError::Unusable { .. })),
                "{names:?}"
            );
        }
        let linked = folder.join("link");
        assert!(read(&linked, &["b"], 10).is_err());
    }
}
