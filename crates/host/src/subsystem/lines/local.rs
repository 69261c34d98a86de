//! The local part: reads files and replaces them through the subsystem of paths, which keeps owner, mode and attributes
//! and refuses a file that changed meanwhile.
//!
//! The agent may be root and a home directory is its user's. So nothing on the way to `authorized_keys` may belong to
//! another account or be a link: a user cannot make the agent read or replace a file of another.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read as _;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{AtFlags, FileType, Gid, Mode, OFlags, Stat, Uid};
use rustix::io::Errno;

use super::{Answer, DropLines, LinesState, Place, Query, SetLines, edit};
use crate::local::accounts::Accounts;
use crate::local::content::Fingerprint;
use crate::local::owners::Owners;
use crate::local::reason::{why, why_io};
use crate::local::{Found, Local, LocalTarget, Work, failed, unreadable};
use crate::path::local::placing::{Workshop, place};
use crate::path::{self, Placement};
use crate::place::{self as places, Obstacle};
use crate::port::Outcome;
use crate::subsystem::{Action, Subject as _};
use crate::{ActionError, Materials, PathState, Performed};
use evenkeel_model::Digest;

/// The largest file that is read.
const LARGEST: u64 = 16 * 1024 * 1024;
/// The directory of keys in a home directory, and the file in it.
const KEYS: [&str; 2] = [".ssh", "authorized_keys"];

impl Local for Query {
    fn observe(_: &LocalTarget, asked: &[(usize, &Self)], found: Found<'_>) {
        let mut accounts = None;
        // Each file is read once.
        let mut asked = asked.to_vec();
        asked.sort_by_key(|(_, query)| query.file.subject());
        let mut last: Option<(&Place, Result<Read, String>)> = None;
        for (number, query) in &asked {
            let is_same = last.as_ref().is_some_and(|(file, _)| **file == query.file);
            if !is_same {
                last = Some((&query.file, read(&query.file, &mut accounts)));
            }
            let Some((_, read)) = &last else { continue };
            let state = match read {
                Ok(read) => read.state(&query.wanted),
                Err(reason) => Err(reason.clone()),
            };
            found(
                *number,
                match state {
                    Ok(state) => Answer { state }.into(),
                    Err(reason) => unreadable(reason),
                },
            );
        }
    }

    fn perform(work: &Work<'_>, actions: &[(usize, &Action)]) -> Vec<(usize, Outcome)> {
        // One after the other: several may change one file.
        actions
            .iter()
            .map(|(number, action)| {
                let outcome = match action {
                    _ if work.interruption.is_set() => Err(ActionError::Interrupted),
                    Action::SetLines(wanted) => set(work, wanted),
                    Action::DropLines(wanted) => drop_lines(work, wanted),
                    other => Err(crate::local::broken(other)),
                };
                (*number, outcome)
            })
            .collect()
    }
}

/// A file, or what is in its place.
enum Read {
    NoUser,
    /// Nothing is there.
    Missing(Target),
    File(Target, Content),
}

/// The place of a file.
struct Target {
    path: PathBuf,
    /// The owner of a new file, with a new directory of keys; `None` for a file of the system.
    owner: Option<(Uid, Gid)>,
}

struct Content {
    bytes: Vec<u8>,
    status: Stat,
}

impl Read {
    fn state(&self, wanted: &super::Wanted) -> Result<LinesState, String> {
        match self {
            Self::NoUser => Ok(LinesState::NoUser),
            Self::Missing(_) => Ok(LinesState::NoFile),
            Self::File(target, content) => edit::look(&content.bytes, wanted)
                .map_err(|reason| format!("`{}`: {reason}", target.path.display())),
        }
    }
}

fn read(file: &Place, accounts: &mut Option<Result<Accounts, String>>) -> Result<Read, String> {
    match file {
        Place::Path(path) => {
            let path = Path::new(path);
            let (parent, name) = places::split(path).map_err(|obstacle| obstacle.to_string())?;
            let target = Target {
                path: path.to_owned(),
                owner: None,
            };
            match places::open_directory(&parent) {
                Ok(directory) => read_at(&directory, &name, target, &|_| Ok(())),
                Err(Obstacle::Missing(_)) => Ok(Read::Missing(target)),
                Err(obstacle) => Err(obstacle.to_string()),
            }
        }
        Place::KeysOf(user) => match accounts.get_or_insert_with(Accounts::read) {
            Ok(accounts) => read_keys(user, accounts),
            Err(reason) => Err(reason.clone()),
        },
    }
}

