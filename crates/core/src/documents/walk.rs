//! Listing of the files that a declared path names, in the working tree or a commit.
//!
//! A file, a directory, or a pattern. Folders of version control and caches of tools are skipped. A link to a file
//! within the limits is that file, since its reader gets that; any other link is compared by its destination and never
//! followed, so there are no cycles and nothing outside is read.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::Limits;
use super::is_private;
use super::link::{followed, may_hide};
use super::wanted::{Wanted, clean};
use super::words::{self, Unreadable};

/// Directories that tools generate, differently on each machine.
const CACHES: [&str; 4] = [
    ".terraform",
    ".terragrunt-cache",
    "node_modules",
    "__pycache__",
];

/// Kind of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Link,
    /// Another kind, in words: "a named pipe".
    Other(&'static str),
}

/// Destination of a path when its links are followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolved {
    /// Missing.
    Absent,
    /// Outside of the readable directories.
    Outside,
    /// In a directory that is never read.
    Private,
    /// The same place by its real path.
    At(PathBuf, Kind),
}

/// Directories and files. Paths are the tree's own, starting at [`Tree::start`].
pub trait Tree {
    /// Returns the project's directory.
    fn start(&self) -> PathBuf;

    /// Resolves a path.
    ///
    /// # Errors
    ///
    /// The reason why it cannot be resolved, for display.
    fn resolve(&mut self, path: &Path) -> Result<Resolved, String>;

    /// Returns the entries of a directory, given by its real path, in any order.
    ///
    /// # Errors
    ///
    /// The reason why it cannot be read, for display.
    fn children(&mut self, directory: &Path) -> Result<Vec<(OsString, Kind)>, String>;

    /// Returns the destination written in a link.
    ///
    /// # Errors
    ///
    /// The reason why it cannot be read, for display.
    fn link(&mut self, path: &Path) -> Result<PathBuf, String>;

    /// Returns the displayed suffix of this tree's paths: "" or " in commit 1234567890".
    fn known_as(&self) -> String;
}

/// Files that a path names.
#[derive(Debug, Default)]
pub struct Listing {
    /// Whether it is a file, not a directory or a pattern.
    pub single: bool,
    /// Files and links, sorted by name.
    pub found: Vec<Found>,
    /// Unreadable entries.
    pub complaints: Vec<Unreadable>,
    /// Whether every name is known, even if not every file's content.
    pub whole: bool,
}

/// File or link of a listing.
#[derive(Debug)]
pub struct Found {
    /// Name relative to the directory; empty for a single file.
    pub name: String,
    /// Displayed name, relative to the project.
    pub shown: String,
    /// File, or destination of a link.
    pub what: What,
}

/// Kind of a listed file.
#[derive(Debug, PartialEq, Eq)]
pub enum What {
    /// A file, by its real path.
    File(PathBuf),
    /// A link that is not followed, with its destination.
    Link(String),
}

/// Lists the files that a declared path names.
pub fn list(tree: &mut dyn Tree, declared: &str, limits: &Limits) -> Listing {
    match try_list(tree, declared, limits) {
        Ok(listing) => listing,
        Err(complaint) => Listing {
            complaints: vec![complaint],
            ..Listing::default()
        },
    }
}

fn try_list(tree: &mut dyn Tree, declared: &str, limits: &Limits) -> Result<Listing, Unreadable> {
    let path = clean(declared).map_err(|message| {
        Unreadable::new(message).help("write it relative to the project's directory")
    })?;
    // An existing file of exactly this name has precedence over a pattern.
    match open(tree, &path)? {
        Some((real, Kind::File)) => Ok(Listing {
            single: true,
            found: vec![Found {
                name: String::new(),
                shown: path,
                what: What::File(real),
            }],
            complaints: Vec::new(),
            whole: true,
        }),
        Some((real, Kind::Directory)) => walk(tree, &path, real, None, limits),
        Some((_, other)) => Err(words::not_a_file(&path, other)),
        None => match Wanted::parse(&path).map_err(Unreadable::new)? {
            None => Err(words::absent(tree, &path)),
            Some(wanted) => match open(tree, &wanted.directory)? {
                Some((real, Kind::Directory)) => walk(
                    tree,
                    &wanted.directory,
                    real,
                    Some((&wanted, &path)),
                    limits,
                ),
                Some((_, other)) => Err(words::no_directory(&wanted.directory, other)),
                None => Err(words::absent(tree, &wanted.directory)),
            },
        },
    }
}

