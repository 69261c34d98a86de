//! Rule: the commit is not older than the one that was released last.

use super::{Case, Dossier, Reason, Remedy, Rule};
use evenkeel_model::defect::Code;

/// The commit is not older than the one that was released last.
pub struct CommitIsNotOlder;

impl Rule for CommitIsNotOlder {
    const CODE: Code = Code::error(
        "gate/older-commit",
        "the commit is older than the last released commit",
        "An older commit has an older policy and older suites. To roll back, run `evenkeel rollback`, or revert in a new commit and deliver it.",
    );

    fn judge(dossier: &Case<'_>) -> Vec<Reason> {
        // A rollback restores an older commit that passed the gate, under the requirements in force.
        if dossier.rollback.is_some() {
            return Vec::new();
        }
        let older = older(dossier).into_iter();
        older
            .map(|message| Reason::new(&Self::CODE, message, Remedy::Revert))
            .collect()
    }

    fn waived(dossier: &Dossier) -> Vec<String> {
        match &dossier.rollback {
            Some(_) => older(dossier).into_iter().collect(),
            None => Vec::new(),
        }
    }
}

/// Returns how much older the commit is, in words.
fn older(dossier: &Dossier) -> Option<String> {
    let released = dossier.released.as_ref().filter(|it| it.is_older)?;
    let short = |commit: &Option<String>| {
        let commit = commit.as_deref().unwrap_or("unknown");
        commit.chars().take(10).collect::<String>()
    };
    Some(format!(
        "commit {} is older than the released commit {}",
        short(&dossier.origin.commit),
        short(&released.commit)
    ))
}
