//! Copies an artifact into a new directory, durably.
//!
//! Works relative to open directories and follows no link. The caller verifies the copy by reading it again.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::path::Path;

use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use crate::local::reason::{why, why_io};
use crate::local::sync::FEW;
use crate::local::tree::write::{new_file, new_link, parent};
use crate::local::tree::{Item, ItemKind, Survey};
use crate::place::open_beneath;

/// Creates the directory `name` in `parent` and copies everything into it, owned by the current user, with the modes
/// 0755 and 0644. The error is a reason for people.
pub(super) fn copy(survey: &Survey, parent: &OwnedFd, name: &str) -> Result<(), String> {
    let root = make_directory(parent, Path::new(name)).map_err(why)?;
    let mut directories = Vec::new();
    for item in survey
        .items
        .iter()
        .filter(|item| item.kind == ItemKind::Directory)
    {
        let made =
            make_directory(&root, Path::new(&item.path)).map_err(|errno| of(item, &why(errno)))?;
        if directories.len() <= FEW {
            directories.push(made);
        }
    }
    let few = survey.items.len() <= FEW;
    survey.items.par_iter().try_for_each(|item| {
        copy_file(survey, item, &root, few).map_err(|reason| of(item, &reason))
    })?;
    // After the files, so that none is ever on the way to one.
    for item in &survey.items {
        if let Some(to) = &item.to {
            new_link(&root, Path::new(&item.path), to).map_err(|errno| of(item, &why(errno)))?;
        }
    }
    let synced = if few {
        directories
            .iter()
            .chain([&root])
            .try_for_each(rustix::fs::fsync)
    } else {
        rustix::fs::syncfs(&root)
    };
    synced.map_err(why)
}

fn of(item: &Item, reason: &str) -> String {
    format!("`{}`: {reason}", item.path)
}

fn make_directory(root: &OwnedFd, path: &Path) -> Result<OwnedFd, Errno> {
    let (parent, name) = parent(root, path)?;
    rustix::fs::mkdirat(&parent, name, Mode::from_raw_mode(0o700))?;
    let made = open_beneath(
        &parent,
        Path::new(name),
        OFlags::RDONLY | OFlags::DIRECTORY,
        Mode::empty(),
    )?;
    // Regardless of the umask.
    rustix::fs::fchmod(&made, Mode::from_raw_mode(0o755))?;
    Ok(made)
}

fn copy_file(survey: &Survey, item: &Item, root: &OwnedFd, sync: bool) -> Result<(), String> {
    let ItemKind::File { executable } = item.kind else {
        return Ok(());
    };
    let mut from = File::from(survey.open(item).map_err(|error| error.to_string())?);
    let mut to = File::from(new_file(root, Path::new(&item.path), 0o600).map_err(why)?);
    // The kernel copies by itself where it can, and shares blocks where the file system can.
    std::io::copy(&mut from, &mut to).map_err(|error| why_io(&error))?;
    let mode = if executable { 0o755 } else { 0o644 };
    rustix::fs::fchmod(&to, Mode::from_raw_mode(mode)).map_err(why)?;
    if sync {
        rustix::fs::fsync(&to).map_err(why)?;
    }
    Ok(())
}