fn read_keys(user: &str, accounts: &Accounts) -> Result<Read, String> {
    let Some(entry) = accounts.users.get(user) else {
        return Ok(Read::NoUser);
    };
    let [folder, name] = KEYS;
    let home = Path::new(&entry.home);
    let target = Target {
        path: home.join(folder).join(name),
        owner: Some((Uid::from_raw(entry.uid), Gid::from_raw(entry.gid))),
    };
    let opened = places::split(home).and_then(|_| places::open_directory(home));
    let directory = match opened {
        Ok(directory) => directory,
        Err(Obstacle::Missing(_)) => return Ok(Read::Missing(target)),
        Err(obstacle) => return Err(obstacle.to_string()),
    };
    let status = rustix::fs::fstat(&directory).map_err(why)?;
    if status.st_uid != entry.uid {
        return Err(format!(
            "the home directory `{}` belongs to uid {}, not to `{user}`",
            home.display(),
            status.st_uid
        ));
    }
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let inner = match rustix::fs::openat(&directory, folder, flags, Mode::empty()) {
        Ok(inner) => inner,
        Err(Errno::NOENT) => return Ok(Read::Missing(target)),
        Err(Errno::LOOP | Errno::NOTDIR) => {
            return Err(format!(
                "`{}` is not a directory: evenkeel follows no links",
                home.join(folder).display()
            ));
        }
        Err(errno) => return Err(format!("`{}`: {}", home.join(folder).display(), why(errno))),
    };
    let status = rustix::fs::fstat(&inner).map_err(why)?;
    if status.st_uid != entry.uid && status.st_uid != 0 {
        return Err(format!(
            "`{}` belongs to uid {}, not to `{user}`",
            home.join(folder).display(),
            status.st_uid
        ));
    }
    let uid = entry.uid;
    read_at(&inner, OsStr::new(name), target, &|status| {
        // A hard link may be a file of another account.
        let is_own = status.st_uid == uid || (status.st_uid == 0 && status.st_nlink == 1);
        if is_own {
            Ok(())
        } else {
            Err(format!(
                "it belongs to uid {}, not to `{user}`",
                status.st_uid
            ))
        }
    })
}

fn read_at(
    directory: &OwnedFd,
    name: &OsStr,
    target: Target,
    check: &dyn Fn(&Stat) -> Result<(), String>,
) -> Result<Read, String> {
    let at = |reason: String| format!("`{}`: {reason}", target.path.display());
    let status = match rustix::fs::statat(directory, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(status) => status,
        Err(Errno::NOENT) => return Ok(Read::Missing(target)),
        Err(errno) => return Err(at(why(errno))),
    };
    match FileType::from_raw_mode(status.st_mode) {
        FileType::RegularFile => {}
        FileType::Symlink => {
            return Err(at(
                "it is a symbolic link; evenkeel follows no links: write the real path".into(),
            ));
        }
        FileType::Directory => return Err(at("it is a directory, not a file".into())),
        _ => return Err(at("it is not a regular file".into())),
    }
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let opened = rustix::fs::openat(directory, name, flags, Mode::empty())
        .map_err(|errno| at(why(errno)))?;
    let status = rustix::fs::fstat(&opened).map_err(|errno| at(why(errno)))?;
    check(&status).map_err(at)?;
    let content = content(opened, status).map_err(at)?;
    Ok(Read::File(target, content))
}

fn content(opened: OwnedFd, status: Stat) -> Result<Content, String> {
    if FileType::from_raw_mode(status.st_mode) != FileType::RegularFile {
        return Err("it keeps changing during the read".into());
    }
    let mut bytes = Vec::new();
    let mut file = File::from(opened);
    (&mut file)
        .take(LARGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| why_io(&error))?;
    if bytes.len() as u64 > LARGEST {
        return Err("it is larger than 16 MiB: evenkeel changes no lines in it".into());
    }
    let after = rustix::fs::fstat(&file).map_err(why)?;
    if Fingerprint::of(&after) != Fingerprint::of(&status) {
        return Err("it changed during the read: run this again".into());
    }
    Ok(Content { bytes, status })
}

/// The content of one file.
struct One(Digest, Arc<[u8]>);

impl Materials for One {
    fn content(&self, digest: &Digest) -> Option<Arc<[u8]>> {
        (*digest == self.0).then(|| Arc::clone(&self.1))
    }

    fn artifact(&self, _: &Digest) -> Option<PathBuf> {
        None
    }
}

fn check(file: &Place, expected: &LinesState, found: &LinesState) -> Result<(), ActionError> {
    if expected.is_same(found) {
        return Ok(());
    }
    Err(ActionError::Changed {
        path: file.subject().to_owned(),
        expected: expected.words(),
        found: found.words(),
    })
}

