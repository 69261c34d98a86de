//! Reading the facts of this machine: one file per group.
//!
//! Every file and every output is read up to a limit. A group that is unreadable in part says so.

mod certificates;
mod der;
mod disks;
mod kernel;
mod limits;
mod machine;
mod os;
mod packages;
mod ports;
mod sysctl;
mod things;
mod time;
mod tls;
mod units;
mod users;

use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};
use rustix::fs::{Mode, OFlags};

use super::{Answer, Fact, GroupOfFacts, Query};
use crate::local::reason::{why, why_io};
use crate::local::{Found, Local, LocalTarget};
use evenkeel_model::text::inert;

/// The most bytes of a file that are read.
const LONGEST_FILE: u64 = 8 * 1024 * 1024;
/// The most characters of a name or a value.
const LONGEST_TEXT: usize = 256;
/// Types of the kernel's own file systems: proc, sysfs, debugfs and tracefs.
const KERNEL: [u32; 4] = [0x9FA0, 0x6265_6572, 0x6462_6720, 0x7472_6163];
/// The most facts of one group.
const MOST: usize = 20_000;

impl Local for Query {
    fn observe(_: &LocalTarget, asked: &[(usize, &Self)], found: Found<'_>) {
        asked.par_iter().for_each(|(number, query)| {
            let groups = query.groups.par_iter().map(|name| group(name)).collect();
            found(*number, Answer { groups }.into());
        });
    }
}

/// Reads one group.
fn group(name: &str) -> GroupOfFacts {
    let mut group = Group::default();
    let read = match name {
        "os" => os::read,
        "kernel" => kernel::read,
        "machine" => machine::read,
        "disks" => disks::read,
        "time" => time::read,
        "packages" => packages::read,
        "units" => units::read,
        "sysctl" => sysctl::read,
        "ports" => ports::read,
        "users" => users::read,
        "tls" => tls::read,
        "limits" => limits::read,
        "certificates" => certificates::read,
        "manual-packages" => things::packages::read,
        "enabled-units" => things::units::read,
        "login-users" => things::users::read,
        "cron-entries" => things::cron::read,
        "authorized-keys" => things::keys::read,
        "open-ports" => things::ports::read,
        _ => unknown,
    };
    read(&mut group);
    group.into_facts(name)
}

fn unknown(group: &mut Group) {
    group.miss("this version of evenkeel on the host does not know the group");
}

/// The facts of a group while they are read.
#[derive(Debug, Default)]
struct Group {
    facts: Vec<Fact>,
    unread: Vec<String>,
}

impl Group {
    /// Adds a fact. Text from the host becomes harmless, and a long one ends with `…`.
    fn add(&mut self, path: &[&str], value: &str) {
        self.facts.push(Fact {
            path: path.iter().map(|step| harmless(step)).collect(),
            value: harmless(value),
        });
    }

    /// Records why facts are missing.
    fn miss(&mut self, reason: impl AsRef<str>) {
        self.unread.push(harmless(reason.as_ref()));
    }

    /// Reads a file; `None` when it is missing, or unreadable, which is recorded.
    fn file(&mut self, path: impl AsRef<Path>) -> Option<String> {
        self.text(path.as_ref(), bytes)
    }

    /// Reads a file of a user like [`Group::file`].
    fn file_of_user(&mut self, path: impl AsRef<Path>) -> Option<String> {
        self.text(path.as_ref(), bytes_of_user)
    }

    fn text(
        &mut self,
        path: &Path,
        read: fn(&Path) -> Result<Option<Vec<u8>>, String>,
    ) -> Option<String> {
        match read(path) {
            Ok(bytes) => Some(String::from_utf8_lossy(&bytes?).into_owned()),
            Err(reason) => {
                self.miss(format!("`{}`: {reason}", path.display()));
                None
            }
        }
    }

    /// Lists the files of a directory whose names have an ending, sorted.
    fn files(&mut self, directory: &str, ending: &str) -> Vec<PathBuf> {
        let listed = match std::fs::read_dir(directory) {
            Ok(listed) => listed,
            Err(error) if error.kind() == ErrorKind::NotFound => return Vec::new(),
            Err(error) => {
                self.miss(format!("`{directory}`: {}", why_io(&error)));
                return Vec::new();
            }
        };
        let mut files: Vec<PathBuf> = listed
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.to_string_lossy().ends_with(ending))
            .take(MOST)
            .collect();
        files.sort();
        files
    }

    fn into_facts(mut self, name: &str) -> GroupOfFacts {
        self.facts.sort();
        self.facts
            .dedup_by(|later, earlier| later.path == earlier.path);
        if self.facts.len() > MOST {
            self.facts.truncate(MOST);
            self.unread.push(format!(
                "it has more than {MOST} facts; the others are not read"
            ));
        }
        self.unread.sort();
        self.unread.dedup();
        self.unread.truncate(8);
        GroupOfFacts {
            name: name.to_owned(),
            facts: self.facts,
            unread: self.unread,
        }
    }
}

fn harmless(text: &str) -> String {
    let text = inert(text.trim());
    match text.char_indices().nth(LONGEST_TEXT) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.into_owned(),
    }
}

/// Reads a regular file up to the limit; `None` when it is missing. A pipe would block the reader.
fn bytes(path: &Path) -> Result<Option<Vec<u8>>, String> {
    opened(path)?.map(content).transpose()
}

/// Reads a file like [`bytes`] that a user may have replaced by a link: one to a file of the kernel is refused, since reading
/// some of them, such as `/proc/kmsg`, has effects.
pub(in crate::subsystem) fn bytes_of_user(path: &Path) -> Result<Option<Vec<u8>>, String> {
    let Some(file) = opened(path)? else {
        return Ok(None);
    };
    let kind = rustix::fs::fstatfs(&file).map_err(why)?.f_type;
    if KERNEL
        .iter()
        .any(|own| i128::from(*own) == i128::from(kind))
    {
        return Err("it is a link to a file of the kernel".to_owned());
    }
    content(file).map(Some)
}

/// Opens a regular file; `None` when it is missing.
fn opened(path: &Path) -> Result<Option<File>, String> {
    let status = match std::fs::metadata(path) {
        Ok(status) => status,
        // A home directory may be `/dev/null`.
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(why_io(&error)),
    };
    const OTHER: &str = "it is not a regular file";
    if !status.is_file() {
        return Err(OTHER.to_owned());
    }
    // A user may replace a file of a home directory by a pipe meanwhile: opening one must not block.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty()).map_err(why)?);
    let status = file.metadata().map_err(|error| why_io(&error))?;
    if status.is_file() {
        Ok(Some(file))
    } else {
        Err(OTHER.to_owned())
    }
}

/// Reads an open file up to the limit.
fn content(file: File) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    file.take(LONGEST_FILE + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| why_io(&error))?;
    if bytes.len() as u64 > LONGEST_FILE {
        return Err("it is larger than 8 MiB".to_owned());
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests;
