//! Rule: every entry of the ledger is what was written.

use super::{Dossier, Reason, Remedy, Rule};
use evenkeel_model::defect::Code;

/// Every entry of the ledger is what was written.
pub struct LedgerIsWhole;

impl Rule for LedgerIsWhole {
    const CODE: Code = Code::error(
        "gate/ledger-broken",
        "the ledger was not verified whole",
        "What the gate knows of the past, it knows from the ledger. `evenkeel audit verify` names the first bad entry.",
    );

    fn judge(dossier: &Dossier) -> Vec<Reason> {
        let message = match (&dossier.ledger.broken, dossier.ledger.entries) {
            (Some(broken), _) => broken.clone(),
            (None, None) => "the ledger was not verified".into(),
            (None, Some(0)) => "the ledger is empty".into(),
            (None, Some(_)) => return Vec::new(),
        };
        vec![Reason::new(&Self::CODE, message, Remedy::RestoreLedger)]
    }
}
