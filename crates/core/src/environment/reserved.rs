//! Reserved places of evenkeel, version control and the definitions.
//!
//! A declared file in the ledger's place would replace the ledger that records it. Conflicts between resources are left
//! to `claims`.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::Path;
use std::sync::Arc;

use super::codes;
use super::resolve::{ResolvedResource, Surroundings, TargetPlace};
use crate::kind::Claim;
use evenkeel_model::defect::Defect;
use evenkeel_model::{Address, EnvironmentName};

/// Names of version control and evenkeel, which are never read anywhere.
const PRIVATE: [&str; 9] = [
    ".git",
    ".hg",
    ".svn",
    ".bzr",
    ".jj",
    ".sl",
    "_darcs",
    "CVS",
    ".evenkeel",
];

/// Whether a name is never read.
#[must_use]
pub fn is_private(name: &OsStr) -> bool {
    PRIVATE.iter().any(|private| name == *private)
}

/// Returns a defect for each claim at or below a reserved place.
pub(super) fn intrusions(
    environment: &EnvironmentName,
    resources: &BTreeMap<Address, ResolvedResource>,
    targets: &BTreeMap<Arc<str>, TargetPlace>,
    surroundings: &Surroundings<'_>,
) -> Vec<Defect> {
    let mut complaints = Vec::new();
    for (address, resource) in resources {
        let target = targets.get(&resource.on);
        // The project is not on a host.
        if target.is_some_and(|target| !target.is_here()) {
            continue;
        }
        let state = target.map(|target| &*target.state);
        for claim in resource.declared.claims() {
            if is_own_record(&claim, state, address, resource) {
                continue;
            }
            let Some(owner) = claim.as_path().and_then(|path| owner(path, surroundings)) else {
                continue;
            };
            complaints.push(
                Defect::of(
                    &codes::RESERVED,
                    address,
                    format!("{address} claims {claim}, which belongs to {owner}"),
                )
                .within(environment)
                .at(&resource.block.span, "claims it here")
                .help("choose a path outside of the project's own folders"),
            );
        }
    }
    complaints
}

/// Returns the owner of a path at or below a reserved place.
fn owner(path: &str, surroundings: &Surroundings<'_>) -> Option<&'static str> {
    // Most paths contain neither name and need no parsing.
    let directory = surroundings.directory.as_os_str().as_encoded_bytes();
    let may_be_private = path.split('/').any(|name| PRIVATE.contains(&name));
    if !may_be_private && !path.as_bytes().starts_with(directory) {
        return None;
    }
    let path = Path::new(path);
    if path.starts_with(surroundings.directory) {
        return Some("the definitions");
    }
    // A repository may start above the project.
    for above in surroundings.root.ancestors() {
        let first = path
            .strip_prefix(above)
            .ok()
            .and_then(|below| below.iter().next());
        if let Some(first) = first.filter(|first| is_private(first)) {
            return Some(if first == ".evenkeel" {
                "evenkeel"
            } else {
                "version control"
            });
        }
    }
    None
}

/// Whether it is evenkeel's own record of the resource, in its target's state: `app.process.json`.
fn is_own_record(
    claim: &Claim<'_>,
    state: Option<&str>,
    address: &Address,
    resource: &ResolvedResource,
) -> bool {
    let is_placed = ["path", "into"]
        .iter()
        .any(|key| resource.block.get(key).is_some());
    let is_named = || {
        let file = claim.as_path()?.strip_prefix(state?)?.strip_prefix('/')?;
        let rest = file.strip_prefix(address.name())?;
        Some(rest.starts_with('.') && !rest.contains('/'))
    };
    !is_placed && is_named().unwrap_or(false)
}
