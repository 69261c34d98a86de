//! Several environments in one file: maps under the names of environments, and elements of lists and documents that
//! name one.
//!
//! `env.staging` beside `env.production`, `profiles[name=staging]`, `jobs.deploy-qa` beside `jobs.deploy-live`, two
//! Spring profiles, `lane :staging do` beside `lane :production do`. Words and skeletons are those of paths. Single
//! values are not sections, and neither are several things of one environment: that is a list of things that name their
//! environment each.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

use super::candidates::{GAP, Key};
use super::families::Naming;
use super::files::{self, Class};
use super::gathering::{Draft, Inventory};
use super::judging::Judged;
use super::likeness::{Likeness, keys_of};
use super::tokens::{Mark, marks, replaced};
use super::words::{self, Role};
use super::{Certainty, DocumentKind};
use crate::path::{Path, Step};
use crate::section::blocks::{Block, blocks};
use crate::section::lookup;
use evenkeel_document::{Content, Entry, Format, Node, Place};
use evenkeel_model::source::SourceFile;
use evenkeel_model::text::{count, list};

/// Largest file searched for sections.
const LARGEST: usize = 512 * 1024;

/// Longest word that may contain the name of an environment: `DeployToProduction`.
const LONGEST_WORD: usize = 64;

/// Maximum depth of sections below a file's root.
const DEEPEST: usize = 8;

/// Maximum number of searched elements of one list.
const ITEMS: usize = 20;

/// Maximum number of groups of sections of one file.
const MOST: usize = 40;

/// Files of tools in which environment words have another meaning.
const OTHERS: &[&str] = &[
    "package.json",
    "composer.json",
    "tsconfig.json",
    "jsconfig.json",
    "deno.json",
    "babel.config.json",
    ".babelrc",
    ".eslintrc",
    ".eslintrc.json",
    "renovate.json",
    "Cargo.toml",
    "pyproject.toml",
];

/// Files of lines with blocks that may belong to one environment each: those of Fastlane.
const WITH_BLOCKS: &[&str] = &[
    "Fastfile",
    "Appfile",
    "Matchfile",
    "Deliverfile",
    "Gymfile",
    "Scanfile",
    "Snapfile",
    "Pilotfile",
    "Supplyfile",
];

/// Keys that name the environment of an element, the most specific first.
const NAMES: &[&str] = &[
    "name",
    "environment",
    "env",
    "stage",
    "profile",
    "id",
    "key",
    "target",
];

/// Keys that name the environment of a document in a file of several.
const PROFILES: &[&str] = &[
    "spring.config.activate.on-profile",
    "spring.profiles",
    "environment",
    "env",
    "stage",
    "profile",
];

/// Sections of one thing in several environments.
struct Group {
    /// Common path up to the section, for a name.
    words: String,
    /// Section of each environment as a pattern, with its keys.
    members: BTreeMap<Key, (String, BTreeSet<String>)>,
    /// Whether one of its words is rarely used for anything else.
    is_clear: bool,
}

/// Finds sections in files whose paths name no environment.
pub(super) fn find(
    inventory: &Inventory,
    is_taken: &dyn Fn(&str) -> bool,
    text: &dyn Fn(&str) -> Option<String>,
) -> Vec<Judged> {
    let mut found = Vec::new();
    for (path, class) in inventory {
        let name = path.rsplit('/').next().unwrap_or(path);
        if !may_have_sections(name, *class) || OTHERS.contains(&name) || is_taken(path) {
            continue;
        }
        let Some(text) = text(path).filter(|text| text.len() <= LARGEST && names_two(text)) else {
            continue;
        };
        let file = SourceFile::new(*path, text);
        let format = match class {
            Class::Tree(format) => *format,
            _ => Format::of_file(&file),
        };
        let Ok(document) = evenkeel_document::read(&file, format) else {
            continue;
        };
        let mut search = Search {
            groups: Vec::new(),
            is_workflow: path.contains(".github/workflows/"),
            has_blocks: WITH_BLOCKS.contains(&name),
        };
        search.documents(&document.roots, format);
        let groups = search.groups.into_iter().take(MOST);
        found.extend(groups.filter_map(|group| judge(path, group)));
    }
    found
}

