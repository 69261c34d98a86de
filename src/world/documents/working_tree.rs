//! Documents of the working tree.
//!
//! Sizes are known before reading; all processors read files. Only regular files are opened, without blocking. A link
//! out of the repository (out of the project without one) is not read.

use std::ffi::OsString;
use std::fs::{self, File, FileType};
use std::io::ErrorKind;
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use rustix::fs::{Mode, OFlags};

use evenkeel_core::documents::FileReading;
use evenkeel_core::documents::Limits;
use evenkeel_core::documents::content::{self, Bytes, Refusal, why};
use evenkeel_core::documents::{Found, Kind, Listing, Resolved, Tree, What, is_private, list};
use evenkeel_core::documents::{clean, climbs};
use evenkeel_host::Interruption;

/// View of the working tree by one declared path.
pub(super) struct Disk<'a> {
    root: &'a Path,
    /// Directory that contains everything readable.
    boundary: PathBuf,
    /// Whether the declared path itself leads above it.
    leaves: bool,
    interruption: &'a Interruption,
}

impl<'a> Disk<'a> {
    /// Creates the view of a declared path within `boundary`, regardless of links and `..`.
    pub(super) fn seen_by(
        declared: &str,
        root: &'a Path,
        boundary: &Path,
        interruption: &'a Interruption,
    ) -> Self {
        let levels = clean(declared).map_or(0, |path| climbs(&path));
        let depth = root
            .strip_prefix(boundary)
            .map_or(0, |below| below.components().count());
        Self {
            root,
            boundary: boundary.to_owned(),
            leaves: levels > depth,
            interruption,
        }
    }

    /// Lists the files that a path names.
    pub(super) fn list(mut self, declared: &str, limits: &Limits) -> Listing {
        list(&mut self, declared, limits)
    }
}

impl Tree for Disk<'_> {
    fn start(&self) -> PathBuf {
        self.root.to_owned()
    }

    fn resolve(&mut self, path: &Path) -> Result<Resolved, String> {
        if self.leaves {
            return Ok(Resolved::Outside);
        }
        let real = match path.canonicalize() {
            Ok(real) => real,
            Err(error) if is_absent(&error) => return Ok(Resolved::Absent),
            Err(error) => return Err(why(&error)),
        };
        let Ok(below) = real.strip_prefix(&self.boundary) else {
            return Ok(Resolved::Outside);
        };
        if below.iter().any(is_private) {
            return Ok(Resolved::Private);
        }
        match fs::symlink_metadata(&real) {
            Ok(metadata) => Ok(Resolved::At(real, kind(metadata.file_type()))),
            Err(error) if is_absent(&error) => Ok(Resolved::Absent),
            Err(error) => Err(why(&error)),
        }
    }

    fn children(&mut self, directory: &Path) -> Result<Vec<(OsString, Kind)>, String> {
        if self.interruption.is_set() {
            return Err("interrupted".into());
        }
        let entries = fs::read_dir(directory).map_err(|error| why(&error))?;
        entries
            .map(|entry| {
                let entry = entry?;
                Ok((entry.file_name(), kind(entry.file_type()?)))
            })
            .collect::<std::io::Result<_>>()
            .map_err(|error| why(&error))
    }

    fn link(&mut self, path: &Path) -> Result<PathBuf, String> {
        fs::read_link(path).map_err(|error| why(&error))
    }

    fn known_as(&self) -> String {
        String::new()
    }
}

fn is_absent(error: &std::io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::InvalidFilename
    )
}

fn kind(found: FileType) -> Kind {
    if found.is_file() {
        Kind::File
    } else if found.is_dir() {
        Kind::Directory
    } else if found.is_symlink() {
        Kind::Link
    } else if found.is_fifo() {
        Kind::Other("a named pipe")
    } else if found.is_socket() {
        Kind::Other("a socket")
    } else {
        Kind::Other("a device")
    }
}

/// Reads all listed files, in order. A listing whose files exceed the limit of bytes together is not read, and reports
/// its size.
pub(super) fn read_all(
    listings: &[&Listing],
    limits: &Limits,
) -> Vec<Result<Vec<FileReading>, u64>> {
    listings
        .par_iter()
        .map(|listing| {
            let sizes: Vec<u64> = listing.found.par_iter().map(size).collect();
            let whole: u64 = sizes.iter().fold(0, |sum, size| sum.saturating_add(*size));
            if whole > limits.bytes {
                return Err(whole);
            }
            Ok(listing
                .found
                .par_iter()
                .map(|found| match &found.what {
                    What::Link(leads) => FileReading::Link(leads.clone()),
                    What::File(path) => match read(path, limits) {
                        Ok(bytes) => FileReading::Bytes(bytes),
                        Err(refusal) => FileReading::Refused(refusal),
                    },
                })
                .collect())
        })
        .collect()
}

/// Returns the size; 0 for an inaccessible file, whose reading returns the reason.
fn size(found: &Found) -> u64 {
    match &found.what {
        What::File(path) => fs::symlink_metadata(path).map_or(0, |metadata| metadata.len()),
        What::Link(_) => 0,
    }
}

fn read(path: &Path, limits: &Limits) -> Result<Bytes, Refusal> {
    // A file replaced by a link or a pipe since the listing is not followed, and does not block.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let failed = |error: std::io::Error| Refusal::Failed(why(&error));
    let file = rustix::fs::open(path, flags, Mode::empty())
        .map_err(|errno| failed(std::io::Error::from(errno)))?;
    let mut file = File::from(file);
    let metadata = file.metadata().map_err(failed)?;
    if !metadata.is_file() {
        return Err(Refusal::Failed("it is not a file any more".into()));
    }
    content::read(&mut file, metadata.len(), limits)
}
