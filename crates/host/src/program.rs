//! Programs by name, for the start of a process.
//!
//! The standard library starts a program with a path by `posix_spawn`. To search a name in another environment's `PATH`, it
//! copies the page tables of this process first, which takes milliseconds in a large one.

use std::fs::File;
use std::io::Read as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::fs::{Access, access};

/// Returns a command for a program. One without `/` is searched in directories, as `execvp(3)` does; the program sees its name
/// as it is given.
#[must_use]
pub fn command(name: &str, search: Option<&str>) -> Command {
    match search.and_then(|search| find(name, search)) {
        Some(path) => {
            let mut command = Command::new(path);
            command.arg0(name);
            command
        }
        // Then the start itself searches it, and has the reason if it fails.
        None => Command::new(name),
    }
}

/// Returns the first program with a name in directories that are separated by colons.
fn find(name: &str, search: &str) -> Option<PathBuf> {
    if name.is_empty() || name.contains('/') {
        return None;
    }
    for directory in search.split(':') {
        // Such a directory depends on the working directory of the new process.
        if !directory.starts_with('/') {
            return None;
        }
        let path = Path::new(directory).join(name);
        if path.is_file() && access(&path, Access::EXEC_OK).is_ok() {
            return is_started_alike(&path).then_some(path);
        }
    }
    None
}

/// Whether a program is in a format of the kernel's. `execvp(3)` has a shell run any other file, `posix_spawn(3)` does not.
fn is_started_alike(path: &Path) -> bool {
    let mut start = [0; 4];
    let read = File::open(path).and_then(|mut file| file.read(&mut start));
    read.is_ok() && (start == *b"\x7fELF" || start.starts_with(b"#!"))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::{command, find};

    #[test]
    fn the_first_that_can_be_executed_is_found() {
        let scratch = tempfile::tempdir().unwrap();
        let [first, second, third] = ["1", "2", "3"].map(|name| scratch.path().join(name));
        for directory in [&first, &second, &third] {
            fs::create_dir(directory).unwrap();
        }
        fs::create_dir(first.join("tool")).unwrap();
        fs::write(second.join("tool"), "").unwrap();
        fs::write(third.join("tool"), "#!/bin/sh\nprintf %s \"$0\"\n").unwrap();
        let executable = fs::Permissions::from_mode(0o755);
        fs::set_permissions(third.join("tool"), executable).unwrap();
        let [first, second, third] = [first, second, third].map(|path| path.display().to_string());
        let all = format!("{first}:{second}:{third}");
        let found = find("tool", &all).unwrap();
        assert_eq!(found.display().to_string(), format!("{third}/tool"));
        assert_eq!(find("tool", &format!("{first}:{second}")), None);
        assert_eq!(find("tool", &format!("relative:{third}")), None);
        assert_eq!(find("tool", &format!(":{third}")), None);
        assert_eq!(find("/bin/sh", "/bin"), None);
        fs::write(format!("{third}/tool"), "printf %s \"$0\"\n").unwrap();
        assert_eq!(find("tool", &all), None);
        let ran = command("sh", Some("/usr/bin:/bin"))
            .args(["-c", "printf %s \"$0\""])
            .output()
            .unwrap();
        assert_eq!(ran.stdout, b"sh");
    }

    #[test]
    fn what_is_not_found_fails_at_its_start() {
        let failed = command("no-such-program", Some("/usr/bin:/bin")).output();
        assert_eq!(failed.unwrap_err().kind(), std::io::ErrorKind::NotFound);
    }
}
