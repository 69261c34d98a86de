//! Bundle: files that appear together, as a new folder or as a new zip archive, or not at all.
//!
//! The same files in the same order give the same bytes: times are fixed. Only the owner can read them, since the caller
//! decides whom to give them to.

use std::fs::{self, File, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, TempDir};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

/// Prefix of temporary names beside the destination.
const PREFIX: &str = ".evenkeel-export-";

/// Files that are being written.
pub struct Bundle {
    to: PathBuf,
    place: Place,
}

enum Place {
    Folder(TempDir),
    Archive(Box<ZipWriter<NamedTempFile>>),
}

impl Bundle {
    /// Starts a bundle: an archive if the name ends with `.zip`, otherwise a folder. An existing file or a folder that is
    /// not empty is an error.
    ///
    /// # Errors
    ///
    /// The reason why the destination cannot be written.
    pub fn new(to: &Path) -> io::Result<Self> {
        let exists = |what: &str| io::Error::new(io::ErrorKind::AlreadyExists, what.to_owned());
        let is_archive = to.extension().is_some_and(|suffix| suffix == "zip");
        match fs::symlink_metadata(to) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
            Ok(found) if found.is_dir() && !is_archive => {
                if fs::read_dir(to)?.next().is_some() {
                    return Err(exists("the folder is not empty"));
                }
            }
            Ok(_) => return Err(exists("it exists")),
        }
        let parent = to
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        let builder = || {
            let mut builder = tempfile::Builder::new();
            builder.prefix(PREFIX);
            builder
        };
        let place = if is_archive {
            let file = builder().tempfile_in(parent)?;
            Place::Archive(Box::new(ZipWriter::new(file)))
        } else {
            Place::Folder(builder().tempdir_in(parent)?)
        };
        Ok(Self {
            to: to.to_owned(),
            place,
        })
    }

    /// Adds a file. `name` is relative, with `/`, and made by this program.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn add(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        match &mut self.place {
            Place::Folder(folder) => {
                let path = folder.path().join(name);
                if let Some(parent) = path.parent() {
                    fs::create_dir_all(parent)?;
                }
                let mut file = File::create_new(&path)?;
                file.set_permissions(Permissions::from_mode(0o600))?;
                file.write_all(bytes)?;
                file.sync_all()
            }
            Place::Archive(archive) => {
                let options = SimpleFileOptions::default()
                    .compression_method(CompressionMethod::Deflated)
                    .last_modified_time(DateTime::default())
                    .large_file(u32::try_from(bytes.len()).is_err())
                    .unix_permissions(0o600);
                archive.start_file(name, options)?;
                archive.write_all(bytes)
            }
        }
    }

    /// Moves the whole bundle to its destination.
    ///
    /// # Errors
    ///
    /// When it cannot be moved; nothing is left then.
    pub fn finish(self) -> io::Result<()> {
        match self.place {
            Place::Folder(folder) => {
                // An empty folder is replaced; one that was filled meanwhile is an error.
                fs::rename(folder.path(), &self.to)?;
                // It has moved, so there is nothing to delete.
                let _ = folder.keep();
                Ok(())
            }
            Place::Archive(archive) => {
                let file = archive.finish()?;
                file.as_file().sync_all()?;
                file.persist_noclobber(&self.to)
                    .map_err(|error| error.error)?;
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Bundle;

    fn written(to: &std::path::Path) {
        let mut bundle = Bundle::new(to).unwrap();
        bundle.add("a/b.txt", b"text").unwrap();
        bundle.add("c", &[7; 5000]).unwrap();
        bundle.finish().unwrap();
    }

    #[test]
    fn a_folder_appears_whole_and_replaces_nothing() {
        let desk = tempfile::tempdir().unwrap();
        let to = desk.path().join("export");
        std::fs::create_dir(&to).unwrap();
        written(&to);
        assert_eq!(std::fs::read(to.join("a/b.txt")).unwrap(), b"text");
        assert!(Bundle::new(&to).is_err());
        let mut unfinished = Bundle::new(&desk.path().join("other")).unwrap();
        unfinished.add("a", b"").unwrap();
        drop(unfinished);
        assert_eq!(std::fs::read_dir(desk.path()).unwrap().count(), 1);
    }

    #[test]
    fn equal_archives_have_equal_bytes() {
        let desk = tempfile::tempdir().unwrap();
        let (one, other) = (desk.path().join("1.zip"), desk.path().join("2.zip"));
        written(&one);
        written(&other);
        assert_eq!(std::fs::read(&one).unwrap(), std::fs::read(&other).unwrap());
        assert!(Bundle::new(&one).is_err());
        let mut archive = zip::ZipArchive::new(std::fs::File::open(&one).unwrap()).unwrap();
        let mut text = String::new();
        std::io::Read::read_to_string(&mut archive.by_name("a/b.txt").unwrap(), &mut text).unwrap();
        assert_eq!(text, "text");
    }
}
