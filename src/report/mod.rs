//! Reports: one document, and one file for each format that writes it.
//!
//! The document is what `--format json` prints, and every other format is a rendering of it and of nothing else. To add a
//! format: write `<format>.rs` with a type that implements [`Format`], add its `mod` line, and its line in the list.

mod document;
mod json;
mod style;
mod text;

use std::io::{self, Write};

pub use document::*;
pub use style::Style;
pub use text::Progress;

/// A format of reports.
trait Format {
    /// Its name, as `--format` takes it.
    const NAME: &'static str;
    /// One line about it: the help of that value.
    const HELP: &'static str;

    /// Writes a report.
    fn write(report: &Report, style: Style, to: &mut dyn Write) -> io::Result<()>;
}

/// Makes the list of all formats, which the command line, the documents and the tests read.
macro_rules! formats {
    ($( $module:ident :: $format:ident ),* $(,)?) => {
        /// The formats of reports.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum ReportFormat {
            $( #[doc = concat!("What `", stringify!($module), ".rs` writes.")] $format, )*
        }

        impl ReportFormat {
            /// All of them, in the order of the list.
            pub const ALL: &'static [Self] = &[ $( Self::$format ),* ];

            /// Its name, as `--format` takes it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $( Self::$format => <$module::$format as Format>::NAME, )* }
            }

            /// One line about it.
            #[must_use]
            pub const fn help(self) -> &'static str {
                match self { $( Self::$format => <$module::$format as Format>::HELP, )* }
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
    json::Json,
}

impl ReportFormat {
    /// The one with a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|format| format.name() == name)
    }
}
