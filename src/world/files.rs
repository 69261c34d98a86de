//! Definitions and the files they name, from the working tree or a commit.

use std::collections::BTreeMap;
use std::fs;
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{Mode, OFlags};

use evenkeel_core::environment::Files;
use evenkeel_core::environment::files::{LARGEST, LONGEST, is_definition, shown};
use evenkeel_model::Digest;

use super::git::{GitError, Repository};

/// Longest file that is compared with its committed content; a longer one counts as different.
const LONGEST_COMPARED: u64 = 256 * 1024 * 1024;

/// Working tree.
#[derive(Debug, Clone)]
pub struct WorkingTree {
    /// Directory of the definitions.
    pub directory: PathBuf,
}

impl WorkingTree {
    /// Opens a regular file of at most `most` bytes; `None` if it is missing. Opening a pipe or a device does not
    /// block.
    fn open(&self, path: &str, most: u64) -> Result<Option<(fs::File, u64)>, String> {
        let path = self.directory.join(path);
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
        let opened = rustix::fs::open(&path, flags, Mode::empty()).map_err(std::io::Error::from);
        let file = match opened {
            Ok(file) => fs::File::from(file),
            Err(error) if is_absent(&error) => return Ok(None),
            Err(error) => return Err(error.to_string()),
        };
        let metadata = file.metadata().map_err(|error| error.to_string())?;
        if !metadata.is_file() {
            return Err("not a file".into());
        }
        if metadata.len() > most {
            return Err(too_large(most));
        }
        Ok(Some((file, metadata.len())))
    }
}

fn too_large(most: u64) -> String {
    format!("larger than {} MiB", most / 1024 / 1024)
}

impl Files for WorkingTree {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, String> {
        let Some((mut file, length)) = self.open(path, LONGEST)? else {
            return Ok(None);
        };
        let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
        // It may grow meanwhile.
        (&mut file)
            .take(LONGEST + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| error.to_string())?;
        if bytes.len() as u64 > LONGEST {
            return Err(too_large(LONGEST));
        }
        Ok(Some(bytes))
    }

    fn digest(&self, path: &str) -> Result<Option<Digest>, String> {
        let Some((file, _)) = self.open(path, LARGEST)? else {
            return Ok(None);
        };
        let mut hasher = blake3::Hasher::new();
        let mut file = file.take(LARGEST + 1);
        hasher
            .update_reader(&mut file)
            .map_err(|error| error.to_string())?;
        if file.limit() == 0 {
            return Err(too_large(LARGEST));
        }
        Ok(Some(Digest::from_bytes(*hasher.finalize().as_bytes())))
    }

    fn definitions(&self) -> Result<Vec<String>, String> {
        let entries = match std::fs::read_dir(&self.directory) {
            Ok(entries) => entries,
            Err(error) => return Err(error.to_string()),
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|error| error.to_string())?;
            if let Some(name) = entry.file_name().to_str()
                && is_definition(name)
            {
                names.push(name.to_owned());
            }
        }
        names.sort();
        Ok(names)
    }

    fn shown(&self, path: &str) -> String {
        shown(&self.directory, path)
    }
}

/// A commit.
#[derive(Debug, Clone)]
pub struct Commit {
    /// Repository.
    pub repository: Repository,
    /// Full hash.
    pub commit: String,
    /// Directory of the definitions, absolute.
    pub directory: PathBuf,
}

impl Commit {
    /// Returns a path beside the definitions, relative to the repository.
    fn path(&self, path: &str) -> Result<PathBuf, String> {
        let below = self
            .directory
            .strip_prefix(self.repository.root())
            .map_err(|_| "the definitions are not in the repository".to_owned())?;
        let mut clean = PathBuf::new();
        for part in below.join(path).components() {
            match part {
                Component::ParentDir => {
                    if !clean.pop() {
                        return Err(format!("`{path}` is outside of the repository"));
                    }
                }
                Component::Normal(part) => clean.push(part),
                Component::CurDir => {}
                Component::RootDir | Component::Prefix(_) => {
                    return Err(format!(
                        "`{path}` is absolute, but paths in a commit are relative"
                    ));
                }
            }
        }
        Ok(clean)
    }
}

