//! `--format`: which formats a report is written in, and where to.
//!
//! One format goes to standard output, each other one to a file: `--format text --format json=report.json`.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::error::ErrorKind;
use clap::{Arg, Command, Error};

use crate::report::ReportFormat;

/// A format, and the file that gets it; standard output where there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Output {
    pub(super) format: ReportFormat,
    pub(super) file: Option<PathBuf>,
}

impl Output {
    /// What people are shown: text on standard output.
    pub(super) const TEXT: Self = Self {
        format: ReportFormat::Text,
        file: None,
    };
}

/// All outputs: as asked for, with text on standard output where every other format has a file.
///
/// # Errors
///
/// When two would go to one place.
pub(super) fn settled(mut outputs: Vec<Output>) -> Result<Vec<Output>, String> {
    for (number, output) in outputs.iter().enumerate() {
        let mut before = outputs.iter().take(number);
        if before.all(|other| other.file != output.file) {
            continue;
        }
        return Err(match &output.file {
            None => format!(
                "only one format goes to standard output; name a file for the other: --format {}=FILE",
                output.format.name()
            ),
            Some(file) => format!("two formats go to {}", file.display()),
        });
    }
    if outputs.iter().all(|output| output.file.is_some()) {
        outputs.insert(0, Output::TEXT);
    }
    Ok(outputs)
}

/// Parses `FORMAT` or `FORMAT=FILE`.
#[derive(Clone, Copy, Debug)]
pub(super) struct OutputParser;

impl TypedValueParser for OutputParser {
    type Value = Output;

    fn parse_ref(
        &self,
        command: &Command,
        argument: Option<&Arg>,
        value: &OsStr,
    ) -> Result<Output, Error> {
        let bytes = value.as_bytes();
        let (name, file) = match bytes.iter().position(|byte| *byte == b'=') {
            Some(at) => {
                let (name, file) = bytes.split_at(at);
                (name, file.get(1..))
            }
            None => (bytes, None),
        };
        let known = PossibleValuesParser::new(values());
        let name = known.parse_ref(command, argument, OsStr::from_bytes(name))?;
        let wrong = |reason: &str| {
            Error::raw(ErrorKind::ValueValidation, format!("{reason}\n")).with_cmd(command)
        };
        let format = ReportFormat::named(&name).ok_or_else(|| wrong("unknown format"))?;
        if file == Some(&[]) {
            return Err(wrong(&format!(
                "--format {name}= names no file; write --format {name} for standard output"
            )));
        }
        Ok(Output {
            format,
            file: file.map(|file| PathBuf::from(OsStr::from_bytes(file))),
        })
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(values()))
    }
}

fn values() -> impl Iterator<Item = PossibleValue> {
    ReportFormat::ALL
        .iter()
        .map(|format| PossibleValue::new(format.name()).help(format.help()))
}

#[cfg(test)]
mod tests {
    use super::{Output, settled};
    use crate::report::ReportFormat;

    fn output(format: ReportFormat, file: Option<&str>) -> Output {
        Output {
            format,
            file: file.map(Into::into),
        }
    }

    #[test]
    fn text_is_printed_where_every_format_has_a_file() {
        let json = output(ReportFormat::Json, Some("a"));
        assert_eq!(settled(vec![json.clone()]), Ok(vec![Output::TEXT, json]));
        let printed = output(ReportFormat::Json, None);
        assert_eq!(settled(vec![printed.clone()]), Ok(vec![printed]));
    }

    #[test]
    fn two_formats_have_two_places() {
        let twice = vec![Output::TEXT, output(ReportFormat::Json, None)];
        assert!(settled(twice).unwrap_err().contains("--format json=FILE"));
        let one = output(ReportFormat::Json, Some("a"));
        let same = vec![one, output(ReportFormat::Text, Some("a"))];
        assert!(settled(same).is_err());
    }
}
