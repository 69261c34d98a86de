//! How a report is drawn on a terminal: colours and columns.

use anstyle::{AnsiColor, Style as Ansi};

/// How text is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// Whether colours are used.
    pub colour: bool,
    /// Columns.
    pub width: usize,
    /// Whether everything that is known of each finding and step is shown, and not only of the gravest.
    pub full: bool,
    /// Whether lists are shown to their end.
    pub all: bool,
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
