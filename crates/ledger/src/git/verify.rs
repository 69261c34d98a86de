//! Verification of the ref: its rows for the walk that all backends share, its history and its tokens.

use std::collections::BTreeMap;

use super::branch::{Branch, Changes, number};
use super::layout;
use super::ledger::{each_row, head_file, head_name, row_at};
use crate::verify::{self, Medium, Row};
use crate::walk::TakeRecord;
use crate::{Head, Kept, LedgerError, Link, Verification, entry, remembered};
use evenkeel_model::{EnvironmentName, Moment};

/// Verifies the ledger, including against checkpoints that were kept elsewhere. Changes nothing on the remote.
///
/// # Errors
///
/// Like [`Store::verify`](crate::Store::verify).
pub(super) fn verify_against(
    branch: &Branch,
    checkpoints: &[Kept],
    take: &mut TakeRecord<'_>,
) -> Result<Verification, LedgerError> {
    let tip = match branch.refresh() {
        Ok(tip) => tip,
        // A rewritten remote is a finding, and what is there now is not verified: it may be anyone's.
        Err(error @ LedgerError::Broken { .. }) => {
            let mut verification = Verification::default();
            verification.blame(error)?;
            verification.proofs = remembered::unproven(checkpoints);
            return Ok(verification);
        }
        Err(error) => return Err(error),
    };
    let missing = match (&tip, checkpoints.first()) {
        (Some(tip), _) if row_at(branch, tip, 1)?.is_some() || has_entries(branch, tip)? => None,
        (_, Some(first)) => Some(Ok(remembered::gone(branch.place(), first, checkpoints))),
        (None, None) => Some(Err(branch.repository.failed("verify", "not founded"))),
        (Some(_), None) => Some(Err(LedgerError::Missing {
            path: branch.place().to_owned(),
            head: head_name(branch),
        })),
    };
    match (missing, tip) {
        (Some(outcome), _) => outcome,
        (None, Some(commit)) => verify::examine(&Commit { branch, commit }, checkpoints, take),
        (None, None) => Err(branch.repository.failed("verify", "not founded")),
    }
}

fn has_entries(branch: &Branch, commit: &str) -> Result<bool, LedgerError> {
    Ok(!branch.repository.list(commit, layout::ENTRIES)?.is_empty())
}

/// Writes the head of an intact ledger again.
///
/// # Errors
///
/// Like [`Store::restore_head`](crate::Store::restore_head).
pub(super) fn restore_head(branch: &Branch) -> Result<(), LedgerError> {
    let verification = verify_against(branch, &[], &mut |_, _| {})?;
    let end = verification.end()?.clone();
    let link = Link {
        sequence: end.sequence,
        digest: end.digest,
    };
    let head = head_file(&end.lineage, link, branch)?;
    let time = verification
        .time
        .unwrap_or_else(|| Moment::from_millisecond(0));
    branch.push(time, |_, _| {
        let changes: Changes = vec![(layout::HEAD.to_owned(), Some(head.clone()))];
        Ok(("Restore the head".to_owned(), changes))
    })
}

/// The commit under verification.
struct Commit<'a> {
    branch: &'a Branch,
    commit: String,
}

impl Medium for Commit<'_> {
    fn each_row(&self, take: &mut dyn FnMut(Row<'_>)) -> Result<(), LedgerError> {
        each_row(self.branch, &self.commit, 0, &mut |row| {
            take(Ok((row.sequence, &row.line, &row.digest)));
            Ok(())
        })
    }

    fn digest(&self, sequence: u64) -> Result<Option<Vec<u8>>, LedgerError> {
        let row = row_at(self.branch, &self.commit, sequence)?;
        Ok(row.map(|row| row.digest))
    }

    fn time(&self, sequence: u64) -> Result<Option<Moment>, LedgerError> {
        let row = row_at(self.branch, &self.commit, sequence)?;
        let line = row.and_then(|row| String::from_utf8(row.line).ok());
        Ok(line.and_then(|line| Some(entry::read(&line).ok()?.time)))
    }

    fn head(&self) -> Result<Head, LedgerError> {
        self.branch.head_at(&self.commit)
    }

    fn head_name(&self) -> String {
        head_name(self.branch)
    }

    fn check(
        &self,
        tokens: &BTreeMap<EnvironmentName, u64>,
        found: &mut Verification,
    ) -> Result<(), LedgerError> {
        let repository = &self.branch.repository;
        // Where the entries themselves are bad, the history of their files says nothing more.
        let rewritten = if found.is_whole() {
            repository.rewritten(&self.commit, layout::ENTRIES)?
        } else {
            Vec::new()
        };
        for path in rewritten {
            found.find(
                None,
                format!("a commit of its history changed `{path}`, which is only ever added"),
            );
        }
        let files = repository.list(&self.commit, layout::TOKENS)?;
        let ids: Vec<String> = files.iter().map(|file| file.id.clone()).collect();
        let mut kept = BTreeMap::new();
        if !ids.is_empty() {
            for (file, content) in files.iter().zip(repository.contents(&ids)?) {
                let name = file.path.trim_start_matches(layout::TOKENS);
                let token = content.as_deref().and_then(number).unwrap_or(0);
                kept.insert(EnvironmentName::new(name), token);
            }
        }
        verify::check_tokens(&kept, tokens, found);
        Ok(())
    }
}
