//! Mounted file systems on disks, and their sizes.

use super::Group;
use super::machine::size;
use crate::local::reason::why;

/// Types of file systems that hold data.
const TYPES: &[&str] = &[
    "ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "vfat", "nfs", "nfs4", "cifs", "ceph",
    "overlay",
];

pub(super) fn read(group: &mut Group) {
    let Some(text) = group.file("/proc/self/mounts") else {
        group.miss("`/proc/self/mounts` is missing");
        return;
    };
    for line in text.lines() {
        let mut parts = line.split(' ');
        let (Some(_), Some(place), Some(kind)) = (parts.next(), parts.next(), parts.next()) else {
            continue;
        };
        // A container's layers and bound files are no disks of this host.
        let is_own = ![
            "/var/lib/docker/",
            "/var/lib/containers/",
            "/run/",
            "/snap/",
        ]
        .iter()
        .any(|start| place.starts_with(start));
        if !TYPES.contains(&kind) || !is_own || place.contains('\\') {
            continue;
        }
        group.add(&[place, "type"], kind);
        // A network file system may not answer.
        if matches!(kind, "nfs" | "nfs4" | "cifs" | "ceph") {
            continue;
        }
        match rustix::fs::statvfs(place) {
            Ok(status) => group.add(
                &[place, "size"],
                &size(status.f_blocks.saturating_mul(status.f_frsize)),
            ),
            Err(errno) => group.miss(format!("`{place}`: {}", why(errno))),
        }
    }
}
