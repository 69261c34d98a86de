//! Files beside the definitions that are not written yet: read as if they were, then written together.

use std::collections::BTreeMap;
use std::fs;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::files::{WorkingTree, read_plain};
use evenkeel_core::environment::Files;
use evenkeel_core::environment::files::{LONGEST, is_definition};
use evenkeel_model::Digest;

/// Files beside the definitions that are to be written, by path.
#[derive(Clone, Debug, Default)]
pub struct Unwritten {
    files: BTreeMap<String, NewBytes>,
}

/// New content of a file.
#[derive(Clone, Debug)]
struct NewBytes {
    /// Content that it replaces; `None` for a new file.
    before: Option<Vec<u8>>,
    after: Vec<u8>,
}

impl Unwritten {
    /// Adds a file that has the content `before` now, or is missing.
    pub fn put(&mut self, path: &str, before: Option<Vec<u8>>, after: Vec<u8>) {
        let before = match self.files.remove(path) {
            Some(earlier) => earlier.before,
            None => before,
        };
        self.files
            .insert(path.to_owned(), NewBytes { before, after });
    }

    /// Returns the path, the old and the new content of each file.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<&[u8]>, &[u8])> {
        self.files
            .iter()
            .map(|(path, bytes)| (path.as_str(), bytes.before.as_deref(), &*bytes.after))
    }

    /// Returns the new content of a file.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&[u8]> {
        self.files.get(path).map(|bytes| &*bytes.after)
    }

    /// Returns a working tree in which these files are written.
    #[must_use]
    pub fn over(&self, tree: WorkingTree) -> Rewritten {
        Rewritten {
            tree,
            files: self.clone(),
        }
    }

    /// Writes all files, or none. Each one is replaced at once and keeps its mode.
    ///
    /// # Errors
    ///
    /// When a file has changed meanwhile, is a symbolic link, is outside of `root`, or cannot be written. Replaced files have
    /// their old content then.
    pub fn write(&self, root: &Path, directory: &Path) -> std::io::Result<()> {
        let root = fs::canonicalize(root)?;
        let mut staged = Vec::new();
        for (path, bytes) in &self.files {
            let path = directory.join(path);
            let named = |reason: &str| {
                std::io::Error::other(format!("{}: {reason}; nothing was written", path.display()))
            };
            let folder = path.parent().unwrap_or(directory);
            // Folders are made where the path exists, so that no link leads out of the project.
            let mut there = folder;
            while let (false, Some(parent)) = (there.exists(), there.parent()) {
                there = parent;
            }
            if !fs::canonicalize(there)?.starts_with(&root) {
                return Err(named("it is outside of the project"));
            }
            let now = match fs::symlink_metadata(&path) {
                Ok(found) if found.is_symlink() => {
                    return Err(named("it is a symbolic link"));
                }
                Ok(_) => read_plain(&path, LONGEST)?,
                Err(error) if error.kind() == ErrorKind::NotFound => None,
                Err(error) => return Err(error),
            };
            if now != bytes.before {
                return Err(named("it changed meanwhile"));
            }
            fs::create_dir_all(folder)?;
            staged.push((stage(folder, &path, &bytes.after)?, path, bytes));
        }
        let mut done: Vec<(PathBuf, &NewBytes)> = Vec::new();
        for (file, path, bytes) in staged {
            if let Err(error) = file.persist(&path) {
                for (path, bytes) in done {
                    // The failure that stopped the writing is the one to report.
                    let _ = restore(&path, bytes.before.as_deref());
                }
                return Err(error.error);
            }
            done.push((path, bytes));
        }
        for (path, _) in done {
            if let Some(folder) = path.parent() {
                fs::File::open(folder)?.sync_all()?;
            }
        }
        Ok(())
    }
}

/// Puts the old content of a file back.
fn restore(path: &Path, before: Option<&[u8]>) -> std::io::Result<()> {
    match (before, path.parent()) {
        (Some(before), Some(folder)) => {
            stage(folder, path, before)?.persist(path)?;
            Ok(())
        }
        _ => fs::remove_file(path),
    }
}

