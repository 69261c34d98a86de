//! Rule: every suite of the required kinds passed on exactly the state to be released.

use super::{Case, Dossier, EvidenceFact, Reason, Remedy, Rule, SuiteFact};
use evenkeel_model::EnvironmentName;
use evenkeel_model::defect::Code;

/// Every suite of the required kinds passed on exactly this state.
pub struct SuitesPassed;

impl Rule for SuitesPassed {
    const CODE: Code = Code::error(
        "gate/suite-not-passed",
        "a required suite has not passed on this release",
        "Evidence counts only for the recipe, the artifacts and the suite that it was made with.",
    );

    fn judge(dossier: &Case<'_>) -> Vec<Reason> {
        // The restored release passed the gate with its own evidence.
        if dossier.rollback.is_some() {
            return Vec::new();
        }
        let mut reasons = Vec::new();
        let Some(name) = dossier.before_production().last() else {
            return vec![Reason::new(
                &Self::CODE,
                "the path has no environment before production to test in",
                Remedy::AddEnvironment,
            )];
        };
        let declared = dossier.suites.get(name).map_or(&[][..], Vec::as_slice);
        for kind in &dossier.policy.require {
            let mut suites = declared
                .iter()
                .filter(|suite| suite.kind == *kind)
                .peekable();
            if suites.peek().is_none() {
                reasons.push(Reason::new(
                    &Self::CODE,
                    format!("no suite of kind `{kind}` is declared"),
                    Remedy::DeclareSuite(kind.clone()),
                ));
            }
            reasons.extend(suites.filter_map(|suite| {
                wrong(dossier, name, suite)
                    .map(|message| Reason::new(&Self::CODE, message, Remedy::Deliver))
            }));
        }
        reasons
    }
}

fn wrong(dossier: &Dossier, name: &EnvironmentName, suite: &SuiteFact) -> Option<String> {
    let evidence: Option<&EvidenceFact> = dossier
        .evidence
        .iter()
        .find(|evidence| evidence.suite == suite.name && evidence.environment == *name);
    let suite_name = &suite.name;
    let Some(evidence) = evidence else {
        return Some(format!("{name}: suite `{suite_name}` has not run"));
    };
    let facts = dossier.environments.get(name)?;
    if !evidence.passed {
        return Some(format!(
            "{name}: suite `{suite_name}` failed: {}",
            evidence.summary
        ));
    }
    if evidence.cases.0 == 0 || evidence.cases.1 > 0 {
        return Some(format!(
            "{name}: suite `{suite_name}` passed without a test case"
        ));
    }
    let since = if evidence.bound.recipe != dossier.release.recipe {
        "the recipe"
    } else if evidence.bound.artifacts != facts.artifacts {
        "an artifact"
    } else if evidence.bound.suite != suite.digest {
        "the suite itself"
    } else {
        return None;
    };
    Some(format!(
        "{name}: suite `{suite_name}` passed, but {since} changed after it"
    ))
}
