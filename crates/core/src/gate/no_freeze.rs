//! Rule: no freeze is in force.

use super::{Case, EvidenceFact, Reason, Remedy, Rule};
use evenkeel_model::defect::Code;

/// No freeze is in force.
pub struct NoFreeze;

impl Rule for NoFreeze {
    const CODE: Code = Code::error(
        "gate/freeze",
        "releases are frozen",
        "The policy forbids releases during this period.",
    );

    fn judge(dossier: &Case<'_>) -> Vec<Reason> {
        let mut reasons = Vec::new();
        for freeze in &dossier.policy.freeze {
            if !(freeze.from <= dossier.at && dossier.at < freeze.until) {
                continue;
            }
            reasons.push(Reason::new(
                &Self::CODE,
                format!(
                    "frozen until {}: {}",
                    freeze.until.for_people(),
                    freeze.reason
                ),
                Remedy::Wait(dossier.policy.end_of_freezes(dossier.at)),
            ));
            let Some(name) = dossier.before_production().last() else {
                continue;
            };
            let declared = dossier.suites.get(name).map_or(&[][..], Vec::as_slice);
            let is_too_old_then = |evidence: &EvidenceFact| {
                evidence.environment == *name
                    && declared.iter().any(|suite| {
                        suite.name == evidence.suite && dossier.policy.require.contains(&suite.kind)
                    })
                    && freeze.until.since(evidence.ended).as_secs()
                        > dossier.policy.evidence_max_age
            };
            if dossier.evidence.iter().any(is_too_old_then) {
                reasons.push(Reason::new(
                    &Self::CODE,
                    "the evidence will be too old by then",
                    Remedy::Verify(name.clone()),
                ));
            }
        }
        reasons
    }
}