/// Writes a temporary file beside a path, with the mode that the path has.
fn stage(folder: &Path, path: &Path, bytes: &[u8]) -> std::io::Result<tempfile::NamedTempFile> {
    let mode = fs::metadata(path).map_or_else(
        |_| fs::Permissions::from_mode(0o644),
        |metadata| metadata.permissions(),
    );
    let mut file = tempfile::Builder::new()
        .prefix(".evenkeel")
        .tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().set_permissions(mode)?;
    file.as_file().sync_all()?;
    Ok(file)
}

/// Working tree in which some files are written already.
#[derive(Clone, Debug)]
pub struct Rewritten {
    tree: WorkingTree,
    files: Unwritten,
}

impl Files for Rewritten {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, String> {
        match self.files.get(path) {
            Some(bytes) => Ok(Some(bytes.to_vec())),
            None => self.tree.read(path),
        }
    }

    fn digest(&self, path: &str) -> Result<Option<Digest>, String> {
        match self.files.get(path) {
            Some(bytes) => Ok(Some(Digest::of(bytes))),
            None => self.tree.digest(path),
        }
    }

    fn definitions(&self) -> Result<Vec<String>, String> {
        let mut names = self.tree.definitions()?;
        let new = self.files.files.keys();
        names.extend(
            new.filter(|name| !name.contains('/') && is_definition(name))
                .cloned(),
        );
        names.sort();
        names.dedup();
        Ok(names)
    }

    fn shown(&self, path: &str) -> String {
        self.tree.shown(path)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::Unwritten;

    #[test]
    fn all_files_are_written_or_none() {
        let root = tempfile::tempdir().unwrap();
        let directory = root.path().join("environments");
        fs::create_dir(&directory).unwrap();
        fs::write(directory.join("a"), "1").unwrap();
        fs::set_permissions(directory.join("a"), fs::Permissions::from_mode(0o640)).unwrap();
        fs::write(directory.join("b"), "1").unwrap();
        let mut files = Unwritten::default();
        files.put("a", Some(b"1".to_vec()), b"2".to_vec());
        files.put("new/c", None, b"3".to_vec());
        // It changed since it was read.
        let mut late = files.clone();
        late.put("b", Some(b"0".to_vec()), b"2".to_vec());
        let error = late.write(root.path(), &directory).unwrap_err().to_string();
        assert!(
            error.ends_with("b: it changed meanwhile; nothing was written"),
            "{error}"
        );
        assert_eq!(fs::read(directory.join("a")).unwrap(), b"1");
        assert!(!directory.join("new/c").exists());
        files.write(root.path(), &directory).unwrap();
        assert_eq!(fs::read(directory.join("a")).unwrap(), b"2");
        assert_eq!(fs::read(directory.join("new/c")).unwrap(), b"3");
        let mode = fs::metadata(directory.join("a"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o640);
    }

    #[test]
    fn a_failed_replacement_restores_the_others() {
        let root = tempfile::tempdir().unwrap();
        let directory = root.path().join("environments");
        fs::create_dir(&directory).unwrap();
        fs::write(directory.join("a"), "1").unwrap();
        let mut files = Unwritten::default();
        files.put("a", Some(b"1".to_vec()), b"2".to_vec());
        files.put("b", None, b"2".to_vec());
        files.put("b/c", None, b"3".to_vec());
        // `b` becomes a directory, so that a file cannot replace it.
        assert!(files.write(root.path(), &directory).is_err());
        assert_eq!(fs::read(directory.join("a")).unwrap(), b"1");
        assert!(!directory.join("b/c").exists());
    }

    #[test]
    fn no_link_leads_out_of_the_project() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("project");
        let directory = root.join("environments");
        fs::create_dir_all(&directory).unwrap();
        symlink(folder.path(), directory.join("out")).unwrap();
        fs::write(folder.path().join("x"), "1").unwrap();
        symlink("../../x", directory.join("x")).unwrap();
        for path in ["out/y", "../../y", "x"] {
            let mut files = Unwritten::default();
            files.put(path, Some(b"1".to_vec()), b"2".to_vec());
            assert!(files.write(&root, &directory).is_err(), "{path}");
        }
        assert_eq!(fs::read(folder.path().join("x")).unwrap(), b"1");
        assert!(!folder.path().join("y").exists());
    }
}
