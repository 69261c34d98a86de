//! Reads one name in an open directory: its state and the digest of its content.
//!
//! Queries and actions share this code, so a plan and the check before an action read the same way.

use std::ffi::OsStr;
use std::os::fd::AsFd;

use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;

use super::super::{Answer, PathState};
use crate::local::content::{self, Fault, Fingerprint};
use crate::local::owners::Owners;
use crate::local::reason::why;
use evenkeel_model::{Digest, Moment, Sealer};

/// The longest text in an answer.
const LONGEST_TEXT: u64 = 64 * 1024;

/// The largest file whose content is read. Declared files are far smaller, so a larger one differs in any case, and
/// reading it could take hours.
const LARGEST: u64 = 1024 * 1024 * 1024;

/// The options of one read.
#[derive(Clone, Copy)]
pub(super) struct Look<'a> {
    pub(super) owners: &'a Owners,
    /// Seals the digest if the content is secret; then no text is returned.
    pub(super) seal: Option<&'a Sealer>,
    /// Text is wanted when the digest is not this one.
    pub(super) text_unless: Option<Digest>,
}

impl Look<'_> {
    /// Reads, and retries once when the file changed meanwhile. The error is a reason for people.
    pub(super) fn at(&self, parent: impl AsFd, name: &OsStr) -> Result<Answer, String> {
        let mut changed = false;
        loop {
            match self.once(&parent, name) {
                Ok(seen) => return Ok(seen),
                Err(Fault::Changed) if !changed => changed = true,
                Err(Fault::Changed) => return Err("it keeps changing during the read".to_owned()),
                Err(Fault::Refused(errno)) => return Err(why(errno)),
            }
        }
    }

    fn once(&self, parent: impl AsFd, name: &OsStr) -> Result<Answer, Fault> {
        let status = match rustix::fs::statat(&parent, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(status) => status,
            Err(Errno::NOENT | Errno::NOTDIR) => {
                return Ok(Answer {
                    standing: PathState::Missing,
                    text: None,
                    changed: None,
                });
            }
            Err(errno) => return Err(errno.into()),
        };
        let mut text = None;
        let standing = match FileType::from_raw_mode(status.st_mode) {
            FileType::RegularFile if u64::try_from(status.st_size).unwrap_or(0) > LARGEST => {
                PathState::Other {
                    what: too_large(&status),
                }
            }
            FileType::RegularFile => {
                let (digest, content) = self.content(&parent, name, &status)?;
                text = content;
                PathState::File {
                    digest,
                    mode: status.st_mode & 0o7777,
                    owner: self.owners.user(status.st_uid),
                    group: self.owners.group(status.st_gid),
                }
            }
            FileType::Directory => PathState::Directory {
                mode: status.st_mode & 0o7777,
                owner: self.owners.user(status.st_uid),
                group: self.owners.group(status.st_gid),
            },
            FileType::Symlink => {
                let to =
                    rustix::fs::readlinkat(&parent, name, Vec::new()).map_err(
                        |errno| match errno {
                            Errno::INVAL | Errno::NOENT => Fault::Changed,
                            errno => Fault::Refused(errno),
                        },
                    )?;
                PathState::Link {
                    to: to.to_string_lossy().into_owned(),
                }
            }
            other => PathState::Other {
                what: what(other).to_owned(),
            },
        };
        Ok(Answer {
            standing,
            text,
            changed: Some(changed(&status)),
        })
    }

    fn content(
        &self,
        parent: impl AsFd,
        name: &OsStr,
        status: &Stat,
    ) -> Result<(Digest, Option<String>), Fault> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file =
            rustix::fs::openat(parent, name, flags, Mode::empty()).map_err(
                |errno| match errno {
                    Errno::NOENT | Errno::LOOP | Errno::NXIO => Fault::Changed,
                    errno => Fault::Refused(errno),
                },
            )?;
        let wanted = self.seal.is_none() && self.text_unless.is_some();
        let content = content::digest(&file, status, if wanted { LONGEST_TEXT } else { 0 })?;
        if let Some(sealer) = self.seal {
            return Ok((sealer.seal_digest(content.digest), None));
        }
        let differs = self
            .text_unless
            .is_some_and(|known| known != content.digest);
        let text = content.bytes.filter(|_| differs);
        Ok((
            content.digest,
            text.and_then(|bytes| String::from_utf8(bytes).ok()),
        ))
    }
}

/// Returns when a file's content or metadata last changed.
#[allow(
    clippy::useless_conversion,
    clippy::unnecessary_cast,
    reason = "the fields' types differ between processors"
)]
pub(crate) fn changed(status: &Stat) -> Moment {
    let nanoseconds = i64::try_from(u64::from(status.st_ctime_nsec)).unwrap_or(0);
    Moment::from_millisecond(
        (status.st_ctime as i64).saturating_mul(1000) + nanoseconds / 1_000_000,
    )
}

/// Returns the identity of the file that has a name now.
pub(super) fn fingerprint(parent: impl AsFd, name: &OsStr) -> Result<Fingerprint, Errno> {
    rustix::fs::statat(parent, name, AtFlags::SYMLINK_NOFOLLOW)
        .map(|status| Fingerprint::of(&status))
}

/// Describes a file whose content is not read, so that the description changes with every write: evenkeel never
/// replaces what it has not read. Uses the modification time, since renaming changes the change time.
fn too_large(status: &Stat) -> String {
    format!(
        "a file of {} bytes, last written {}.{:09} seconds after 1970 began",
        status.st_size, status.st_mtime, status.st_mtime_nsec
    )
}

fn what(kind: FileType) -> &'static str {
    match kind {
        FileType::Socket => "a socket",
        FileType::Fifo => "a pipe",
        FileType::CharacterDevice | FileType::BlockDevice => "a device",
        _ => "an unknown type of file",
    }
}
