//! A policy that asks for less than it did at the last release: told to whoever approves or releases.
//!
//! Whoever may change the definitions may change the policy in them. That is not refused here, since it may be meant; it
//! is never silent.

use super::Project;
use crate::report::Report;
use evenkeel_core::gate::Dossier;
use evenkeel_core::release::weaker_than_at;
use evenkeel_model::Digest;

/// Says what the policy asks for less than at the last release.
pub(super) fn tell(
    project: &Project<'_>,
    release: &str,
    then: &Digest,
    now: &Dossier,
    report: &mut Report,
) {
    let weaker = project
        .store
        .objects()
        .get(then)
        .ok()
        .flatten()
        .and_then(|bytes| weaker_than_at(&bytes, now));
    let Some(weaker) = weaker else {
        report.say(format!(
            "what the policy was at {release} cannot be read, so it is not known whether it asks for less now"
        ));
        return;
    };
    if !weaker.is_empty() {
        report.say(format!(
            "the policy asks for less than at {release}: {}",
            weaker.join("; ")
        ));
    }
}