/// Returns the entry at a declared path; `None` if it is missing.
fn open(tree: &mut dyn Tree, path: &str) -> Result<Option<(PathBuf, Kind)>, Unreadable> {
    let whole = tree.start().join(path);
    match tree.resolve(&whole) {
        Ok(Resolved::At(real, kind)) => Ok(Some((real, kind))),
        Ok(Resolved::Absent) => Ok(None),
        Ok(Resolved::Outside) => Err(words::outside(path)),
        Ok(Resolved::Private) => Err(words::private(path)),
        Err(reason) => Err(Unreadable::new(format!(
            "`{path}` cannot be read: {reason}"
        ))),
    }
}

/// Lists a directory, given by its real path: all of it, or the matches of a pattern.
///
/// # Errors
///
/// When it is empty, or exceeds the limits.
pub fn walk(
    tree: &mut dyn Tree,
    shown: &str,
    top: PathBuf,
    wanted: Option<(&Wanted, &str)>,
    limits: &Limits,
) -> Result<Listing, Unreadable> {
    let mut listing = Listing {
        whole: true,
        ..Listing::default()
    };
    let deepest = wanted.and_then(|(wanted, _)| wanted.deepest);
    let is_wanted = |name: &OsStr| wanted.is_none_or(|(wanted, _)| wanted.matches(name));
    let mut examined = 0_usize;
    let mut left: Vec<(PathBuf, OsString, usize)> = vec![(top, OsString::new(), 1)];
    while let Some((directory, below, depth)) = left.pop() {
        let children = match tree.children(&directory) {
            Ok(children) => children,
            Err(reason) => {
                let name = join(shown, &below.to_string_lossy());
                let reported =
                    Unreadable::new(format!("the directory `{name}` cannot be read: {reason}"));
                listing
                    .complaints
                    .push(reported.below(&below.to_string_lossy()));
                listing.whole = false;
                continue;
            }
        };
        examined = examined.saturating_add(children.len());
        if examined > limits.entries {
            return Err(words::too_many_entries(shown, limits.entries));
        }
        for (child, kind) in children {
            let relative = joined(&below, &child);
            let is_cache = || CACHES.iter().any(|cache| child == *cache);
            if is_private(&child) || (kind == Kind::Directory && is_cache()) {
                continue;
            }
            let may_go_deeper = deepest.is_none_or(|deepest| depth < deepest);
            let real = directory.join(&child);
            if kind == Kind::Directory {
                if may_go_deeper {
                    left.push((real, relative, depth + 1));
                }
                continue;
            }
            let resolved = match kind {
                Kind::Link => Some(tree.resolve(&real)),
                _ => None,
            };
            // A link to a directory hides possible matches, if the pattern reaches below it.
            let hides = wanted.is_some() && may_go_deeper && may_hide(resolved.as_ref());
            if !is_wanted(&relative) && !hides {
                continue;
            }
            let what = match (kind, resolved) {
                (Kind::File, _) => Ok(What::File(real)),
                (_, Some(resolved)) => followed(tree, &real, resolved, shown, &relative),
                _ => Err(None),
            };
            let Some(name) = relative.to_str() else {
                let name = relative.to_string_lossy();
                let reported = words::no_name(&join(shown, &name));
                listing.complaints.push(reported.below(&name));
                listing.whole = false;
                continue;
            };
            let known_as = join(shown, name);
            match what {
                Ok(what) => listing.found.push(Found {
                    name: name.to_owned(),
                    shown: known_as,
                    what,
                }),
                Err(reason) => {
                    let reported = match reason {
                        Some(reason) => {
                            Unreadable::new(format!("`{known_as}` cannot be read: {reason}"))
                        }
                        None => words::not_a_file(&known_as, kind),
                    };
                    listing.complaints.push(reported.of(name));
                }
            }
            if listing.found.len() > limits.files {
                return Err(words::too_many_files(shown, limits.files));
            }
        }
    }
    listing
        .found
        .sort_by(|left, right| left.name.cmp(&right.name));
    listing
        .complaints
        .sort_by(|left, right| left.name.cmp(&right.name));
    if listing.found.is_empty() && listing.complaints.is_empty() {
        return Err(match wanted {
            Some((_, pattern)) => words::nothing_matches(tree, shown, pattern),
            None => words::no_files(tree, shown),
        });
    }
    Ok(listing)
}

/// Joins a name and its directory for display.
fn join(directory: &str, name: &str) -> String {
    match (directory, name) {
        (directory, "") => directory.to_owned(),
        (".", name) => name.to_owned(),
        (directory, name) => format!("{directory}/{name}"),
    }
}

fn joined(below: &OsStr, child: &OsStr) -> OsString {
    let mut whole = OsString::with_capacity(below.len() + 1 + child.len());
    if !below.is_empty() {
        whole.push(below);
        whole.push("/");
    }
    whole.push(child);
    whole
}

#[cfg(test)]
mod tests;
