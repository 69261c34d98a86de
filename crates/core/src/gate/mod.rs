//! The gate: a pure function from the dossier to open or shut, with every reason.
//!
//! No rule looks at anything but the dossier, and the ledger keeps the dossier: so every verdict can be computed again.
//! Whatever is missing, empty or unknown shuts it.
//!
//! To add a rule: write `<what_is_true>.rs` with a type that implements [`Rule`], add its `mod` line, and its line in
//! the list.

mod approved;
mod committed;
mod dossier;
mod environments_agree;
mod everything_observed;
mod evidence_is_fresh;
mod ledger_is_whole;
mod no_freeze;
mod production_is_as_applied;
mod recipe_is_proven;
mod staging_is_in_sync;
mod steps_are_rehearsed;
pub mod stored;
mod suites_passed;
mod verdict;

pub use dossier::{
    ApprovalFact, DefectFact, Dossier, EnvironmentFacts, EvidenceFact, LedgerFacts, ProofFacts,
    ReleasePlan, SuiteFact,
};
pub use stored::{StoredDossier, StoredDossierError};
pub use verdict::{Reason, Remedy, Verdict};

use evenkeel_model::defect::Code;

/// One rule: what must be true for the gate to be open.
pub trait Rule {
    /// What is said when it is not.
    const CODE: Code;

    /// Why the gate is shut; nothing when the rule holds.
    fn judge(dossier: &Dossier) -> Vec<Reason>;
}

macro_rules! rules {
    ($( $module:ident :: $rule:ident ),* $(,)?) => {
        /// The codes of all rules, in the order they are judged.
        pub const CODES: &[&Code] = &[ $( &<$module::$rule as Rule>::CODE ),* ];

        /// Judges every rule.
        #[must_use]
        pub fn judge(dossier: &Dossier) -> Verdict {
            let mut reasons = Vec::new();
            $( reasons.extend(<$module::$rule as Rule>::judge(dossier)); )*
            let approve = (dossier.policy.approvals > 0)
                .then(|| Remedy::Approve(dossier.release.plan.short()));
            Verdict::new(reasons, CODES.len(), approve)
        }
    };
}

rules! {
    ledger_is_whole::LedgerIsWhole,
    committed::Committed,
    environments_agree::EnvironmentsAgree,
    everything_observed::EverythingObserved,
    staging_is_in_sync::StagingIsInSync,
    production_is_as_applied::ProductionIsAsApplied,
    recipe_is_proven::RecipeIsProven,
    suites_passed::SuitesPassed,
    evidence_is_fresh::EvidenceIsFresh,
    steps_are_rehearsed::StepsAreRehearsed,
    no_freeze::NoFreeze,
    approved::ApprovedByPeople,
}

#[cfg(test)]
mod tests;
