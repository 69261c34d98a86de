//! Families in the same folders as one document: a directory for each environment.
//!
//! A directory is compared whole, so files on one side only are found too. Where it contains files that cannot be
//! compared (keys, pictures, prose) or that name their environment again, only some file extensions are compared.

use std::collections::{BTreeMap, BTreeSet};

use super::DocumentKind;
use super::candidates::Key;
use super::families::{Family, Member, Naming};
use super::files::Class;
use super::words::{self, Role};

/// Class of every path of the repository.
pub(super) type Inventory<'p> = BTreeMap<&'p str, Class>;

/// Document before it is judged.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) kind: DocumentKind,
    pub(super) naming: Naming,
    /// Shared part of its paths, with gaps; of a directory, up to its end.
    pub(super) skeleton: String,
    /// Glob's part after the directory: `/**/*.tf`.
    pub(super) ending: String,
    /// File or directory of each environment.
    pub(super) paths: BTreeMap<Key, String>,
    /// Its files by environment, for each shared name.
    pub(super) files: Vec<BTreeMap<Key, String>>,
    /// Number of names on all sides.
    pub(super) names: usize,
    /// Spelling of the environment in each path; empty where production has no word.
    pub(super) written: BTreeMap<Key, String>,
    /// Section of the file of each environment.
    pub(super) sections: BTreeMap<Key, String>,
    /// Base file of all environments' files.
    pub(super) base: Option<String>,
}

/// Returns the documents of families.
pub(super) fn gather(families: Vec<Family>, inventory: &Inventory) -> Vec<Draft> {
    let mut drafts = Vec::new();
    let mut folders: BTreeMap<(String, Naming), Vec<Family>> = BTreeMap::new();
    let mut others: BTreeSet<String> = BTreeSet::new();
    for family in families {
        match &family.folder {
            Some(folder) => folders
                .entry((folder.clone(), family.naming))
                .or_default()
                .push(family),
            None => {
                let paths = family.members.values();
                others.extend(paths.map(|member| member.path.clone()));
                drafts.push(file(family));
            }
        }
    }
    // Skip paths that belong to another document.
    let claimed: BTreeMap<String, String> = folders
        .iter()
        .flat_map(|((folder, _), families)| {
            families.iter().flat_map(move |family| {
                let paths = family.members.values();
                paths.map(move |member| (member.path.clone(), folder.clone()))
            })
        })
        .collect();
    for ((folder, naming), families) in folders {
        let is_foreign = |path: &str| {
            others.contains(path) || claimed.get(path).is_some_and(|other| *other != folder)
        };
        drafts.extend(directory(&folder, naming, families, inventory, &is_foreign));
    }
    drafts
}

/// Returns the text that names the environment; the last one of several.
fn written(member: &Member) -> String {
    let range = member.ranges.last();
    let text = range.and_then(|range| member.path.get(range.clone()));
    text.unwrap_or("").to_owned()
}

fn file(family: Family) -> Draft {
    let paths: BTreeMap<Key, String> = family
        .members
        .iter()
        .map(|(key, member)| (key.clone(), member.path.clone()))
        .collect();
    Draft {
        kind: DocumentKind::File,
        naming: family.naming,
        skeleton: family.skeleton,
        ending: String::new(),
        written: family
            .members
            .iter()
            .map(|(key, member)| (key.clone(), written(member)))
            .collect(),
        files: vec![paths.clone()],
        names: 1,
        sections: BTreeMap::new(),
        base: None,
        paths,
    }
}

