//! Rule: every environment before production ran this exact recipe, completely.

use super::{Case, Dossier, Reason, Remedy, RollbackFacts, Rule};
use evenkeel_ledger::record::ApplyOutcome;
use evenkeel_model::defect::Code;

/// Every environment before production ran this exact recipe.
pub struct RecipeIsProven;

impl Rule for RecipeIsProven {
    const CODE: Code = Code::error(
        "gate/recipe-not-proven",
        "the environments before production do not run this recipe",
        "Production accepts only a recipe that every environment before it runs, by digest. `evenkeel deliver` applies it there. A rollback accepts only the recipe of the restored release.",
    );

    fn judge(dossier: &Case<'_>) -> Vec<Reason> {
        if let Some(rollback) = &dossier.rollback {
            return restored(dossier, rollback).into_iter().collect();
        }
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
            let facts = dossier.environments.get(name);
            let remedy = match facts {
                Some(facts) if facts.recipe == dossier.release.recipe => Remedy::Deliver,
                // A delivery of different recipes proves none of them for production.
                Some(_) => Remedy::FixDifferences,
                None => Remedy::MakeReadable(name.clone()),
            };
            let differs = || format!("{name} and {} have different recipes", dossier.production);
            let message = message.or_else(|| (remedy != Remedy::Deliver).then(differs));
            reasons.extend(message.map(|message| Reason::new(&Self::CODE, message, remedy)));
        }
        reasons
    }
}

/// Judges a rollback: it brings exactly the recipe of a release for which the gate was open.
fn restored(dossier: &Dossier, rollback: &RollbackFacts) -> Option<Reason> {
    let restores = &rollback.restores;
    let message = match rollback.open {
        None => format!("the verdict on {restores} cannot be read"),
        Some(false) => format!("the gate was shut for {restores}"),
        Some(true) if rollback.recipe != dossier.release.recipe => format!(
            "the commit and artifacts of {restores} make recipe {}, and it was released with recipe {}",
            dossier.release.recipe.short(),
            rollback.recipe.short()
        ),
        Some(true) => return None,
    };
    Some(Reason::new(
        &RecipeIsProven::CODE,
        message,
        Remedy::RevertInstead,
    ))
}
