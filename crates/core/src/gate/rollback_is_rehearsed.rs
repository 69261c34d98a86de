//! Rule: the environment before production rehearsed the rollback of the release, if the policy requires it.

use super::{Case, Dossier, EvidenceFact, Reason, RehearsalFacts, Remedy, Rule};
use evenkeel_model::EnvironmentName;
use evenkeel_model::defect::Code;
use evenkeel_model::duration;

/// Name of the evidence of a rehearsed rollback. No suite can have it.
pub const EVIDENCE: &str = "rollback rehearsal";

/// The rollback of the release was rehearsed.
pub struct RollbackIsRehearsed;

impl Rule for RollbackIsRehearsed {
    const CODE: Code = Code::error(
        "gate/rollback-not-rehearsed",
        "the rollback of the release was not rehearsed",
        "With `rehearse-rollback`, `evenkeel deliver` applies the release to the environment before production, rolls it back to the release that production runs, compares the observations, and applies it again.",
    );

    fn judge(dossier: &Case<'_>) -> Vec<Reason> {
        if !dossier.policy.rehearse_rollback
            || dossier.rollback.is_some()
            || dossier.release.already
        {
            return Vec::new();
        }
        let Some(name) = dossier.before_production().last() else {
            return Vec::new();
        };
        let message = match &dossier.rehearsal {
            None => Some("the release to roll back to is unknown".to_owned()),
            Some(RehearsalFacts { restores: None, .. }) => None,
            Some(RehearsalFacts {
                restores: Some(release),
                digest,
            }) => {
                let evidence = dossier
                    .evidence
                    .iter()
                    .find(|evidence| evidence.suite == EVIDENCE && evidence.environment == *name);
                match evidence {
                    None => Some(format!("the rollback to {release} was not rehearsed")),
                    Some(evidence) if evidence.bound.suite != *digest => Some(format!(
                        "the rollback to {release} was not rehearsed, but another one"
                    )),
                    Some(evidence) => wrong(dossier, name, evidence),
                }
            }
        };
        let message = message.map(|message| format!("{name}: {message}"));
        message
            .into_iter()
            .map(|message| Reason::new(&Self::CODE, message, Remedy::Deliver))
            .collect()
    }
}

/// Returns why the evidence of this rollback does not count.
fn wrong(dossier: &Dossier, name: &EnvironmentName, evidence: &EvidenceFact) -> Option<String> {
    let age = dossier.at.since(evidence.ended);
    let facts = dossier.environments.get(name);
    let observation = facts.and_then(|facts| facts.observation);
    let why = if !evidence.passed {
        format!("failed: {}", evidence.summary)
    } else if evidence.bound.recipe != dossier.release.recipe {
        "was of another recipe".to_owned()
    } else if evidence.ended > dossier.at {
        "is dated in the future: a clock was set back".to_owned()
    } else if age.as_secs() > dossier.policy.evidence_max_age {
        format!("is {} old", duration::phrase(age))
    } else if observation != Some(evidence.bound.observation) {
        "is stale: the environment changed after it".to_owned()
    } else {
        return None;
    };
    Some(format!("the rehearsal of the rollback {why}"))
}
