//! Style of a report on a terminal: colours and columns.

use anstyle::{AnsiColor, Style as Ansi};
use evenkeel_model::defect::Severity;

use super::document::Tone;

/// Style of text.
#[allow(clippy::struct_excessive_bools, reason = "each is a separate option")]
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// Whether colours are used.
    pub colour: bool,
    /// Number of columns.
    pub width: usize,
    /// Whether all facts of each finding and step are displayed, not only of the most severe.
    pub full: bool,
    /// Whether lists are displayed completely.
    pub all: bool,
    /// Whether the lines of completed work were already printed while it ran.
    pub printed: bool,
}

impl Style {
    fn paint(self, colour: AnsiColor, text: &str) -> String {
        if self.colour {
            let ansi = Ansi::new().fg_color(Some(colour.into()));
            format!("{ansi}{text}{ansi:#}")
        } else {
            text.to_owned()
        }
    }

    pub(in crate::report) fn good(self, text: &str) -> String {
        self.paint(AnsiColor::Green, text)
    }

    pub(in crate::report) fn bad(self, text: &str) -> String {
        self.paint(AnsiColor::Red, text)
    }

    /// Returns text in the colour of a verdict's tone.
    pub(in crate::report) fn toned(self, tone: Tone, text: &str) -> String {
        match tone {
            Tone::Good => self.good(text),
            Tone::Waiting => self.odd(text),
            Tone::Bad => self.bad(text),
        }
    }

    /// Returns text in the colour of a severity.
    pub(in crate::report) fn severity(self, severity: Severity, text: &str) -> String {
        match severity {
            Severity::Critical | Severity::Error => self.bad(text),
            Severity::Warning => self.odd(text),
            Severity::Advice => self.paint(AnsiColor::Cyan, text),
        }
    }

    pub(in crate::report) fn odd(self, text: &str) -> String {
        self.paint(AnsiColor::Yellow, text)
    }

    pub(in crate::report) fn faint(self, text: &str) -> String {
        if self.colour {
            let ansi = Ansi::new().dimmed();
            format!("{ansi}{text}{ansi:#}")
        } else {
            text.to_owned()
        }
    }
}
