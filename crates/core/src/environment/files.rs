//! The port through which definitions and the files they name are read. Where they lie (a working tree, a commit) is
//! for its adapters.

use std::path::Path;

use evenkeel_model::Digest;

/// Files beside the definitions.
pub trait Files: Sync {
    /// The bytes of a file, by its path relative to the directory of the definitions; `None` when it is not there.
    ///
    /// # Errors
    ///
    /// Why it cannot be read, for people.
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, String>;

    /// The digest of a file; `None` when it is not there. A file may be larger than one that is read.
    ///
    /// # Errors
    ///
    /// Why it cannot be read, for people.
    fn digest(&self, path: &str) -> Result<Option<Digest>, String> {
        Ok(self.read(path)?.map(|bytes| Digest::of(&bytes)))
    }

    /// The digest of a program, as [`Files::digest`]. A program may be built rather than kept in version control: where
    /// a commit lacks it, this is the digest of the built one.
    ///
    /// # Errors
    ///
    /// Why it cannot be read, for people.
    fn program(&self, path: &str) -> Result<Option<Digest>, String> {
        self.digest(path)
    }

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

/// Largest file whose digest is taken: programs and inputs of suites.
pub const LARGEST: u64 = 1024 * 1024 * 1024;

/// Whether a file's name is that of a definition.
#[must_use]
pub fn is_definition(name: &str) -> bool {
    let extension = Path::new(name).extension();
    extension.is_some_and(|extension| extension == "toml") && !name.starts_with('.')
}

/// A path beside the definitions as people know it: `environments/system.toml`, `templates/x` for `../templates/x`.
#[must_use]
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
