//! Documents that a command prints.
//!
//! Run as build commands are: in the project's directory, with our environment, without a shell, with nothing to read.
//! A command that fails, hangs or prints without end is a complaint with the last lines of what it said: never an
//! empty document.

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

/// How many renderings run at once: each may take a processor and memory for itself.
pub(super) const AT_ONCE: usize = 2;
/// How many of the last lines of what a command said are shown.
const LAST_LINES: usize = 10;
/// How many bytes of them.
const LAST_BYTES: usize = 4096;
/// Longest command as it is shown.
const LONGEST_SHOWN: usize = 200;

/// What rendering needs of the world.
pub struct Rendering {
    /// Where commands run: the project's directory.
    pub directory: PathBuf,
    /// Their environment.
    pub environment: BTreeMap<String, String>,
    /// Ends them early.
    pub interruption: Interruption,
    /// Takes secrets out of what they say.
    pub redactor: Redactor,
    /// Whether commands run at all: those of definitions that are not trusted do not.
    pub is_allowed: bool,
}

impl Rendering {
    /// What a command prints.
    pub(super) fn render(
        &self,
        command: &[String],
        within: Duration,
    ) -> Result<String, Unreadable> {
        if !self.is_allowed {
            return Err(Unreadable::new(format!(
                "not compared: `{}` prints it, and was not run",
                shown(command)
            ))
            .help("run what the definitions name, if you trust them: --render"));
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
            .map_err(|error| Unreadable::new(format!("`{name}` gave no document: {error}")))?;
        if outcome.status == CommandStatus::TooMuch || outcome.stdout.is_cut() {
            return Err(Unreadable::new(format!(
                "`{name}` gave no document: it printed more than {} MiB",
                LONGEST / 1024 / 1024
            ))
            .code(&codes::TOO_LARGE));
        }
        if !outcome.status.is_success() {
            let limit = if outcome.status == CommandStatus::TimedOut {
                format!(" (it had {})", evenkeel_model::duration::phrase(within))
            } else {
                String::new()
            };
            let complaint = Unreadable::new(format!(
                "`{name}` gave no document: it {}{limit}",
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
            // Two empty documents would agree with each other about nothing at all.
            Ok(Bytes::Text(text)) if text.trim().is_empty() => Err(Unreadable::new(format!(
                "`{name}` gave no document: it printed nothing"
            ))),
            Ok(Bytes::Text(text)) => Ok(text),
            Ok(Bytes::Binary(_) | Bytes::Encoded(..)) => Err(Unreadable::new(format!(
                "`{name}` gave no document: what it printed is no text in UTF-8"
            ))
            .code(&codes::NOT_TEXT)),
            Err(Refusal::TooLarge(_) | Refusal::Failed(_)) => Err(Unreadable::new(format!(
                "what `{name}` printed cannot be read"
            ))),
        }
    }

    /// The last lines of what a command said, harmless and without secrets. What it printed is never shown.
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

/// A command as people know it, on one line: words with anything odd in them are quoted.
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

/// The path that a rendered document has: where its places are.
pub(super) fn path(command: &[String]) -> String {
    format!("render: {}", shown(command))
}

#[cfg(test)]
mod tests;
