//! A policy that asks for less than it did at the last release: told to whoever approves or releases.
//!
//! Whoever may change the definitions may change the policy in them. That is not refused here, since it may be meant; it
//! is never silent.

use serde::Deserialize;

use super::Project;
use crate::report::Report;
use evenkeel_core::environment::Policy;
use evenkeel_core::gate::Dossier;
use evenkeel_ledger::{ObjectStore, Objects as _};
use evenkeel_model::Digest;

/// Of an earlier dossier, what is needed here.
#[derive(Deserialize)]
struct Earlier {
    policy: Policy,
}

/// Says what the policy asks for less than at the last release.
pub(super) fn tell(
    project: &Project<'_>,
    release: &str,
    then: &Digest,
    now: &Dossier,
    report: &mut Report,
) {
    let earlier = ObjectStore::new(&project.folder)
        .get(then)
        .ok()
        .flatten()
        .and_then(|bytes| serde_json::from_slice::<Earlier>(&bytes).ok());
    let Some(earlier) = earlier else {
        report.say(format!(
            "what the policy was at {release} cannot be read, so it is not known whether it asks for less now"
        ));
        return;
    };
    let weaker = now.policy.weaker_than(&earlier.policy, now.at);
    if !weaker.is_empty() {
        report.say(format!(
            "the policy asks for less than at {release}: {}",
            weaker.join("; ")
        ));
    }
}
