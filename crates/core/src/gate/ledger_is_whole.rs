//! Rule: every entry of the ledger is unchanged, and none is missing.

use super::{Case, Reason, Remedy, Rule};
use evenkeel_model::defect::Code;

/// Every entry of the ledger is unchanged, and none is missing.
pub struct LedgerIsWhole;

impl Rule for LedgerIsWhole {
    const CODE: Code = Code::error(
        "gate/ledger-broken",
        "the ledger is not intact",
        "The gate relies on the ledger. `evenkeel audit verify` names the first bad entry.",
    );

    fn judge(dossier: &Case<'_>) -> Vec<Reason> {
        let message = match (&dossier.ledger.broken, dossier.ledger.entries) {
            (Some(broken), _) => broken.clone(),
            (None, None) => "the ledger was not verified".into(),
            (None, Some(0)) => "the ledger is empty".into(),
            (None, Some(_)) => {
                let unproven = dossier.ledger.unproven.as_ref().map(|reason| {
                    Reason::new(
                        &Self::CODE,
                        format!("entries may be missing at the end of the ledger: {reason}"),
                        Remedy::ProveLedger,
                    )
                });
                return unproven.into_iter().collect();
            }
        };
        vec![Reason::new(&Self::CODE, message, Remedy::RestoreLedger)]
    }
}
