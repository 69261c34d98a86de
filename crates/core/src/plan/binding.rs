//! Binding: the values, places and artifacts of one environment, as one digest.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::environment::Resolved;
use evenkeel_model::{Digest, Value};

#[derive(Serialize)]
struct Binding<'a> {
    parameters: BTreeMap<&'a str, &'a Value>,
    targets: BTreeMap<&'a str, (&'a str, &'a str)>,
    artifacts: BTreeMap<&'a str, Digest>,
    /// Hosts by target, or by target and name, with whether root changes them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    hosts: BTreeMap<String, (&'a str, bool)>,
}

/// Returns the digest of the binding of an environment.
#[must_use]
pub fn binding(resolved: &Resolved) -> Digest {
    Digest::of_record(
        "evenkeel binding 1",
        &Binding {
            parameters: resolved
                .parameters
                .iter()
                .map(|(name, value)| (&**name, value))
                .collect(),
            targets: resolved
                .targets
                .iter()
                .map(|(name, place)| (&**name, (place.base.as_str(), place.state.as_str())))
                .collect(),
            artifacts: resolved
                .artifacts
                .iter()
                .map(|(name, digest)| (&**name, *digest))
                .collect(),
            hosts: resolved
                .members()
                .filter_map(|(member, place)| {
                    let host = place.ssh(member.host.as_ref())?;
                    Some((member.to_string(), (host.destination(), host.becomes_root)))
                })
                .collect(),
        },
    )
}
