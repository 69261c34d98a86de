//! Rule: production has no drift beyond what the release repairs.

use super::{Case, Dossier, Reason, Remedy, Rule};
use evenkeel_model::defect::{Code, Corner};

/// Production has no drift beyond what the release repairs.
pub struct ProductionIsAsApplied;

impl Rule for ProductionIsAsApplied {
    const CODE: Code = Code::error(
        "gate/production-drift",
        "production was changed outside evenkeel",
        "A release on top of an undeclared change differs from the release that was tested. Restore production, or write the change into the definitions and deliver it.",
    );

    fn judge(dossier: &Case<'_>) -> Vec<Reason> {
        let name = &dossier.production;
        let Some(facts) = dossier.environments.get(name) else {
            return vec![Reason::new(
                &Self::CODE,
                format!("{name} was not checked"),
                Remedy::MakeReadable(name.clone()),
            )];
        };
        facts
            .drift
            .iter()
            .filter(|finding| {
                !finding.repaired
                    || (dossier.release.already
                        && dossier.rollback.is_none()
                        && is_from_outside(finding.corner))
            })
            .map(|finding| {
                let remedy = if finding.is_unreadable() {
                    Remedy::MakeReadable(name.clone())
                } else if finding.repaired {
                    Remedy::Repair(name.clone(), released_commit(dossier))
                } else {
                    Remedy::SettleByHand(name.clone())
                };
                Reason::new(&Self::CODE, finding.message.clone(), remedy)
            })
            .collect()
    }
}

/// Without a new release, changes made outside evenkeel are repaired, not released.
fn is_from_outside(corner: Option<Corner>) -> bool {
    matches!(
        corner,
        Some(Corner::ChangedOutside | Corner::ChangedOutsideInBoth | Corner::Conflicting)
    )
}

/// Returns the commit to repair from, if it is not the one of the definitions: only exactly the released state may be
/// restored.
fn released_commit(dossier: &Dossier) -> Option<String> {
    let released = dossier.released.as_ref()?.commit.as_ref()?;
    let is_same = dossier.origin.commit.as_ref() == Some(released) && !dossier.origin.dirty;
    (!is_same).then(|| released.chars().take(10).collect())
}