/// Whether a file may have sections: a tree, a text that may be a tree, or a text with blocks.
fn may_have_sections(name: &str, class: Class) -> bool {
    match class {
        Class::Tree(_) => true,
        Class::Text | Class::Program if WITH_BLOCKS.contains(&name) => true,
        // An INI file, mostly.
        Class::Text => !name.trim_start_matches('.').contains('.') || name.ends_with(".conf"),
        Class::Program | Class::Other(_) => false,
    }
}

/// Whether a text contains the names of two environments. Cheap, since every file is checked.
fn names_two(text: &str) -> bool {
    let mut seen: BTreeSet<usize> = BTreeSet::new();
    for word in text.split(|each: char| !each.is_ascii_alphabetic()) {
        if !(2..=LONGEST_WORD).contains(&word.len()) {
            continue;
        }
        if let Some((word, _)) = words::find(&word.to_ascii_lowercase()) {
            seen.insert(word);
            if seen.len() > 1 {
                return true;
            }
        } else if marks(word).len() > 1 || word.len() > 4 && !marks(word).is_empty() {
            // `deployStaging`
            seen.extend(marks(word).iter().map(|mark| mark.word));
            if seen.len() > 1 {
                return true;
            }
        }
    }
    false
}

struct Search {
    groups: Vec<Group>,
    is_workflow: bool,
    has_blocks: bool,
}

/// One candidate of a group: its skeleton, the environment, the pattern and the node.
type Candidate<'n> = (String, Key, bool, String, &'n Node);

impl Search {
    fn documents(&mut self, roots: &[Node], format: Format) {
        if let ([root], Format::Lines) = (roots, format) {
            if let Content::List(lines) = &root.content
                && self.has_blocks
            {
                self.blocks(lines, &Path::default(), DEEPEST);
            }
            return;
        }
        if let [root] = roots {
            self.node(root, &Path::default(), DEEPEST);
            return;
        }
        if self.objects(roots) {
            return;
        }
        for key in PROFILES {
            let mut candidates = Vec::new();
            for root in roots {
                let scalar = lookup(root, key).and_then(Node::as_scalar);
                let text = scalar.map_or("", |scalar| &*scalar.text);
                // A document may apply to several: `qa | uat`.
                for word in text.split([',', '|', ' ']) {
                    if let Some((skeleton, own, is_clear)) = whole(word) {
                        let pattern = element(&Path::default(), key, word);
                        candidates.push((skeleton, own, is_clear, pattern, root));
                    }
                }
            }
            if self.group(key, candidates) {
                return;
            }
        }
        // One of several documents may contain the sections: Helmfile writes `environments:` before its releases.
        for root in roots.iter().filter(|root| root.get("kind").is_none()) {
            self.node(root, &Path::default(), DEEPEST);
        }
    }

    /// Kubernetes objects, several for each environment: by namespace.
    fn objects(&mut self, roots: &[Node]) -> bool {
        const KEY: &str = "metadata.namespace";
        let mut members: BTreeMap<Key, (String, BTreeSet<String>)> = BTreeMap::new();
        let mut skeletons: BTreeSet<String> = BTreeSet::new();
        let mut is_clear = false;
        for root in roots.iter().filter(|root| root.get("kind").is_some()) {
            let Some(scalar) = lookup(root, KEY).and_then(Node::as_scalar) else {
                continue;
            };
            let Some((skeleton, own, clear)) = part(&scalar.text) else {
                continue;
            };
            is_clear |= clear;
            skeletons.insert(skeleton);
            let pattern = element(&Path::default(), KEY, &scalar.text);
            let (_, keys) = members.entry(own).or_insert((pattern, BTreeSet::new()));
            keys.extend(keys_of(root));
        }
        let is_found = is_clear && members.len() > 1 && skeletons.len() == 1;
        if is_found {
            self.groups.push(Group {
                words: String::new(),
                members,
                is_clear,
            });
        }
        is_found
    }

    /// `left` bounds the depth.
    fn node(&mut self, node: &Node, path: &Path, left: usize) {
        if left == 0 || self.groups.len() >= MOST {
            return;
        }
        match &node.content {
            Content::Scalar(_) => {}
            Content::Map(entries) => self.map(entries, path, left),
            Content::List(items) => {
                // Any other key may name it, too.
                let others = items.iter().take(1).flat_map(|item| match &item.content {
                    Content::Map(entries) => entries.as_slice(),
                    _ => &[],
                });
                let others = others.map(|entry| &*entry.key);
                let others = others.filter(|key| !NAMES.contains(key));
                for key in NAMES.iter().copied().chain(others) {
                    let candidates = items.iter().filter_map(|item| {
                        let value = item.get(key)?;
                        let value = value.get("name").unwrap_or(value);
                        let text = &value.as_scalar()?.text;
                        let (skeleton, own, is_clear) = part(text)?;
                        Some((skeleton, own, is_clear, element(path, key, text), item))
                    });
                    if self.group(&path.to_string(), candidates.collect()) {
                        return;
                    }
                }
                for (number, item) in items.iter().enumerate().take(ITEMS) {
                    self.node(item, &path.with(Step::Position(number)), left - 1);
                }
            }
        }
    }

