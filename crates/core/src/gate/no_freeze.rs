//! Rule: no freeze is in force.

use super::{Case, Dossier, EvidenceFact, Reason, Remedy, Rule};
use crate::environment::policy::Freeze;
use evenkeel_model::defect::Code;

/// No freeze is in force.
pub struct NoFreeze;

impl Rule for NoFreeze {
    const CODE: Code = Code::error(
        "gate/freeze",
        "releases are frozen",
        "The policy forbids releases during this period. A rollback passes a freeze, and its verdict records that.",
    );

    fn judge(dossier: &Case<'_>) -> Vec<Reason> {
        let mut reasons = Vec::new();
        if dossier.rollback.is_some() {
            return reasons;
        }
        for freeze in in_force(dossier) {
            reasons.push(Reason::new(
                &Self::CODE,
                words(freeze),
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

    fn waived(dossier: &Dossier) -> Vec<String> {
        match &dossier.rollback {
            Some(_) => in_force(dossier).map(words).collect(),
            None => Vec::new(),
        }
    }
}

fn in_force(dossier: &Dossier) -> impl Iterator<Item = &Freeze> {
    let freezes = dossier.policy.freeze.iter();
    freezes.filter(|freeze| freeze.from <= dossier.at && dossier.at < freeze.until)
}

fn words(freeze: &Freeze) -> String {
    format!(
        "frozen until {}: {}",
        freeze.until.for_people(),
        freeze.reason
    )
}
