//! Program of a suite that is found in `PATH`: its file is part of the evidence.
//!
//! A program with a `/` is a file of the project, whose digest is part of the suite's.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, Mode, OFlags};

use evenkeel_core::environment::files::LARGEST;
use evenkeel_model::Digest;

/// Found program.
pub(super) struct Program {
    pub(super) path: PathBuf,
    digest: Option<Digest>,
}

impl Program {
    /// Returns its path and digest.
    pub(super) fn shown(&self) -> String {
        let digest = self
            .digest
            .map_or_else(|| "cannot be read".to_owned(), |digest| digest.to_string());
        format!("{} {digest}", self.path.display())
    }
}

/// Finds the program of a command in `path`; `None` if it is a path itself, or is missing.
pub(super) fn found(command: &[String], path: Option<&str>) -> Option<Program> {
    let name = command.first().filter(|name| !name.contains('/'))?;
    let path = path?
        .split(':')
        .filter(|directory| directory.starts_with('/'))
        .map(|directory| Path::new(directory).join(name))
        .find(|path| path.is_file() && rustix::fs::access(path, Access::EXEC_OK).is_ok())?;
    let digest = digest(&path);
    Some(Program { path, digest })
}

fn digest(path: &Path) -> Option<Digest> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
    let file = std::fs::File::from(rustix::fs::open(path, flags, Mode::empty()).ok()?);
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(file.take(LARGEST)).ok()?;
    Some(Digest::from_bytes(*hasher.finalize().as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::found;

    #[test]
    fn only_names_are_looked_up_and_only_in_absolute_directories() {
        let command = |name: &str| vec![name.to_owned()];
        let program = found(&command("sh"), Some("relative::/nowhere:/bin")).unwrap();
        assert_eq!(program.path, std::path::Path::new("/bin/sh"));
        assert!(!program.shown().contains("cannot"));
        assert!(found(&command("/bin/sh"), Some("/bin")).is_none());
        assert!(found(&command("no-such-program"), Some("/bin")).is_none());
        assert!(found(&command("sh"), Some("relative:")).is_none());
        assert!(found(&command("sh"), None).is_none());
    }
}
