//! Rule: evidence is recent, and its environment is unchanged since.

use super::{Case, Reason, Remedy, Rule};
use evenkeel_model::defect::Code;
use evenkeel_model::duration;

/// Evidence is recent, and its environment is unchanged since.
pub struct EvidenceIsFresh;

impl Rule for EvidenceIsFresh {
    const CODE: Code = Code::error(
        "gate/evidence-stale",
        "evidence is stale",
        "A pass is void when the environment changed after it, even if the change was reverted. Run the suites again.",
    );

    fn judge(dossier: &Case<'_>) -> Vec<Reason> {
        // The restored release passed the gate with its own evidence.
        if dossier.rollback.is_some() {
            return Vec::new();
        }
        let mut reasons = Vec::new();
        let Some(name) = dossier.before_production().last() else {
            return reasons;
        };
        let Some(facts) = dossier.environments.get(name) else {
            return reasons;
        };
        let declared = dossier.suites.get(name).map_or(&[][..], Vec::as_slice);
        for suite in declared
            .iter()
            .filter(|suite| dossier.policy.require.contains(&suite.kind))
        {
            let evidence = dossier.evidence.iter().find(|evidence| {
                evidence.suite == suite.name && evidence.environment == *name && evidence.passed
            });
            // A suite without a pass is left to the rule about suites.
            let Some(evidence) = evidence else { continue };
            let age = dossier.at.since(evidence.ended);
            let message = if evidence.ended > dossier.at {
                format!(
                    "the evidence of `{}` is dated in the future: a clock was set back",
                    suite.name
                )
            } else if age.as_secs() > dossier.policy.evidence_max_age {
                format!(
                    "the evidence of `{}` is {} old",
                    suite.name,
                    duration::phrase(age)
                )
            } else if !evidence.undisturbed {
                format!("{name} changed while `{}` ran", suite.name)
            } else if facts.observation != Some(evidence.bound.observation) {
                format!("{name} changed after `{}` passed", suite.name)
            } else {
                continue;
            };
            reasons.push(Reason::new(
                &Self::CODE,
                message,
                Remedy::Verify(name.clone()),
            ));
        }
        reasons
    }
}
