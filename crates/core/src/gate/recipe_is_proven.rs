//! Rule: every environment before production ran this very recipe, to the end.

use super::{Dossier, Reason, Remedy, Rule};
use evenkeel_ledger::record::ApplyOutcome;
use evenkeel_model::defect::Code;

/// Every environment before production ran this very recipe.
pub struct RecipeIsProven;

impl Rule for RecipeIsProven {
    const CODE: Code = Code::error(
        "gate/recipe-not-proven",
        "the recipe was not applied to the environments before production",
        "Production gets one and the same recipe that staging got, by digest. `evenkeel deliver` applies it there.",
    );

    fn judge(dossier: &Dossier) -> Vec<Reason> {
        let mut reasons = Vec::new();
        for name in dossier.before_production() {
            let message = match dossier.proofs.get(name) {
                None => Some(format!("nothing was ever applied to {name}")),
                Some(proof) if proof.open > 0 => Some(format!(
                    "a run on {name} began {} and never said how that ended",
                    evenkeel_model::text::count(proof.open, "step")
                )),
                Some(proof) if proof.last != Some(ApplyOutcome::Done) => Some(format!(
                    "the last apply to {name} did not end with every step done"
                )),
                Some(proof) if proof.recipe != Some(dossier.release.recipe) => Some(format!(
                    "{name} runs another recipe than the one to be released"
                )),
                Some(_) => None,
            };
            let same = dossier
                .environments
                .get(name)
                .is_some_and(|facts| facts.recipe == dossier.release.recipe);
            if let Some(message) = message {
                reasons.push(Reason::new(&Self::CODE, message, Remedy::Deliver));
            } else if !same {
                reasons.push(Reason::new(
                    &Self::CODE,
                    format!("{name} and {} have different recipes", dossier.production),
                    Remedy::MendDefinitions,
                ));
            }
        }
        reasons
    }
}
