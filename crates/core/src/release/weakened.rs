//! A policy that requires less than at the last release.
//!
//! A change of the definitions can change the policy in them. That is not refused, since it may be intended; it is
//! always reported.

use serde::Deserialize;

use crate::environment::Policy;
use crate::gate::Dossier;
use crate::gate::stored::StoredPolicy;

/// The part of an earlier dossier that is compared: that it is there is enough, whatever else is.
#[derive(Deserialize)]
struct Earlier {
    /// The first format kept it here.
    policy: Option<StoredPolicy>,
    dossier: Option<Within>,
}

#[derive(Deserialize)]
struct Within {
    policy: StoredPolicy,
}

/// Returns what the policy requires less than in an earlier dossier; `None` when that dossier cannot be read.
#[must_use]
pub fn weaker_than_at(earlier: &[u8], now: &Dossier) -> Option<Vec<String>> {
    let Earlier { policy, dossier } = serde_json::from_slice(earlier).ok()?;
    let policy = Policy::from(dossier.map(|within| within.policy).or(policy)?);
    Some(now.policy.weaker_than(&policy, now.at))
}
