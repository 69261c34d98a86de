//! Two resources at one place would undo each other.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::codes;
use super::resolve::{ResolvedResource, TargetPlace};
use evenkeel_model::defect::Defect;
use evenkeel_model::{Address, EnvironmentName};

/// Complains about each resource that claims a path which another one claims on the same machine.
pub(super) fn conflicts(
    environment: &EnvironmentName,
    resources: &BTreeMap<Address, ResolvedResource>,
    targets: &BTreeMap<Arc<str>, TargetPlace>,
) -> Vec<Defect> {
    let mut claimed: HashMap<(&str, Cow<'_, str>), (&Address, &ResolvedResource)> = HashMap::new();
    let mut complaints = Vec::new();
    for (address, resource) in resources {
        let Some(target) = targets.get(&resource.on) else {
            continue;
        };
        for path in resource.declared.paths() {
            // An installation lives inside a directory that may well be declared, and has `current` for itself.
            let path: Cow<'_, str> = if address.kind() == "installation" {
                format!("{path}/current").into()
            } else {
                path.into()
            };
            let shown = path.clone();
            let Some((other, first)) =
                claimed.insert((target.machine(), path), (address, resource))
            else {
                continue;
            };
            complaints.push(
                Defect::of(
                    &codes::CONFLICT,
                    address,
                    format!(
                        "{address} and {other} both claim {shown} on `{}` in {environment}",
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
