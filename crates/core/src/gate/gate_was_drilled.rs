//! Rule: a drill showed recently that the gate shuts.

use super::stored::RULES;
use super::{Case, Reason, Remedy, Rule};
use evenkeel_model::defect::Code;
use evenkeel_model::duration;

/// A drill showed recently that the gate shuts. Holds where the policy requires none.
pub struct GateWasDrilled;

impl Rule for GateWasDrilled {
    const CODE: Code = Code::error(
        "gate/not-drilled",
        "no recent drill showed that the gate shuts",
        "The policy's `drill` is the maximum age of a drill that passed with this version of the rules. `evenkeel drill` injects faults into a copy and records the result.",
    );

    fn judge(dossier: &Case<'_>) -> Vec<Reason> {
        // A rollback restores what passed the gate, and does not wait for a drill.
        let Some(most) = dossier.policy.drill.filter(|_| dossier.rollback.is_none()) else {
            return Vec::new();
        };
        let message = match &dossier.drill {
            None => "the gate was never drilled".to_owned(),
            Some(drill) if drill.at > dossier.at => {
                "the last drill is dated in the future: a clock was set back".to_owned()
            }
            Some(drill) if !drill.passed => "the last drill failed".to_owned(),
            Some(drill) if drill.rules != RULES => format!(
                "the last drill was of version {} of the rules; this evenkeel has version {RULES}",
                drill.rules
            ),
            Some(drill) if dossier.at.since(drill.at).as_secs() > most => {
                let age = duration::phrase(dossier.at.since(drill.at));
                format!("the last drill is {age} old")
            }
            Some(_) => return Vec::new(),
        };
        vec![Reason::new(&Self::CODE, message, Remedy::Drill)]
    }
}
