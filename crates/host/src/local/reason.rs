//! What the kernel's error numbers mean for the person who reads them, and what to do about each.
//!
//! Only words. Which operation failed on which path is said by the caller.

use std::io;

use rustix::io::Errno;

/// The reason in a sentence, with what to do where that is known.
pub fn why(errno: Errno) -> String {
    let known = match errno {
        Errno::NOSPC => "no space is left on the device: free some, then run this again",
        Errno::DQUOT => {
            "the disk quota is used up: free some space or raise the quota, then run this again"
        }
        Errno::ACCESS => {
            "permission denied: run as a user who may do this, or change the directory's owner or mode"
        }
        Errno::PERM => "not permitted: only the owner or root may do this",
        Errno::ROFS => "the file system is read-only: mount it writable, or declare another path",
        Errno::IO => "input/output error: look at the kernel's log, the disk may be failing",
        Errno::NOENT => "no such file or directory: its parent directory must be there first",
        Errno::NOTDIR => "something in the path is not a directory",
        Errno::ISDIR => "a directory stands there",
        Errno::NOTEMPTY | Errno::EXIST => {
            "something else is there: move it away, then run this again"
        }
        Errno::LOOP => "a symbolic link stands in the path: write the real path",
        Errno::NAMETOOLONG => "the name is too long for the file system",
        Errno::MFILE | Errno::NFILE => {
            "too many files are open: raise the limit (`ulimit -n`), then run this again"
        }
        Errno::BUSY => "it is in use, perhaps as a mount point",
        Errno::XDEV => "the two paths are on different file systems",
        Errno::TXTBSY => "the program is being executed or written at this moment: run this again",
        Errno::NOEXEC => {
            "it is not a program this machine can run: a script needs a first line such as `#!/bin/sh`"
        }
        Errno::TOOBIG => "its arguments and environment are too long",
        _ => return io::Error::from(errno).to_string(),
    };
    known.to_owned()
}

/// The same for an error of the standard library.
pub fn why_io(error: &io::Error) -> String {
    Errno::from_io_error(error).map_or_else(|| error.to_string(), why)
}