fn directory(
    skeleton: &str,
    naming: Naming,
    families: Vec<Family>,
    inventory: &Inventory,
    is_foreign: &dyn Fn(&str) -> bool,
) -> Vec<Draft> {
    let mut roots: BTreeMap<Key, String> = BTreeMap::new();
    let mut names_of = BTreeMap::new();
    for (key, member) in families.iter().flat_map(|family| &family.members) {
        if let Some(root) = member.folder.and_then(|end| member.path.get(..end)) {
            roots.entry(key.clone()).or_insert_with(|| root.to_owned());
            names_of.insert(key.clone(), written(member));
        }
    }
    // Names relative to the directory, by file extension; and extensions that cannot be compared whole.
    let mut names: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut spoiled: BTreeSet<String> = BTreeSet::new();
    let counts = counting(roots.keys());
    for (key, root) in &roots {
        let below = format!("{root}/");
        for (path, class) in inventory
            .range(below.as_str()..)
            .take_while(|(path, _)| path.starts_with(&below))
        {
            let name = path.get(below.len()..).unwrap_or("");
            if class.is_document() && !is_foreign(path) {
                if counts.contains(&key.word) {
                    let names = names.entry(ending(name)).or_default();
                    names.insert(name.to_owned());
                }
            } else {
                spoiled.insert(ending(name));
            }
        }
    }
    let all: usize = names.values().map(BTreeSet::len).sum();
    // Two directories with hardly any shared name are not a pair; their files of the same name may be.
    let shared = |family: &&Family| {
        let words: BTreeSet<usize> = family.members.keys().map(|key| key.word).collect();
        words.intersection(&counts).count() > 1
    };
    if all == 1 || families.iter().filter(shared).count() * 5 < all {
        return families.into_iter().map(file).collect();
    }
    let draft = |kind, ending: String, families: &[&Family], names| Draft {
        kind,
        naming,
        skeleton: skeleton.to_owned(),
        paths: roots
            .iter()
            .map(|(key, root)| (key.clone(), format!("{root}{ending}")))
            .collect(),
        ending,
        files: families
            .iter()
            .filter(|family| shared(family))
            .map(|family| {
                let members = family.members.iter();
                members
                    .map(|(key, member)| (key.clone(), member.path.clone()))
                    .collect()
            })
            .collect(),
        names,
        written: names_of.clone(),
        sections: BTreeMap::new(),
        base: None,
    };
    if spoiled.is_empty() {
        let families: Vec<&Family> = families.iter().collect();
        return vec![draft(
            DocumentKind::Directory,
            String::new(),
            &families,
            all,
        )];
    }
    let mut drafts = Vec::new();
    let mut groups: BTreeMap<String, Vec<Family>> = BTreeMap::new();
    for family in families {
        let member = family.members.values().next();
        let path = member.map_or("", |member| member.path.as_str());
        let end = ending(path);
        let group = if end.is_empty() || spoiled.contains(&end) {
            last(path).to_owned()
        } else {
            format!("*.{end}")
        };
        groups.entry(group).or_default().push(family);
    }
    for (group, families) in groups {
        let is_of_group = |name: &&String| match group.strip_prefix('*') {
            Some(ending) => name.ends_with(ending),
            None => last(name) == group,
        };
        let own: Vec<&String> = names.values().flatten().filter(is_of_group).collect();
        if own.len() < 2 || families.len() * 5 < own.len() {
            drafts.extend(families.into_iter().map(file));
            continue;
        }
        let is_deep = own.iter().any(|name| name.contains('/'));
        let pattern = if is_deep {
            format!("/**/{group}")
        } else {
            format!("/{group}")
        };
        let families: Vec<&Family> = families.iter().collect();
        drafts.push(draft(DocumentKind::Glob, pattern, &families, own.len()));
    }
    drafts
}

/// Returns the words whose environments are compared: without development, if there are two others.
fn counting<'k>(keys: impl Iterator<Item = &'k Key>) -> BTreeSet<usize> {
    let all: BTreeSet<usize> = keys.map(|key| key.word).collect();
    let others: BTreeSet<usize> = all
        .iter()
        .copied()
        .filter(|word| words::role(*word) != Role::Early)
        .collect();
    if others.len() < 2 { all } else { others }
}

fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn ending(path: &str) -> String {
    match last(path).rsplit_once('.') {
        Some((stem, ending)) if !stem.is_empty() => ending.to_owned(),
        _ => String::new(),
    }
}
