//! Prepares one placement: checks the current state, then creates the new file under a temporary name beside it.
//!
//! Nothing that other programs read is changed here. The temporary name is derived from the final name, so the next run
//! finds and replaces the leftovers of a killed one.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::Write as _;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use rustix::fs::{AtFlags, FileType, Gid, Mode, OFlags, Uid, XattrFlags};
use rustix::io::Errno;

use super::super::compare::{describe, is_wanted, same};
use super::super::{PLACEHOLDER, PathState, Placement};
use super::look::Look;
use super::placing::{Job, Workshop};
use super::view;
use crate::ActionError;
use crate::local::content;
use crate::local::reason::{why, why_io};
use crate::local::tool::Tool;
use crate::wire::limit;
use evenkeel_model::Digest;

/// The longest list of attributes, and the longest value: the kernel's limit.
const LONGEST_ATTRIBUTE: usize = 64 * 1024;

/// A prepared placement.
pub(super) struct Staged {
    /// The previous state.
    pub(super) found: PathState,
    pub(super) how: How,
}

/// The next step of a placement.
pub(super) enum How {
    /// The state already holds; only its durability remains.
    AlreadySo,
    /// Rename this name to the final one.
    Rename(OsString),
    /// Change the mode or owner of the existing directory.
    Adjust,
    /// Remove the existing file by way of this name.
    Remove(OsString),
}

/// Checks and prepares.
pub(super) fn stage(workshop: &Workshop<'_>, job: &Job<'_>) -> Result<Staged, ActionError> {
    if workshop.interruption.is_set() {
        return Err(ActionError::Interrupted);
    }
    let beside = beside(&job.name);
    remove_leftover(job, &beside)?;
    let found = look(workshop, job, &job.name)?;
    if is_wanted(job.action, &found) {
        if workshop.few {
            sync_existing(job, &found)?;
        }
        return Ok(Staged {
            found,
            how: How::AlreadySo,
        });
    }
    verify(workshop, job, &job.name, &found)?;
    let made = match (job.action, &found) {
        (Placement::Remove(_), _) => {
            return Ok(Staged {
                found,
                how: How::Remove(beside),
            });
        }
        (Placement::Directory(_), PathState::Directory { .. }) => {
            return Ok(Staged {
                found,
                how: How::Adjust,
            });
        }
        (Placement::Directory(_), PathState::Missing) => make_directory(workshop, job, &beside),
        (Placement::Directory(_), other) | (_, other @ PathState::Directory { .. }) => {
            return Err(in_the_way(job, other));
        }
        (Placement::Link(link), _) => rustix::fs::symlinkat(link.to.as_str(), job.parent, &beside)
            .map_err(|errno| job.refused("create", errno)),
        (Placement::File(file), _) => make_file(workshop, job, file, &beside, &found),
    };
    let staged = Staged {
        found,
        how: How::Rename(beside),
    };
    if let Err(error) = made {
        discard(job, &staged);
        return Err(error);
    }
    Ok(staged)
}

/// Removes the prepared file.
pub(super) fn discard(job: &Job<'_>, staged: &Staged) {
    if let How::Rename(beside) = &staged.how {
        // If this fails too, the next run finds the name and replaces it.
        let _ = remove_leftover(job, beside);
    }
}

/// Reads a name with the options of the action.
pub(super) fn look(
    workshop: &Workshop<'_>,
    job: &Job<'_>,
    name: &OsStr,
) -> Result<PathState, ActionError> {
    look_with(workshop, job, name, job.action.sealed())
}

fn look_with(
    workshop: &Workshop<'_>,
    job: &Job<'_>,
    name: &OsStr,
    sealed: bool,
) -> Result<PathState, ActionError> {
    let look = Look {
        owners: workshop.owners,
        seal: sealed.then_some(workshop.sealer),
        text_unless: None,
    };
    look.at(job.parent, name)
        .map(|seen| seen.standing)
        .map_err(|reason| job.failed("check", reason))
}

