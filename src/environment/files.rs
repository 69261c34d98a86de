//! Where definitions and the files they name are read from: the working tree, or a commit.

use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

use crate::model::Digest;
use crate::target::git::Repository;

/// Files beside the definitions.
pub trait Files {
    /// The bytes of a file, by its path relative to the directory of the definitions; `None` when it is not there.
    ///
    /// # Errors
    ///
    /// Why it cannot be read, for people.
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, String>;

    /// The names of the TOML files in the directory of the definitions itself, sorted.
    ///
    /// # Errors
    ///
    /// Why they cannot be listed.
    fn definitions(&self) -> Result<Vec<String>, String>;

    /// How people know such a file: its path relative to the project.
    fn shown(&self, path: &str) -> String;
}

/// Longest file that is read: definitions, templates and sources are small things.
pub const LONGEST: u64 = 64 * 1024 * 1024;

/// The working tree.
#[derive(Debug, Clone)]
pub struct WorkingTree {
    /// The directory of the definitions.
    pub directory: PathBuf,
}

impl Files for WorkingTree {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, String> {
        let path = self.directory.join(path);
        match std::fs::metadata(&path) {
            Ok(metadata) if metadata.len() > LONGEST => {
                return Err(format!("larger than {} MiB", LONGEST / 1024 / 1024));
            }
            Ok(metadata) if !metadata.is_file() => return Err("not a file".into()),
            Ok(_) => {}
            Err(error) if is_absent(&error) => return Ok(None),
            Err(error) => return Err(error.to_string()),
        }
        std::fs::read(&path)
            .map(Some)
            .map_err(|error| error.to_string())
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
    /// The repository.
    pub repository: Repository,
    /// The commit, in full.
    pub commit: String,
    /// The directory of the definitions, absolute.
    pub directory: PathBuf,
}

impl Commit {
    /// A path beside the definitions as the repository knows it.
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
                        return Err(format!("`{path}` lies outside of the repository"));
                    }
                }
                Component::Normal(part) => clean.push(part),
                Component::CurDir => {}
                Component::RootDir | Component::Prefix(_) => {
                    return Err(format!(
                        "`{path}` is absolute, and a commit has no such path"
                    ));
                }
            }
        }
        Ok(clean)
    }
}

impl Commit {
    /// The digests of files as they were committed, in the same order; `None` for those there were not.
    ///
    /// # Errors
    ///
    /// When git does not answer.
    pub fn digests(&self, paths: &[&str]) -> Result<Vec<Option<Digest>>, String> {
        // A path that no commit can have is in none.
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

/// Whether a file's name is that of a definition.
fn is_definition(name: &str) -> bool {
    let extension = Path::new(name).extension();
    extension.is_some_and(|extension| extension == "toml") && !name.starts_with('.')
}

fn is_absent(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

/// A path beside the definitions as people know it: `environments/system.toml`, `templates/x` for `../templates/x`.
pub fn shown(directory: &Path, path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    let name = directory
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or("environments");
    parts.push(name);
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.is_empty() || parts.last() == Some(&"..") => parts.push(".."),
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::shown;
    use std::path::Path;

    #[test]
    fn paths_are_shown_from_the_project() {
        let directory = Path::new("/x/environments");
        assert_eq!(shown(directory, "system.toml"), "environments/system.toml");
        assert_eq!(shown(directory, "../templates/a.j2"), "templates/a.j2");
        assert_eq!(shown(directory, "../../a"), "../a");
    }
}