impl Commit {
    /// Returns the working tree beside it.
    fn working_tree(&self) -> WorkingTree {
        WorkingTree {
            directory: self.directory.clone(),
        }
    }

    /// Returns the paths that git tracks or would add; ignored files, and files outside of the repository, are
    /// excluded.
    ///
    /// # Errors
    ///
    /// When git fails.
    pub fn known(&self, paths: &[&str]) -> Result<Vec<PathBuf>, String> {
        let inside: Vec<PathBuf> = paths
            .iter()
            .filter_map(|path| self.path(path).ok())
            .collect();
        self.repository
            .known(&inside)
            .map_err(|error| error.to_string())
    }

    /// Whether the working tree below a directory (relative to the root) has exactly the commit's files and contents.
    /// Files that git ignores do not count.
    ///
    /// # Errors
    ///
    /// When git fails.
    pub fn is_whole_tree(&self, below: &Path) -> Result<bool, GitError> {
        let root = self.repository.root();
        let mut present = self.repository.present(below)?;
        present.retain(|path| root.join(path).symlink_metadata().is_ok());
        let committed = self.repository.list(&self.commit, below)?;
        if present != committed {
            return Ok(false);
        }
        let paths: Vec<&Path> = committed.iter().map(PathBuf::as_path).collect();
        let then = self.repository.read_many(&self.commit, &paths)?;
        Ok(paths.iter().zip(then).all(|(path, then)| {
            let here = root.join(path);
            let now = match fs::read_link(&here) {
                Ok(leads) => Some(leads.into_os_string().into_encoded_bytes()),
                Err(_) => read_plain(&here, LONGEST_COMPARED).ok().flatten(),
            };
            // A submodule is not a file, and has its own commit.
            now.is_some() && now == then
        }))
    }

    /// Returns the digests of committed files, in the same order; `None` for missing ones.
    ///
    /// # Errors
    ///
    /// When git fails.
    pub fn digests(&self, paths: &[&str]) -> Result<Vec<Option<Digest>>, String> {
        // A path outside of the repository is missing.
        let inside: Vec<Option<PathBuf>> = paths.iter().map(|path| self.path(path).ok()).collect();
        let asked: Vec<&Path> = inside.iter().flatten().map(PathBuf::as_path).collect();
        let mut answers = self
            .repository
            .read_many(&self.commit, &asked)
            .map_err(|error| error.to_string())?
            .into_iter();
        Ok(inside
            .iter()
            .map(|path| {
                path.as_ref()?;
                answers.next()?.map(|bytes| Digest::of(&bytes))
            })
            .collect())
    }
}

impl Files for Commit {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, String> {
        self.repository
            .read(&self.commit, &self.path(path)?)
            .map_err(|error| error.to_string())
    }

    fn program(&self, path: &str) -> Result<Option<Digest>, String> {
        // A path outside of the repository is missing.
        if let Ok(path) = self.path(path) {
            let committed = self.repository.read(&self.commit, &path);
            if let Some(bytes) = committed.map_err(|error| error.to_string())? {
                return Ok(Some(Digest::of(&bytes)));
            }
        }
        self.working_tree().digest(path)
    }

    fn definitions(&self) -> Result<Vec<String>, String> {
        let below = self.path("")?;
        let all = self
            .repository
            .list(&self.commit, &below)
            .map_err(|error| error.to_string())?;
        Ok(all
            .iter()
            .filter_map(|path| path.strip_prefix(&below).ok()?.to_str())
            .filter(|name| !name.contains('/') && is_definition(name))
            .map(str::to_owned)
            .collect())
    }

    fn shown(&self, path: &str) -> String {
        shown(&self.directory, path)
    }
}

/// Reason why new files were not written.
#[derive(Debug)]
pub enum WriteNewError {
    /// These files exist.
    Existing(Vec<String>),
    /// This path cannot be written.
    Failed(PathBuf, std::io::Error),
}