    /// Blocks with an argument, `lane :staging do`. `left` bounds the depth.
    fn blocks(&mut self, lines: &[Node], path: &Path, left: usize) {
        if left == 0 || self.groups.len() >= MOST {
            return;
        }
        let mut by_name: BTreeMap<&str, Vec<Block<'_>>> = BTreeMap::new();
        for block in blocks(lines) {
            by_name.entry(block.name).or_default().push(block);
        }
        for (name, own) in by_name {
            let path = path.with(Step::Key(Arc::from(name)));
            let nodes: Vec<(&str, Node)> = own
                .iter()
                .map(|block| {
                    let lines = Content::List(block.lines.to_vec());
                    (block.argument, Node::new(Place::new(0, 0), lines))
                })
                .collect();
            let candidates = nodes.iter().filter_map(|(argument, node)| {
                let (skeleton, own, is_clear) = part(argument)?;
                let pattern = path.with(Step::Key(Arc::from(*argument)));
                Some((skeleton, own, is_clear, pattern.to_string(), node))
            });
            if self.group(&path.to_string(), candidates.collect()) {
                continue;
            }
            for block in own {
                let path = path.with(Step::Key(Arc::from(block.argument)));
                self.blocks(block.lines, &path, left - 1);
            }
        }
    }

    fn map(&mut self, entries: &[Entry], path: &Path, left: usize) {
        let candidates = entries.iter().filter_map(|entry| {
            let (skeleton, own, is_clear) = part(&entry.key)?;
            let pattern = path.with(Step::Key(Arc::from(&*entry.key)));
            Some((skeleton, own, is_clear, pattern.to_string(), &entry.value))
        });
        // Keys with one skeleton are one thing; one map may contain several such things.
        let mut by_skeleton: BTreeMap<String, Vec<Candidate<'_>>> = BTreeMap::new();
        for candidate in candidates {
            let own = by_skeleton.entry(candidate.0.clone()).or_default();
            own.push(candidate);
        }
        let mut taken: BTreeSet<*const Node> = BTreeSet::new();
        for (skeleton, group) in by_skeleton {
            let nodes: Vec<*const Node> = group
                .iter()
                .map(|(.., node)| std::ptr::from_ref(*node))
                .collect();
            let mut words = path.to_string();
            let _ = write!(words, " {}", skeleton.replace(GAP, ""));
            if self.group(&words, group) {
                taken.extend(nodes);
            }
        }
        if taken.is_empty() && self.is_workflow && path.to_string() == "jobs" {
            let candidates = entries.iter().filter_map(|entry| {
                let value = entry.value.get("environment")?;
                let value = value.get("name").unwrap_or(value);
                let (skeleton, own, is_clear) = whole(&value.as_scalar()?.text)?;
                let pattern = path.with(Step::Key(Arc::from(&*entry.key)));
                Some((skeleton, own, is_clear, pattern.to_string(), &entry.value))
            });
            if self.group("jobs", candidates.collect()) {
                return;
            }
        }
        for entry in entries {
            if !taken.contains(&std::ptr::from_ref(&entry.value)) {
                let path = path.with(Step::Key(Arc::from(&*entry.key)));
                self.node(&entry.value, &path, left - 1);
            }
        }
    }

