//! The verdict: open or shut, why, and the smallest set of commands that would open it.

use evenkeel_model::EnvironmentName;

/// Open or shut, and why.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// Whether it is open.
    pub open: bool,
    /// How many rules were judged.
    pub rules: usize,
    /// Why it is shut.
    pub reasons: Vec<Reason>,
    /// What would open it, in the order in which to do it; one line each.
    pub remedies: Vec<String>,
}

/// One reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The rule's code.
    pub code: String,
    /// One sentence.
    pub message: String,
    /// What would take it away.
    pub remedy: Remedy,
}

/// What would take a reason away.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Remedy {
    /// Restore the ledger.
    RestoreLedger,
    /// Prove that no entry is missing at the end of the ledger.
    ProveLedger,
    /// Mend the definitions.
    MendDefinitions,
    /// Write the definitions, or the command, in another way.
    Rewrite(String),
    /// Commit them, where nothing was committed yet and there may be no repository.
    CommitFirst,
    /// Commit them.
    Commit,
    /// Make an environment readable.
    MakeReadable(EnvironmentName),
    /// Look at what a person did, and decide.
    SettleByHand(EnvironmentName),
    /// Bring an environment back to what was applied.
    Repair(EnvironmentName),
    /// Wait: before anything is tested or approved that would be too old afterwards.
    Wait(String),
    /// Bring the recipe through the environments before production, and test it there.
    Deliver,
    /// Run suites again.
    Verify(EnvironmentName),
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
            // With live drift, since only that asks for secrets, which may be shared.
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
            Self::Wait(until) => format!("wait until {until}"),
        }
    }
}

impl Verdict {
    /// From all reasons: the order of remedies is the order of [`Remedy`]; delivering includes repairing and testing
    /// the environments before production, so those are not asked for beside it. New evidence makes every approval
    /// void: `approve` is what gives another, where the policy asks for any.
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
            // Delivering runs the suites too.
            Remedy::Verify(_) => !delivers && !repairs,
            // Once repaired, there is nothing to release: this plan is not to be proven or approved.
            Remedy::Deliver | Remedy::Approve(_) => !repairs,
            _ => true,
        };
        // What these lead to is planned anew: the plan that was judged is not the one to be approved.
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
            remedies,
        }
    }
}

impl Reason {
    /// A reason of a rule.
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
