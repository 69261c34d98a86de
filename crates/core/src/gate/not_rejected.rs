//! Rule: no person rejected this plan.

use std::collections::BTreeMap;

use super::people::Decided;
use super::{Case, People, Reason, Remedy, Rule};
use evenkeel_model::defect::Code;

/// No person rejected this plan.
pub struct NotRejected;

impl Rule for NotRejected {
    const CODE: Code = Code::error(
        "gate/rejected",
        "a person rejected the plan",
        "A rejection counts until the same person withdraws it with `evenkeel withdraw`, or the plan changes. Approvals of \
         other people do not outweigh it.",
    );

    fn judge(dossier: &Case<'_>) -> Vec<Reason> {
        let People { now, as_released } = dossier.people;
        // A person who was removed from `approvers` after the last release cannot be passed over by that.
        let mut rejecting: BTreeMap<&str, &Decided> = BTreeMap::new();
        for decisions in as_released.iter().chain([now]) {
            rejecting.extend(decisions.of(false));
        }
        rejecting
            .into_iter()
            .map(|(name, decided)| {
                Reason::new(
                    &Self::CODE,
                    format!(
                        "rejected by {name} on {}: {}",
                        decided.at.for_people(),
                        decided.reason
                    ),
                    Remedy::Withdraw {
                        plan: dossier.release.plan.short(),
                        by: name.to_owned(),
                    },
                )
            })
            .collect()
    }
}
