//! Environments, their names, and the ones to propose.
//!
//! Spellings of one word (`prod`, `production`) are one environment, unless one document has both. Proposed are the two
//! that most documents share (production and the one closest to it), and every other environment that all of these
//! documents have. Development environments are found, and left out unless there is nothing else.

use std::collections::{BTreeMap, BTreeSet};

use super::candidates::Key;
use super::judging::Judged;
use super::tokens::hyphened;
use super::words::{self, Role};
use super::{Certainty, FoundDocument, FoundEnvironment, files, names};
use evenkeel_document::Format;
use evenkeel_model::EnvironmentName;
use evenkeel_model::name::is_word;
use evenkeel_model::text::{count, list};

/// Environment: its word, its sibling's name, and its spelling where the spelling distinguishes it.
type Identity = (usize, String, String);

/// Name of production where its paths have no word for it.
const UNMARKED: &str = "production";

/// Decides environments and documents.
pub(super) fn settle(judged: Vec<Judged>) -> (Vec<FoundEnvironment>, Vec<FoundDocument>) {
    let apart = apart(&judged);
    let identity = |key: &Key| -> Identity {
        let spelling = if apart.contains(&(key.word, key.sibling.clone())) {
            key.spelling.clone()
        } else {
            String::new()
        };
        (key.word, key.sibling.clone(), spelling)
    };
    let called = called(&judged, &identity);
    let has: Vec<BTreeSet<Identity>> = judged
        .iter()
        .map(|document| document.draft.paths.keys().map(&identity).collect())
        .collect();
    let counts = |wanted: &[&Identity], least: Certainty| -> usize {
        let documents = judged.iter().zip(&has);
        documents
            .filter(|(document, own)| {
                document.certainty >= least && wanted.iter().all(|one| own.contains(*one))
            })
            .count()
    };
    let all: Vec<&Identity> = called.keys().collect();
    let proposed = propose(&all, &counts);
    let environments: Vec<FoundEnvironment> = called
        .iter()
        .map(|(own, name)| {
            let documents = counts(&[own], Certainty::Possible);
            let is_proposed = proposed.contains(own);
            FoundEnvironment {
                name: EnvironmentName::new(name),
                role: words::role(own.0),
                sibling: own.1.clone(),
                documents,
                proposed: is_proposed,
                reason: reason(own, documents, is_proposed, &proposed),
            }
        })
        .collect();
    let components: Vec<names::Components> = judged
        .iter()
        .map(|document| names::components(&document.draft))
        .collect();
    let names = names::unique(&components);
    let mut documents = Vec::new();
    for ((mut document, mut own), name) in judged.into_iter().zip(has).zip(names) {
        below_production(&mut document, &mut own, &proposed);
        let missing: Vec<String> = proposed
            .iter()
            .filter(|one| !own.contains(*one))
            .filter_map(|one| called.get(one).map(|name| format!("`{name}`")))
            .collect();
        let mut reason = document.reason;
        if !missing.is_empty() {
            reason = format!("{reason}; none for {}", list(&missing, "or"));
        }
        let by_name = |path: &String| Format::of(path) == files::format(path);
        let format = document.draft.paths.values().next();
        documents.push(FoundDocument {
            name,
            kind: document.draft.kind,
            format: format
                .filter(|path| document.draft.ending.is_empty() && !by_name(path))
                .map(|path| files::format(path)),
            certainty: document.certainty,
            proposed: document.certainty >= Certainty::Likely
                && missing.is_empty()
                && !proposed.is_empty(),
            reason,
            sections: document
                .draft
                .sections
                .iter()
                .filter_map(|(key, section)| {
                    let name = called.get(&identity(key))?;
                    Some((EnvironmentName::new(name), section.clone()))
                })
                .collect(),
            base: document.draft.base.clone(),
            paths: document
                .draft
                .paths
                .iter()
                .filter_map(|(key, path)| {
                    let name = called.get(&identity(key))?;
                    Some((EnvironmentName::new(name), path.clone()))
                })
                .collect(),
        });
    }
    documents.sort_by(|one, two| {
        let order = |document: &FoundDocument| {
            (
                !document.proposed,
                std::cmp::Reverse(document.certainty),
                document.name.clone(),
            )
        };
        order(one).cmp(&order(two))
    });
    (environments, documents)
}

/// Applies an environment that covers everything below production to each environment without a closer one, such as an
/// account's file.
fn below_production(
    document: &mut Judged,
    own: &mut BTreeSet<Identity>,
    proposed: &BTreeSet<Identity>,
) {
    let shared = own
        .iter()
        .find(|one| words::is_below_production(one.0))
        .cloned();
    let Some(shared) = shared.filter(|shared| !proposed.contains(shared)) else {
        return;
    };
    let paths = document.draft.paths.iter();
    let path = paths
        .filter(|(key, _)| key.word == shared.0)
        .map(|(_, path)| path.clone())
        .next();
    for missing in proposed {
        if words::role(missing.0) == Role::Production || own.contains(missing) {
            continue;
        }
        if let Some(path) = &path {
            let key = Key {
                word: missing.0,
                sibling: missing.1.clone(),
                spelling: missing.2.clone(),
            };
            if let Some(section) = section_of(document, shared.0) {
                document.draft.sections.insert(key.clone(), section);
            }
            document.draft.paths.insert(key, path.clone());
            own.insert(missing.clone());
        }
    }
}

