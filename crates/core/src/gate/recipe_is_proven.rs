//! Rule: every environment before production ran this exact recipe, completely.

use super::{Dossier, Reason, Remedy, Rule};
use evenkeel_ledger::record::ApplyOutcome;
use evenkeel_model::defect::Code;

/// Every environment before production ran this exact recipe.
pub struct RecipeIsProven;

impl Rule for RecipeIsProven {
    const CODE: Code = Code::error(
        "gate/recipe-not-proven",
        "the environments before production do not run this recipe",
        "Production accepts only a recipe that every environment before it runs, by digest. `evenkeel deliver` applies it there.",
    );

    fn judge(dossier: &Dossier) -> Vec<Reason> {
        let mut reasons = Vec::new();
        for name in dossier.before_production() {
            let message = match dossier.proofs.get(name) {
                None => Some(format!("{name}: nothing deployed yet")),
                Some(proof) if proof.open > 0 => Some(format!(
                    "{name}: {} without a recorded outcome",
                    evenkeel_model::text::count(proof.open, "step")
                )),
                Some(proof) if proof.last != Some(ApplyOutcome::Done) => {
                    Some(format!("{name}: the last apply did not finish"))
                }
                Some(proof) if proof.recipe != Some(dossier.release.recipe) => {
                    Some(format!("{name} runs another recipe"))
                }
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
