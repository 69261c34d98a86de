//! Paths on a host, split into a parent and a name, and the reasons why one is unreachable.
//!
//! This module handles names only. `open` opens them and exists only on the local machine.

#[cfg(feature = "local")]
mod open;

use std::ffi::OsString;
use std::fmt;
use std::path::{Component, Path, PathBuf};

#[cfg(feature = "local")]
pub(crate) use open::{make_directories, open_beneath, open_directory, reopen};

/// The reason why a path is unreachable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Obstacle {
    /// The path itself is unusable.
    Unusable(PathBuf, &'static str),
    /// This component is a symbolic link.
    Link(PathBuf),
    /// This component is missing or is not a directory.
    #[cfg(feature = "local")]
    Missing(PathBuf),
    /// The kernel refused access at this path, for this reason.
    #[cfg(feature = "local")]
    Refused(PathBuf, String),
}

impl fmt::Display for Obstacle {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unusable(path, reason) => write!(formatter, "`{}` {reason}", path.display()),
            Self::Link(path) => write!(
                formatter,
                "`{}` is a symbolic link; evenkeel follows no links: write the real path in the definition",
                path.display()
            ),
            #[cfg(feature = "local")]
            Self::Missing(path) => write!(
                formatter,
                "directory `{}` not found: declare it as a directory resource",
                path.display()
            ),
            #[cfg(feature = "local")]
            Self::Refused(path, reason) => write!(formatter, "`{}`: {reason}", path.display()),
        }
    }
}

/// Splits a path into its parent and its last name. The root directory is `.` in itself.
pub(crate) fn split(path: &Path) -> Result<(PathBuf, OsString), Obstacle> {
    if let Some((parent, name)) = path.to_str().and_then(split_clean) {
        return Ok((parent.into(), name.into()));
    }
    if !path.is_absolute() {
        return Err(Obstacle::Unusable(
            path.into(),
            "is not absolute: start it with `/`",
        ));
    }
    if path.as_os_str().as_encoded_bytes().contains(&0) {
        return Err(Obstacle::Unusable(path.into(), "contains a zero byte"));
    }
    if path.components().any(|each| each == Component::ParentDir) {
        return Err(Obstacle::Unusable(
            path.into(),
            "contains `..`: write the path without it",
        ));
    }
    // Collecting the components drops doubled and trailing slashes.
    let clean: PathBuf = path.components().collect();
    Ok(match (clean.parent(), clean.file_name()) {
        (Some(parent), Some(name)) => (parent.to_owned(), name.to_owned()),
        _ => (PathBuf::from("/"), OsString::from(".")),
    })
}

/// The halves of a path that has nothing to clean, as most have not, before and after its last slash.
fn split_clean(path: &str) -> Option<(&str, &str)> {
    let mut parts = path.strip_prefix('/')?.split('/');
    if !parts.all(|part| !matches!(part, "" | "." | "..") && !part.contains('\0')) {
        return None;
    }
    let (parent, name) = path.rsplit_once('/')?;
    Some((if parent.is_empty() { "/" } else { parent }, name))
}

#[cfg(test)]
mod tests {
    use super::{Obstacle, split};
    use std::path::{Path, PathBuf};

    #[test]
    fn paths_are_split_into_parent_and_name() {
        let split = |path: &str| split(Path::new(path));
        assert_eq!(split("/a//b/"), Ok((PathBuf::from("/a"), "b".into())));
        assert_eq!(split("/a/b"), Ok((PathBuf::from("/a"), "b".into())));
        assert_eq!(split("/a"), Ok((PathBuf::from("/"), "a".into())));
        assert_eq!(split("/a/./b"), Ok((PathBuf::from("/a"), "b".into())));
        assert_eq!(split("/"), Ok((PathBuf::from("/"), ".".into())));
        assert!(matches!(split("a/b"), Err(Obstacle::Unusable(..))));
        assert!(matches!(split("/a/../b"), Err(Obstacle::Unusable(..))));
        assert!(matches!(split("/a\0b"), Err(Obstacle::Unusable(..))));
    }
}