fn section_of(document: &Judged, word: usize) -> Option<String> {
    let mut sections = document.draft.sections.iter();
    sections
        .find(|(key, _)| key.word == word)
        .map(|(_, section)| section.clone())
}

/// Returns words with two spellings in one document: these are two environments.
fn apart(judged: &[Judged]) -> BTreeSet<(usize, String)> {
    let mut apart = BTreeSet::new();
    for document in judged {
        let mut seen: BTreeMap<(usize, &str), &str> = BTreeMap::new();
        for key in document.draft.paths.keys() {
            let before = seen.insert((key.word, &key.sibling), &key.spelling);
            if before.is_some_and(|before| before != key.spelling) {
                apart.insert((key.word, key.sibling.clone()));
            }
        }
    }
    apart
}

/// Returns the name of each environment: the most frequent spelling; then the longer, then the first.
fn called(judged: &[Judged], identity: &dyn Fn(&Key) -> Identity) -> BTreeMap<Identity, String> {
    let mut ways: BTreeMap<Identity, BTreeMap<String, usize>> = BTreeMap::new();
    for document in judged {
        let weight = match document.certainty {
            Certainty::Possible => 1,
            Certainty::Likely => 100,
            Certainty::High => 101,
        };
        for key in document.draft.paths.keys() {
            let ways = ways.entry(identity(key)).or_default();
            let written = document.draft.written.get(key).map_or("", String::as_str);
            let name = match written {
                "" => UNMARKED.to_owned(),
                written => hyphened(written),
            };
            if is_word(&name) {
                *ways.entry(name).or_default() += weight;
            }
        }
    }
    let mut taken = BTreeSet::new();
    ways.into_iter()
        .map(|(own, ways)| {
            let best = ways.into_iter().max_by(|(one, few), (two, many)| {
                (few, one.len(), two).cmp(&(many, two.len(), one))
            });
            let mut name = best.map_or_else(|| UNMARKED.to_owned(), |(name, _)| name);
            while !taken.insert(name.clone()) {
                name.push_str("-2");
            }
            (own, name)
        })
        .collect()
}

/// Returns the environments to propose.
fn propose(
    all: &[&Identity],
    counts: &dyn Fn(&[&Identity], Certainty) -> usize,
) -> BTreeSet<Identity> {
    let role = |identity: &Identity| words::role(identity.0);
    /// Rank: whether documents are sure of it, whether it ends in production, the weight of sure documents, their
    /// purpose, all documents, how close the first one is to production.
    type Rank = (bool, bool, usize, usize, usize, usize);
    let mut best: Option<(Rank, [&Identity; 2])> = None;
    for (number, lower) in all.iter().enumerate() {
        for upper in all
            .iter()
            .skip(number + 1)
            .filter(|upper| upper.0 > lower.0)
        {
            let sure = counts(&[lower, upper], Certainty::Likely);
            let any = counts(&[lower, upper], Certainty::Possible);
            if any == 0 {
                continue;
            }
            let roles = match (role(lower), role(upper)) {
                (Role::Staging, Role::Production) if !words::is_partial(lower.0) => 2,
                (_, Role::Production) => 1,
                _ => 0,
            };
            // Most supported by documents. Development environments count half, and one file's name never outweighs all
            // other files.
            let weight = if roles == 2 || roles == 1 && words::is_rehearsal(lower.0) {
                sure * 2
            } else {
                sure
            };
            let rank = (sure > 0, roles > 0, weight, roles, any, lower.0);
            if best.as_ref().is_none_or(|(other, _)| rank > *other) {
                best = Some((rank, [lower, upper]));
            }
        }
    }
    let Some(((is_sure, ..), [lower, upper])) = best else {
        return BTreeSet::new();
    };
    let least = if is_sure {
        Certainty::Likely
    } else {
        Certainty::Possible
    };
    let mut proposed = vec![lower, upper];
    for other in all {
        if proposed.contains(other) || role(other) == Role::Early || words::is_partial(other.0) {
            continue;
        }
        let mut with = proposed.clone();
        with.push(other);
        if counts(&with, least) == counts(&proposed, least) {
            proposed = with;
        }
    }
    proposed.into_iter().cloned().collect()
}

fn reason(
    own: &Identity,
    documents: usize,
    is_proposed: bool,
    proposed: &BTreeSet<Identity>,
) -> String {
    let in_documents = format!("in {}", count(documents, "document"));
    let role = words::role(own.0);
    let has_staging = proposed
        .iter()
        .any(|one| words::role(one.0) == Role::Staging);
    match (is_proposed, role) {
        (true, Role::Early) => format!(
            "{in_documents}; development environments rarely resemble production, but nothing else was found"
        ),
        (true, _) => in_documents,
        (false, Role::Early) if has_staging => {
            format!("{in_documents}; development environments rarely resemble production")
        }
        (false, _) if words::is_partial(own.0) => format!(
            "{in_documents}; it is intentionally smaller than production and would be between the two"
        ),
        (false, _) => format!("{in_documents}, but not in all that the others share"),
    }
}
