//! Files that look like one thing in two environments and that no definition mentions.
//!
//! Pure: takes the paths of a project's files. A document covers a pair if it covers one of its files; so does a
//! resource made of one. `[ignore]` and comments that start with `# not compared:` exclude pairs, which are counted.

use std::collections::{BTreeMap, BTreeSet};

use super::compared::DeclaredDocuments;
use super::{Wanted, clean};
use crate::environment::{Definition, DocumentSource};
use evenkeel_comparison::discovery::{likely_base, pairs_by_path};

/// Start of a comment that excludes pairs; quoted paths follow.
pub const NOT_COMPARED: &str = "# not compared:";

/// Likely pairs that no document covers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Undeclared {
    /// Pairs that no definition mentions.
    pub pairs: Vec<Vec<String>>,
    /// Number of pairs that the definitions exclude.
    pub left_out: usize,
}

/// Returns the likely pairs among a project's files that no document covers. `own` is the directory of the definitions.
#[must_use]
pub fn undeclared(
    definition: &Definition,
    declared: &DeclaredDocuments,
    own: &str,
    paths: &[String],
) -> Undeclared {
    let mut pairs = pairs_by_path(paths);
    let own_files = format!("{own}/");
    pairs.retain(|pair| own.is_empty() || !pair.iter().any(|path| path.starts_with(&own_files)));
    let has = |places: &[Place], pair: &[String]| {
        pair.iter()
            .any(|path| places.iter().any(|place| place.has(path)))
    };
    if !pairs.is_empty() {
        let covered: Vec<Place> = declared
            .asked()
            .iter()
            .filter_map(|(environment, declaration)| {
                let DocumentSource::Path(path) = &declaration.source else {
                    return None;
                };
                let place = Place::of(path, true)?;
                // A glob below the environment's own directory selected some of its files and excluded the others.
                let is_own = place.directory.contains(environment.as_str());
                Some(Place {
                    glob: place.glob.filter(|_| !is_own),
                    ..place
                })
            })
            .collect();
        pairs.retain(|pair| !has(&covered, pair));
    }
    if pairs.is_empty() {
        return Undeclared::default();
    }
    let lines = || definition.files.iter().flat_map(|file| file.text.lines());
    let ignored = definition.ignored_pairs.iter();
    let mut left: Vec<Place> = ignored.filter_map(|path| Place::of(path, true)).collect();
    left.extend(lines().flat_map(left_out));
    let all = pairs.len();
    pairs.retain(|pair| !has(&left, pair));
    let left_out = all - pairs.len();
    if !pairs.is_empty() {
        let used: Vec<Place> = lines().flat_map(|line| used(line, own)).collect();
        pairs.retain(|pair| !has(&used, pair));
    }
    Undeclared { pairs, left_out }
}

/// Returns the likely base file of each document without a declared base.
#[must_use]
pub fn undeclared_bases(
    declared: &DeclaredDocuments,
    names: &BTreeSet<&str>,
    paths: &[String],
) -> Vec<(String, String)> {
    let mut own: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (_, declaration) in &declared.asked() {
        let is_plain = declaration.base.is_empty() && declaration.section.is_none();
        if let DocumentSource::Path(path) = &declaration.source
            && names.contains(&*declaration.name)
            && is_plain
        {
            own.entry(&declaration.name).or_default().insert(path);
        }
    }
    own.retain(|_, paths| paths.len() > 1);
    if own.is_empty() {
        return Vec::new();
    }
    let all: BTreeSet<&str> = paths.iter().map(String::as_str).collect();
    own.into_iter()
        .filter_map(|(name, own)| {
            let own: Vec<&str> = own.into_iter().collect();
            Some((name.to_owned(), likely_base(&own, &all)?))
        })
        .collect()
}

/// Files that a definition mentions.
#[derive(Debug)]
struct Place {
    directory: String,
    glob: Option<Wanted>,
    /// Whether it includes everything below.
    below: bool,
}

