//! Verdict: open or shut, the reasons, and the smallest set of commands that would open the gate.

use evenkeel_model::EnvironmentName;

/// Verdict with its reasons.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// Whether it is open.
    pub open: bool,
    /// Number of judged rules.
    pub rules: usize,
    /// Reasons why it is shut.
    pub reasons: Vec<Reason>,
    /// What does not shut it since the release is a rollback, by the codes of the rules.
    pub waived: Vec<(&'static str, String)>,
    /// Commands that would open it, in order; one line each.
    pub remedies: Vec<String>,
}

/// Reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The rule's code.
    pub code: String,
    /// Message.
    pub message: String,
    /// Remedy.
    pub remedy: Remedy,
}

/// Remedy of a reason.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Remedy {
    /// Restore the ledger.
    RestoreLedger,
    /// Prove that no entry is missing at the end of the ledger.
    ProveLedger,
    /// Fix the definitions.
    MendDefinitions,
    /// Change the definitions, or the command.
    Rewrite(String),
    /// Commit them for the first time; there may be no repository.
    CommitFirst,
    /// Commit them.
    Commit,
    /// Make an environment readable.
    MakeReadable(EnvironmentName),
    /// Review changes made outside evenkeel.
    SettleByHand(EnvironmentName),
    /// Restore the applied state of an environment.
    Repair(EnvironmentName),
    /// Wait, before running tests or approvals that would expire meanwhile.
    Wait(String),
    /// Deliver the recipe to the environments before production, and test it there.
    Deliver,
    /// Run suites again.
    Verify(EnvironmentName),
    /// Withdraw a rejection.
    Withdraw(String),
    /// Approve.
    Approve(String),
}

impl Remedy {
    pub(super) fn line(&self) -> String {
        match self {
            Self::RestoreLedger => {
                "restore .evenkeel from a backup; `evenkeel audit verify` names what is wrong with it"
                    .into()
            }
            Self::ProveLedger => {
                "run `evenkeel audit verify --against CHECKPOINT` with a checkpoint that was kept elsewhere, then `evenkeel audit verify --restore-head`"
                    .into()
            }
            // With live drift, since only that reads secrets, which may be shared.
            Self::MendDefinitions => {
                "run `evenkeel drift` and fix or declare what it lists between environments".into()
            }
            Self::Rewrite(how) => how.clone(),
            Self::CommitFirst => {
                "commit the definitions and every file that they name (`git init` creates a repository)"
                    .into()
            }
            Self::Commit => {
                "commit the definitions and every file that they name"
                    .into()
            }
            Self::MakeReadable(environment) => {
                format!("run `evenkeel drift {environment}` and make readable what it could not read")
            }
            Self::SettleByHand(environment) => {
                format!("run `evenkeel drift {environment}` and remove or declare what no plan repairs")
            }
            Self::Repair(environment) => format!("evenkeel apply {environment}"),
            Self::Deliver => "evenkeel deliver".into(),
            Self::Verify(environment) => format!("evenkeel verify {environment}"),
            Self::Approve(plan) => format!("evenkeel approve {plan} --reason '…'"),
            Self::Withdraw(plan) => format!("evenkeel withdraw {plan} --reason '…'"),
            Self::Wait(until) => format!("wait until {until}"),
        }
    }
}

impl Verdict {
    /// Builds a verdict. Remedies are in the order of [`Remedy`]; delivering includes repairing and testing the
    /// environments before production, so those are omitted beside it. New evidence invalidates every approval:
    /// `approve` is the command for another, if the policy requires any.
    #[must_use]
    pub fn new(reasons: Vec<Reason>, rules: usize, approve: Option<Remedy>) -> Self {
        let mut remedies: Vec<&Remedy> = reasons.iter().map(|reason| &reason.remedy).collect();
        if remedies
            .iter()
            .any(|remedy| matches!(remedy, Remedy::Deliver | Remedy::Verify(_)))
        {
            remedies.extend(&approve);
        }
        remedies.sort();
        remedies.dedup();
        let delivers = remedies.contains(&&Remedy::Deliver);
        let repairs = remedies
            .iter()
            .any(|remedy| matches!(remedy, Remedy::Repair(_)));
        let needed = |remedy: &&&Remedy| match remedy {
            // Delivering includes running the suites.
            Remedy::Verify(_) => !delivers && !repairs,
            // After the repair there is nothing to release, so this plan needs no proof or approval.
            Remedy::Deliver | Remedy::Withdraw(_) | Remedy::Approve(_) => !repairs,
            _ => true,
        };
        // These commands lead to a new plan, so the judged plan is not the one to approve.
        let is_another_plan = remedies.iter().any(|remedy| {
            matches!(
                remedy,
                Remedy::RestoreLedger
                    | Remedy::MendDefinitions
                    | Remedy::MakeReadable(_)
                    | Remedy::SettleByHand(_)
            )
        });
        let line = |remedy: &&Remedy| match remedy {
            Remedy::Approve(_) if is_another_plan => {
                "approve the plan that `evenkeel deliver` shows then".to_owned()
            }
            _ => remedy.line(),
        };
        let remedies = remedies.iter().filter(needed).map(line).collect();
        Self {
            open: reasons.is_empty(),
            rules,
            reasons,
            waived: Vec::new(),
            remedies,
        }
    }
}

impl Reason {
    /// Creates a reason of a rule.
    #[must_use]
    pub fn new(
        code: &evenkeel_model::defect::Code,
        message: impl Into<String>,
        remedy: Remedy,
    ) -> Self {
        Self {
            code: code.name.to_owned(),
            message: message.into(),
            remedy,
        }
    }
}
