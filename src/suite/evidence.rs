//! Record of a suite's run in the ledger: the result, bound to the tested state.

use super::result::{Outcome, SuiteResult};
use evenkeel_core::environment::suite::Suite;
use evenkeel_ledger::record::{EvidenceBinding, SuiteEnded};
use evenkeel_model::{Digest, EnvironmentName, Moment};

/// Returns the record of a run.
///
/// Whatever suite `bound` names, the record is bound to the suite that ran: a pass of one definition is never evidence
/// for another. Skipped cases count neither as passed nor as failed.
#[must_use]
#[expect(
    clippy::too_many_arguments,
    reason = "a record needs all of its parts, from different sources"
)]
pub fn record(
    suite: &Suite,
    environment: &EnvironmentName,
    result: &SuiteResult,
    bound: EvidenceBinding,
    started: Moment,
    ended: Moment,
    output: Option<Digest>,
    undisturbed: bool,
) -> SuiteEnded {
    let of = |wanted: &[Outcome]| {
        let cases = result.cases.iter();
        cases.filter(|case| wanted.contains(&case.outcome)).count()
    };
    SuiteEnded {
        suite: suite.name.clone(),
        kind: suite.kind.clone(),
        environment: environment.clone(),
        passed: result.passed && !result.interrupted,
        summary: result.summary.clone(),
        cases: (
            of(&[Outcome::Passed]),
            of(&[Outcome::Failed, Outcome::Error]),
        ),
        started,
        ended,
        bound: EvidenceBinding {
            suite: suite.digest,
            ..bound
        },
        output,
        undisturbed,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::record;
    use crate::suite::{Case, Outcome, SuiteResult};
    use evenkeel_core::environment::suite::Suite;
    use evenkeel_ledger::record::EvidenceBinding;
    use evenkeel_model::{Digest, EnvironmentName, Moment};

    #[test]
    fn evidence_is_bound_to_the_suite_that_ran_and_an_interrupted_run_has_not_passed() {
        let suite = Suite {
            name: "smoke".into(),
            kind: "smoke".into(),
            digest: Digest::of(b"this suite"),
            files: Vec::new(),
            http: Vec::new(),
            run: None,
            load: None,
        };
        let outcomes = [
            Outcome::Passed,
            Outcome::Skipped,
            Outcome::Failed,
            Outcome::Error,
        ];
        let result = SuiteResult {
            passed: true,
            summary: String::new(),
            cases: outcomes
                .map(|outcome| Case::new("case", outcome, None))
                .into(),
            figures: BTreeMap::new(),
            output: String::new(),
            interrupted: true,
        };
        let bound = EvidenceBinding {
            recipe: Digest::of(b"recipe"),
            plan: None,
            artifacts: BTreeMap::new(),
            observation: Digest::of(b"observation"),
            suite: Digest::of(b"another suite"),
        };
        let (started, ended) = (Moment::from_millisecond(1), Moment::from_millisecond(2));
        let environment = EnvironmentName::new("staging");
        let record = record(
            &suite,
            &environment,
            &result,
            bound,
            started,
            ended,
            None,
            true,
        );
        assert_eq!(record.bound.suite, suite.digest);
        assert_eq!(record.cases, (1, 2));
        assert!(!record.passed);
    }
}
