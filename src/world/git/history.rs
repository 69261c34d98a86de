//! Which commits touched files, newest first.
//!
//! Only first parents are followed: what the branch itself was, state after state. A merge stands for all that it
//! brought. The commits of parallel branches put in one row would be states that never followed each other, and a
//! fault that one of them did not have would look as if it had been mended in between.

use std::path::PathBuf;

use super::{GitError, Repository};
use crate::world::command::CommandStatus;
use evenkeel_core::history::{CommitInfo, Commits};
use evenkeel_model::Moment;
use evenkeel_model::text::inert;

/// Most characters of a subject or an author that are kept.
const LONGEST: usize = 200;
/// How many digits of a commit people see. Not git's own choice, which depends on how much a clone has fetched.
const SHORT: usize = 10;

impl Repository {
    /// The commits that changed something at these paths (relative to the root: files, or directories with all
    /// below them; an empty path is everything), from a commit backwards along first parents, newest first, at most
    /// `most`. The newest has at these paths what the commit itself has.
    ///
    /// Renames are not followed: where a file had another name, nothing is at its path.
    ///
    /// # Errors
    ///
    /// When there is no such commit, or a path cannot be one.
    pub fn commits_touching(
        &self,
        commit: &str,
        paths: &[PathBuf],
        most: usize,
    ) -> Result<Commits, GitError> {
        let whole = !self.is_shallow()?;
        if paths.is_empty() {
            return Ok(Commits {
                list: Vec::new(),
                whole,
            });
        }
        let commit = self.resolve(commit)?;
        // `rev-list` and not `log`: no setting of a user's (`log.follow`, `log.showSignature`) changes its answer.
        let count = format!("--max-count={}", most.saturating_add(1));
        let mut arguments = vec![
            "rev-list",
            "--first-parent",
            &count,
            "--encoding=UTF-8",
            "--format=format:%x00%H%x00%ct%x00%an%x00%s%x00",
            &commit,
            "--",
        ];
        let mut texts = Vec::new();
        for path in paths {
            let everything = path.as_os_str().is_empty() || path.as_os_str() == ".";
            texts.push(if everything {
                ".".to_owned()
            } else {
                super::clean(path)?
            });
        }
        arguments.extend(texts.iter().map(String::as_str));
        let answer = self.ask(&arguments, None)?;
        let fields: Vec<&[u8]> = answer.split(|byte| *byte == 0).collect();
        // Before each commit's fields stands a line with its name, which is in the first field too.
        let mut list: Vec<CommitInfo> = fields.chunks_exact(5).filter_map(info).collect();
        let asked_for = list.len() <= most;
        list.truncate(most);
        Ok(Commits {
            list,
            whole: whole && asked_for,
        })
    }

    /// Whether one commit comes before another in its history.
    ///
    /// # Errors
    ///
    /// When git fails, or a commit is missing.
    pub fn is_ancestor(&self, older: &str, newer: &str) -> Result<bool, GitError> {
        let older = self.resolve(older)?;
        let newer = self.resolve(newer)?;
        let answer = self.run(&["merge-base", "--is-ancestor", &older, &newer], None)?;
        match answer.status {
            CommandStatus::Code(0) => Ok(true),
            CommandStatus::Code(1) => Ok(false),
            status => Err(self.failed("merge-base", status.to_string())),
        }
    }

    /// Whether history was cut off when this was cloned: the oldest commit here is not the first.
    ///
    /// # Errors
    ///
    /// When git fails.
    pub fn is_shallow(&self) -> Result<bool, GitError> {
        let answer = self.ask(&["rev-parse", "--is-shallow-repository"], None)?;
        // Anything but a plain no is a yes: then nothing is promised.
        Ok(answer.trim_ascii() != b"false")
    }
}

fn info(fields: &[&[u8]]) -> Option<CommitInfo> {
    let [_, commit, time, author, subject] = fields else {
        return None;
    };
    let commit = String::from_utf8_lossy(commit).into_owned();
    let seconds: i64 = std::str::from_utf8(time).ok()?.parse().ok()?;
    Some(CommitInfo {
        short: commit.chars().take(SHORT).collect(),
        commit,
        time: Moment::from_millisecond(seconds.saturating_mul(1000)),
        author: shown(author),
        subject: shown(subject),
    })
}

fn shown(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let short: String = text.chars().take(LONGEST).collect();
    inert(&short).into_owned()
}
