//! The directories of unit files: the drop-ins of a unit on disk, and whether its files changed.
//!
//! The service manager misses the first drop-in in a new directory until it reloads, so drop-ins are listed here too.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::show::Shown;
use crate::local::reason::why_io;
use evenkeel_model::{Digest, Moment};

/// Where systemd searches unit files, in the order of their precedence.
const SEARCHED: &[&str] = &[
    "/etc/systemd/system.control",
    "/run/systemd/system.control",
    "/run/systemd/transient",
    "/run/systemd/generator.early",
    "/etc/systemd/system",
    "/etc/systemd/system.attached",
    "/run/systemd/system",
    "/run/systemd/system.attached",
    "/run/systemd/generator",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
    "/run/systemd/generator.late",
];

/// The directories of packages, whose drop-ins belong to the package.
const OF_PACKAGES: &[&str] = &["/usr/lib/", "/lib/"];

/// The longest unit file that is read.
const LONGEST: u64 = 1024 * 1024;

/// All directories of drop-ins, by their name: `nginx.service.d`.
pub(crate) struct Directories {
    found: BTreeMap<String, Vec<PathBuf>>,
}

/// The files of a unit.
pub(crate) struct Files {
    /// The unit file and all drop-ins, loaded or on disk.
    all: BTreeSet<PathBuf>,
    /// Directories of its drop-ins, whose time changes with what they contain.
    directories: Vec<PathBuf>,
    /// The drop-ins that belong to no package.
    pub(crate) drop_ins: Vec<String>,
    /// Whether every drop-in on disk is loaded.
    pub(crate) are_loaded: bool,
}

impl Directories {
    /// Lists the directories once for a batch.
    pub(crate) fn read() -> Self {
        let mut found: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
        for searched in SEARCHED {
            // With a merged /usr, one directory has two names.
            if *searched == "/lib/systemd/system" && is_merged() {
                continue;
            }
            for entry in fs::read_dir(searched).into_iter().flatten().flatten() {
                if let Ok(name) = entry.file_name().into_string()
                    && name.ends_with(".d")
                {
                    found.entry(name).or_default().push(entry.path());
                }
            }
        }
        Self { found }
    }

    /// Returns the files of a unit.
    pub(crate) fn files_of(&self, shown: &Shown) -> Files {
        let mut all = BTreeSet::new();
        let mut files = Files {
            all: BTreeSet::new(),
            directories: Vec::new(),
            drop_ins: Vec::new(),
            are_loaded: true,
        };
        let is_loaded = shown.get("LoadState") == "loaded";
        let loaded: Vec<PathBuf> = shown
            .get("DropInPaths")
            .split_ascii_whitespace()
            .map(PathBuf::from)
            .collect();
        let loaded_names: BTreeSet<_> = loaded.iter().filter_map(|path| path.file_name()).collect();
        if is_loaded {
            let names: BTreeSet<String> = shown
                .get("Names")
                .split_ascii_whitespace()
                .chain([shown.get("Id")])
                .flat_map(directory_names)
                .collect();
            for directory in names
                .iter()
                .filter_map(|name| self.found.get(name))
                .flatten()
            {
                files.directories.push(directory.clone());
                for path in configurations(directory) {
                    // A file of the same name may be hidden by it, or hide it.
                    files.are_loaded &= path
                        .file_name()
                        .is_some_and(|name| loaded_names.contains(name));
                    all.insert(path);
                }
            }
        }
        all.extend(loaded.iter().cloned());
        let is_of_package = |path: &Path| {
            let path = path.to_string_lossy();
            OF_PACKAGES.iter().any(|start| path.starts_with(start))
        };
        files.drop_ins = all
            .iter()
            .filter(|path| !is_of_package(path))
            .map(|path| path.to_string_lossy().into_owned())
            .collect();
        let fragment = shown.get("FragmentPath");
        if fragment.starts_with('/') && fragment != "/dev/null" {
            all.insert(fragment.into());
        }
        files.all = all;
        files
    }
}

impl Files {
    /// Returns the digest of all names and contents.
    pub(crate) fn digest(&self) -> Result<Digest, String> {
        let mut contents = Vec::new();
        for path in &self.all {
            let mut content = Vec::new();
            match fs::File::open(path) {
                Ok(file) => {
                    let read = file.take(LONGEST).read_to_end(&mut content);
                    read.map_err(|error| format!("{}: {}", path.display(), why_io(&error)))?;
                }
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                Err(error) => return Err(format!("{}: {}", path.display(), why_io(&error))),
            }
            contents.push((path.to_string_lossy().into_owned(), Digest::of(&content)));
        }
        Ok(Digest::of_record("evenkeel unit files 1", &contents))
    }

    /// Returns whether one of them changed in a later second than a moment.
    pub(crate) fn changed_after(&self, since: Option<Moment>) -> bool {
        let Some(since) = since else {
            return false;
        };
        let since = since.as_millisecond() / 1000;
        self.all
            .iter()
            .chain(&self.directories)
            .filter_map(|path| fs::metadata(path).ok())
            .any(|status| status.mtime() > since)
    }
}

/// Whether /lib is the same directory as /usr/lib.
fn is_merged() -> bool {
    fs::canonicalize("/lib").is_ok_and(|path| path == Path::new("/usr/lib"))
}

/// Returns the names of directories whose drop-ins apply to a unit, see systemd.unit(5).
fn directory_names(unit: &str) -> Vec<String> {
    let Some((stem, suffix)) = unit.rsplit_once('.') else {
        return Vec::new();
    };
    let mut names = vec![format!("{suffix}.d"), format!("{unit}.d")];
    if let Some((template, _)) = stem.split_once('@') {
        names.push(format!("{template}@.{suffix}.d"));
    }
    let prefixed = stem.split_once('@').map_or(stem, |(template, _)| template);
    for (at, _) in prefixed.match_indices('-') {
        if let Some(start) = prefixed.get(..=at).filter(|start| start.len() < stem.len()) {
            names.push(format!("{start}.{suffix}.d"));
        }
    }
    names
}

/// Returns the files of a directory of drop-ins that systemd reads.
fn configurations(directory: &Path) -> Vec<PathBuf> {
    fs::read_dir(directory)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            path.extension().is_some_and(|it| it == "conf")
                && path
                    .file_name()
                    .is_some_and(|name| !name.as_encoded_bytes().starts_with(b"."))
                && !path.is_dir()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::directory_names;

    #[test]
    fn drop_ins_apply_by_name_prefix_template_and_type() {
        assert_eq!(
            directory_names("foo-bar-baz.service"),
            [
                "service.d",
                "foo-bar-baz.service.d",
                "foo-.service.d",
                "foo-bar-.service.d",
            ]
        );
        assert_eq!(
            directory_names("getty@tty1.service"),
            ["service.d", "getty@tty1.service.d", "getty@.service.d"]
        );
        assert_eq!(directory_names("nothing"), [] as [&str; 0]);
    }
}
