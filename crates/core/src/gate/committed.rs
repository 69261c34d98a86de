//! Rule: what is released is in a commit.

use super::{Dossier, Reason, Remedy, Rule};
use evenkeel_model::defect::Code;

/// What is released is in a commit.
pub struct Committed;

impl Rule for Committed {
    const CODE: Code = Code::error(
        "gate/not-committed",
        "the definitions are not committed",
        "What is not in a commit cannot be looked up later. Commit it, or let the policy say `uncommitted = true`.",
    );

    fn judge(dossier: &Dossier) -> Vec<Reason> {
        if dossier.policy.uncommitted {
            return Vec::new();
        }
        let (message, remedy) = match (&dossier.origin.commit, dossier.origin.dirty) {
            (None, _) => ("the definitions are in no commit", Remedy::CommitFirst),
            (Some(_), true) => (
                "the definitions differ from the commit they are on",
                Remedy::Commit,
            ),
            (Some(_), false) => return Vec::new(),
        };
        vec![Reason::new(&Self::CODE, message, remedy)]
    }
}
