//! Rule: the released definitions are in a commit.

use super::{Case, Reason, Remedy, Rule};
use evenkeel_model::defect::Code;

/// The released definitions are in a commit.
pub struct Committed;

impl Rule for Committed {
    const CODE: Code = Code::error(
        "gate/not-committed",
        "the definitions are not committed",
        "A release must be reproducible from a commit. Commit the definitions, or set `uncommitted = true` in the policy.",
    );

    fn judge(dossier: &Case<'_>) -> Vec<Reason> {
        let earlier = dossier.released.as_ref();
        let earlier = earlier.and_then(|released| released.commit.as_ref());
        if let (Some(earlier), None) = (earlier, &dossier.origin.commit) {
            // Independent of the policy of these definitions, which is uncommitted as well.
            let earlier: String = earlier.chars().take(10).collect();
            return vec![Reason::new(
                &Self::CODE,
                format!(
                    "the definitions are in no commit, but the last release was of commit {earlier}"
                ),
                Remedy::CommitFirst,
            )];
        }
        if dossier.policy.uncommitted {
            return Vec::new();
        }
        let commit = dossier.origin.commit.as_ref();
        let commit = commit.filter(|commit| !commit.is_empty());
        let (message, remedy) = match (commit, dossier.origin.dirty) {
            (None, _) => ("the definitions are in no commit", Remedy::CommitFirst),
            (Some(_), true) => ("the definitions differ from their commit", Remedy::Commit),
            (Some(_), false) => return Vec::new(),
        };
        vec![Reason::new(&Self::CODE, message, remedy)]
    }
}
