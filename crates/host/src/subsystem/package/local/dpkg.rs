//! dpkg's database: all packages, read by one program whatever the number of questions.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::OnceLock;

use super::super::{PackageFound, PackageState};
use super::NO_SYSTEM;
use crate::local::tool::{NotRun, Tool};
use evenkeel_model::text::inert;

/// Where dpkg keeps its records.
const RECORDS: &str = "/var/lib/dpkg";

/// One line for each package. `binary:Package` has an architecture only where the name alone is ambiguous.
const FORMAT: &str = "${binary:Package}\\t${Package}\\t${Architecture}\\t${Version}\\t${db:Status-Want}\\t${db:Status-Status}\\t${db:Status-Eflag}\\n";

/// dpkg's word for a package whose files are not complete.
pub(super) const HALF_INSTALLED: &str = "half-installed";
/// The state of a package that dpkg marks for another installation.
pub(super) const MUST_BE_REINSTALLED: &str = "must be installed again";

/// All packages, by name without architecture.
pub(super) struct Database {
    packages: HashMap<String, Vec<Entry>>,
    native: OnceLock<Result<String, String>>,
}

/// A package with its architecture.
struct Entry {
    /// The name with which dpkg names its files.
    shown: String,
    architecture: String,
    found: PackageFound,
}

/// The state of a package, and the file whose time is that of its installation.
pub(super) struct Place {
    /// The name that dpkg uses, with an architecture where the name alone is ambiguous.
    pub(super) shown: String,
    pub(super) found: PackageFound,
    pub(super) list: Option<PathBuf>,
}

impl Database {
    /// Reads all packages.
    pub(super) fn read() -> Result<Self, String> {
        let ran = match Tool::new("dpkg-query").args(["-W", "-f", FORMAT]).run() {
            Ok(ran) => ran,
            Err(NotRun::Missing(_)) => return Err(NO_SYSTEM.to_owned()),
            Err(other) => return Err(other.to_string()),
        };
        Self::parse(&ran.succeeded()?)
    }

    fn parse(text: &str) -> Result<Self, String> {
        let mut packages: HashMap<String, Vec<Entry>> = HashMap::new();
        for line in text.lines() {
            let mut parts = line.split('\t');
            let mut next = || parts.next();
            let (Some(shown), Some(name), Some(architecture), Some(version)) =
                (next(), next(), next(), next())
            else {
                return Err(malformed(line));
            };
            let (Some(want), Some(status), Some(flag)) = (next(), next(), next()) else {
                return Err(malformed(line));
            };
            packages.entry(name.to_owned()).or_default().push(Entry {
                shown: shown.to_owned(),
                architecture: architecture.to_owned(),
                found: PackageFound {
                    state: state(version, status, flag),
                    held: want == "hold",
                },
            });
        }
        Ok(Self {
            packages,
            native: OnceLock::new(),
        })
    }

    /// Returns the state of a package. A name without an architecture is that of the host, as for apt.
    pub(super) fn find(&self, package: &str) -> Result<Place, String> {
        let (name, wanted) = match package.split_once(':') {
            Some((name, wanted)) => (name, Some(wanted)),
            None => (package, None),
        };
        let entries = self.packages.get(name).map_or(&[][..], Vec::as_slice);
        let is = |entry: &&Entry, architecture: &str| entry.architecture == architecture;
        let entry = match wanted {
            Some(wanted) => match entries.iter().find(|entry| is(entry, wanted)) {
                Some(entry) => Some(entry),
                // A package for all architectures is that of the host's.
                None if entries.iter().any(|entry| is(&entry, "all")) => {
                    let is_native = self.native()? == wanted;
                    entries.iter().find(|entry| is_native && is(entry, "all"))
                }
                None => None,
            },
            None => match entries.iter().find(|entry| entry.shown == name) {
                Some(entry) => Some(entry),
                None if entries.is_empty() => None,
                None => {
                    let native = self.native()?;
                    entries.iter().find(|entry| is(entry, native))
                }
            },
        };
        Ok(match entry {
            Some(entry) => Place {
                shown: entry.shown.clone(),
                found: entry.found.clone(),
                list: (entry.found.state != PackageState::Missing)
                    .then(|| PathBuf::from(format!("{RECORDS}/info/{}.list", entry.shown))),
            },
            None => Place {
                shown: package.to_owned(),
                found: PackageFound::missing(),
                list: None,
            },
        })
    }

