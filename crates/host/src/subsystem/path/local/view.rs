//! A view of the file system in which a new file is in its place: for programs that check a whole configuration.
//!
//! `unshare` of util-linux makes a namespace of mounts, in which nothing reaches other processes. There, this program puts the
//! new file over the final one, and becomes the program that checks.

use std::convert::Infallible;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::Write as _;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::fs::{Mode, OFlags};
use rustix::mount::{MountFlags, mount, mount_bind, mount_bind_recursive};

use crate::local::reason::{why, why_io};
use crate::local::tool::Tool;

/// Second argument of the program that makes the view, after `launch`.
pub(crate) const ARGUMENT: &str = "view";

/// Beginning of what it says if it cannot make the view.
const CANNOT: &str = "cannot show it the new file: ";

/// Maximum number of other entries of a directory that has no file with the final name.
const ENTRIES: usize = 10_000;

/// Returns the command that runs a program in a view where a file beside the final one is in its place.
pub(super) fn tool(launcher: &Path, beside: &Path, path: &str) -> Tool {
    Tool::new("unshare")
        .args(["--mount", "--propagation", "private", "--"])
        .arg(launcher)
        .args(["launch", ARGUMENT])
        .arg(beside)
        .arg(path)
}

/// Returns why the view was not made, if what a command of [`tool`] said is about that.
pub(super) fn fault(said: &str) -> Option<String> {
    let said = said.trim();
    said.strip_prefix(CANNOT)
        .or_else(|| said.strip_prefix("unshare: "))
        .map(str::to_owned)
}

/// Becomes a program in a view. The arguments are the new file, the final path, the program, and its arguments.
pub(crate) fn main(arguments: impl Iterator<Item = OsString>) -> ! {
    let reason = match become_program(arguments) {
        Ok(never) => match never {},
        Err(reason) => reason,
    };
    // If it cannot be said, the status still reports a failure.
    let _ = writeln!(std::io::stderr(), "{CANNOT}{reason}");
    std::process::exit(1)
}

fn become_program(mut arguments: impl Iterator<Item = OsString>) -> Result<Infallible, String> {
    let mut next = || arguments.next().ok_or("arguments are missing".to_owned());
    let (beside, path, program) = (PathBuf::from(next()?), PathBuf::from(next()?), next()?);
    let is_file = fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_file());
    if is_file {
        mount_bind(&beside, &path).map_err(why)?;
    } else {
        add(&beside, &path)?;
    }
    let error = Command::new(&program).args(arguments).exec();
    Err(match error.kind() {
        std::io::ErrorKind::NotFound => {
            format!("the host has no program `{}`", program.to_string_lossy())
        }
        _ => format!("`{}`: {}", program.to_string_lossy(), why_io(&error)),
    })
}

/// Shows a directory with one more file: a directory in memory takes its place, with all of its entries.
fn add(beside: &Path, path: &Path) -> Result<(), String> {
    let (Some(directory), Some(name), Some(beside)) =
        (path.parent(), path.file_name(), beside.file_name())
    else {
        return Err("the path names no file".to_owned());
    };
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let original = rustix::fs::open(directory, flags, Mode::empty()).map_err(why)?;
    let metadata = fs::metadata(directory).map_err(|error| why_io(&error))?;
    let mut entries = Vec::new();
    for entry in fs::read_dir(directory).map_err(|error| why_io(&error))? {
        let entry = entry.map_err(|error| why_io(&error))?;
        if entry.file_name() != name && entry.file_name() != beside {
            entries.push(entry.file_name());
        }
        if entries.len() > ENTRIES {
            return Err(format!(
                "`{}` has more than {ENTRIES} entries",
                directory.display()
            ));
        }
    }
    mount("tmpfs", directory, "tmpfs", MountFlags::empty(), None).map_err(why)?;
    // Nothing covers the root of a process.
    let covers = fs::metadata(directory).is_ok_and(|covering| covering.dev() != metadata.dev());
    if !covers {
        return Err(format!("`{}` cannot be covered", directory.display()));
    }
    std::os::unix::fs::chown(directory, Some(metadata.uid()), Some(metadata.gid()))
        .and_then(|()| {
            fs::set_permissions(
                directory,
                fs::Permissions::from_mode(metadata.mode() & 0o7777),
            )
        })
        .map_err(|error| why_io(&error))?;
    // What is below the new mount is reached by its descriptor.
    let original = PathBuf::from(format!("/proc/self/fd/{}", original.as_raw_fd()));
    for entry in &entries {
        show(&original.join(entry), &directory.join(entry))?;
    }
    fs::write(path, "").map_err(|error| why_io(&error))?;
    mount_bind(original.join(beside), path).map_err(why)
}

/// Shows an entry at another path.
fn show(entry: &Path, at: &Path) -> Result<(), String> {
    let failed = |error: std::io::Error| {
        let name = at.file_name().unwrap_or(OsStr::new("")).to_string_lossy();
        format!("`{name}`: {}", why_io(&error))
    };
    let metadata = fs::symlink_metadata(entry).map_err(failed)?;
    if metadata.is_symlink() {
        let target = fs::read_link(entry).map_err(failed)?;
        return symlink(target, at).map_err(failed);
    }
    if metadata.is_dir() {
        fs::create_dir(at).map_err(failed)?;
    } else {
        fs::write(at, "").map_err(failed)?;
    }
    mount_bind_recursive(entry, at).map_err(|errno| failed(errno.into()))
}
