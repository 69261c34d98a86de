//! Names of documents, from their paths without the names of environments.
//!
//! The last specific part is the name: `values` of `charts/web/values-staging.yaml`. Documents with one name are
//! distinguished by the nearest differing part (`web`), then by both, then by file extensions, then by numbers.

use std::collections::{BTreeMap, BTreeSet};

use super::DocumentKind;
use super::candidates::GAP;
use super::gathering::Draft;
use super::tokens::hyphened;
use evenkeel_model::name::{LONGEST, is_word};

/// Name of a document without any other name.
const NAMELESS: &str = "configuration";

/// File names that are common to all folders of a kind.
const EVERYWHERE: &[&str] = &[
    "kustomization",
    "terragrunt",
    "config",
    "default",
    "index",
    "values",
    "helmrelease",
    "release",
];

/// Parts of a document's path without the names of environments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Components {
    /// Parts as words, nearest first.
    parts: Vec<String>,
    /// File extension.
    ending: String,
}

impl Components {
    fn part(&self, number: usize) -> &str {
        self.parts.get(number).map_or("", String::as_str)
    }
}

/// Returns the parts of a document's path.
pub(super) fn components(draft: &Draft) -> Components {
    let mut parts: Vec<String> = Vec::new();
    let mut segments: Vec<&str> = draft.skeleton.split('/').collect();
    let mut ending = draft.ending.rsplit('.').next().unwrap_or("").to_owned();
    if draft.kind == DocumentKind::File
        && let Some(name) = segments.pop()
    {
        // An environment's name is not a file extension: `Procfile.staging`.
        let stem = match name.rsplit_once('.') {
            Some((stem, end)) if !stem.is_empty() && !end.contains(GAP) => {
                end.clone_into(&mut ending);
                stem
            }
            _ => name,
        };
        parts.push(hyphened(&stem.replace(GAP, "")));
    }
    for segment in segments.into_iter().rev() {
        parts.push(hyphened(&segment.replace(GAP, "")));
    }
    parts.retain(|part| !part.is_empty());
    // A folder's name is more specific than a file name common to such folders.
    let in_folder = draft.skeleton.rfind(GAP).is_some_and(|gap| {
        draft
            .skeleton
            .get(gap..)
            .is_some_and(|rest| rest.contains('/'))
    });
    if in_folder
        && parts.len() > 1
        && parts
            .first()
            .is_some_and(|stem| EVERYWHERE.contains(&stem.as_str()))
    {
        parts.rotate_left(1);
    }
    let ending = hyphened(&ending);
    if parts.is_empty() {
        parts.push(if ending.is_empty() {
            NAMELESS.to_owned()
        } else {
            ending.clone()
        });
    }
    Components { parts, ending }
}

/// Returns a unique name for each document.
pub(super) fn unique(documents: &[Components]) -> Vec<String> {
    let mut names: Vec<String> = documents.iter().map(|one| word(one.part(0))).collect();
    let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (number, name) in names.iter().enumerate() {
        groups.entry(name.clone()).or_default().push(number);
    }
    let mut taken: BTreeSet<String> = groups
        .iter()
        .filter(|(_, group)| group.len() == 1)
        .map(|(name, _)| name.clone())
        .collect();
    for group in groups.values().filter(|group| group.len() > 1) {
        let members: Vec<&Components> =
            group.iter().filter_map(|one| documents.get(*one)).collect();
        for (number, name) in group.iter().zip(distinguished(&members, &taken)) {
            let name = numbered(name, &taken);
            taken.insert(name.clone());
            if let Some(place) = names.get_mut(*number) {
                *place = name;
            }
        }
    }
    names
}

/// Returns names for documents whose nearest part is the same: the first way that distinguishes all of them.
fn distinguished(members: &[&Components], taken: &BTreeSet<String>) -> Vec<String> {
    let deepest = members.iter().map(|one| one.parts.len()).max().unwrap_or(0);
    let all = |way: &dyn Fn(&Components) -> String| -> Vec<String> {
        members.iter().map(|one| word(&way(one))).collect()
    };
    let mut ways: Vec<Vec<String>> = Vec::new();
    for depth in 1..deepest {
        ways.push(all(&|one| one.part(depth).to_owned()));
        ways.push(all(&|one| format!("{}-{}", one.part(depth), one.part(0))));
    }
    ways.push(all(&|one| format!("{}-{}", one.part(0), one.ending)));
    ways.push(all(&|one| {
        let parts: Vec<&str> = one.parts.iter().rev().map(String::as_str).collect();
        format!("{}-{}", parts.join("-"), one.ending)
    }));
    let tells = |names: &Vec<String>| {
        let different: BTreeSet<&String> = names.iter().collect();
        let is_free = |name: &String| name != NAMELESS && !taken.contains(name);
        different.len() == names.len() && names.iter().all(is_free)
    };
    let found = ways.into_iter().find(tells);
    found.unwrap_or_else(|| all(&|one| one.part(0).to_owned()))
}

fn numbered(name: String, taken: &BTreeSet<String>) -> String {
    if !taken.contains(&name) {
        return name;
    }
    let stem: String = name.chars().take(LONGEST - 6).collect();
    (2..=taken.len() + 2)
        .map(|number| format!("{stem}-{number}"))
        .find(|name| !taken.contains(name))
        .unwrap_or(name)
}

/// Returns a text as a word: lower-case letters, digits and hyphens, a letter first, bounded length.
pub(super) fn word(text: &str) -> String {
    let mut name = hyphened(text);
    let letters = name.trim_start_matches(|first: char| !first.is_ascii_lowercase());
    if letters.is_empty() {
        return NAMELESS.to_owned();
    }
    if letters.len() < name.len() {
        name = format!("n{name}");
    }
    name.truncate(LONGEST);
    let name = name.trim_end_matches('-').to_owned();
    if is_word(&name) {
        name
    } else {
        NAMELESS.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::{Components, unique, word};
    use evenkeel_model::name::is_word;

    /// Returns the parts, nearest first, with the file extension last.
    fn names(documents: &[&[&str]]) -> Vec<String> {
        let documents: Vec<Components> = documents
            .iter()
            .map(|parts| {
                let (ending, parts) = parts.split_last().unwrap();
                Components {
                    parts: parts.iter().map(|part| (*part).to_owned()).collect(),
                    ending: (*ending).to_owned(),
                }
            })
            .collect();
        unique(&documents)
    }

    #[test]
    fn the_nearest_differing_part_distinguishes_documents() {
        assert_eq!(
            names(&[
                &["values", "web", "yaml"],
                &["values", "api", "yaml"],
                &["deploy", "yml"]
            ]),
            ["web", "api", "deploy"]
        );
        assert_eq!(
            names(&[
                &["app", "web", "yaml"],
                &["app", "api", "yaml"],
                &["api", "yml"]
            ]),
            ["web-app", "api-app", "api"]
        );
        assert_eq!(
            names(&[&["config", "json"], &["config", "yml"]]),
            ["config-json", "config-yml"]
        );
    }

    #[test]
    fn names_are_always_words_and_all_different() {
        let long = "x".repeat(200);
        let all = names(&[
            &[&long, ""],
            &[&long, ""],
            &["9", ""],
            &["é", ""],
            &["é", ""],
            &["é", ""],
        ]);
        assert!(all.iter().all(|name| is_word(name)), "{all:?}");
        let mut different = all.clone();
        different.sort();
        different.dedup();
        assert_eq!(different.len(), all.len(), "{all:?}");
        assert_eq!(word("9lives"), "n9lives");
    }
}