    /// Accepts candidates as a group, if there is one for each of several environments, with one skeleton.
    fn group(&mut self, words: &str, candidates: Vec<Candidate<'_>>) -> bool {
        let mut by_skeleton: BTreeMap<String, Vec<Candidate<'_>>> = BTreeMap::new();
        for candidate in candidates {
            let own = by_skeleton.entry(candidate.0.clone()).or_default();
            own.push(candidate);
        }
        let before = self.groups.len();
        for group in by_skeleton.into_values() {
            let mut members = BTreeMap::new();
            let mut seen: BTreeSet<usize> = BTreeSet::new();
            let (mut is_clear, mut is_one_each) = (false, true);
            for (_, key, clear, pattern, node) in group {
                if matches!(node.content, Content::Scalar(_)) {
                    continue;
                }
                is_clear |= clear;
                is_one_each &= seen.insert(key.word);
                members.insert(key, (pattern, keys_of(node)));
            }
            if is_one_each && is_clear && members.len() > 1 {
                self.groups.push(Group {
                    words: words.to_owned(),
                    members,
                    is_clear,
                });
            }
        }
        self.groups.len() > before
    }
}

/// Returns the environment that a whole text names.
fn whole(text: &str) -> Option<(String, Key, bool)> {
    let marks = marks(text);
    let [mark] = marks.as_slice() else {
        return None;
    };
    (mark.range == (0..text.len())).then(|| (GAP.to_owned(), key(mark), mark.clear))
}

/// Returns the environment that a part of a text names, and the rest.
fn part(text: &str) -> Option<(String, Key, bool)> {
    let marks = marks(text);
    let [mark] = marks.as_slice() else {
        return None;
    };
    let skeleton = replaced(text, std::iter::once(mark.range.clone()), GAP);
    Some((skeleton, key(mark), mark.clear))
}

fn key(mark: &Mark) -> Key {
    Key {
        word: mark.word,
        spelling: mark.spelling.clone(),
        sibling: String::new(),
    }
}

/// Returns the pattern of an element named by a key.
fn element(path: &Path, key: &str, text: &str) -> String {
    let step = Step::Element([(Arc::from(key), Arc::from(text))].into());
    // The key is found through its dots, and written unchanged.
    let written = path.with(step).to_string();
    let quoted = format!("\"{key}\"");
    written.replacen(&quoted, key, 1)
}

fn judge(path: &str, group: Group) -> Option<Judged> {
    let Group {
        words: prefix,
        members,
        is_clear,
    } = group;
    if !is_clear {
        return None;
    }
    let roles: BTreeSet<Role> = members.keys().map(|key| words::role(key.word)).collect();
    let has_production = roles.contains(&Role::Production);
    let has_rehearsal = members
        .keys()
        .any(|key| words::role(key.word) != Role::Production && words::is_rehearsal(key.word));
    let mut all = members.values().rev();
    let reference = all.next().map(|(_, keys)| keys.clone()).unwrap_or_default();
    let nearest = all.next().map(|(_, keys)| keys.clone()).unwrap_or_default();
    let like = Likeness::of(&nearest, &reference);
    let mut named: Vec<String> = Vec::new();
    for key in members.keys() {
        named.push(format!("`{}`", key.spelling));
    }
    let mut reasons = vec![
        format!("sections of one file for {}", list(&named, "and")),
        format!("{} of {} in both", like.shared, count(like.all, "key")),
    ];
    let mut certainty = Certainty::Likely;
    let mut cap = |why: &str| {
        certainty = Certainty::Possible;
        reasons.push(why.to_owned());
    };
    if like.is_far() {
        cap("they share little");
    }
    // Programs read `development` beside `production` on a developer's machine, mostly from the root of a file, where it
    // has other keys. Equal keys below another key are the settings of two deployments.
    let is_deployed_alike =
        has_production && !prefix.trim().is_empty() && reference == nearest && like.all > 1;
    if !(has_production && has_rehearsal || is_deployed_alike) {
        cap("no production with a production-like environment");
    }
    if files::is_doubtful(path) {
        cap("is among tests, examples or documentation");
    }
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let prefix = super::tokens::hyphened(&prefix);
    let skeleton: Vec<&str> = [folder, &prefix, name]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect();
    let written = members
        .keys()
        .map(|key| (key.clone(), key.spelling.clone()))
        .collect();
    let paths: BTreeMap<Key, String> = members
        .keys()
        .map(|key| (key.clone(), path.to_owned()))
        .collect();
    Some(Judged {
        draft: Draft {
            kind: DocumentKind::File,
            naming: Naming::Word,
            skeleton: skeleton.join("/"),
            ending: String::new(),
            files: vec![paths.clone()],
            names: 1,
            written,
            sections: members
                .into_iter()
                .map(|(key, (pattern, _))| (key, pattern))
                .collect(),
            base: None,
            paths,
        },
        certainty,
        reason: reasons.join("; "),
    })
}
