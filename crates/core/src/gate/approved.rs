//! Rule: enough different people approved this exact plan on this exact evidence.

use std::collections::BTreeSet;

use super::people::Decisions;
use super::{Case, Dossier, Reason, Remedy, Rule};
use evenkeel_model::defect::Code;

/// Enough different people approved this exact plan on this exact evidence.
pub struct ApprovedByPeople;

impl Rule for ApprovedByPeople {
    const CODE: Code = Code::error(
        "gate/not-approved",
        "approvals are missing",
        "An approval counts for one plan and one set of evidence; with a file `approvers` it must be signed, and also counts for \
         one policy only. When one of these changes, the approval is void.",
    );

    fn judge(dossier: &Case<'_>) -> Vec<Reason> {
        let needed = dossier.approvals_needed();
        let decisions = &dossier.people.now;
        let given = decisions.approving().count();
        if given >= needed {
            return Vec::new();
        }
        let mut message = format!(
            "{given} of {} given",
            evenkeel_model::text::count(needed, "approval")
        );
        if given == 0 && decisions.void.is_empty() && has_earlier(dossier) {
            message.push_str("; earlier approvals were for another plan or other evidence");
        }
        message.push_str(&not_counted(decisions));
        vec![Reason::new(
            &Self::CODE,
            message,
            Remedy::Approve {
                plan: dossier.release.plan.short(),
                number: 1,
            },
        )]
    }
}

/// Returns the decisions that do not count, as the end of a sentence.
pub(super) fn not_counted(decisions: &Decisions) -> String {
    /// More are summed up.
    const SHOWN: usize = 5;
    // A person whose later decision counts needs no explanation of the earlier one.
    let void: BTreeSet<String> = decisions
        .void
        .iter()
        .filter(|void| !decisions.people.contains_key(&void.by))
        .map(|void| format!("{}: {}", void.by, void.why))
        .collect();
    if void.is_empty() {
        return String::new();
    }
    let mut shown: Vec<String> = void.iter().take(SHOWN).cloned().collect();
    if void.len() > SHOWN {
        shown.push(format!("{} more", void.len() - SHOWN));
    }
    format!("; not counted: {}", shown.join(", "))
}

/// Whether there are approvals for another plan or other evidence.
fn has_earlier(dossier: &Dossier) -> bool {
    dossier.approvals.iter().any(|approval| {
        approval.plan != dossier.release.plan || approval.evidence != dossier.evidence_digest
    })
}
