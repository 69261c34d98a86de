//! Tests of a proposal: the definitions accept it, and the host is as it says.

use std::collections::BTreeMap;
use std::ops::Range;

use super::candidate::Candidate;
use super::{Importing, observe};
use crate::operation::picture::Resolution;
use crate::operation::session::Needs;
use crate::operation::{Failure, Project};
use crate::world::unwritten::Unwritten;
use evenkeel_core::kind::{Claim, Observation};
use evenkeel_document::covering;
use evenkeel_model::Address;
use evenkeel_model::defect::Defect;
use evenkeel_model::text::inert;

/// Maximum number of times that rejected resources are removed from the proposal.
const MOST_ROUNDS: usize = 20;

impl Importing<'_> {
    /// Leaves out what the definitions reject, and what the host does not have as proposed.
    pub(super) fn verify(&self, candidates: &mut [Candidate]) -> Result<(), Failure> {
        for each in candidates.iter_mut().filter(|each| each.is_proposed()) {
            match each.table(&self.member.target) {
                None => each.problem = Some("it has no form in TOML".to_owned()),
                Some(table) if !covering::secret_ranges(&table).is_empty() => {
                    each.problem = Some("it seems to contain a secret".to_owned());
                }
                Some(_) => {}
            }
        }
        // A change of the proposal is read again once.
        for is_last in [false, true] {
            let edited = self.accepted(candidates)?;
            let sealer = self.project.sealer_for_reading()?;
            let names = std::slice::from_ref(self.name);
            let resolution = Resolution::of(&edited, names, sealer, Needs::Live)?;
            let resolved = resolution.environment(self.name)?;
            let targets = resolution.targets(&edited, self.name)?;
            let observers = targets.observers();
            let Some(observer) = observers.get(self.member) else {
                return Err(Failure::other(format!("{} was not found", self.member)));
            };
            let mut queries = Vec::new();
            let mut ranges = Vec::new();
            for each in candidates.iter().filter(|each| each.is_proposed()) {
                let start = queries.len();
                if let Some(resource) = resolved.resources.get(&each.address) {
                    queries.extend(resource.declared.queries());
                }
                ranges.push(start..queries.len());
            }
            let answers = observe(*observer, &queries);
            let mut is_changed = false;
            let proposed = candidates.iter_mut().filter(|each| each.is_proposed());
            for (each, range) in proposed.zip(ranges) {
                let Some(resource) = resolved.resources.get(&each.address) else {
                    each.problem = Some("it is not a resource of this environment".to_owned());
                    continue;
                };
                let answers = answers.get(range).unwrap_or_default();
                each.problem = match resource.declared.observed(answers) {
                    Observation::CannotTell(reason) => Some(inert(&reason).into_owned()),
                    Observation::Seen(observed) => {
                        let wrong = resource.declared.compare(&observed);
                        wrong.first().map(|first| {
                            format!(
                                "{} is {}, expected {}",
                                first.attribute, first.found, first.expected
                            )
                        })
                    }
                };
                is_changed |= each.problem.is_some();
            }
            if !is_changed || is_last {
                break;
            }
        }
        self.accepted(candidates)?;
        Ok(())
    }

    /// Returns the project with the proposal, after leaving out what its definitions reject.
    fn accepted(&self, candidates: &mut [Candidate]) -> Result<Project<'_>, Failure> {
        for _ in 0..MOST_ROUNDS {
            link(candidates);
            let (files, ranges) = self.files(candidates);
            let failure = match self.project.edited(&files) {
                Ok(edited) => {
                    let path = edited.definition.path.clone();
                    let sealer = self.project.temporary_sealer();
                    let checked = Resolution::of(&edited, &path, sealer, Needs::Definitions);
                    match checked.and_then(|_| self.resolved(&edited)) {
                        Ok(()) => return Ok(edited),
                        Err(failure) => failure,
                    }
                }
                Err(failure) => failure,
            };
            let Failure::Definitions(defects) = failure else {
                return Err(failure);
            };
            if !self.leave_out(candidates, &ranges, &defects) {
                return Err(Failure::Definitions(defects));
            }
        }
        Err(Failure::other(
            "the proposal stays invalid; nothing was written",
        ))
    }

    /// Resolves the environment completely, as a plan does.
    fn resolved(&self, edited: &Project<'_>) -> Result<(), Failure> {
        let sealer = self.project.sealer_for_reading()?;
        let names = std::slice::from_ref(self.name);
        Resolution::of(edited, names, sealer, Needs::Live).map(|_| ())
    }

    /// Returns the files with the proposal, and the place of each candidate in its file.
    fn files(&self, candidates: &[Candidate]) -> (Unwritten, Vec<(usize, Range<usize>)>) {
        let mut files = Unwritten::default();
        let mut text = self.file.text.clone();
        if !text.ends_with('\n') {
            text.push('\n');
        }
        let mut ranges = Vec::new();
        for (number, each) in candidates.iter().enumerate() {
            let Some(table) = each
                .table(&self.member.target)
                .filter(|_| each.is_proposed())
            else {
                continue;
            };
            let start = text.len();
            text.push_str(&table);
            ranges.push((number, start..text.len()));
            if let Some((path, bytes)) = &each.source {
                files.put(path, None, bytes.clone());
            }
        }
        files.put(
            &self.file.path,
            Some(self.file.text.clone().into_bytes()),
            text.into_bytes(),
        );
        (files, ranges)
    }

    /// Leaves out the candidates that defects name by their places; returns whether there are any.
    fn leave_out(
        &self,
        candidates: &mut [Candidate],
        ranges: &[(usize, Range<usize>)],
        defects: &[Defect],
    ) -> bool {
        let mut is_found = false;
        for defect in defects {
            let labels = defect.labels.iter();
            let places: Vec<usize> = labels
                .filter(|label| label.span.file.path == self.file.shown)
                .filter_map(|label| {
                    let start = label.span.start();
                    let (number, _) = ranges.iter().find(|(_, range)| range.contains(&start))?;
                    Some(*number)
                })
                .collect();
            let is_conflict = defect.labels.len() > 1;
            // Of two proposals that conflict with each other, the first one stays.
            let Some(number) = places.iter().max() else {
                continue;
            };
            let Some(each) = candidates
                .get_mut(*number)
                .filter(|each| each.is_proposed())
            else {
                continue;
            };
            is_found = true;
            if is_conflict && places.len() == 1 {
                // A resource of the definitions has the same claim.
                each.is_declared = true;
            } else {
                each.problem = Some(inert(&defect.message).into_owned());
            }
        }
        is_found
    }
}

/// Finds the proposals that others come after.
fn link(candidates: &mut [Candidate]) {
    // A thing is claimed by the resource of its class that is named by it.
    let mut by_thing: BTreeMap<(&str, String), Address> = BTreeMap::new();
    for each in candidates.iter().filter(|each| each.is_proposed()) {
        let class = if each.content_of.is_some() {
            Claim::PATH
        } else {
            each.kind
        };
        by_thing.insert((class, each.what.clone()), each.address.clone());
    }
    for each in candidates {
        each.after_addresses = each
            .after
            .iter()
            .filter_map(|claim| by_thing.get(&(claim.class, inert(&claim.name).into_owned())))
            .cloned()
            .collect();
    }
}
