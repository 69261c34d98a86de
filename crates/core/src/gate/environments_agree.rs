//! Rule: there is no undeclared difference between environments.

use super::{Case, Reason, Remedy, Rule};
use evenkeel_model::defect::Code;

/// There is no undeclared difference between environments.
pub struct EnvironmentsAgree;

impl Rule for EnvironmentsAgree {
    const CODE: Code = Code::error(
        "gate/parity",
        "the environments have undeclared differences",
        "A value that differs was not tested. `evenkeel drift --parity` lists each difference with its place, and \
         `evenkeel drift --survey` each difference of live hosts.",
    );

    fn judge(dossier: &Case<'_>) -> Vec<Reason> {
        // The environments agreed when the restored release passed the gate.
        if dossier.rollback.is_some() {
            return Vec::new();
        }
        if dossier.path.len() < 2 {
            return vec![Reason::new(
                &Self::CODE,
                "the path has no environment before production to compare with",
                Remedy::AddEnvironment,
            )];
        }
        dossier
            .parity
            .iter()
            .map(|finding| {
                Reason::new(&Self::CODE, finding.message.clone(), Remedy::FixDifferences)
            })
            .collect()
    }
}