    /// Returns the architecture of the host.
    pub(super) fn native(&self) -> Result<&str, String> {
        let read = || {
            let ran = Tool::new("dpkg").arg("--print-architecture").run();
            let printed = ran.map_err(|not| not.to_string())?.succeeded()?;
            Ok(printed.trim().to_owned())
        };
        match self.native.get_or_init(read) {
            Ok(native) => Ok(native),
            Err(reason) => Err(reason.clone()),
        }
    }
}

fn malformed(line: &str) -> String {
    let line: String = line.chars().take(200).collect();
    format!("`dpkg-query` printed a malformed line: {}", inert(&line))
}

fn state(version: &str, status: &str, flag: &str) -> PackageState {
    let version = inert(version).into_owned();
    match (status, flag) {
        ("installed", "ok") => PackageState::Installed { version },
        ("not-installed" | "config-files", "ok") => PackageState::Missing,
        ("installed" | "not-installed" | "config-files", _) => PackageState::Unfinished {
            version,
            step: MUST_BE_REINSTALLED.to_owned(),
        },
        (step, _) => PackageState::Unfinished {
            version,
            step: inert(step).into_owned(),
        },
    }
}

/// Whether dpkg was interrupted: it refuses everything until its journal is processed.
pub(super) fn was_interrupted() -> bool {
    let is_journal = |name: &std::ffi::OsStr| {
        name.to_str()
            .is_some_and(|name| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit()))
    };
    std::fs::read_dir(format!("{RECORDS}/updates")).is_ok_and(|mut entries| {
        entries.any(|entry| entry.is_ok_and(|it| is_journal(&it.file_name())))
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::{PackageFound, PackageState};
    use super::Database;

    const LISTED: &str = "adduser\tadduser\tall\t3.134\tinstall\tinstalled\tok\n\
        libc6:amd64\tlibc6\tamd64\t2.36-9\thold\tinstalled\tok\n\
        libc6:i386\tlibc6\ti386\t2.36-8\tinstall\tinstalled\tok\n\
        was\twas\tamd64\t1.0\tdeinstall\tconfig-files\tok\n\
        half\thalf\tamd64\t1.0\tinstall\thalf-configured\tok\n\
        bad\tbad\tamd64\t1.0\tinstall\tinstalled\treinstreq\n\
        never\tnever\tamd64\t\tunknown\tnot-installed\tok\n\
        foreign:i386\tforeign\ti386\t1\tinstall\tinstalled\tok\n";

    fn found(database: &Database, package: &str) -> PackageFound {
        database.find(package).unwrap().found
    }

    #[test]
    fn packages_are_found_by_name_and_architecture() {
        let database = Database::parse(LISTED).unwrap();
        database.native.set(Ok("amd64".to_owned())).unwrap();
        let version = |package: &str| found(&database, package).version().map(str::to_owned);
        assert_eq!(version("adduser").as_deref(), Some("3.134"));
        assert_eq!(version("adduser:amd64").as_deref(), Some("3.134"));
        assert_eq!(version("adduser:i386"), None);
        assert_eq!(version("libc6").as_deref(), Some("2.36-9"));
        assert_eq!(version("libc6:i386").as_deref(), Some("2.36-8"));
        assert_eq!(version("foreign"), None);
        assert_eq!(version("foreign:i386").as_deref(), Some("1"));
        assert!(found(&database, "libc6").held && !found(&database, "libc6:i386").held);
        let list = database.find("libc6").unwrap().list;
        assert_eq!(
            list.as_deref().and_then(std::path::Path::to_str),
            Some("/var/lib/dpkg/info/libc6:amd64.list")
        );
    }

    #[test]
    fn what_is_not_completely_installed_is_not_installed() {
        let database = Database::parse(LISTED).unwrap();
        for missing in ["was", "never", "none"] {
            assert_eq!(found(&database, missing).state, PackageState::Missing);
        }
        let unfinished = |step: &str| PackageState::Unfinished {
            version: "1.0".into(),
            step: step.into(),
        };
        assert_eq!(
            found(&database, "half").state,
            unfinished("half-configured")
        );
        assert_eq!(
            found(&database, "bad").state,
            unfinished("must be installed again")
        );
        assert!(Database::parse("a\tb\tc\n").is_err());
    }
}
