//! Identities that are proposed for documents: only those with which the documents really differ less.
//!
//! What is likely is said by `discovery`, from texts that differ. Here the documents are compared with and without each
//! proposal. One stays that makes places equal, and by which no environment is found to mention another.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::{Documents, differing_texts};
use crate::environment::Definition;
use evenkeel_comparison::discovery::{IdentityKind, PairOfTexts, ProposedIdentity, propose};
use evenkeel_comparison::{FilesComparison, Matter};

/// Most comparisons of a document that proposals are tried with, each by itself. What is not tried is not proposed.
const MOST_COMPARED: usize = 50_000;

/// Proposes identities for documents, and keeps those that stand the trial.
#[must_use]
pub fn proposed_identities(
    definition: &Definition,
    documents: Documents<'_>,
) -> Vec<ProposedIdentity> {
    let documents = documents.telling_said(true);
    let texts = differing_texts(definition, &documents);
    let proposed = propose(&texts);
    if proposed.is_empty() {
        return proposed;
    }
    Trial::new(&documents.telling_said(false), &texts).kept(proposed)
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
    /// What differs, by the places of all documents in the list of them.
    texts: Vec<Vec<(&'t str, &'t str)>>,
    /// Without any proposal.
    before: Vec<Tally>,
}

impl<'t> Trial<'t> {
    fn new(documents: &'t Documents<'t>, texts: &'t [PairOfTexts]) -> Self {
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
        let mut trial = Self {
            documents,
            texts,
            before: Vec::new(),
        };
        let all: Vec<usize> = (0..pairs.len()).collect();
        trial.before = trial.tallies(&all, &[]);
        trial
    }

    fn tallies(&self, numbers: &[usize], proposed: &[ProposedIdentity]) -> Vec<Tally> {
        let pairs = self.documents.pairs();
        numbers
            .par_iter()
            .map(|number| {
                pairs
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
        let mut budget = MOST_COMPARED;
        loop {
            let count = proposed.len();
            let after = self.drop_telling(&mut proposed);
            self.drop_idle(&mut proposed, &after, &mut budget);
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
    fn drop_idle(&self, proposed: &mut Vec<ProposedIdentity>, after: &[Tally], budget: &mut usize) {
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
            let cost = numbers.len().saturating_mul(2);
            let is_tried = cost <= *budget;
            *budget = budget.saturating_sub(cost);
            if !is_tried || places(proposed) >= places(&others) {
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
        self.texts
            .iter()
            .enumerate()
            .filter(|(number, texts)| {
                let is_told = |(before, after): (&Tally, &Tally)| before.shared < after.shared;
                let tallies = self.before.get(*number).zip(after.get(*number));
                tallies.is_some_and(is_told)
                    || identity.kind == IdentityKind::Network && !texts.is_empty()
                    || texts
                        .iter()
                        .any(|(left, right)| has_any(left) && has_any(right))
            })
            .map(|(number, _)| number)
            .collect()
    }
}
