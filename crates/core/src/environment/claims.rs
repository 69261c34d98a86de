//! Claims that conflict: two resources with one claim would overwrite each other.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use rayon::prelude::*;

use super::Resolved;
use super::codes;
use super::resolve::{ResolvedResource, TargetPlace};
use crate::kind::Claim;
use evenkeel_model::defect::Defect;
use evenkeel_model::{Address, EnvironmentName};

/// Returns a defect for each claim that two resources have on the same machine.
pub(super) fn conflicts(
    environment: &EnvironmentName,
    resources: &BTreeMap<Address, ResolvedResource>,
    targets: &BTreeMap<Arc<str>, TargetPlace>,
) -> Vec<Defect> {
    let mut complaints = parts(environment, resources, targets);
    if are_unique(resources, targets) {
        return complaints;
    }
    let mut claimed: HashMap<(&str, Claim<'_>), (&Address, &ResolvedResource)> =
        HashMap::with_capacity(resources.len());
    for (address, resource) in resources {
        let Some(target) = targets.get(&resource.on) else {
            continue;
        };
        for claim in resource.declared.claims() {
            // Two targets may share many hosts: that is one defect.
            let mut others = Vec::new();
            for machine in machines(target) {
                others.extend(claimed.insert((machine, claim.clone()), (address, resource)));
            }
            let Some((other, first)) = others.into_iter().next() else {
                continue;
            };
            complaints.push(
                Defect::of(
                    &codes::CONFLICT,
                    address,
                    format!(
                        "{address} and {other} both claim {claim} on `{}` in {environment}",
                        resource.on
                    ),
                )
                .within(environment)
                .at(&resource.block.span, "claims it here")
                .at(&first.block.span, "claimed here too"),
            );
        }
    }
    complaints
}

/// Returns a defect for each resource that keeps a part in what another resource claims as a whole.
fn parts(
    environment: &EnvironmentName,
    resources: &BTreeMap<Address, ResolvedResource>,
    targets: &BTreeMap<Arc<str>, TargetPlace>,
) -> Vec<Defect> {
    let mut inside: HashMap<(&str, Claim<'_>), Vec<(&Address, &ResolvedResource)>> = HashMap::new();
    for (address, resource) in resources {
        if let (Some(target), Some(claim)) = (targets.get(&resource.on), resource.declared.inside())
        {
            for machine in machines(target) {
                let key = (machine, claim.clone());
                inside.entry(key).or_default().push((address, resource));
            }
        }
    }
    if inside.is_empty() {
        return Vec::new();
    }
    let mut complaints = Vec::new();
    for (owner, whole) in resources {
        let Some(target) = targets.get(&whole.on) else {
            continue;
        };
        for claim in whole.declared.claims() {
            // On many machines, that is one defect.
            let parts: BTreeMap<&Address, &ResolvedResource> = machines(target)
                .filter_map(|machine| inside.get(&(machine, claim.clone())))
                .flatten()
                .copied()
                .collect();
            for (address, part) in parts {
                let message = format!(
                    "{address} changes a part of {claim}, and {owner} declares all of it on `{}` in {environment}",
                    whole.on
                );
                complaints.push(
                    Defect::of(&codes::CONFLICT, address, message)
                        .within(environment)
                        .at(&part.block.span, "changes a part of it here")
                        .at(&whole.block.span, "declares all of it"),
                );
            }
        }
    }
    complaints
}

/// Claims of other environments on the same machines, by hash: a removal must not touch them.
#[derive(Debug, Default)]
pub struct ClaimedElsewhere(Vec<u64>);

impl ClaimedElsewhere {
    /// Whether another environment has a claim on a machine.
    #[must_use]
    pub fn has(&self, machine: &str, claim: &Claim<'_>) -> bool {
        self.0
            .binary_search(&hash(&(machine, claim.clone())))
            .is_ok()
    }
}

/// Returns a defect for each claim that two environments have on the same machine: each would see the other's changes
/// as drift. A target's own records are excluded: their owner stamp keeps another environment away.
///
/// Each of `environments` receives the claims of the others; `more` are only compared.
pub fn between_environments(
    environments: &mut BTreeMap<EnvironmentName, Resolved>,
    more: &[Resolved],
) -> Vec<Defect> {
    let claims_of = |environment: &Resolved| {
        let Resolved {
            resources, targets, ..
        } = environment;
        hashes(resources, targets, &|place, claim| {
            !is_own_record(place, claim)
        })
    };
    let own: Vec<Vec<u64>> = environments.values().map(claims_of).collect();
    let others: Vec<u64> = more.iter().flat_map(claims_of).collect();
    for (number, environment) in environments.values_mut().enumerate() {
        let beside = own.iter().enumerate().filter(|(other, _)| *other != number);
        let mut elsewhere: Vec<u64> = beside
            .flat_map(|(_, claims)| claims)
            .chain(&others)
            .copied()
            .collect();
        elsewhere.par_sort_unstable();
        environment.elsewhere = ClaimedElsewhere(elsewhere);
    }
    let mut all: Vec<u64> = own.into_iter().flatten().chain(others).collect();
    all.par_sort_unstable();
    if all.is_sorted_by(|one, two| one < two) {
        return Vec::new();
    }
    let environments = environments.values().chain(more);
    let mut claimed: HashMap<(&str, Claim<'_>), (&EnvironmentName, &Address, &ResolvedResource)> =
        HashMap::with_capacity(all.len());
    let mut complaints = Vec::new();
    for environment in environments {
        for (address, resource) in &environment.resources {
            let Some(target) = environment.targets.get(&resource.on) else {
                continue;
            };
            let claims = resource.declared.claims().into_iter();
            for claim in claims.filter(|claim| !is_own_record(target, claim)) {
                let mut found = None;
                for machine in machines(target) {
                    let key = (machine, claim.clone());
                    let holder =
                        *claimed
                            .entry(key)
                            .or_insert((&environment.name, address, resource));
                    if *holder.0 != environment.name {
                        found = Some(holder);
                    }
                }
                let Some((first, other, earlier)) = found else {
                    continue;
                };
                let owner = if other == address {
                    format!("{address} of {first}")
                } else {
                    format!("{other} of {first}")
                };
                let mut complaint = Defect::of(
                    &codes::SHARED,
                    address,
                    format!(
                        "{address} of {} and {owner} both claim {claim}",
                        environment.name
                    ),
                )
                .within(&environment.name)
                .at(
                    &resource.block.span,
                    format!("claimed by {}", environment.name),
                )
                .help("give each environment its own, for example with `${environment}`");
                if earlier.block.span != resource.block.span {
                    complaint = complaint.at(&earlier.block.span, format!("claimed by {first}"));
                }
                complaints.push(complaint);
            }
        }
    }
    complaints
}

/// Whether no two claims are equal, by their hashes. `false` is inconclusive: two claims may have one hash.
fn are_unique(
    resources: &BTreeMap<Address, ResolvedResource>,
    targets: &BTreeMap<Arc<str>, TargetPlace>,
) -> bool {
    let mut hashes = hashes(resources, targets, &|_, _| true);
    hashes.par_sort_unstable();
    hashes.is_sorted_by(|one, two| one < two)
}

/// Whether a claim is a path among a target's own records.
fn is_own_record(target: &TargetPlace, claim: &Claim<'_>) -> bool {
    claim
        .as_path()
        .and_then(|path| path.strip_prefix(&*target.state))
        .is_some_and(|rest| rest.starts_with('/'))
}

/// Returns the hashes of an environment's relevant claims.
fn hashes(
    resources: &BTreeMap<Address, ResolvedResource>,
    targets: &BTreeMap<Arc<str>, TargetPlace>,
    counts: &(dyn Fn(&TargetPlace, &Claim<'_>) -> bool + Sync),
) -> Vec<u64> {
    resources
        .par_iter()
        .flat_map_iter(|(_, resource)| {
            let target = targets.get(&resource.on);
            let claims = resource.declared.claims().into_iter();
            claims
                .filter_map(move |claim| {
                    let target = target.filter(|target| counts(target, &claim))?;
                    Some((target, claim))
                })
                .flat_map(|(target, claim)| {
                    machines(target).map(move |machine| hash(&(machine, claim.clone())))
                })
        })
        .collect()
}

/// Returns the machines of a target.
fn machines(target: &TargetPlace) -> impl Iterator<Item = &str> {
    let members = target.members();
    members.filter_map(|host| target.machine(host))
}

fn hash(claim: &(&str, Claim<'_>)) -> u64 {
    let mut hasher = DefaultHasher::new();
    claim.hash(&mut hasher);
    hasher.finish()
}
