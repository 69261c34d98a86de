//! Links among a document's files, and the content they are compared as.

use std::ffi::OsStr;
use std::path::Path;

use super::walk::{Kind, Resolved, Tree, What};
use super::words;

/// Whether there may be files below a link.
pub(super) fn may_hide(resolved: Option<&Result<Resolved, String>>) -> bool {
    match resolved {
        Some(Ok(Resolved::At(_, kind))) => *kind == Kind::Directory,
        Some(Ok(Resolved::Absent) | Err(_)) | None => false,
        Some(Ok(Resolved::Outside | Resolved::Private)) => true,
    }
}

/// Returns the content a link is compared as; `Err` with the reason if it cannot be read.
pub(super) fn followed(
    tree: &mut dyn Tree,
    real: &Path,
    resolved: Result<Resolved, String>,
    shown: &str,
    relative: &OsStr,
) -> Result<What, Option<String>> {
    match resolved {
        Ok(Resolved::At(file, Kind::File)) => return Ok(What::File(file)),
        Ok(Resolved::At(_, other @ Kind::Other(_))) => {
            return Err(Some(format!("it leads to {}", words::kind(other))));
        }
        // A cyclic link is compared by its destination, too.
        Ok(_) | Err(_) => {}
    }
    let written = tree.link(real).map_err(Some)?;
    Ok(What::Link(leads_to(&written, shown, relative)))
}

/// Returns a link's destination in normal form: within the document as `./…`, relative to it; else relative to the
/// project, or absolute.
fn leads_to(written: &Path, shown: &str, relative: &OsStr) -> String {
    let written = written.to_string_lossy();
    if written.starts_with('/') {
        return written.into_owned();
    }
    let relative = relative.to_string_lossy();
    let folder = relative.rsplit_once('/').map_or("", |(folder, _)| folder);
    let top = normal(shown);
    let joined = format!("{shown}/{folder}/{written}");
    let whole = normal(&joined);
    match whole.strip_prefix(top.as_slice()) {
        Some(below) => format!("./{}", below.join("/")),
        None => whole.join("/"),
    }
}

/// Returns the parts of a path without `.` and, as far as possible, without `..`.
fn normal(path: &str) -> Vec<&str> {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::leads_to;
    use std::ffi::OsStr;
    use std::path::Path;

    #[test]
    fn equal_destinations_of_links_have_equal_texts() {
        let leads = |written: &str, shown: &str, relative: &str| {
            leads_to(Path::new(written), shown, OsStr::new(relative))
        };
        assert_eq!(leads("../common", "envs/staging", "x"), "envs/common");
        assert_eq!(leads("../../common", "envs/eu/staging", "x"), "envs/common");
        assert_eq!(leads("../common", "envs/staging", "a/x"), "./common");
        assert_eq!(leads("y", "envs/staging", "x"), "./y");
        assert_eq!(leads("/a/../b", "envs/staging", "x"), "/a/../b");
        assert_eq!(leads("../../../b", "envs/staging", "x"), "../b");
    }
}
