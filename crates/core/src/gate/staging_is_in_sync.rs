//! Rule: every environment before production is as declared.

use super::{Dossier, Reason, Remedy, Rule};
use evenkeel_model::defect::{Code, Corner};

/// Every environment before production is as declared.
pub struct StagingIsInSync;

impl Rule for StagingIsInSync {
    const CODE: Code = Code::error(
        "gate/staging-drift",
        "an environment before production is not as declared",
        "What was tested there is not what is declared. `evenkeel deliver` brings it back and tests it anew.",
    );

    fn judge(dossier: &Dossier) -> Vec<Reason> {
        let mut reasons = Vec::new();
        for name in dossier.before_production() {
            let Some(facts) = dossier.environments.get(name) else {
                reasons.push(Reason::new(
                    &Self::CODE,
                    format!("{name} was not looked at"),
                    Remedy::Deliver,
                ));
                continue;
            };
            reasons.extend(facts.drift.iter().map(|finding| {
                let remedy = if finding.corner == Some(Corner::Unmanaged) {
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
                        "{} would still change {}",
                        name,
                        evenkeel_model::text::count(facts.steps, "resource")
                    ),
                    Remedy::Deliver,
                ));
            }
        }
        reasons
    }
}
