//! Documents printed by commands.
//!
//! Commands run like build commands: in the project's directory, with this process's environment, without a shell and
//! without input. A command that fails, hangs or prints without end is a defect with its last lines, never an empty
//! document.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use crate::world::command::{CommandRun, CommandStatus, Output, run};
use crate::world::redaction::Redactor;
use evenkeel_core::documents::LIMITS;
use evenkeel_core::documents::Unreadable;
use evenkeel_core::documents::content::{self, Bytes, Refusal};
use evenkeel_document::{LONGEST, codes};
use evenkeel_host::Interruption;
use evenkeel_model::text;

/// Number of concurrent commands: each may use a processor and memory.
pub(super) const AT_ONCE: usize = 2;
/// Number of last lines that are displayed.
const LAST_LINES: usize = 10;
/// Maximum number of bytes of these lines.
const LAST_BYTES: usize = 4096;
/// Longest displayed command.
const LONGEST_SHOWN: usize = 200;

/// Context of rendering.
pub struct Rendering {
    /// Working directory: the project's directory.
    pub directory: PathBuf,
    /// Environment.
    pub environment: BTreeMap<String, String>,
    /// Ends commands early.
    pub interruption: Interruption,
    /// Removes secrets from their messages.
    pub redactor: Redactor,
    /// Whether commands run; those of untrusted definitions do not.
    pub is_allowed: bool,
}

impl Rendering {
    /// Returns the output of a command.
    pub(super) fn render(
        &self,
        command: &[String],
        within: Duration,
    ) -> Result<String, Unreadable> {
        if !self.is_allowed {
            return Err(Unreadable::new(format!(
                "not compared: `{}` prints it, and did not run",
                shown(command)
            ))
            .help("if you trust the definitions, run their commands with --render"));
        }
        let asked = CommandRun {
            environment: self.environment.clone(),
            directory: Some(self.directory.clone()),
            timeout: within,
            output_limit: LONGEST,
            all_or_nothing: true,
            leave_nothing: true,
            ..CommandRun::new(command.iter().cloned())
        };
        let name = shown(command);
        let outcome = run(&asked, &self.interruption)
            .map_err(|error| Unreadable::new(format!("`{name}` printed no document: {error}")))?;
        if outcome.status == CommandStatus::TooMuch || outcome.stdout.is_cut() {
            return Err(Unreadable::new(format!(
                "`{name}` printed no document: more than {} MiB",
                LONGEST / 1024 / 1024
            ))
            .code(&codes::TOO_LARGE));
        }
        if !outcome.status.is_success() {
            let limit = if outcome.status == CommandStatus::TimedOut {
                format!(" (limit: {})", evenkeel_model::duration::phrase(within))
            } else {
                String::new()
            };
            let complaint = Unreadable::new(format!(
                "`{name}` printed no document: it {}{limit}",
                outcome.status
            ));
            let last = self.last_words(outcome.stderr);
            return Err(if last.is_empty() {
                complaint
            } else {
                complaint.help(last)
            });
        }
        let bytes = outcome.stdout.into_bytes();
        match content::read(&mut bytes.as_slice(), bytes.len() as u64, &LIMITS) {
            // Two empty documents would be equal without any evidence.
            Ok(Bytes::Text(text)) if text.trim().is_empty() => Err(Unreadable::new(format!(
                "`{name}` printed no document: empty output"
            ))),
            Ok(Bytes::Text(text)) => Ok(text),
            Ok(Bytes::Binary(_) | Bytes::Encoded(..)) => Err(Unreadable::new(format!(
                "`{name}` printed no document: its output is not UTF-8"
            ))
            .code(&codes::NOT_TEXT)),
            Err(Refusal::TooLarge(_) | Refusal::Failed(_)) => Err(Unreadable::new(format!(
                "the output of `{name}` cannot be read"
            ))),
        }
    }

    /// Returns the last lines of a command's messages, escaped and without secrets. Its output is never displayed.
    fn last_words(&self, said: Output) -> String {
        let cut = said.is_cut();
        let bytes = if cut { said.tail } else { said.into_bytes() };
        let from = bytes.len().saturating_sub(LAST_BYTES);
        let last = bytes.get(from..).unwrap_or_default();
        let safe = self.redactor.bytes(last, cut || from > 0, false);
        let lines: Vec<&str> = safe.trim_end().lines().collect();
        let from = lines.len().saturating_sub(LAST_LINES);
        text::inert(&lines.get(from..).unwrap_or_default().join("\n")).into_owned()
    }
}

/// Returns a command for display, on one line, with unusual words quoted.
pub(super) fn shown(command: &[String]) -> String {
    let is_plain = |word: &&String| {
        !word.is_empty()
            && word
                .chars()
                .all(|each| each.is_alphanumeric() || "-_./:=,@%+".contains(each))
    };
    let words: Vec<String> = command
        .iter()
        .map(|word| match Some(word).filter(is_plain) {
            Some(word) => word.clone(),
            None => format!("{:?}", text::inert(word)),
        })
        .collect();
    let whole = words.join(" ");
    if whole.chars().count() <= LONGEST_SHOWN {
        return whole;
    }
    let cut: String = whole.chars().take(LONGEST_SHOWN).collect();
    format!("{cut}…")
}

/// Returns the path of a rendered document, for its places.
pub(super) fn path(command: &[String]) -> String {
    format!("render: {}", shown(command))
}

#[cfg(test)]
mod tests;
