//! Shared parts of `approve`, `reject` and `withdraw`: the question before a decision is signed and recorded.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::path::PathBuf;

use clap::Args;

use super::shared::Surroundings;
use crate::report::Report;

/// Arguments of a decision by the person at the terminal.
#[derive(Args, Debug)]
pub(super) struct Deciding {
    /// Sign with this SSH key: a private key, or a public one whose private half is beside it or in the agent
    /// [default: git's user.signingkey, or the agent's key that `approvers` lists]
    #[arg(long, value_name = "FILE")]
    pub(super) key: Option<PathBuf>,
    /// Do not ask for confirmation
    #[arg(long)]
    pub(super) yes: bool,
}

impl Deciding {
    /// Displays what is decided about, and asks. Without a terminal, or with `--yes`, it is confirmed.
    pub(super) fn confirms(
        &self,
        question: &str,
        report: &Report,
        surroundings: &Surroundings<'_>,
    ) -> bool {
        let asks = !self.yes && io::stdin().is_terminal() && io::stderr().is_terminal();
        !asks || is_confirmed(question, report, surroundings)
    }
}

/// Displays a report and asks a question about it. Anything but `yes` means no.
fn is_confirmed(question: &str, report: &Report, surroundings: &Surroundings<'_>) -> bool {
    if surroundings.show(report).is_err() {
        return false;
    }
    let mut to = io::stderr().lock();
    if write!(to, "\n{question} Only `yes` does: ")
        .and_then(|()| to.flush())
        .is_err()
    {
        return false;
    }
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).is_ok() && answer.trim() == "yes"
}
