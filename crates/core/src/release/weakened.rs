//! A policy that requires less than at the last release.
//!
//! A change of the definitions can change the policy in them. That is not refused, since it may be intended; it is
//! always reported.

use serde::Deserialize;

use crate::environment::Policy;
use crate::gate::Dossier;

/// The part of an earlier dossier that is compared.
#[derive(Deserialize)]
struct Earlier {
    policy: Policy,
}

/// Returns what the policy requires less than in an earlier dossier; `None` when that dossier cannot be read.
#[must_use]
pub fn weaker_than_at(earlier: &[u8], now: &Dossier) -> Option<Vec<String>> {
    let earlier: Earlier = serde_json::from_slice(earlier).ok()?;
    Some(now.policy.weaker_than(&earlier.policy, now.at))
}
