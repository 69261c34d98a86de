//! Normal form of a declared path, and the pattern in it.
//!
//! Pure: whether anything exists there is left to `walk`.

use std::ffi::OsStr;
use std::path::Path;

use globset::{GlobBuilder, GlobMatcher};

/// Characters that make a part of a path a pattern.
const WILD: [char; 5] = ['*', '?', '[', '{', '\\'];

/// Returns a declared path without `./` and without doubled and trailing slashes. `.` is the project itself.
///
/// # Errors
///
/// Paths that no document can have.
pub fn clean(path: &str) -> Result<String, String> {
    if path.is_empty() {
        return Err("the path is empty".into());
    }
    if path.contains('\0') {
        return Err("the path contains a zero byte".into());
    }
    if path.starts_with('/') {
        return Err(format!(
            "`{path}` is absolute, but the project may be elsewhere on other machines"
        ));
    }
    let parts: Vec<&str> = path
        .split('/')
        .filter(|part| !matches!(*part, "" | "."))
        .collect();
    Ok(if parts.is_empty() {
        ".".into()
    } else {
        parts.join("/")
    })
}

/// Returns how many directories a path climbs above its start, at most: 1 for `../a` and for `a/../../b`.
pub fn climbs(path: &str) -> usize {
    let mut depth = 0_usize;
    let mut highest = 0;
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if depth == 0 => highest += 1,
            ".." => depth -= 1,
            _ => depth += 1,
        }
    }
    highest
}

/// Pattern of files.
#[derive(Debug)]
pub struct Wanted {
    /// Longest prefix that is a directory without wildcards; `.` if there is none. Names are relative to it.
    pub directory: String,
    /// Maximum depth of a match below it; unlimited if `None`.
    pub deepest: Option<usize>,
    matcher: GlobMatcher,
}

impl Wanted {
    /// Returns the pattern in a normalized path; `None` if it contains none.
    ///
    /// # Errors
    ///
    /// The problem of the pattern.
    pub fn parse(path: &str) -> Result<Option<Self>, String> {
        if !path.contains(['*', '?', '[', '{']) {
            return Ok(None);
        }
        let parts: Vec<&str> = path.split('/').collect();
        let fixed = parts
            .iter()
            .position(|part| part.contains(WILD))
            .unwrap_or(parts.len());
        let (directory, pattern) = parts.split_at(fixed);
        let whole = pattern.join("/");
        let matcher = GlobBuilder::new(&whole)
            .literal_separator(true)
            .build()
            .map_err(|error| format!("`{path}` is not a valid pattern of files: {}", error.kind()))?
            .compile_matcher();
        // Braces that contain a slash match paths of several depths.
        let any = pattern.iter().any(|part| {
            part.contains("**") || part.matches('{').count() != part.matches('}').count()
        });
        Ok(Some(Self {
            directory: if directory.is_empty() {
                ".".into()
            } else {
                directory.join("/")
            },
            deepest: (!any).then_some(pattern.len()),
            matcher,
        }))
    }

    /// Whether the pattern matches a file name relative to the directory.
    pub fn matches(&self, name: &OsStr) -> bool {
        self.matcher.is_match(Path::new(name))
    }
}

#[cfg(test)]
mod tests {
    use super::{Wanted, clean, climbs};

    #[test]
    fn a_path_is_normalized_and_invalid_ones_are_refused() {
        assert_eq!(clean("./deploy//a.yaml").unwrap(), "deploy/a.yaml");
        assert_eq!(clean("deploy/").unwrap(), "deploy");
        assert_eq!(clean("./").unwrap(), ".");
        assert_eq!(clean("../a b/'c'").unwrap(), "../a b/'c'");
        assert!(clean("").is_err());
        assert!(clean("/etc/passwd").is_err());
        assert!(clean("a\0b").is_err());
    }

    #[test]
    fn how_far_a_path_climbs_is_known() {
        for (path, levels) in [
            ("a/b", 0),
            ("../a", 1),
            ("a/../../b", 1),
            ("a/../b", 0),
            ("../../a", 2),
        ] {
            assert_eq!(climbs(path), levels, "{path}");
        }
    }

    #[test]
    fn names_are_relative_to_the_directory_before_the_first_wildcard() {
        let wanted = |path: &str| Wanted::parse(path).unwrap().unwrap();
        assert_eq!(wanted("deploy/eu/*.yaml").directory, "deploy/eu");
        assert_eq!(wanted("deploy/eu/*.yaml").deepest, Some(1));
        assert_eq!(wanted("*.yaml").directory, ".");
        assert_eq!(wanted("a/*/b?/c.yaml").deepest, Some(3));
        assert_eq!(wanted("a/**/c.yaml").deepest, None);
        assert_eq!(wanted("a/{b,c/d}.yaml").deepest, None);
        assert_eq!(wanted("a/{b,c}.yaml").deepest, Some(1));
        assert!(Wanted::parse("a/b.yaml").unwrap().is_none());
        assert!(Wanted::parse("a/{b").is_err());
    }

    #[test]
    fn wildcards_match_like_in_shells() {
        let matches =
            |path: &str, name: &str| Wanted::parse(path).unwrap().unwrap().matches(name.as_ref());
        assert!(matches("a/*.yaml", "b.yaml"));
        assert!(!matches("a/*.yaml", "c/b.yaml"));
        assert!(matches("a/**/*.yaml", "b.yaml"));
        assert!(matches("a/**/*.yaml", "c/d/b.yaml"));
        assert!(matches("a/**", "c/d"));
        assert!(matches("a/{b,c}.y?ml", "c.yaml"));
        assert!(!matches("a/{b,c}.y?ml", "d.yaml"));
        assert!(matches("a/.env*", ".env.production"));
    }
}