/// Checks that the found state is the expected one.
pub(super) fn verify(
    workshop: &Workshop<'_>,
    job: &Job<'_>,
    name: &OsStr,
    found: &PathState,
) -> Result<(), ActionError> {
    let expected = job.action.expected();
    // A link's action does not say whether the digest of a file in its place is sealed: accept either.
    let matches = same(expected, found)
        || (matches!(
            (job.action, found),
            (Placement::Link(_), PathState::File { .. })
        ) && same(expected, &look_with(workshop, job, name, true)?));
    if matches {
        return Ok(());
    }
    Err(ActionError::Changed {
        path: job.path.to_owned(),
        expected: describe(expected),
        found: describe(found),
    })
}

fn in_the_way(job: &Job<'_>, found: &PathState) -> ActionError {
    let reason = format!(
        "found {}, which evenkeel does not replace: move it away, then plan again",
        found.words()
    );
    job.failed("replace", reason)
}

/// Returns the temporary name beside a name.
pub(super) fn beside(name: &OsStr) -> OsString {
    let digest = Digest::of(name.as_bytes()).hex();
    format!(".evenkeel-{}.tmp", digest.get(..16).unwrap_or(&digest)).into()
}

pub(super) fn remove_leftover(job: &Job<'_>, beside: &OsStr) -> Result<(), ActionError> {
    let removed = match rustix::fs::unlinkat(job.parent, beside, AtFlags::empty()) {
        Err(Errno::ISDIR) => rustix::fs::unlinkat(job.parent, beside, AtFlags::REMOVEDIR),
        other => other,
    };
    match removed {
        // The next operation reports any other problem with this directory.
        Ok(())
        | Err(
            Errno::NOENT
            | Errno::ACCESS
            | Errno::PERM
            | Errno::ROFS
            | Errno::NOTDIR
            | Errno::NAMETOOLONG,
        ) => Ok(()),
        Err(errno) => {
            let reason = format!(
                "leftover `{}` of an earlier run is in the way: {}",
                beside.display(),
                why(errno)
            );
            Err(job.failed("prepare", reason))
        }
    }
}

/// Removes the replaced file.
pub(super) fn remove_old(job: &Job<'_>, beside: &OsStr) -> Result<(), ActionError> {
    match rustix::fs::unlinkat(job.parent, beside, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(errno) => Err(job.failed(
            "replace",
            format!(
                "the new file is in place, but the old one remains as `{}`: {}",
                beside.display(),
                why(errno)
            ),
        )),
    }
}

fn make_directory(
    workshop: &Workshop<'_>,
    job: &Job<'_>,
    beside: &OsStr,
) -> Result<(), ActionError> {
    rustix::fs::mkdirat(job.parent, beside, Mode::from_raw_mode(0o700))
        .map_err(|errno| job.refused("create", errno))?;
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let directory = rustix::fs::openat(job.parent, beside, flags, Mode::empty())
        .map_err(|errno| job.refused("open", errno))?;
    dress(workshop, job, &directory, None)
}

fn make_file(
    workshop: &Workshop<'_>,
    job: &Job<'_>,
    wanted: &super::super::File,
    beside: &OsStr,
    found: &PathState,
) -> Result<(), ActionError> {
    let bytes = match older(job, wanted, found) {
        Some(older) => workshop.materials.content_near(&wanted.content, &older),
        None => workshop.materials.content(&wanted.content),
    };
    let Some(bytes) = bytes else {
        return Err(job.failed("write", "content unavailable: plan again"));
    };
    let plain = Digest::of(&bytes);
    let digest = if wanted.sealed {
        workshop.sealer.seal_digest(plain)
    } else {
        plain
    };
    if digest != wanted.content {
        return Err(job.failed("write", "the content differs from the plan: plan again"));
    }
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = rustix::fs::openat(job.parent, beside, flags, Mode::from_raw_mode(0o600))
        .map_err(|errno| job.refused("create", errno))?;
    let mut file = File::from(file);
    file.write_all(&bytes)
        .map_err(|error| job.failed("write", why_io(&error)))?;
    let file = OwnedFd::from(file);
    let takes_path = wanted
        .validate
        .iter()
        .any(|word| word.contains(PLACEHOLDER));
    if takes_path {
        // Before owners and mode are set: while it is checked, only this account can read it.
        validate(workshop, job, wanted, beside, &plain)?;
    }
    if matches!(found, PathState::File { .. }) {
        keep_attributes(job, &file)?;
    }
    dress(workshop, job, &file, Some(found))?;
    if !wanted.validate.is_empty() && !takes_path {
        // A program that checks a whole configuration may check owners and modes too.
        validate(workshop, job, wanted, beside, &plain)?;
    }
    if workshop.few {
        rustix::fs::fsync(&file).map_err(|errno| job.refused("sync", errno))?;
    }
    Ok(())
}

