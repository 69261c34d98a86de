//! Reports: one document, and one file for each format that writes it.
//!
//! `--format json` prints the document, and every other format is a rendering of it alone. To add a format: write
//! `<format>.rs` with a type that implements [`Format`], add its `mod` line, and its line in the list.

mod catalogue;
mod concise;
mod csv;
mod document;
mod github;
mod gitlab;
mod html;
mod json;
mod junit;
mod markdown;
mod notification;
mod prometheus;
mod register;
mod sarif;
mod style;
mod text;
mod wording;

use std::io::{self, Write};

pub use catalogue::codes;
pub use document::*;
pub use github::{outputs as github_outputs, summary as github_summary};
pub use notification::{Notification, NotificationReason};
pub use register::register;
pub use style::Style;
pub use text::Progress;

/// Format of reports.
trait Format {
    /// Name in `--format`.
    const NAME: &'static str;
    /// Help of that value, in one line.
    const HELP: &'static str;
    /// Suffixes of file names for `-o` in this format.
    const SUFFIXES: &'static [&'static str] = &[];

    /// Writes a report.
    fn write(report: &Report, style: Style, to: &mut dyn Write) -> io::Result<()>;
}

/// Defines the list of all formats, which the command line, the documents and the tests read.
macro_rules! formats {
    ($( $module:ident :: $format:ident ),* $(,)?) => {
        /// Formats of reports.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum ReportFormat {
            $( #[doc = concat!("What `", stringify!($module), ".rs` writes.")] $format, )*
        }

        impl ReportFormat {
            /// All formats, in the order of the list.
            pub const ALL: &'static [Self] = &[ $( Self::$format ),* ];

            /// Returns its name in `--format`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $( Self::$format => <$module::$format as Format>::NAME, )* }
            }

            /// Returns its help in one line.
            #[must_use]
            pub const fn help(self) -> &'static str {
                match self { $( Self::$format => <$module::$format as Format>::HELP, )* }
            }

            /// Returns the suffixes of file names in this format.
            #[must_use]
            pub const fn suffixes(self) -> &'static [&'static str] {
                match self { $( Self::$format => <$module::$format as Format>::SUFFIXES, )* }
            }

            /// Writes a report.
            ///
            /// # Errors
            ///
            /// When `to` cannot be written.
            pub fn write(self, report: &Report, style: Style, to: &mut dyn Write) -> io::Result<()> {
                match self { $( Self::$format => <$module::$format as Format>::write(report, style, to), )* }
            }
        }
    };
}

formats! {
    text::Text,
    concise::Concise,
    json::Json,
    sarif::Sarif,
    junit::Junit,
    markdown::Markdown,
    github::Github,
    gitlab::Gitlab,
    csv::Csv,
    prometheus::Prometheus,
    html::Html,
}

impl ReportFormat {
    /// Returns the format with a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|format| format.name() == name)
    }

    /// Returns the format of a file name: the longest suffix decides.
    #[must_use]
    pub fn of_file(name: &str) -> Option<Self> {
        let suffixes = Self::ALL
            .iter()
            .flat_map(|format| format.suffixes().iter().map(|suffix| (*format, *suffix)));
        suffixes
            .filter(|(_, suffix)| name.ends_with(suffix))
            .max_by_key(|(_, suffix)| suffix.len())
            .map(|(format, _)| format)
    }
}
