//! Port for reading definitions and the files they name. Adapters read a working tree or a commit.

use std::path::Path;

use evenkeel_model::Digest;

/// Files beside the definitions.
pub trait Files: Sync {
    /// Returns the bytes of a file, by its path relative to the directory of the definitions; `None` if it is missing.
    ///
    /// # Errors
    ///
    /// The reason why it cannot be read, for display.
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, String>;

    /// Returns the digest of a file; `None` if it is missing. The file may exceed the limit of [`Files::read`].
    ///
    /// # Errors
    ///
    /// The reason why it cannot be read, for display.
    fn digest(&self, path: &str) -> Result<Option<Digest>, String> {
        Ok(self.read(path)?.map(|bytes| Digest::of(&bytes)))
    }

    /// Returns the digest of a program, like [`Files::digest`]. A program may be a build result outside of version
    /// control: for a commit without it, this is the digest of the built one.
    ///
    /// # Errors
    ///
    /// The reason why it cannot be read, for display.
    fn program(&self, path: &str) -> Result<Option<Digest>, String> {
        self.digest(path)
    }

    /// Returns the names of the TOML files directly in the directory of the definitions, sorted.
    ///
    /// # Errors
    ///
    /// The reason why they cannot be listed.
    fn definitions(&self) -> Result<Vec<String>, String>;

    /// Returns the displayed name of a file: its path relative to the project.
    fn shown(&self, path: &str) -> String;
}

/// Maximum size of a definition, template or source.
pub const LONGEST: u64 = 64 * 1024 * 1024;

/// Maximum size of a hashed file: programs and inputs of suites.
pub const LARGEST: u64 = 1024 * 1024 * 1024;

/// Whether a file name is that of a definition.
#[must_use]
pub fn is_definition(name: &str) -> bool {
    let extension = Path::new(name).extension();
    extension.is_some_and(|extension| extension == "toml") && !name.starts_with('.')
}

/// Returns the displayed path of a file beside the definitions: `environments/system.toml`, `templates/x` for
/// `../templates/x`.
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
