//! Small files of evenkeel's own on a host: read whole, written durably and atomically, never through a link.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;

use super::reason::{why, why_io};
use crate::place::{self, Obstacle};
use evenkeel_model::Digest;

/// Reads a file up to a length; `None` when it is missing. The error is a reason for people.
pub(crate) fn read(path: &Path, longest: u64) -> Result<Option<Vec<u8>>, String> {
    let (parent, name) = place::split(path).map_err(|obstacle| obstacle.to_string())?;
    let parent = match place::open_directory(&parent) {
        Ok(parent) => parent,
        Err(Obstacle::Missing(_)) => return Ok(None),
        Err(obstacle) => return Err(obstacle.to_string()),
    };
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = match rustix::fs::openat(parent, name, flags, Mode::empty()) {
        Ok(file) => File::from(file),
        Err(Errno::NOENT) => return Ok(None),
        Err(errno) => return Err(why(errno)),
    };
    let mut bytes = Vec::new();
    file.take(longest)
        .read_to_end(&mut bytes)
        .map_err(|error| why_io(&error))?;
    Ok(Some(bytes))
}

/// Writes a file with a mode. Its directory must exist.
pub(crate) fn write(path: &Path, bytes: &[u8], mode: u32) -> Result<(), String> {
    let (parent, name) = place::split(path).map_err(|obstacle| obstacle.to_string())?;
    let parent = place::open_directory(&parent).map_err(|obstacle| obstacle.to_string())?;
    let digest = Digest::of(name.as_encoded_bytes()).hex();
    let beside = format!(".evenkeel-{}.tmp", digest.get(..16).unwrap_or(&digest));
    let _ = rustix::fs::unlinkat(&parent, beside.as_str(), AtFlags::empty());
    let done = write_beside(&parent, &beside, bytes, mode)
        .and_then(|()| rustix::fs::renameat(&parent, beside.as_str(), &parent, &name).map_err(why));
    if done.is_err() {
        let _ = rustix::fs::unlinkat(&parent, beside.as_str(), AtFlags::empty());
    }
    done?;
    sync(&parent)
}

/// Removes a file durably; a missing one is no error.
pub(crate) fn remove(path: &Path) -> Result<(), String> {
    let (parent, name) = place::split(path).map_err(|obstacle| obstacle.to_string())?;
    let parent = match place::open_directory(&parent) {
        Ok(parent) => parent,
        Err(Obstacle::Missing(_)) => return Ok(()),
        Err(obstacle) => return Err(obstacle.to_string()),
    };
    match rustix::fs::unlinkat(&parent, &name, AtFlags::empty()) {
        Ok(()) => sync(&parent),
        Err(Errno::NOENT) => Ok(()),
        Err(errno) => Err(why(errno)),
    }
}

fn write_beside(parent: &OwnedFd, beside: &str, bytes: &[u8], mode: u32) -> Result<(), String> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file =
        rustix::fs::openat(parent, beside, flags, Mode::from_raw_mode(0o600)).map_err(why)?;
    // Regardless of the umask.
    rustix::fs::fchmod(&file, Mode::from_raw_mode(mode)).map_err(why)?;
    let mut file = File::from(file);
    file.write_all(bytes)
        .and_then(|()| file.sync_all())
        .map_err(|error| why_io(&error))
}

fn sync(parent: &OwnedFd) -> Result<(), String> {
    place::reopen(parent)
        .and_then(rustix::fs::fsync)
        .map_err(why)
}
