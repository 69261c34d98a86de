//! Rule: enough different people approved this exact plan on this exact evidence.

use std::collections::BTreeSet;

use super::{Dossier, Reason, Remedy, Rule};
use evenkeel_model::defect::Code;

/// Enough different people approved this exact plan on this exact evidence.
pub struct ApprovedByPeople;

/// Returns the people who approved this exact plan on this exact evidence.
pub(super) fn people(dossier: &Dossier) -> BTreeSet<&str> {
    let valid = dossier.approvals.iter().filter(|approval| {
        approval.plan == dossier.release.plan
            && approval.evidence == dossier.evidence_digest
            && approval.at <= dossier.at
            && !approval.by.is_empty()
    });
    valid.map(|approval| approval.by.as_str()).collect()
}

impl Rule for ApprovedByPeople {
    const CODE: Code = Code::error(
        "gate/not-approved",
        "approvals are missing",
        "An approval counts for one plan and one set of evidence. When either changes, the approval is void.",
    );

    fn judge(dossier: &Dossier) -> Vec<Reason> {
        let needed = dossier.policy.approvals;
        let people = people(dossier);
        if people.len() >= needed {
            return Vec::new();
        }
        let void = dossier
            .approvals
            .iter()
            .filter(|approval| {
                approval.plan != dossier.release.plan
                    || approval.evidence != dossier.evidence_digest
            })
            .map(|approval| approval.by.as_str())
            .collect::<BTreeSet<_>>();
        let mut message = format!(
            "{} of {} given",
            people.len(),
            evenkeel_model::text::count(needed, "approval")
        );
        if people.is_empty() && !void.is_empty() {
            message.push_str("; earlier approvals were for another plan or other evidence");
        }
        vec![Reason::new(
            &Self::CODE,
            message,
            Remedy::Approve(dossier.release.plan.short()),
        )]
    }
}