/// Writes new files, or none of them.
///
/// # Errors
///
/// When one of them exists or cannot be written.
pub fn write_new(directory: &Path, files: &BTreeMap<String, String>) -> Result<(), WriteNewError> {
    let there: Vec<String> = files
        .keys()
        .filter(|name| fs::symlink_metadata(directory.join(name)).is_ok())
        .cloned()
        .collect();
    if !there.is_empty() {
        return Err(WriteNewError::Existing(there));
    }
    let mut made: Vec<PathBuf> = Vec::new();
    for (name, text) in files {
        let path = directory.join(name);
        let folder = path.parent().unwrap_or(directory);
        fs::create_dir_all(folder)
            .map_err(|error| WriteNewError::Failed(folder.to_owned(), error))?;
        // A script is executable.
        let mode = if text.starts_with("#!") { 0o777 } else { 0o666 };
        let written = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(&path)
            .and_then(|mut file| {
                made.push(path.clone());
                file.write_all(text.as_bytes())?;
                file.sync_all()
            });
        if let Err(error) = written {
            // Half of the definitions would be worse than none.
            for path in &made {
                let _ = fs::remove_file(path);
            }
            return Err(WriteNewError::Failed(path, error));
        }
    }
    Ok(())
}

/// Whether a path is a regular file.
#[must_use]
pub fn is_file(path: &Path) -> bool {
    path.is_file()
}

/// Whether a path exists.
#[must_use]
pub fn is_there(path: &Path) -> bool {
    path.exists()
}

/// Reads the text of a file; `None` if it is missing.
///
/// # Errors
///
/// When it cannot be read.
pub fn read_text(path: &Path) -> std::io::Result<Option<String>> {
    let bytes = match read_plain(path, LONGEST) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return Err(std::io::Error::other(too_large(LONGEST))),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    String::from_utf8(bytes)
        .map(Some)
        .map_err(|error| std::io::Error::new(ErrorKind::InvalidData, error))
}

/// Replaces a file atomically and keeps its mode.
///
/// # Errors
///
/// When it cannot be written.
pub fn replace_text(path: &Path, text: &str) -> std::io::Result<()> {
    // A new file has the usual mode.
    let mode = fs::metadata(path).map_or_else(
        |_| fs::Permissions::from_mode(0o644),
        |metadata| metadata.permissions(),
    );
    let directory = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new()
        .prefix(".evenkeel")
        .tempfile_in(directory)?;
    file.write_all(text.as_bytes())?;
    // Set explicitly, since the umask narrows the mode of a new file.
    file.as_file().set_permissions(mode)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    fs::File::open(directory)?.sync_all()
}

/// Replaces a file like [`replace_text`], and creates its directory.
///
/// # Errors
///
/// When the directory or the file cannot be written.
pub fn put_text(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    replace_text(path, text)
}

/// Reads a regular file of at most `most` bytes; `None` if it is longer. Opening a pipe or a device does not block.
///
/// # Errors
///
/// When it is missing, unreadable, or not a regular file.
pub fn read_plain(path: &Path, most: u64) -> std::io::Result<Option<Vec<u8>>> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
    let file = fs::File::from(rustix::fs::open(path, flags, Mode::empty())?);
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(std::io::Error::other("it is not a regular file"));
    }
    if metadata.len() > most {
        return Ok(None);
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or_default());
    // It may grow meanwhile.
    file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= most).then_some(bytes))
}

/// Writes a file atomically, with this mode.
///
/// # Errors
///
/// When it cannot be written; an older file is then unchanged.
pub fn write_whole(path: &Path, bytes: &[u8], mode: u32) -> std::io::Result<()> {
    super::report_file::check(path)?;
    let directory = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new()
        .permissions(fs::Permissions::from_mode(mode))
        .tempfile_in(directory)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

fn is_absent(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

#[cfg(test)]
mod tests {
    use super::read_plain;
    use std::path::Path;

    #[test]
    fn only_regular_files_of_known_size_are_read_without_blocking() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RUSR).unwrap();
        for path in [
            Path::new("/nowhere"),
            Path::new("/"),
            Path::new("/dev/zero"),
            &pipe,
        ] {
            assert!(read_plain(path, 10).is_err(), "{}", path.display());
        }
        let file = folder.path().join("file");
        std::fs::write(&file, b"0123456789").unwrap();
        assert_eq!(read_plain(&file, 10).unwrap().unwrap(), b"0123456789");
        assert!(read_plain(&file, 9).unwrap().is_none());
    }
}
