//! Durability: written data survives a power cut, at a cost independent of the number of files.
//!
//! A few files are synced one by one; many share one `syncfs` for each file system.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::os::fd::{AsFd, OwnedFd};

use rustix::io::Errno;

use crate::place;

/// The largest number of files that are synced one by one.
pub(crate) const FEW: usize = 8;

/// The file systems of a batch, each as a directory that was opened before any write: the kernel reports failed writes
/// only to descriptors that were open then.
#[derive(Default)]
pub(crate) struct FileSystems(BTreeMap<u64, OwnedFd>);

impl FileSystems {
    /// Registers the file system of an open directory and returns its key.
    pub(crate) fn add(&mut self, directory: impl AsFd) -> Result<u64, Errno> {
        let device = device(&directory)?;
        if let Entry::Vacant(entry) = self.0.entry(device) {
            entry.insert(place::reopen(directory)?);
        }
        Ok(device)
    }

    /// Syncs one of them.
    pub(crate) fn sync(&self, device: u64) -> Result<(), Errno> {
        self.0
            .get(&device)
            .map_or(Err(Errno::BADF), rustix::fs::syncfs)
    }
}

#[allow(
    clippy::unnecessary_cast,
    reason = "the field's type differs between processors"
)]
fn device(directory: impl AsFd) -> Result<u64, Errno> {
    rustix::fs::fstat(directory).map(|status| status.st_dev as u64)
}

/// Syncs a directory that was opened with `O_PATH`.
pub(crate) fn sync_directory(directory: impl AsFd) -> Result<(), Errno> {
    rustix::fs::fsync(place::reopen(directory)?)
}
