//! Rule: every environment before production is in sync.

use super::{Case, Reason, Remedy, Rule};
use evenkeel_model::defect::{Code, Corner};

/// Every environment before production is in sync.
pub struct StagingIsInSync;

impl Rule for StagingIsInSync {
    const CODE: Code = Code::error(
        "gate/staging-drift",
        "an environment before production has drift",
        "The tested state differs from the definitions. `evenkeel deliver` restores it and runs the suites again.",
    );

    fn judge(dossier: &Case<'_>) -> Vec<Reason> {
        // Other environments are not involved: they run newer definitions.
        if dossier.rollback.is_some() {
            return Vec::new();
        }
        let mut reasons = Vec::new();
        for name in dossier.before_production() {
            let Some(facts) = dossier.environments.get(name) else {
                reasons.push(Reason::new(
                    &Self::CODE,
                    format!("{name} was not checked"),
                    Remedy::MakeReadable(name.clone()),
                ));
                continue;
            };
            reasons.extend(facts.drift.iter().map(|finding| {
                let remedy = if finding.is_unreadable() {
                    Remedy::MakeReadable(name.clone())
                } else if finding.corner == Some(Corner::Unmanaged) {
                    Remedy::SettleByHand(name.clone())
                } else {
                    Remedy::Deliver
                };
                Reason::new(&Self::CODE, finding.message.clone(), remedy)
            }));
            if facts.drift.is_empty() && facts.steps > 0 {
                reasons.push(Reason::new(
                    &Self::CODE,
                    format!(
                        "{}: {} pending",
                        name,
                        evenkeel_model::text::count(facts.steps, "step")
                    ),
                    Remedy::Deliver,
                ));
            }
        }
        reasons
    }
}
