//! Finds in a repository what teams already have: files that are the same but for their environments.
//!
//! Pure. Takes the list of all files and a way to have a text, gives the environments and documents found, how sure each
//! is and why, and what was left out; then, from that, the texts of definitions. Listing, reading and writing files,
//! and asking people, is left to the layers above; what really differs, to `comparison`.
//!
//! Nothing here knows a particular repository. A path has words of environments in it ([`words`], [`tokens`]); what is
//! left without them is its skeleton ([`candidates`]); paths with one skeleton are a family ([`families`],
//! [`unmarked`]); families in
//! the same folders are one document ([`gathering`]), judged by what its files have in common ([`likeness`],
//! [`judging`]). A file may hold several environments ([`sections`]) or lie over another ([`bases`]). From all documents follow the environments ([`environments`]) and names ([`names`]).

mod bases;
mod candidates;
mod environments;
mod families;
mod files;
mod gathering;
mod identities;
mod judging;
mod likeness;
mod names;
mod sections;
mod unmarked;
mod writing;

#[cfg(test)]
mod layouts;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::{tokens, words};
use evenkeel_document::Format;
use evenkeel_model::EnvironmentName;

pub use identities::{DifferingText, IdentityKind, PairOfTexts, ProposedIdentity, propose};
pub use words::Role;
pub use writing::{WrittenDefinitions, write};

/// A file of a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedFile {
    /// Relative to the project's directory, with `/`.
    pub path: String,
    /// Its size.
    pub bytes: u64,
}

/// How sure a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Certainty {
    /// Shown, and left out of the definitions.
    Possible,
    /// Rather so.
    Likely,
    /// Hardly anything else.
    High,
}

impl fmt::Display for Certainty {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Possible => "possible",
            Self::Likely => "likely",
            Self::High => "high",
        })
    }
}

/// An environment that paths name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundEnvironment {
    /// Its name, as most paths write it.
    pub name: EnvironmentName,
    /// What it is for, as its name tells.
    pub role: Role,
    /// What tells it from its siblings: `eu` of `eu-production`. Mostly empty.
    pub sibling: String,
    /// How many documents have it.
    pub documents: usize,
    /// Whether the definitions have it; if not, `reason` tells why.
    pub proposed: bool,
    /// Why it is proposed or not.
    pub reason: String,
}

/// What a document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DocumentKind {
    /// A single file for each environment.
    File,
    /// All files of a directory.
    Directory,
    /// The files of a directory with one ending.
    Glob,
}

/// Files, or directories, that are the same but for their environments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundDocument {
    /// A name for it: a word, like no other's.
    pub name: String,
    /// What its paths are.
    pub kind: DocumentKind,
    /// A path for each environment that has it.
    pub paths: BTreeMap<EnvironmentName, String>,
    /// The part of the file that is each environment's, where one file has several.
    pub sections: BTreeMap<EnvironmentName, String>,
    /// The file that each is laid over.
    pub base: Option<String>,
    /// The format, where the files' names do not tell it.
    pub format: Option<Format>,
    /// How sure it is.
    pub certainty: Certainty,
    /// Whether the definitions have it.
    pub proposed: bool,
    /// Why, in a line.
    pub reason: String,
}

/// Files that name an environment and were left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// Why, as a sentence without its subject: `has no counterpart`.
    pub reason: String,
    /// Which.
    pub paths: Vec<String>,
}

/// What was found in a repository.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Discovery {
    /// How many files were listed.
    pub files: usize,
    /// How many of them name an environment.
    pub naming: usize,
    /// In the order of promotion, siblings together.
    pub environments: Vec<FoundEnvironment>,
    /// Proposed ones first, then by name.
    pub documents: Vec<FoundDocument>,
    /// By reason.
    pub left_out: Vec<LeftOut>,
    /// Pairs by their paths that are in no document, because their contents cannot be compared.
    pub unsettled: Vec<Vec<String>>,
}

impl Discovery {
    /// The environments that are proposed, in the order of promotion.
    pub fn path(&self) -> impl Iterator<Item = &FoundEnvironment> {
        self.environments
            .iter()
            .filter(|environment| environment.proposed)
    }

    /// The documents that are proposed.
    pub fn proposed(&self) -> impl Iterator<Item = &FoundDocument> {
        self.documents.iter().filter(|document| document.proposed)
    }
}

/// The files of a repository that are likely pairs by their paths alone: equal but for the names of environments. One list
/// for each group, in order. Left out is what `discover` is never sure of: source code, tests and examples, and what has no
/// word for production.
#[must_use]
pub fn pairs_by_path(paths: &[String]) -> Vec<Vec<String>> {
    // Few paths of a repository name an environment, and only those can be in a pair.
    let mut documents: Vec<&str> = paths
        .iter()
        .map(String::as_str)
        .filter(|path| {
            !tokens::path_marks(path).is_empty()
                && !files::is_doubtful(path)
                && matches!(
                    files::classify(path, 1),
                    files::Class::Tree(_) | files::Class::Text
                )
        })
        .collect();
    documents.sort_unstable();
    documents.dedup();
    let own = files::definition_folders(paths.iter().map(String::as_str));
    documents.retain(|path| !files::is_definition(path, &own));
    families::find(&documents)
        .paired
        .into_iter()
        .filter(|family| family.naming != families::Naming::Bare)
        .map(|family| {
            family
                .members
                .into_values()
                .map(|member| member.path)
                .collect()
        })
        .collect()
}

