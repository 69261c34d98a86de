//! Identities that are proposed for documents: only those with which the documents really differ less.
//!
//! What is likely is said by `discovery`, from texts that differ. Here the documents are compared with and without each
//! proposal. One stays that makes places equal, and by which no environment is found to mention another.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::*;

use super::Documents;
use super::differing::differing_texts_and;
use crate::environment::Definition;
use evenkeel_comparison::discovery::{IdentityKind, PairOfTexts, ProposedIdentity, propose};
use evenkeel_comparison::{FilesComparison, Matter};
use evenkeel_model::EnvironmentName;

/// Most documents in which it is tried what differs without a proposal: those with most texts that it may explain.
const MOST_TRIED: usize = 32;

/// Proposes identities for documents, and keeps those that stand the trial.
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

/// What comes of comparing one document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Tally {
    /// Everything that differs.
    places: usize,
    /// What both environments name, and is one's own.
    shared: usize,
    /// Mentions of the other environment, by the name of the identity that tells.
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
    /// All documents.
    pairs: Vec<(EnvironmentName, EnvironmentName, Arc<str>)>,
    /// What differs, by the places of all documents in the list of them.
    texts: Vec<Vec<(&'t str, &'t str)>>,
    /// Without any proposal.
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

    /// The proposals that stand.
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

    /// Drops those by which an environment is found to mention the other: a value that both use belongs to neither.
    /// Gives what comes of comparing with those that stay.
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
                // Told by the environment's name, which a proposal gave another spelling, or moved something beside.
                let shortest = |one: &ProposedIdentity| one.kind != IdentityKind::EnvironmentShort;
                proposed.retain(shortest);
            }
            if proposed.len() == count {
                proposed.clear();
            }
        }
    }

    /// Drops those without which no more differs, those with the fewest places first.
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

    /// The documents that a proposal may make a difference in.
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
        // Wherever something is shared by it.
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