/// Opens the file that is replaced, if parts of it may be used for the new content. Nothing is compared with a secret.
fn older(job: &Job<'_>, wanted: &super::super::File, found: &PathState) -> Option<File> {
    if wanted.sealed || !matches!(found, PathState::File { .. }) {
        return None;
    }
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = rustix::fs::openat(job.parent, &job.name, flags, Mode::empty()).ok()?;
    let status = rustix::fs::fstat(&file).ok()?;
    let is_large = u64::try_from(status.st_size).is_ok_and(|size| size > limit::WHOLE);
    let is_file = FileType::from_raw_mode(status.st_mode) == FileType::RegularFile;
    (is_large && is_file).then(|| file.into())
}

/// Runs the program that checks a new file, which gets its path or sees it in its place. The file must not change by that.
fn validate(
    workshop: &Workshop<'_>,
    job: &Job<'_>,
    wanted: &super::super::File,
    beside: &OsStr,
    plain: &Digest,
) -> Result<(), ActionError> {
    let refused = |reason: String| job.failed("validate", reason);
    let beside_path = Path::new(job.path).with_file_name(beside);
    let path = beside_path
        .to_str()
        .ok_or_else(|| refused("the path is not UTF-8".to_owned()))?;
    let program = wanted.validate.first().map_or("", String::as_str);
    let takes_path = wanted
        .validate
        .iter()
        .any(|word| word.contains(PLACEHOLDER));
    let tool = if takes_path {
        let arguments = wanted.validate.iter().skip(1);
        Tool::new(program).args(arguments.map(|argument| argument.replace(PLACEHOLDER, path)))
    } else {
        view::tool(workshop.launcher, &beside_path, job.path)
            .args(&wanted.validate)
            .becoming(program)
    };
    let ran = tool.run().map_err(|error| refused(error.to_string()))?;
    if !ran.status.success() {
        let fault = ran.spoken().and_then(|said| view::fault(&said));
        if let Some(fault) = fault.filter(|_| !takes_path) {
            return Err(refused(format!(
                "`{program}` cannot see the new file in its place: {fault} (it needs root and util-linux there; or give it the file's path, `{PLACEHOLDER}`)"
            )));
        }
        // The program may print lines of the file.
        let reason = if wanted.sealed {
            "its output is hidden, since the content contains a secret".to_owned()
        } else {
            ran.failure().replace(path, job.path)
        };
        return Err(refused(format!(
            "`{program}` rejects the new content, and nothing was changed: {reason}"
        )));
    }
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let is_same = rustix::fs::openat(job.parent, beside, flags, Mode::empty())
        .and_then(|file| Ok((rustix::fs::fstat(&file)?, file)))
        .ok()
        .and_then(|(status, file)| content::digest(&file, &status, 0).ok())
        .is_some_and(|content| content.digest == *plain);
    if is_same {
        Ok(())
    } else {
        Err(refused(format!(
            "`{program}` changed the new file: use a program that only reads it"
        )))
    }
}

/// Whether an extended attribute of a file describes its place, and not its content.
fn is_kept(name: &[u8]) -> bool {
    name.starts_with(b"user.")
        || name == b"system.posix_acl_access"
        || name == b"security.selinux"
        || name.starts_with(b"security.SMACK64")
}

