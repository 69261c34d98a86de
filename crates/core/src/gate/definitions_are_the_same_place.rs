//! Rule: the definitions are in the directory of earlier releases.

use super::{Case, Reason, Remedy, Rule};
use evenkeel_model::defect::Code;

/// The definitions are in the directory of earlier releases.
pub struct DefinitionsAreTheSamePlace;

impl Rule for DefinitionsAreTheSamePlace {
    const CODE: Code = Code::error(
        "gate/definitions-elsewhere",
        "the definitions are in another directory than those of the last release",
        "`--environments` reads other definitions, which have another policy. Release from the directory of the last release.",
    );

    fn judge(dossier: &Case<'_>) -> Vec<Reason> {
        // A rollback reads the directory of the restored release.
        if dossier.rollback.is_some() {
            return Vec::new();
        }
        let earlier = dossier
            .released
            .as_ref()
            .and_then(|released| released.demands.as_ref()?.place.as_ref());
        let (Some(then), now) = (earlier, &dossier.place) else {
            return Vec::new();
        };
        if now.as_ref() == Some(then) {
            return Vec::new();
        }
        let now = now.as_deref().unwrap_or("an unknown directory");
        vec![Reason::new(
            &Self::CODE,
            format!("the definitions are in {now}; the last release used {then}"),
            Remedy::UseDirectory(then.clone()),
        )]
    }
}