fn set(work: &Work<'_>, wanted: &SetLines) -> Outcome {
    let subject = wanted.file.subject();
    let refused = |reason: String| failed("change lines of", subject, reason);
    let read = read(&wanted.file, &mut None).map_err(refused)?;
    let state = read.state(&wanted.wanted).map_err(refused)?;
    if edit::is_met(&state, &wanted.wanted) {
        return Ok(Performed {
            note: Some("already so".to_owned()),
        });
    }
    check(&wanted.file, &wanted.expected, &state)?;
    let (target, old) = match read {
        Read::NoUser => {
            return Err(refused(format!(
                "no user `{subject}` in /etc/passwd: create it first"
            )));
        }
        Read::Missing(_) if !wanted.create => {
            return Err(refused(
                "the file does not exist: declare it as a file resource, or set `create = true`"
                    .into(),
            ));
        }
        Read::Missing(target) => (target, None),
        Read::File(target, content) => (target, Some(content)),
    };
    let bytes = old.as_ref().map_or(&[][..], |content| &content.bytes);
    let new = edit::put(bytes, wanted).map_err(refused)?;
    if let (None, Some(owner)) = (&old, target.owner) {
        make_folder(&target, owner).map_err(refused)?;
    }
    replace(work, &target, old, new, &wanted.validate)
}

fn drop_lines(work: &Work<'_>, wanted: &DropLines) -> Outcome {
    let refused = |reason: String| failed("remove lines of", wanted.file.subject(), reason);
    let read = read(&wanted.file, &mut None).map_err(refused)?;
    let state = read.state(&wanted.wanted).map_err(refused)?;
    if state.found().is_empty() {
        return Ok(Performed {
            note: Some("already so".to_owned()),
        });
    }
    check(&wanted.file, &wanted.expected, &state)?;
    let Read::File(target, content) = read else {
        return Err(refused("the file does not exist".into()));
    };
    let new = edit::take(&content.bytes, wanted).map_err(refused)?;
    replace(work, &target, Some(content), new, &wanted.validate)
}

/// Creates the directory of keys in a home directory of its user.
fn make_folder(target: &Target, (user, group): (Uid, Gid)) -> Result<(), String> {
    let parts = target
        .path
        .parent()
        .and_then(|it| Some((it.parent()?, it.file_name()?)));
    let (home, name) = parts.ok_or("the home directory has no path")?;
    let home = places::open_directory(home).map_err(|obstacle| obstacle.to_string())?;
    match rustix::fs::mkdirat(&home, name, Mode::from_raw_mode(0o700)) {
        Ok(()) => {}
        Err(Errno::EXIST) => return Ok(()),
        Err(errno) => return Err(why(errno)),
    }
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let made = rustix::fs::openat(&home, name, flags, Mode::empty()).map_err(why)?;
    let status = rustix::fs::fstat(&made).map_err(why)?;
    // The user may have put another directory there meanwhile; only an empty one of this process is given away.
    let is_ours = status.st_uid == rustix::process::geteuid().as_raw()
        && status.st_mode & 0o7777 & !0o2000 == 0o700
        && is_empty(&made).map_err(why)?;
    if !is_ours {
        return Err("another process changed the home directory: run this again".into());
    }
    rustix::fs::fchown(&made, Some(user), Some(group)).map_err(why)?;
    rustix::fs::fchmod(&made, Mode::from_raw_mode(0o700)).map_err(why)
}

fn is_empty(directory: impl AsFd) -> Result<bool, Errno> {
    for entry in rustix::fs::Dir::read_from(directory)? {
        let entry = entry?;
        if !matches!(entry.file_name().to_bytes(), b"." | b"..") {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Replaces a file as a whole, with its owner and mode.
fn replace(
    work: &Work<'_>,
    target: &Target,
    old: Option<Content>,
    new: Vec<u8>,
    validate: &[String],
) -> Outcome {
    let owners = Owners::read();
    let digest = Digest::of(&new);
    let (expected, mode, owner, group) = match &old {
        Some(Content { bytes, status }) => (
            PathState::File {
                digest: Digest::of(bytes),
                mode: status.st_mode & 0o7777,
                owner: owners.user(status.st_uid),
                group: owners.group(status.st_gid),
            },
            status.st_mode & 0o7777,
            Some(status.st_uid.to_string()),
            Some(status.st_gid.to_string()),
        ),
        None => {
            let owner = target.owner.map(|(user, _)| user.as_raw().to_string());
            let group = target.owner.map(|(_, group)| group.as_raw().to_string());
            let mode = if owner.is_some() { 0o600 } else { 0o644 };
            (PathState::Missing, mode, owner, group)
        }
    };
    let file = path::File {
        path: target.path.display().to_string(),
        content: digest,
        sealed: false,
        mode,
        owner,
        group,
        validate: validate.to_vec(),
        expected,
    };
    let workshop = Workshop {
        owners: &owners,
        launcher: &work.target.launcher,
        sealer: &work.target.sealer,
        materials: &One(digest, new.into()),
        interruption: work.interruption,
        few: false,
    };
    place(&workshop, &[(0, Placement::File(&file))])
        .pop()
        .map_or_else(
            || Err(failed("change lines of", &file.path, "nothing was done")),
            |(_, outcome)| outcome,
        )
}
