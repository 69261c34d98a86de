//! Rule: the commit is not older than the one that was released last.

use super::{Case, Reason, Remedy, Rule};
use evenkeel_model::defect::Code;

/// The commit is not older than the one that was released last.
pub struct CommitIsNotOlder;

impl Rule for CommitIsNotOlder {
    const CODE: Code = Code::error(
        "gate/older-commit",
        "the commit is older than the last released commit",
        "An older commit has an older policy and older suites. To roll back, revert in a new commit and deliver it.",
    );

    fn judge(dossier: &Case<'_>) -> Vec<Reason> {
        let Some(released) = dossier.released.as_ref().filter(|it| it.is_older) else {
            return Vec::new();
        };
        let short = |commit: &Option<String>| {
            let commit = commit.as_deref().unwrap_or("unknown");
            commit.chars().take(10).collect::<String>()
        };
        vec![Reason::new(
            &Self::CODE,
            format!(
                "commit {} is older than the released commit {}",
                short(&dossier.origin.commit),
                short(&released.commit)
            ),
            Remedy::Revert,
        )]
    }
}
