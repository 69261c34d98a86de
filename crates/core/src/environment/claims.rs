//! Claims that conflict: two resources with one claim would overwrite each other.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

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
