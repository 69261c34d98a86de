//! Claims that conflict: two resources with one claim would overwrite each other.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use rayon::prelude::*;

use super::codes;
use super::resolve::{ResolvedResource, TargetPlace};
use crate::kind::Claim;
use evenkeel_model::defect::Defect;
use evenkeel_model::{Address, EnvironmentName};

/// A defect for each claim of a resource that another one has on the same machine.
pub(super) fn conflicts(
    environment: &EnvironmentName,
    resources: &BTreeMap<Address, ResolvedResource>,
    targets: &BTreeMap<Arc<str>, TargetPlace>,
) -> Vec<Defect> {
    if are_unique(resources, targets) {
        return Vec::new();
    }
    let mut claimed: HashMap<(&str, Claim<'_>), (&Address, &ResolvedResource)> =
        HashMap::with_capacity(resources.len());
    let mut complaints = Vec::new();
    for (address, resource) in resources {
        let Some(target) = targets.get(&resource.on) else {
            continue;
        };
        for claim in resource.declared.claims() {
            let Some((other, first)) =
                claimed.insert((target.machine(), claim.clone()), (address, resource))
            else {
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

/// Whether no two claims are equal, by their hashes. `false` says nothing: two claims may have one hash.
fn are_unique(
    resources: &BTreeMap<Address, ResolvedResource>,
    targets: &BTreeMap<Arc<str>, TargetPlace>,
) -> bool {
    let mut hashes: Vec<u64> = resources
        .par_iter()
        .flat_map_iter(|(_, resource)| {
            let machine = targets.get(&resource.on).map(TargetPlace::machine);
            let claims = resource.declared.claims().into_iter();
            claims.filter_map(move |claim| Some(hash(&(machine?, claim))))
        })
        .collect();
    hashes.par_sort_unstable();
    hashes.is_sorted_by(|one, two| one < two)
}

fn hash(claim: &(&str, Claim<'_>)) -> u64 {
    let mut hasher = DefaultHasher::new();
    claim.hash(&mut hasher);
    hasher.finish()
}
