//! Proposed identities that reduce the differences of documents.
//!
//! `discovery` proposes likely ones from differing texts. Here the documents are compared with and without each
//! proposal. A proposal is kept if it makes places equal and reveals no mention of another environment.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::*;

use super::Documents;
use super::differing::differing_texts_and;
use crate::environment::Definition;
use evenkeel_comparison::discovery::{IdentityKind, PairOfTexts, ProposedIdentity, propose};
use evenkeel_comparison::{FilesComparison, Matter};
use evenkeel_model::EnvironmentName;

/// Maximum number of documents compared for one proposal: those with most texts that it may explain.
const MOST_TRIED: usize = 32;

/// Proposes identities for documents, and keeps the verified ones.
#[must_use]
pub fn proposed_identities(
    definition: &Definition,
    documents: Documents<'_>,
) -> Vec<ProposedIdentity> {
    let documents = documents.telling_said(true);
    let mut before = Vec::new();
    let texts = differing_texts_and(definition, &documents, &mut |compared| {
        before.push(Tally::of(compared));
    });
    let proposed = propose(&texts);
    if proposed.is_empty() {
        return proposed;
    }
    Trial::new(&documents.telling_said(false), &texts, before).kept(proposed)
}

/// Counts of one comparison.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Tally {
    /// Number of differences.
    places: usize,
    /// Number of values that both environments use and one of them owns.
    shared: usize,
    /// Mentions of the other environment, by the name of the identity.
    foreign: BTreeMap<String, usize>,
}

impl Tally {
    fn of(compared: &FilesComparison) -> Self {
        let mut tally = Self {
            places: compared.located.len(),
            ..Self::default()
        };
        for located in &compared.located {
            match &located.disagreement.matter {
                Matter::Foreign { identity, .. } => {
                    *tally.foreign.entry(identity.to_string()).or_default() += 1;
                }
                Matter::Shared { .. } => tally.shared += 1,
                _ => {}
            }
        }
        tally
    }
}

struct Trial<'t> {
    documents: &'t Documents<'t>,
    /// All documents in each pair of environments.
    pairs: Vec<(EnvironmentName, EnvironmentName, Arc<str>)>,
    /// Differing texts, by the index of their document.
    texts: Vec<Vec<(&'t str, &'t str)>>,
    /// Counts without any proposal.
    before: Vec<Tally>,
}

impl<'t> Trial<'t> {
    fn new(documents: &'t Documents<'t>, texts: &'t [PairOfTexts], before: Vec<Tally>) -> Self {
        let pairs = documents.pairs();
        let mut by_document: BTreeMap<_, Vec<(&str, &str)>> = BTreeMap::new();
        for pair in texts {
            for text in &pair.texts {
                by_document
                    .entry((&pair.left, &pair.right, text.document.as_str()))
                    .or_default()
                    .push((&text.left, &text.right));
            }
        }
        let texts = pairs
            .iter()
            .map(|(one, two, name)| by_document.remove(&(one, two, &**name)).unwrap_or_default())
            .collect();
        Self {
            documents,
            pairs,
            texts,
            before,
        }
    }

    fn tallies(&self, numbers: &[usize], proposed: &[ProposedIdentity]) -> Vec<Tally> {
        numbers
            .par_iter()
            .map(|number| {
                self.pairs
                    .get(*number)
                    .map_or_else(Tally::default, |(one, two, name)| {
                        let compared = self.documents.compared_with((one, two, name), proposed);
                        Tally::of(&compared)
                    })
            })
            .collect()
    }

    /// Returns the proposals that are kept.
    fn kept(&self, mut proposed: Vec<ProposedIdentity>) -> Vec<ProposedIdentity> {
        loop {
            let count = proposed.len();
            let after = self.drop_telling(&mut proposed);
            self.drop_idle(&mut proposed, &after);
            if proposed.is_empty() || proposed.len() == count {
                return proposed;
            }
        }
    }

    /// Drops proposals that reveal a mention of the other environment: a value that both use belongs to neither.
    /// Returns the counts of comparing with the rest.
    fn drop_telling(&self, proposed: &mut Vec<ProposedIdentity>) -> Vec<Tally> {
        let all: Vec<usize> = (0..self.before.len()).collect();
        loop {
            let after = self.tallies(&all, proposed);
            let mut telling: BTreeSet<String> = BTreeSet::new();
            for (before, after) in self.before.iter().zip(&after) {
                for (name, count) in &after.foreign {
                    if before.foreign.get(name).is_none_or(|before| before < count) {
                        telling.insert(name.clone());
                    }
                }
            }
            if telling.is_empty() {
                return after;
            }
            let count = proposed.len();
            proposed.retain(|one| !telling.contains(&one.name));
            if proposed.len() == count {
                // Revealed by the environment's name, because a proposal changed its spelling or moved something beside
                // it.
                let shortest = |one: &ProposedIdentity| one.kind != IdentityKind::EnvironmentShort;
                proposed.retain(shortest);
            }
            if proposed.len() == count {
                proposed.clear();
            }
        }
    }

    /// Drops proposals without which nothing more differs, those with the fewest places first.
    fn drop_idle(&self, proposed: &mut Vec<ProposedIdentity>, after: &[Tally]) {
        let mut names: Vec<(usize, String)> = proposed
            .iter()
            .map(|one| (one.places, one.name.clone()))
            .collect();
        names.sort();
        for (_, name) in names {
            let Some(at) = proposed.iter().position(|one| one.name == name) else {
                continue;
            };
            let numbers = proposed
                .get(at)
                .map_or_else(Vec::new, |one| self.touched(one, after));
            let others: Vec<ProposedIdentity> = proposed
                .iter()
                .filter(|other| other.name != name)
                .cloned()
                .collect();
            let places = |identities: &[ProposedIdentity]| -> usize {
                let tallies = self.tallies(&numbers, identities);
                tallies.iter().map(|tally| tally.places).sum()
            };
            if places(proposed) >= places(&others) {
                proposed.remove(at);
            }
        }
    }

    /// Returns the documents that a proposal may affect.
    fn touched(&self, identity: &ProposedIdentity, after: &[Tally]) -> Vec<usize> {
        let values: Vec<String> = identity
            .values
            .values()
            .map(|value| value.to_lowercase())
            .collect();
        let has_any = |text: &str| {
            let text = text.to_lowercase();
            values.iter().any(|value| text.contains(value.as_str()))
        };
        let explained = |texts: &[(&str, &str)]| -> usize {
            if identity.kind == IdentityKind::Network {
                return texts.len();
            }
            let both = |(left, right): &&(&str, &str)| has_any(left) && has_any(right);
            texts.iter().filter(both).count()
        };
        let mut ranked: Vec<(usize, usize)> = self
            .texts
            .iter()
            .enumerate()
            .map(|(number, texts)| (explained(texts), number))
            .filter(|(count, _)| *count > 0)
            .collect();
        ranked.sort_by_key(|(count, number)| (std::cmp::Reverse(*count), *number));
        ranked.truncate(MOST_TRIED);
        // Documents in which it reveals a shared value.
        let both = self.before.iter().zip(after);
        let shared = both
            .enumerate()
            .filter(|(_, (before, after))| before.shared < after.shared);
        let mut numbers: Vec<usize> = ranked.into_iter().map(|(_, number)| number).collect();
        numbers.extend(shared.map(|(number, _)| number));
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    }
}
