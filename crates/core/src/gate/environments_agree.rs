//! Rule: there is no undeclared difference between environments.

use super::{Dossier, Reason, Remedy, Rule};
use evenkeel_model::defect::Code;

/// There is no undeclared difference between environments.
pub struct EnvironmentsAgree;

impl Rule for EnvironmentsAgree {
    const CODE: Code = Code::error(
        "gate/parity",
        "environments differ, and nobody declared it",
        "What differs was not tested. `evenkeel drift --parity` shows each difference at its line.",
    );

    fn judge(dossier: &Dossier) -> Vec<Reason> {
        if dossier.path.len() < 2 {
            return vec![Reason::new(
                &Self::CODE,
                "there is no environment before production to agree with",
                Remedy::MendDefinitions,
            )];
        }
        dossier
            .parity
            .iter()
            .map(|finding| {
                Reason::new(
                    &Self::CODE,
                    finding.message.clone(),
                    Remedy::MendDefinitions,
                )
            })
            .collect()
    }
}
