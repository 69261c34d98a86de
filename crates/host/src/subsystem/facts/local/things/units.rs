//! Units of systemd that start at boot or on demand: services, sockets, timers and paths that a link enables.
//!
//! Links are read, not the service manager: a host that is an image or a container has the same answer.

use std::collections::BTreeSet;
use std::path::Path;

use super::super::Group;

/// Directories in which administrators enable units: for the system, and for all users' own managers.
const DIRECTORIES: [(&str, &str); 3] = [
    ("/etc/systemd/system", ""),
    ("/run/systemd/system", ""),
    ("/etc/systemd/user", "user/"),
];
/// Endings of the directories whose links enable units.
const ENDINGS: [&str; 3] = [".wants", ".requires", ".upholds"];
/// Sorts of units that run programs.
const SORTS: [&str; 4] = [".service", ".socket", ".timer", ".path"];

pub(in super::super) fn read(group: &mut Group) {
    let mut units = BTreeSet::new();
    for (directory, prefix) in DIRECTORIES {
        for path in group.files(directory, "") {
            let name = name_of(&path);
            if ENDINGS.iter().any(|ending| name.ends_with(ending)) {
                let inside = group.files(&path.to_string_lossy(), "");
                units.extend(inside.iter().map(|path| (prefix, name_of(path))));
            } else if let Some(unit) = aliased(&path) {
                units.insert((prefix, unit));
            }
        }
    }
    for (prefix, unit) in units {
        if SORTS.iter().any(|sort| unit.ends_with(sort)) {
            group.add(&[&format!("{prefix}{unit}")], "");
        }
    }
}

fn name_of(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// Returns the unit of an alias, which enables it under another name; `None` for a unit's own file and a masked unit.
fn aliased(path: &Path) -> Option<String> {
    let to = std::fs::read_link(path).ok()?;
    (to != Path::new("/dev/null")).then(|| name_of(&to))
}
