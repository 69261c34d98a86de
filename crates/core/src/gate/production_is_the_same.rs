//! Rule: releases go to the environment of all earlier releases.

use super::{Case, Reason, Remedy, Rule};
use evenkeel_model::defect::Code;

/// Releases go to the environment of all earlier releases.
pub struct ProductionIsTheSame;

impl Rule for ProductionIsTheSame {
    const CODE: Code = Code::error(
        "gate/path-changed",
        "the path ends in another production",
        "An environment that received a release accepts only releases, whatever `path` says. Write `path` so that it comes last.",
    );

    fn judge(dossier: &Case<'_>) -> Vec<Reason> {
        let released = dossier.released.iter();
        released
            .flat_map(|released| &released.environments)
            .filter(|name| **name != dossier.production)
            .map(|name| {
                let place = if dossier.path.contains(name) {
                    "before it on `path`"
                } else {
                    "not on `path`"
                };
                Reason::new(
                    &Self::CODE,
                    format!(
                        "earlier releases went to {name}, this one would go to {}; {name} is {place}",
                        dossier.production
                    ),
                    Remedy::WriteLast(name.clone()),
                )
            })
            .collect()
    }
}
