//! Rule: a person approved requirements that are weaker than at the last release.

use super::approved::not_counted;
use super::{Case, Reason, Remedy, Rule};
use evenkeel_model::defect::Code;

/// A person approved requirements that are weaker than at the last release.
pub struct WeakeningIsApproved;

impl Rule for WeakeningIsApproved {
    const CODE: Code = Code::error(
        "gate/weakened",
        "the policy is weaker than at the last release, without approval",
        "A commit can weaken the policy, the path or `[severity]`. The first release after it needs as many approvals as the earlier policy required, and at least one, by the `approvers` of the last release.",
    );

    fn judge(dossier: &Case<'_>) -> Vec<Reason> {
        let Some(released) = &dossier.released else {
            return Vec::new();
        };
        let weakened = dossier.weakened();
        let message = match &weakened {
            None => format!("the requirements of {} cannot be read", released.release),
            Some(weakened) => {
                let all = weakened.to_approve();
                if all.is_empty() {
                    return Vec::new();
                }
                format!("weaker than at {}: {}", released.release, all.join("; "))
            }
        };
        let earlier = released.demands.as_ref();
        let needed = earlier
            .map_or(1, |earlier| earlier.policy.approvals)
            .max(dossier.policy.approvals)
            .max(1);
        // Under the earlier file of approvers: a commit that adds a key cannot be approved with it.
        let decisions = earlier
            .filter(|earlier| earlier.approvers.is_some())
            .and(dossier.people.as_released.as_ref())
            .unwrap_or(&dossier.people.now);
        let given = decisions.approving().count();
        if given >= needed {
            return Vec::new();
        }
        vec![Reason::new(
            &Self::CODE,
            format!(
                "{message}; {given} of {} given{}",
                evenkeel_model::text::count(needed, "approval"),
                not_counted(decisions)
            ),
            Remedy::Approve {
                plan: dossier.release.plan.short(),
                number: 1,
            },
        )]
    }
}