/// Copies access lists, labels and attributes of the replaced file. Capabilities and signatures belong to the old content.
fn keep_attributes(job: &Job<'_>, made: impl AsFd) -> Result<(), ActionError> {
    let refused = |errno| job.refused("keep the attributes of", errno);
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let old = rustix::fs::openat(job.parent, &job.name, flags, Mode::empty()).map_err(refused)?;
    let mut names = vec![0; LONGEST_ATTRIBUTE];
    let length = match rustix::fs::flistxattr(&old, &mut names[..]) {
        Ok(length) => length,
        // The file system has none.
        Err(Errno::OPNOTSUPP | Errno::NOSYS) => return Ok(()),
        Err(errno) => return Err(refused(errno)),
    };
    let names = names.get(..length).unwrap_or_default();
    let mut old_value = vec![0; LONGEST_ATTRIBUTE];
    let mut new_value = Vec::new();
    for name in names.split(|byte| *byte == 0).filter(|it| is_kept(it)) {
        let name = OsStr::from_bytes(name);
        let length = rustix::fs::fgetxattr(&old, name, &mut old_value[..]).map_err(refused)?;
        let value = old_value.get(..length).unwrap_or_default();
        // A label may be the same already, and only the system may set it.
        new_value.resize(LONGEST_ATTRIBUTE, 0);
        let is_same = rustix::fs::fgetxattr(&made, name, &mut new_value[..])
            .is_ok_and(|length| new_value.get(..length) == Some(value));
        if !is_same {
            rustix::fs::fsetxattr(&made, name, value, XattrFlags::empty()).map_err(refused)?;
        }
    }
    Ok(())
}

/// Sets owners and mode of an open file or directory. Undeclared owners are copied from the replaced file where
/// permitted.
pub(super) fn dress(
    workshop: &Workshop<'_>,
    job: &Job<'_>,
    made: impl AsFd,
    replaced: Option<&PathState>,
) -> Result<(), ActionError> {
    let (mode, owner, group) = match job.action {
        Placement::File(wanted) => (wanted.mode, &wanted.owner, &wanted.group),
        Placement::Directory(wanted) => (wanted.mode, &wanted.owner, &wanted.group),
        Placement::Link(_) | Placement::Remove(_) => return Ok(()),
    };
    let user = owner
        .as_deref()
        .map(|word| workshop.owners.user_id(word))
        .transpose();
    let user = user.map_err(|reason| job.failed("set the owner of", reason))?;
    let group = group
        .as_deref()
        .map(|word| workshop.owners.group_id(word))
        .transpose();
    let group = group.map_err(|reason| job.failed("set the owner of", reason))?;
    if user.is_some() || group.is_some() {
        rustix::fs::fchown(&made, user.map(Uid::from_raw), group.map(Gid::from_raw))
            .map_err(|errno| job.refused("set the owner of", errno))?;
    }
    if let Some(PathState::File {
        owner: old_user,
        group: old_group,
        ..
    }) = replaced
    {
        let status = rustix::fs::fstat(&made).map_err(|errno| job.refused("check", errno))?;
        let keep_user =
            (user.is_none() && status.st_uid != old_user.id).then(|| Uid::from_raw(old_user.id));
        let keep_group =
            (group.is_none() && status.st_gid != old_group.id).then(|| Gid::from_raw(old_group.id));
        for (user, group) in [(keep_user, None), (None, keep_group)] {
            if user.is_some() || group.is_some() {
                // Undeclared, so not required.
                let _ = rustix::fs::fchown(&made, user, group);
            }
        }
    }
    // After the owners: changing the owner clears the set-user-ID bit.
    rustix::fs::fchmod(&made, Mode::from_raw_mode(mode & 0o7777))
        .map_err(|errno| job.refused("set the mode of", errno))
}

/// Syncs a file that is already as wanted: the run that wrote it may have been killed before its sync.
fn sync_existing(job: &Job<'_>, found: &PathState) -> Result<(), ActionError> {
    let directory = match found {
        PathState::File { .. } => OFlags::empty(),
        PathState::Directory { .. } => OFlags::DIRECTORY,
        _ => return Ok(()),
    };
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC | directory;
    rustix::fs::openat(job.parent, &job.name, flags, Mode::empty())
        .and_then(rustix::fs::fsync)
        .map_err(|errno| job.refused("sync", errno))
}
