//! Export of a commit's files into an empty directory, without git's filters and without touching the index.

use std::io::Write as _;
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::{OpenOptionsExt as _, symlink};
use std::path::{Path, PathBuf};

use super::{GitError, Repository, clean};

/// Number of files that are read at once.
const CHUNK: usize = 256;

/// File of a commit.
struct Exported {
    path: PathBuf,
    kind: Kind,
}

#[derive(PartialEq, Eq)]
enum Kind {
    File,
    Program,
    Link,
}

impl Repository {
    /// Writes all files of a commit below `directory` (relative to the root) into `to`, an existing empty directory.
    /// Submodules are left out.
    ///
    /// # Errors
    ///
    /// When the commit cannot be read, or a file cannot be written.
    pub fn export(&self, commit: &str, directory: &Path, to: &Path) -> Result<(), GitError> {
        let commit = self.resolve(commit)?;
        let mut files = self.exported(&commit, directory)?;
        // Links come last, so that nothing is written through one.
        files.sort_by_key(|file| file.kind == Kind::Link);
        for some in files.chunks(CHUNK) {
            let paths: Vec<&Path> = some.iter().map(|file| &*file.path).collect();
            let contents = self.read_many(&commit, &paths)?;
            for (file, bytes) in some.iter().zip(contents) {
                let Some(bytes) = bytes else { continue };
                write(file, directory, to, bytes).map_err(|error| {
                    self.failed("export", format!("{}: {error}", file.path.display()))
                })?;
            }
        }
        Ok(())
    }

    /// Returns the files below a directory.
    fn exported(&self, commit: &str, directory: &Path) -> Result<Vec<Exported>, GitError> {
        let mut arguments = vec!["ls-tree", "-r", "-z", "--full-tree", commit];
        let below;
        if !directory.as_os_str().is_empty() {
            below = format!("{}/", clean(directory)?);
            arguments.extend(["--", &below]);
        }
        let answer = self.ask(&arguments, None)?;
        let lines = answer.split(|byte| *byte == 0);
        Ok(lines
            .filter_map(|line| {
                let tab = line.iter().position(|byte| *byte == b'\t')?;
                let (head, path) = line.split_at(tab);
                let kind = match head.split(|byte| *byte == b' ').next()? {
                    b"100755" => Kind::Program,
                    b"120000" => Kind::Link,
                    mode if mode.starts_with(b"100") => Kind::File,
                    _ => return None,
                };
                let path = std::ffi::OsString::from_vec(path.get(1..)?.to_vec());
                Some(Exported {
                    path: path.into(),
                    kind,
                })
            })
            .collect())
    }
}

fn write(file: &Exported, directory: &Path, to: &Path, bytes: Vec<u8>) -> std::io::Result<()> {
    let below = file.path.strip_prefix(directory).unwrap_or(&file.path);
    let path = to.join(below);
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)?;
    }
    if file.kind == Kind::Link {
        return symlink(std::ffi::OsString::from_vec(bytes), path);
    }
    let mode = if file.kind == Kind::Program {
        0o700
    } else {
        0o600
    };
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true).mode(mode);
    options.open(path)?.write_all(&bytes)
}
