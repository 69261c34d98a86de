//! Gate: a pure function from the dossier to open or shut, with every reason.
//!
//! Rules read the dossier only, and the ledger keeps the dossier, so every verdict can be recomputed. Missing, empty or
//! unknown facts shut it.
//!
//! To add a rule: write `<what_is_true>.rs` with a type that implements [`Rule`], add its `mod` line, and its line in
//! the list.

mod approved;
mod case;
mod commit_is_not_older;
mod committed;
mod definitions_are_the_same_place;
pub mod demands;
mod dossier;
pub mod drill;
mod environments_agree;
mod everything_observed;
mod evidence_is_fresh;
mod gate_was_drilled;
mod ledger_is_whole;
mod no_freeze;
mod not_rejected;
pub mod people;
mod production_is_as_applied;
mod production_is_the_same;
mod recipe_is_proven;
mod released;
mod remedy;
pub mod replay;
mod rollback_is_rehearsed;
mod staging_is_in_sync;
mod steps_are_rehearsed;
pub mod stored;
mod suites_passed;
mod supposed;
mod unblocking;
mod verdict;
mod weakening_is_approved;

pub use case::{Case, People};
pub use demands::{Demands, Weakened};
pub use dossier::{
    ApprovalFact, DecisionFact, DefectFact, Dossier, DrillFact, EnvironmentFacts, EvidenceFact,
    ExceptionFact, InvolvedFacts, LedgerFacts, ProofFacts, RehearsalFacts, ReleasePlan,
    RollbackFacts, SignedFact, SuiteFact,
};
pub use released::ReleasedFacts;
pub use remedy::Remedy;
pub use rollback_is_rehearsed::EVIDENCE as REHEARSAL;
pub use stored::{StoredDossier, StoredDossierError};
pub use verdict::{Reason, Verdict};

use evenkeel_model::defect::Code;

/// The codes of the rules that only people can satisfy.
pub const PEOPLE: &[&str] = &["gate/not-approved", "gate/weakened"];

/// Codes of the rules about definitions, which no apply can change.
pub const DEFINITIONS: &[&str] = &[
    "gate/not-committed",
    "gate/older-commit",
    "gate/definitions-elsewhere",
    "gate/path-changed",
    "gate/parity",
];

/// Codes of the rules that do not count without a release.
const OF_A_RELEASE: &[&str] = &[
    "gate/not-rehearsed",
    "gate/rollback-not-rehearsed",
    "gate/freeze",
    "gate/not-drilled",
    "gate/rejected",
    "gate/not-approved",
    "gate/weakened",
];

/// Whether a reason counts although production already runs the recipe: drift, a failing test, and unknown facts. With
/// `delivered`, the suites just ran; otherwise old evidence is acceptable.
#[must_use]
pub fn counts_without_release(reason: &Reason, dossier: &Dossier, delivered: bool) -> bool {
    match &*reason.code {
        code if OF_A_RELEASE.contains(&code) => false,
        "gate/evidence-stale" | "gate/recipe-not-proven" | "gate/staging-drift" => delivered,
        "gate/suite-not-passed" => delivered || has_failed(dossier),
        _ => true,
    }
}

/// Whether the newest evidence of a suite failed on the recipe.
fn has_failed(dossier: &Dossier) -> bool {
    dossier
        .evidence
        .iter()
        .any(|each| !each.passed && each.bound.recipe == dossier.release.recipe)
}

/// Rule: a condition for the gate to be open.
pub trait Rule {
    /// Code of a failure.
    const CODE: Code;

    /// Returns the reasons why the gate is shut; none if the rule holds.
    fn judge(dossier: &Case<'_>) -> Vec<Reason>;

    /// Returns what would shut the gate, and does not since the release is a rollback.
    fn waived(_dossier: &Dossier) -> Vec<String> {
        Vec::new()
    }
}

macro_rules! rules {
    ($( $module:ident :: $rule:ident ),* $(,)?) => {
        /// The codes of all rules, in the order they are judged.
        pub const CODES: &[&Code] = &[ $( &<$module::$rule as Rule>::CODE ),* ];

        /// Returns the reasons of every rule, in the order they are judged.
        fn reasons(case: &Case<'_>) -> Vec<Reason> {
            let mut reasons = Vec::new();
            $( reasons.extend(<$module::$rule as Rule>::judge(case)); )*
            reasons
        }

        /// Returns what every rule waives for a rollback, by the rules' codes.
        fn waived(dossier: &Dossier) -> Vec<(&'static str, String)> {
            let mut waived: Vec<(&'static str, String)> = Vec::new();
            $(
                let own = <$module::$rule as Rule>::waived(dossier);
                waived.extend(own.into_iter().map(|words| (<$module::$rule as Rule>::CODE.name, words)));
            )*
            waived
        }
    };
}

rules! {
    ledger_is_whole::LedgerIsWhole,
    committed::Committed,
    commit_is_not_older::CommitIsNotOlder,
    definitions_are_the_same_place::DefinitionsAreTheSamePlace,
    production_is_the_same::ProductionIsTheSame,
    environments_agree::EnvironmentsAgree,
    everything_observed::EverythingObserved,
    staging_is_in_sync::StagingIsInSync,
    production_is_as_applied::ProductionIsAsApplied,
    recipe_is_proven::RecipeIsProven,
    suites_passed::SuitesPassed,
    evidence_is_fresh::EvidenceIsFresh,
    steps_are_rehearsed::StepsAreRehearsed,
    rollback_is_rehearsed::RollbackIsRehearsed,
    no_freeze::NoFreeze,
    gate_was_drilled::GateWasDrilled,
    not_rejected::NotRejected,
    approved::ApprovedByPeople,
    weakening_is_approved::WeakeningIsApproved,
}

/// Judges every rule. A shut gate has the smallest set of remedies that opens it.
#[must_use]
pub fn judge(dossier: &Dossier) -> Verdict {
    let people = People::of(dossier);
    let case = Case {
        dossier,
        people: &people,
    };
    let reasons = reasons(&case);
    Verdict {
        open: reasons.is_empty(),
        rules: CODES.len(),
        remedies: unblocking::lines(dossier, people, &reasons),
        reasons,
        waived: waived(dossier),
    }
}

/// Returns the codes of the rules about definitions that shut the gate, each once. Other facts may be missing, and no remedies
/// are searched for.
#[must_use]
pub fn shut_by_definitions(dossier: &Dossier) -> Vec<String> {
    let people = People::default();
    let case = Case {
        dossier,
        people: &people,
    };
    let reasons = reasons(&case).into_iter();
    let mut codes: Vec<String> = reasons
        .map(|reason| reason.code)
        .filter(|code| DEFINITIONS.contains(&&**code))
        .collect();
    codes.dedup();
    codes
}

#[cfg(test)]
mod swap_tests;
#[cfg(test)]
mod tests;
