//! `evenkeel approve`.

use std::path::{Path, PathBuf};

use clap::Args;

use super::decision::Deciding;
use super::shared::{OwnFile, Surroundings};
use crate::operation::{
    DecisionRequest, Failure, OfflineRequest, approve, approve_offline, import_approval,
    request_approval,
};

/// Approve a release
///
/// An approval is for one plan and the evidence of this moment. It is void when either changes. On a terminal, `approve` shows
/// what it approves and asks for confirmation.
///
/// With a file `approvers` beside the definitions, the approval is a statement that is signed with the person's SSH key, and it is
/// also void when the policy or the approvers change. Keys in an agent and security keys work: `ssh-keygen` signs. Without the file,
/// the account approves, unsigned.
///
/// A person without access to the ledger signs offline: `--request` writes a file, `--offline` answers it in the repository's
/// clone, `--import` records the answer.
#[derive(Args)]
#[command(after_help = "Examples:
  evenkeel approve 7a3b76dd --reason 'reviewed on staging'
  evenkeel approve 7a3b76dd --reason 'reviewed on staging' --key ~/.ssh/id_ed25519
  evenkeel approve --request -o request.json                                 where the ledger is
  evenkeel approve request.json --offline --reason 'reviewed' -o approval.json   the person
  evenkeel approve --import approval.json                                    where the ledger is")]
pub(super) struct Arguments {
    /// The digest of the plan, or its beginning, as `evenkeel deliver` prints it; with --offline, the file of the request
    #[arg(required_unless_present_any = ["request", "import"], conflicts_with = "import")]
    plan: Option<String>,
    /// The reason
    #[arg(long, required_unless_present_any = ["request", "import"], conflicts_with_all = ["request", "import"])]
    reason: Option<String>,
    #[command(flatten)]
    deciding: Deciding,
    /// Write a request for a signed approval to the file of -o: of the current plan, or of the rollback whose plan is named
    #[arg(long, conflicts_with_all = ["offline", "import", "key", "yes"])]
    request: bool,
    /// Sign the answer to a request without a ledger, and write it to the file of -o
    #[arg(long, conflicts_with = "import")]
    offline: bool,
    /// Verify and record the signed approval of this file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["key", "yes"])]
    import: Option<PathBuf>,
}

impl Arguments {
    /// Returns which files of `-o` are not for reports.
    pub(super) const fn own_file(&self) -> OwnFile {
        if self.request || self.offline {
            OwnFile::Every
        } else {
            OwnFile::None
        }
    }
}

pub(super) fn run(arguments: Arguments, surroundings: &Surroundings<'_>) -> u8 {
    let (world, location) = (surroundings.world, &surroundings.location);
    let Arguments {
        plan,
        reason,
        deciding,
        request,
        offline,
        import,
    } = arguments;
    let named = plan.clone();
    let (plan, reason) = (plan.unwrap_or_default(), reason.unwrap_or_default());
    let output = || {
        surroundings
            .file
            .as_deref()
            .ok_or_else(|| Failure::Usage("name the file to write with -o FILE".into()))
    };
    let confirm = |report: &crate::report::Report| {
        deciding.confirms("Approve this plan?", report, surroundings)
    };
    surroundings.render(if request {
        output().and_then(|output| request_approval(world, location, named.as_deref(), output))
    } else if let Some(file) = &import {
        import_approval(world, location, file)
    } else if offline {
        output().and_then(|output| {
            approve_offline(
                world,
                location,
                OfflineRequest {
                    request: Path::new(&plan),
                    reason: &reason,
                    key: deciding.key.as_deref(),
                    output,
                    confirm: &confirm,
                },
            )
        })
    } else {
        approve(
            world,
            location,
            DecisionRequest {
                plan: &plan,
                reason: &reason,
                key: deciding.key.as_deref(),
                confirm: &confirm,
            },
        )
    })
}
