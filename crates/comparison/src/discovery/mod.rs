//! Discovery of existing environments in a repository: files that differ only in their environments.
//!
//! Pure. From the list of all files and a function that reads a text, it returns the environments and documents with
//! certainty and reason, and the files left out; then, from that, the texts of definitions. Listing, reading and
//! writing files, and asking people, is left to the layers above; differences to `comparison`.
//!
//! No rule depends on a particular repository. A path contains words of environments ([`words`], [`tokens`]); the rest
//! is its skeleton ([`candidates`]); paths with one skeleton are a family ([`families`], [`unmarked`]); families in the
//! same folders are one document ([`gathering`]), judged by the contents of its files ([`likeness`], [`judging`]). A
//! file may contain several environments ([`sections`]) or overlay another ([`bases`]). Environments ([`environments`])
//! and names ([`names`]) follow from all documents.

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

/// File of a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedFile {
    /// Path relative to the project's directory, with `/`.
    pub path: String,
    /// Size in bytes.
    pub bytes: u64,
}

/// Certainty of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Certainty {
    /// Reported, and left out of the definitions.
    Possible,
    /// Probable.
    Likely,
    /// Almost certain.
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

/// Environment named by paths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundEnvironment {
    /// Name, as most paths write it.
    pub name: EnvironmentName,
    /// Role, derived from its name.
    pub role: Role,
    /// Sibling, such as `eu` of `eu-production`. Mostly empty.
    pub sibling: String,
    /// Number of documents that have it.
    pub documents: usize,
    /// Whether the definitions contain it; if not, `reason` explains why.
    pub proposed: bool,
    /// Reason for proposing it or not.
    pub reason: String,
}

/// Kind of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DocumentKind {
    /// A single file for each environment.
    File,
    /// All files of a directory.
    Directory,
    /// The files of a directory with one file extension.
    Glob,
}

/// Files or directories that differ only in their environments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundDocument {
    /// Unique name, a single word.
    pub name: String,
    /// Kind of its paths.
    pub kind: DocumentKind,
    /// Path of each environment that has it.
    pub paths: BTreeMap<EnvironmentName, String>,
    /// Section of each environment, where one file has several.
    pub sections: BTreeMap<EnvironmentName, String>,
    /// Base file of all environments' files.
    pub base: Option<String>,
    /// Format, where file names do not show it.
    pub format: Option<Format>,
    /// Certainty.
    pub certainty: Certainty,
    /// Whether the definitions contain it.
    pub proposed: bool,
    /// Reason, in one line.
    pub reason: String,
}

/// Files that name an environment and were left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// Reason, as a sentence without its subject: `has no counterpart`.
    pub reason: String,
    /// Paths.
    pub paths: Vec<String>,
}

/// Result of a discovery.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Discovery {
    /// Number of listed files.
    pub files: usize,
    /// Number of files that name an environment.
    pub naming: usize,
    /// In the order of promotion, siblings together.
    pub environments: Vec<FoundEnvironment>,
    /// Proposed ones first, then by name.
    pub documents: Vec<FoundDocument>,
    /// By reason.
    pub left_out: Vec<LeftOut>,
    /// Groups that are pairs by their paths but in no document, because their contents cannot be compared.
    pub unsettled: Vec<Vec<String>>,
}

impl Discovery {
    /// Returns the proposed environments in the order of promotion.
    pub fn path(&self) -> impl Iterator<Item = &FoundEnvironment> {
        self.environments
            .iter()
            .filter(|environment| environment.proposed)
    }

    /// Returns the proposed documents.
    pub fn proposed(&self) -> impl Iterator<Item = &FoundDocument> {
        self.documents.iter().filter(|document| document.proposed)
    }
}

/// Returns likely pairs by their paths alone, one list for each group, in order. Left out is everything about which
/// `discover` is never certain: source code, tests, examples, and paths without a word for production.
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

/// Returns the base of files that belong to one environment each, if names show it.
#[must_use]
pub fn likely_base(paths: &[&str], all: &BTreeSet<&str>) -> Option<String> {
    let has_hiera = all.contains("hiera.yaml");
    bases::shared(paths, has_hiera, &|path| all.contains(path))
}

/// Returns the environments named by two paths, in lower case: `Pulumi.QA.yaml` and `Pulumi.Production.yaml` are `qa`
/// and `production`. The differing place decides; otherwise each path must name one environment, and not the same.
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
/// `files` excludes ignored files. `text` returns a file's text, or `None` if it is not a text. The order of `files`
/// has no meaning.
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
    // A file covered by a directory has a counterpart directory, if not a counterpart file.
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