impl Place {
    fn of(path: &str, below: bool) -> Option<Self> {
        let path = clean(path).ok()?;
        let glob = Wanted::parse(&path).ok()?;
        Some(Self {
            directory: glob
                .as_ref()
                .map_or(path, |wanted| wanted.directory.clone()),
            glob,
            below,
        })
    }

    fn has(&self, path: &str) -> bool {
        let rest = match self.directory.as_str() {
            "." => path,
            directory => match path.strip_prefix(directory) {
                Some("") => return self.glob.is_none(),
                Some(rest) => match rest.strip_prefix('/') {
                    Some(rest) => rest,
                    None => return false,
                },
                None => return false,
            },
        };
        let Some(glob) = &self.glob else {
            return self.below;
        };
        let ends = rest.match_indices('/').map(|(at, _)| at);
        glob.matches(rest.as_ref())
            || self.below
                && ends
                    .filter_map(|end| rest.get(..end))
                    .any(|folder| glob.matches(folder.as_ref()))
    }
}

/// Returns the texts between double quotes in a line; longer ones are not paths.
fn quoted(line: &str) -> impl Iterator<Item = String> + '_ {
    line.split('"')
        .skip(1)
        .step_by(2)
        .filter(|text| !text.is_empty() && text.len() <= 1_024)
        .map(|text| text.replace("${environment}", "*"))
}

/// Returns the pairs that a line excludes.
fn left_out(line: &str) -> Vec<Place> {
    let Some(rest) = line.trim().strip_prefix(NOT_COMPARED) else {
        return Vec::new();
    };
    quoted(rest)
        .flat_map(|path| {
            // A path may contain glob characters.
            let literal = Place {
                directory: path.clone(),
                glob: None,
                below: true,
            };
            Place::of(&path, true).into_iter().chain([literal])
        })
        .collect()
}

/// Returns the files that a line of a definition uses: sources of resources are relative to the definitions.
fn used(line: &str, own: &str) -> Vec<Place> {
    if line.trim().starts_with('#') {
        return Vec::new();
    }
    quoted(line)
        .flat_map(|path| {
            let beside = Place::of(&format!("{own}/{path}"), false);
            [Place::of(&path, false), beside]
        })
        .flatten()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Place, left_out, used};

    #[test]
    fn a_place_has_its_files_and_no_others() {
        let has = |place: &str, path: &str| Place::of(place, true).unwrap().has(path);
        assert!(has("charts/*/values-*.yaml", "charts/web/values-qa.yaml"));
        assert!(has("overlays/*", "overlays/qa/a/b.yaml"));
        assert!(has("overlays", "overlays/qa/a/b.yaml"));
        assert!(has("notes/**", "notes/a/b.yaml"));
        assert!(has(".", "a.yaml"));
        assert!(has("env/qa/*.tf", "env/qa/main.tf"));
        assert!(!has("env/qa/*.tf", "env/qa/values.yaml"));
        assert!(!has("over", "overlays/qa/a.yaml"));
        assert!(!has("a.yaml", "b/a.yaml"));
    }

    #[test]
    fn a_line_excludes_its_quoted_paths_and_uses_its_sources() {
        let has = |line: &str, path: &str| left_out(line).iter().any(|place| place.has(path));
        assert!(has(
            "# not compared: \"values-${environment}.yaml\"",
            "values-qa.yaml"
        ));
        assert!(has("# not compared: \"a\", \"b\"", "b/c.yaml"));
        assert!(has("# not compared: \"a/[id]/qa.yaml\"", "a/[id]/qa.yaml"));
        assert!(!has("# path = \"values-qa.yaml\"", "values-qa.yaml"));
        let uses =
            |line: &str, path: &str| used(line, "environments").iter().any(|one| one.has(path));
        assert!(uses(
            "source = \"files/${environment}.conf\"",
            "environments/files/qa.conf"
        ));
        assert!(!uses("# source = \"a.conf\"", "a.conf"));
        assert!(!uses("name = \"files\"", "files/a.conf"));
    }
}
