//! Drill of the gate: one line for each rule with the faults that it found, and one for each fault that it did not.

use std::io::{self, Write};

use super::super::document::{DrillDocument, TrialDocument, TrialResultDocument};
use super::layout::hanging;
use super::{Style, one_line};
use evenkeel_model::text::list;

/// Writes the faults, by rule.
pub(super) fn lines(drill: &DrillDocument, style: Style, to: &mut dyn Write) -> io::Result<()> {
    let is_right = |trial: &&TrialDocument| trial.result == TrialResultDocument::Shut;
    for trial in drill.trials.iter().filter(|trial| !is_right(trial)) {
        let text = format!("{}: {}", trial.fault, trial.words());
        line(&style.bad("✘"), &text, style, to)?;
    }
    if style.all {
        for trial in drill.trials.iter().filter(is_right) {
            let text = format!("{}: {}", trial.fault, trial.words());
            line(&style.good("✔"), &text, style, to)?;
        }
        return Ok(());
    }
    let mut rules: Vec<(&str, Vec<&str>)> = Vec::new();
    for trial in drill.trials.iter().filter(is_right) {
        match rules.iter_mut().find(|(rule, _)| *rule == trial.expected) {
            Some((_, faults)) => faults.push(&trial.fault),
            None => rules.push((&trial.expected, vec![&trial.fault])),
        }
    }
    for (rule, faults) in rules {
        let text = format!("{rule}: {}", list(&faults, "and"));
        line(&style.good("✔"), &text, style, to)?;
    }
    Ok(())
}

fn line(mark: &str, text: &str, style: Style, to: &mut dyn Write) -> io::Result<()> {
    hanging(&format!("{mark} "), 4, &one_line(text), style.width, to)
}
