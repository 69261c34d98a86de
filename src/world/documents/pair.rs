//! Two files or directories named on the command line, without definitions or a project.
//!
//! The named paths are read whatever they are, including pipes such as a shell's `<(command)`. `-` is standard input.
//! Below a directory, the rules of documents apply: only regular files are opened, and no link leads outside.

use std::fs::{self, File};
use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};

use super::working_tree::{Disk, read_all};
use crate::world::git::{Git, Repository};
use crate::world::patient::Patient;
use evenkeel_core::documents::FileReading;
use evenkeel_core::documents::LIMITS;
use evenkeel_core::documents::content::{self, Refusal, why};
use evenkeel_core::documents::{BinaryAlone, Draft, FileSet};
use evenkeel_core::documents::{Found, Listing, What, walk};
use evenkeel_core::documents::{Unreadable, words};
use evenkeel_host::Interruption;
use evenkeel_model::text;

/// Name of standard input.
const STANDARD_INPUT: &str = "-";
const SHOWN_INPUT: &str = "(standard input)";

/// Reason why two names cannot be compared.
#[derive(Debug, thiserror::Error)]
pub enum PairError {
    /// The names do not go together.
    #[error("{0}")]
    Usage(String),
    /// One of them is unreadable.
    #[error("{reason}")]
    Unreadable {
        /// Name and reason.
        reason: String,
        /// Help.
        help: Option<String>,
    },
}

/// Kind of a named path.
enum Side {
    Stream(File),
    Input,
    File,
    Directory(PathBuf),
}

impl Side {
    fn is_directory(&self) -> bool {
        matches!(self, Self::Directory(_))
    }
}

/// Reads two named paths, each relative to `directory` or absolute; `-` is standard input, on one side only.
///
/// # Errors
///
/// When a name does not exist, or one is a file and the other a directory. Problems of single files are in the sets.
pub fn gather_pair(
    names: [&str; 2],
    directory: &Path,
    standard_input: BorrowedFd<'_>,
    git: &Git,
) -> Result<[FileSet; 2], PairError> {
    let [left, right] = names;
    if left == STANDARD_INPUT && right == STANDARD_INPUT {
        return Err(PairError::Usage(
            "standard input can only be one of the two".into(),
        ));
    }
    let sides = [side(left, directory)?, side(right, directory)?];
    let [first, second] = &sides;
    if first.is_directory() != second.is_directory() {
        let kind = |side: &Side| {
            if side.is_directory() {
                "a directory"
            } else {
                "a file"
            }
        };
        return Err(PairError::Usage(format!(
            "`{left}` is {} and `{right}` is {}: name two files or two directories",
            kind(first),
            kind(second)
        )));
    }
    let [first, second] = sides;
    let gather = |name, side| gather(name, side, directory, standard_input, git);
    Ok([gather(left, first), gather(right, second)])
}

fn side(name: &str, directory: &Path) -> Result<Side, PairError> {
    if name == STANDARD_INPUT {
        return Ok(Side::Input);
    }
    let failed = |reason: String, help: Option<String>| PairError::Unreadable { reason, help };
    let path = directory.join(name);
    let metadata = match fs::metadata(&path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(failed(format!("`{name}` does not exist"), beside(&path)));
        }
        Err(error) => {
            return Err(failed(
                format!("`{name}` cannot be read: {}", why(&error)),
                None,
            ));
        }
    };
    if metadata.is_file() {
        return Ok(Side::File);
    }
    let unreadable = |error| failed(format!("`{name}` cannot be read: {}", why(&error)), None);
    if metadata.is_dir() {
        return path.canonicalize().map(Side::Directory).map_err(unreadable);
    }
    // Opening a pipe must not wait for its writer; reading waits, and can be interrupted.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
    rustix::fs::open(&path, flags, Mode::empty())
        .map(|file| Side::Stream(File::from(file)))
        .map_err(|errno| unreadable(errno.into()))
}

/// Returns the existing name that is closest to a missing one.
fn beside(path: &Path) -> Option<String> {
    let wanted = path.file_name()?.to_str()?;
    let names: Vec<String> = fs::read_dir(path.parent()?)
        .ok()?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    let near = text::nearest(wanted, names.iter().map(String::as_str))?;
    Some(format!("did you mean `{near}`?"))
}

fn gather(
    name: &str,
    side: Side,
    directory: &Path,
    standard_input: BorrowedFd<'_>,
    git: &Git,
) -> FileSet {
    let draft = match side {
        Side::Input => match standard_input.try_clone_to_owned() {
            Ok(input) => stream(SHOWN_INPUT, File::from(input), git.interruption()),
            Err(error) => Draft::refused(Unreadable::new(format!(
                "standard input cannot be read: {}",
                why(&error)
            ))),
        },
        Side::Stream(file) => stream(name, file, git.interruption()),
        Side::File => {
            // Opened by this exact name, since `/dev/fd/9` has no other.
            let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
            let read = rustix::fs::open(directory.join(name), flags, Mode::empty())
                .map(File::from)
                .map_err(std::io::Error::from)
                .and_then(|file| Ok((file.metadata()?.len(), file)))
                .map_err(|error| Refusal::Failed(why(&error)))
                .and_then(|(size, mut file)| content::read(&mut file, size, &LIMITS));
            one(name, read)
        }
        Side::Directory(real) => files(name, &real, git),
    };
    draft.with_defects(|complaint| complaint.about(name))
}

fn stream(shown: &str, file: File, interruption: &Interruption) -> Draft {
    let mut patient = Patient::new(file, None, interruption);
    one(shown, content::read(&mut patient, 0, &LIMITS))
}

fn one(shown: &str, read: Result<content::Bytes, Refusal>) -> Draft {
    let listing = Listing {
        single: true,
        whole: true,
        found: vec![Found {
            name: String::new(),
            shown: shown.to_owned(),
            what: What::File(PathBuf::new()),
        }],
        complaints: Vec::new(),
    };
    let read = match read {
        Ok(bytes) => FileReading::Bytes(bytes),
        Err(refusal) => FileReading::Refused(refusal),
    };
    Draft::of(listing, vec![read], BinaryAlone::Kept, &LIMITS)
}

fn files(name: &str, real: &Path, git: &Git) -> Draft {
    // If git fails, links are restricted more.
    let repository = Repository::discover(real, git).ok().flatten();
    let boundary = repository.as_ref().map_or(real, Repository::root);
    let mut disk = Disk::seen_by(".", real, boundary, git.interruption());
    let shown = match name.trim_end_matches('/') {
        "" => "/",
        shown => shown,
    };
    match walk(&mut disk, shown, real.to_owned(), None, &LIMITS) {
        Err(complaint) => Draft::refused(complaint),
        Ok(listing) => match read_all(&[&listing], &LIMITS).pop() {
            Some(Ok(read)) => Draft::of(listing, read, BinaryAlone::Kept, &LIMITS),
            Some(Err(bytes)) => Draft::refused(words::too_large(shown, bytes, LIMITS.bytes)),
            None => Draft::default(),
        },
    }
}
