//! Rule: nothing is frozen now.

use super::{Dossier, Reason, Remedy, Rule};
use crate::defect::Code;

/// Nothing is frozen now.
pub struct NoFreeze;

impl Rule for NoFreeze {
    const CODE: Code = Code::error(
        "gate/freeze",
        "releases are frozen",
        "The policy names a time in which nothing is released.",
    );

    fn judge(dossier: &Dossier) -> Vec<Reason> {
        dossier
            .policy
            .freeze
            .iter()
            .filter(|freeze| freeze.from <= dossier.at && dossier.at < freeze.until)
            .map(|freeze| {
                Reason::new(
                    &Self::CODE,
                    format!("frozen until {}: {}", freeze.until, freeze.reason),
                    Remedy::Wait(freeze.until.to_string()),
                )
            })
            .collect()
    }
}
