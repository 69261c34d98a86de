//! Explanations of the kernel's error numbers, with the next step for each.
//!
//! The caller adds the operation and the path.

use std::io;

use rustix::io::Errno;

/// Returns the reason in a sentence, with the next step where one is known.
pub fn why(errno: Errno) -> String {
    let known = match errno {
        Errno::NOSPC => "no space left on the device: free some, then run this again",
        Errno::DQUOT => {
            "disk quota exceeded: free some space or raise the quota, then run this again"
        }
        Errno::ACCESS => {
            "permission denied: run as a user who may do this, or change the directory's owner or mode"
        }
        Errno::PERM => "not permitted: only the owner or root may do this",
        Errno::ROFS => "the file system is read-only: mount it writable, or declare another path",
        Errno::IO => "input/output error: check the kernel's log, the disk may be failing",
        Errno::NOENT => "no such file or directory: its parent directory must exist",
        Errno::NOTDIR => "a component of the path is not a directory",
        Errno::ISDIR => "it is a directory",
        Errno::NOTEMPTY | Errno::EXIST => {
            "something else exists there: move it away, then run this again"
        }
        Errno::LOOP => "the path leads through a symbolic link: write the real path",
        Errno::NAMETOOLONG => "the name is too long for the file system",
        Errno::MFILE | Errno::NFILE => {
            "too many files are open: raise the limit (`ulimit -n`), then run this again"
        }
        Errno::BUSY => "in use, perhaps as a mount point",
        Errno::XDEV => "the two paths are on different file systems",
        Errno::TXTBSY => "the program is being executed or written: run this again",
        Errno::NOEXEC => {
            "not executable on this machine: a script needs a first line such as `#!/bin/sh`"
        }
        Errno::TOOBIG => "arguments and environment are too long",
        _ => return io::Error::from(errno).to_string(),
    };
    known.to_owned()
}

/// Returns the reason for an error of the standard library.
pub fn why_io(error: &io::Error) -> String {
    Errno::from_io_error(error).map_or_else(|| error.to_string(), why)
}
