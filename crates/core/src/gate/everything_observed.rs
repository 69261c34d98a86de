//! Rule: the required share of declared attributes was observed, in every environment.

use super::{Case, Reason, Remedy, Rule};
use evenkeel_model::EnvironmentName;
use evenkeel_model::defect::Code;

/// The required share of declared attributes was observed.
pub struct EverythingObserved;

impl Rule for EverythingObserved {
    const CODE: Code = Code::error(
        "gate/not-observed",
        "not everything was read",
        "An attribute that cannot be read may have drifted. The policy's `observed` sets the share that must be read.",
    );

    fn judge(dossier: &Case<'_>) -> Vec<Reason> {
        let mut reasons = Vec::new();
        // A rollback involves no other environment.
        let is_involved =
            |name: &&EnvironmentName| dossier.rollback.is_none() || **name == dossier.production;
        for name in dossier.path.iter().filter(is_involved) {
            let remedy = Remedy::MakeReadable(name.clone());
            let Some(facts) = dossier.environments.get(name) else {
                reasons.push(Reason::new(
                    &Self::CODE,
                    format!("{name} was not checked"),
                    remedy,
                ));
                continue;
            };
            if facts.declared == 0 {
                reasons.push(Reason::new(
                    &Self::CODE,
                    format!("{name} declares nothing"),
                    Remedy::DeclareResource(name.clone()),
                ));
            } else if !enough(facts.observed, facts.declared, dossier.policy.observed) {
                reasons.push(Reason::new(
                    &Self::CODE,
                    format!(
                        "{name}: {} of {} attributes read",
                        facts.observed, facts.declared
                    ),
                    remedy,
                ));
            } else if facts.observation.is_none() && facts.observed == facts.declared {
                // A resource removed from the definitions was not observed.
                reasons.push(Reason::new(
                    &Self::CODE,
                    format!("{name}: not everything was read"),
                    remedy,
                ));
            }
        }
        reasons
    }
}

/// Whether a part reaches a share of a whole; a share that is not a number is never reached.
#[expect(
    clippy::cast_precision_loss,
    reason = "counts of attributes are far below 2^52"
)]
pub(super) fn enough(part: usize, whole: usize, share: f64) -> bool {
    share.is_finite() && part <= whole && part as f64 >= share * whole as f64
}