/// The file that some files, one for each environment, are laid over, where names tell it.
#[must_use]
pub fn likely_base(paths: &[&str], all: &BTreeSet<&str>) -> Option<String> {
    let has_hiera = all.contains("hiera.yaml");
    bases::shared(paths, has_hiera, &|path| all.contains(path))
}

/// The environments that two paths name, in lower case: `Pulumi.QA.yaml` and `Pulumi.Production.yaml` are `qa` and
/// `production`. By the place in which the paths differ; otherwise each path must name one environment, and not the same.
#[must_use]
pub fn environments_of(left: &str, right: &str) -> Option<(String, String)> {
    let (lefts, rights) = (candidates::plain(left), candidates::plain(right));
    let at_one_place = lefts.iter().find_map(|one| {
        let is_other = |two: &&candidates::Candidate| {
            two.skeleton == one.skeleton && two.key.word != one.key.word && (one.clear || two.clear)
        };
        let two = rights.iter().find(is_other)?;
        Some((one.key.spelling.clone(), two.key.spelling.clone()))
    });
    let only = |path: &str| -> Option<tokens::Mark> {
        let marks = tokens::path_marks(path);
        let first = marks.iter().find(|mark| mark.clear)?;
        marks
            .iter()
            .all(|mark| mark.word == first.word)
            .then(|| first.clone())
    };
    at_one_place
        .or_else(|| {
            let (one, two) = (only(left)?, only(right)?);
            (one.word != two.word).then_some((one.spelling, two.spelling))
        })
        .or_else(|| {
            // `staging.example.org` beside `example.org`.
            let production = || "production".to_owned();
            let first = unmarked::beside(left, right).map(|own| (own, production()));
            first.or_else(|| unmarked::beside(right, left).map(|own| (production(), own)))
        })
}

/// Finds environments and documents among the files of a repository.
///
/// `files` are all that count: ignored ones are not among them. `text` gives a file's text, or nothing if it is none.
/// The order of `files` means nothing.
pub fn discover(files: &[ListedFile], text: &dyn Fn(&str) -> Option<String>) -> Discovery {
    let mut left_out: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut leave = |reason: &str, path: &str| {
        let paths = left_out.entry(reason.to_owned()).or_default();
        paths.push(path.to_owned());
    };
    let mut all: Vec<&ListedFile> = files.iter().collect();
    all.sort_by(|one, two| (&one.path, one.bytes).cmp(&(&two.path, two.bytes)));
    all.dedup_by(|one, two| one.path == two.path);
    let own = files::definition_folders(all.iter().map(|file| file.path.as_str()));
    all.retain(|file| !files::is_definition(&file.path, &own));
    let mut inventory = BTreeMap::new();
    let mut naming = 0;
    for file in all {
        let class = files::classify(&file.path, file.bytes);
        let names = !tokens::path_marks(&file.path).is_empty();
        naming += usize::from(names);
        inventory.insert(file.path.as_str(), class);
    }
    let paths: Vec<&str> = inventory
        .iter()
        .filter(|(_, class)| class.is_document())
        .map(|(path, _)| *path)
        .collect();
    let found = families::find(&paths);
    for (marked, base) in &found.bases {
        leave(
            &format!("is an overlay of `{base}`, which is not an environment"),
            marked,
        );
    }
    let drafts = gathering::gather(found.paired, &inventory);
    let mut alone = found.alone;
    let mut judged = judging::judge(drafts, &inventory, text, &mut |reason, path| {
        leave(reason, path);
    });
    let taken: BTreeSet<String> = judged
        .iter()
        .flat_map(|document| document.draft.paths.values().cloned())
        .collect();
    let is_taken =
        |path: &str| taken.contains(path) || judged.iter().any(|document| document.covers(path));
    let sections = sections::find(&inventory, &is_taken, text);
    judged.extend(sections);
    for document in &mut judged {
        document.draft.base = bases::of(&document.draft, &inventory);
    }
    // What a directory covers has its counterpart's place, if not its counterpart.
    alone.retain(|path| !judged.iter().any(|document| document.covers(path)));
    for path in alone {
        leave("has no counterpart in another environment", &path);
    }
    for (path, class) in &inventory {
        if let files::Class::Other(reason) = class
            && *reason != files::MADE
            && !tokens::path_marks(path).is_empty()
        {
            leave(reason, path);
        }
    }
    let all: Vec<String> = inventory.keys().map(|path| (*path).to_owned()).collect();
    let mut unsettled = pairs_by_path(&all);
    unsettled.retain(|pair| {
        !pair
            .iter()
            .any(|path| judged.iter().any(|document| document.has(path)))
    });
    let (environments, documents) = environments::settle(judged);
    Discovery {
        files: inventory.len(),
        naming,
        environments,
        documents,
        unsettled,
        left_out: left_out
            .into_iter()
            .map(|(reason, mut paths)| {
                paths.sort();
                paths.dedup();
                LeftOut { reason, paths }
            })
            .collect(),
    }
}
