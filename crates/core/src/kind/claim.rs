//! Claims: unique things of a target.

use std::borrow::Cow;
use std::fmt;

/// Unique thing of a target, such as the path `/etc/motd`. At most one resource claims it.
///
/// Claims are ordered and compared by class and name, so claims of different classes never conflict.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Claim<'a> {
    /// Class of the thing: `path`, `unit`, `package`.
    pub class: &'static str,
    /// Name, unique within its class on one target.
    pub name: Cow<'a, str>,
}

impl<'a> Claim<'a> {
    /// Class of absolute paths.
    pub const PATH: &'static str = "path";
    /// Class of packages of the system's own package manager.
    pub const PACKAGE: &'static str = "package";
    /// Class of units of systemd.
    pub const UNIT: &'static str = "unit";
    /// Class of accounts.
    pub const USER: &'static str = "user";
    /// Class of groups of accounts.
    pub const GROUP: &'static str = "group";
    /// Class of settings of the kernel, which is the name of their group of facts too.
    pub const SYSCTL: &'static str = "sysctl";
    /// Class of keys with which users log in: user, type and digest of each.
    pub const KEY: &'static str = "authorized key";

    /// Creates a claim.
    #[must_use]
    pub fn new(class: &'static str, name: impl Into<Cow<'a, str>>) -> Self {
        Self {
            class,
            name: name.into(),
        }
    }

    /// Creates a claim of an absolute path.
    #[must_use]
    pub fn path(path: impl Into<Cow<'a, str>>) -> Self {
        Self::new(Self::PATH, path)
    }

    /// Returns the path, if this is a claim of one.
    #[must_use]
    pub fn as_path(&self) -> Option<&str> {
        (self.class == Self::PATH).then_some(&*self.name)
    }

    /// Returns the parent directory of a claimed path; `None` for other classes and directly below the root.
    #[must_use]
    pub fn folder(&self) -> Option<&str> {
        parent(self.as_path()?)
    }
}

/// A path is written alone, everything else with its class: `package nginx`.
impl fmt::Display for Claim<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.as_path() {
            Some(path) => formatter.write_str(path),
            None => write!(formatter, "{} {}", self.class, self.name),
        }
    }
}

/// Returns the parent directory of a path; `None` directly below the root.
#[must_use]
pub fn parent(path: &str) -> Option<&str> {
    path.rsplit_once('/')
        .map(|(parent, _)| parent)
        .filter(|parent| !parent.is_empty())
}

#[cfg(test)]
mod tests {
    use super::Claim;

    #[test]
    fn only_paths_lie_in_directories() {
        assert_eq!(Claim::path("/srv/app/current").folder(), Some("/srv/app"));
        assert_eq!(Claim::path("/srv").folder(), None);
        assert_eq!(Claim::new("unit", "a/b").folder(), None);
    }

    #[test]
    fn claims_of_different_classes_do_not_conflict() {
        assert_ne!(Claim::new("unit", "app"), Claim::new("package", "app"));
        assert_eq!(Claim::path("/srv"), Claim::path("/srv".to_owned()));
    }
}
