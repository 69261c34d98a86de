//! `--format` and `-o`: formats of the report and their destinations.
//!
//! One format goes to standard output, each other one to a file: `--format github,sarif -o drift.sarif`.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::error::ErrorKind;
use clap::{Arg, Command, Error};

use crate::report::ReportFormat;
use evenkeel_model::text::list;

/// Format with its file; standard output without one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Output {
    pub(super) format: ReportFormat,
    pub(super) file: Option<PathBuf>,
}

impl Output {
    /// Default: text on standard output.
    pub(super) const TEXT: Self = Self {
        format: ReportFormat::Text,
        file: None,
    };
}

/// Returns the format that a file name shows; `None` if it shows none.
pub(super) fn format_of(file: &Path) -> Option<ReportFormat> {
    ReportFormat::of_file(&file.file_name()?.to_string_lossy())
}

/// Returns all outputs: the requested `formats`, and each of `files` in the format that its name shows. A format
/// requested without a file goes to the first file of its name. Text goes to standard output if every other format has
/// a file.
///
/// # Errors
///
/// When two have one destination, or a name shows no format.
pub(super) fn settled(
    mut formats: Vec<Output>,
    files: Vec<PathBuf>,
) -> Result<Vec<Output>, String> {
    for file in files {
        let Some(format) = format_of(&file) else {
            let known: Vec<&str> = ReportFormat::ALL
                .iter()
                .flat_map(|format| format.suffixes().iter().copied())
                .collect();
            return Err(format!(
                "the name of {} shows no format: expected one that ends with {}; or write --format FORMAT=FILE",
                file.display(),
                list(&known, "or"),
            ));
        };
        let open = formats
            .iter_mut()
            .find(|output| output.format == format && output.file.is_none());
        match open {
            Some(output) => output.file = Some(file),
            None => formats.push(Output {
                format,
                file: Some(file),
            }),
        }
    }
    distinct(formats)
}

/// Rejects two outputs with one destination, and adds text if nothing goes to standard output.
fn distinct(mut outputs: Vec<Output>) -> Result<Vec<Output>, String> {
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
                "--format {name}= has no file; write --format {name} for standard output"
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

    fn named(formats: &[Output], files: &[&str]) -> Result<Vec<Output>, String> {
        settled(
            formats.to_vec(),
            files.iter().map(|file| (*file).into()).collect(),
        )
    }

    #[test]
    fn text_is_printed_where_every_format_has_a_file() {
        let json = output(ReportFormat::Json, Some("a"));
        assert_eq!(
            named(std::slice::from_ref(&json), &[]),
            Ok(vec![Output::TEXT, json])
        );
        let printed = output(ReportFormat::Json, None);
        assert_eq!(
            named(std::slice::from_ref(&printed), &[]),
            Ok(vec![printed])
        );
    }

    #[test]
    fn two_formats_have_two_places() {
        let twice = [Output::TEXT, output(ReportFormat::Json, None)];
        assert!(
            named(&twice, &[])
                .unwrap_err()
                .contains("--format json=FILE")
        );
        let one = output(ReportFormat::Json, Some("a"));
        assert!(named(&[one, output(ReportFormat::Text, Some("a"))], &[]).is_err());
        assert!(named(&[Output::TEXT], &["a.json", "a.json"]).is_err());
    }

    #[test]
    fn a_file_has_the_format_of_its_name() {
        let github = output(ReportFormat::Github, None);
        let sarif = output(ReportFormat::Sarif, None);
        assert_eq!(
            named(&[github.clone(), sarif], &["drift.sarif", "a/b.xml"]),
            Ok(vec![
                github,
                output(ReportFormat::Sarif, Some("drift.sarif")),
                output(ReportFormat::Junit, Some("a/b.xml")),
            ])
        );
        assert_eq!(
            named(
                &[Output::TEXT],
                &["a.sarif.json", "gl-code-quality-report.json"]
            ),
            Ok(vec![
                Output::TEXT,
                output(ReportFormat::Sarif, Some("a.sarif.json")),
                output(ReportFormat::Gitlab, Some("gl-code-quality-report.json")),
            ])
        );
        assert_eq!(
            named(&[Output::TEXT], &["report.txt"]),
            Ok(vec![
                Output::TEXT,
                output(ReportFormat::Text, Some("report.txt"))
            ])
        );
    }

    #[test]
    fn a_name_without_a_format_is_refused() {
        let error = named(&[Output::TEXT], &["sarif"]).unwrap_err();
        assert!(
            error.contains(".sarif") && error.contains("--format FORMAT=FILE"),
            "{error}"
        );
    }

    #[test]
    fn no_suffix_belongs_to_two_formats() {
        let mut known = std::collections::BTreeSet::new();
        for format in ReportFormat::ALL {
            for suffix in format.suffixes() {
                assert!(known.insert(suffix), "{suffix}");
            }
        }
    }
}
