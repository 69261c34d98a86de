//! Working directories of suites, recreated below the project: nothing is removed through a link, or anywhere else.

use std::path::{Component, Path};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use evenkeel_host::reason::why;
use evenkeel_host::remove_tree;

/// Creates an empty directory below `root`, on a path without links.
///
/// # Errors
///
/// The reason, for display.
pub fn fresh_directory(root: &Path, below: &Path) -> Result<(), String> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let mut parent = rustix::fs::open(root, flags, Mode::empty()).map_err(why)?;
    let mut parts = below.components().peekable();
    while let Some(part) = parts.next() {
        let Component::Normal(name) = part else {
            return Err(format!("`{}` is not a path below it", below.display()));
        };
        if parts.peek().is_none() {
            remove_tree(&parent, name).map_err(why)?;
            return rustix::fs::mkdirat(&parent, name, Mode::RWXU).map_err(why);
        }
        match rustix::fs::mkdirat(&parent, name, Mode::RWXU) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(errno) => return Err(why(errno)),
        }
        parent = rustix::fs::openat(&parent, name, flags | OFlags::NOFOLLOW, Mode::empty())
            .map_err(|errno| match errno {
                Errno::LOOP | Errno::NOTDIR => {
                    format!("`{}` is not a regular directory; move it", name.display())
                }
                errno => why(errno),
            })?;
    }
    Err("it has no name".to_owned())
}

#[cfg(test)]
mod tests {
    use super::fresh_directory;
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::path::Path;

    #[test]
    fn only_the_directory_itself_is_emptied_and_no_link_is_followed() {
        let home = tempfile::tempdir().unwrap();
        let path = |name: &str| home.path().join(name);
        fs::create_dir_all(path("outside/staging/check")).unwrap();
        fs::write(path("outside/staging/check/thesis"), "").unwrap();
        let below = Path::new(".evenkeel/suites/staging/check");
        fresh_directory(home.path(), below).unwrap();
        fs::write(path(".evenkeel/suites/staging/check/old"), "").unwrap();
        fs::write(path(".evenkeel/suites/staging/other"), "").unwrap();
        fresh_directory(home.path(), below).unwrap();
        assert!(!path(".evenkeel/suites/staging/check/old").exists());
        assert!(path(".evenkeel/suites/staging/other").exists());
        for (link, to) in [
            (".evenkeel/suites/staging", "outside/staging"),
            (".evenkeel/suites", "outside"),
        ] {
            fs::remove_dir_all(path(link)).unwrap();
            symlink(path(to), path(link)).unwrap();
            let refused = fresh_directory(home.path(), below).unwrap_err();
            assert!(refused.contains("is not a regular directory"), "{refused}");
            assert!(path("outside/staging/check/thesis").exists());
            fs::remove_file(path(link)).unwrap();
            fs::create_dir_all(path(link)).unwrap();
        }
        // The last part may be a link, which is removed without its destination.
        fs::create_dir_all(path(".evenkeel/suites/staging")).unwrap();
        symlink(
            path("outside/staging/check"),
            path(".evenkeel/suites/staging/check"),
        )
        .unwrap();
        fresh_directory(home.path(), below).unwrap();
        assert!(path("outside/staging/check/thesis").exists());
        assert!(fresh_directory(home.path(), Path::new("../x")).is_err());
    }
}
