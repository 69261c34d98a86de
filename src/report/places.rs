//! Shows a defect at its places: the adapter to miette.
//!
//! Labels in several files are shown file by file, the first label's file first.

use std::fmt;
use std::sync::Arc;

use miette::{Diagnostic, LabeledSpan, NamedSource, Severity as Gravity, SourceCode};

use evenkeel_model::defect::{Defect, Label, Severity};
use evenkeel_model::source::{SourceFile, Span};
use evenkeel_model::text::inert;

/// Longest line that is shown. The renderer would show all of it, and panics beyond 65,535 columns.
const LONGEST_LINE: usize = 1_000;
/// Most lines of a place that are shown: of a longer one, its first line.
const MOST_LINES: usize = 12;

/// One part of a defect: its labels in one file. The first part names the defect, the last says what to do.
#[derive(Debug)]
pub(super) struct Part<'a> {
    defect: &'a Defect,
    file: Option<Arc<SourceFile>>,
    source: Option<NamedSource<String>>,
    message: String,
    is_first: bool,
    is_last: bool,
}

/// A defect as parts, one for each file it has labels in, and one if it has none.
pub(super) fn parts(defect: &Defect) -> Vec<Part<'_>> {
    let mut files: Vec<Arc<SourceFile>> = Vec::new();
    for label in &defect.labels {
        if !files.iter().any(|file| file.path == label.span.file.path) {
            files.push(Arc::clone(&label.span.file));
        }
    }
    let mut files: Vec<Option<Arc<SourceFile>>> = files.into_iter().map(Some).collect();
    if files.is_empty() {
        files.push(None);
    }
    let last = files.len() - 1;
    files
        .into_iter()
        .enumerate()
        .map(|(number, file)| part(defect, file, number == 0, number == last))
        .collect()
}

fn part(defect: &Defect, file: Option<Arc<SourceFile>>, is_first: bool, is_last: bool) -> Part<'_> {
    let mut message = if is_first {
        inert(&defect.message).into_owned()
    } else {
        "and here".to_owned()
    };
    let here = |label: &&Label| {
        file.as_ref()
            .is_some_and(|file| file.path == label.span.file.path)
    };
    let is_long = defect
        .labels
        .iter()
        .filter(here)
        .any(|label| is_on_a_long_line(&label.span));
    if is_long {
        for label in defect.labels.iter().filter(here) {
            let place = label.span.location().to_string();
            message.push_str(&format!("\n{}: {}", inert(&place), inert(&label.text)));
        }
    }
    Part {
        defect,
        source: file
            .as_ref()
            .filter(|_| !is_long)
            .map(|file| NamedSource::new(inert(&file.path), safe(&file.text))),
        message,
        file,
        is_first,
        is_last,
    }
}

/// Whether the lines of a place, or those beside it that are shown with it, are too long to be shown.
fn is_on_a_long_line(span: &Span) -> bool {
    let text = span.file.text.as_bytes();
    let start = span.start().min(text.len());
    let end = shown_end(span).clamp(start, text.len());
    let (before, rest) = text.split_at(start);
    let (within, after) = rest.split_at(end - start);
    let end_of_line = |byte: &u8| *byte == b'\n';
    let shown: usize = before.rsplit(end_of_line).take(2).map(<[u8]>::len).sum();
    let following: usize = after.split(end_of_line).take(2).map(<[u8]>::len).sum();
    let longest = within.split(end_of_line).map(<[u8]>::len).max();
    shown.max(following).max(longest.unwrap_or(0)) > LONGEST_LINE
}

/// Where the part of a place ends that is shown.
fn shown_end(span: &Span) -> usize {
    let text = &span.file.text;
    let within = text.get(span.start()..span.end()).unwrap_or_default();
    if within.lines().take(MOST_LINES + 1).count() <= MOST_LINES {
        return span.end();
    }
    span.start() + within.lines().next().map_or(0, str::len)
}

/// A file's text for showing: active characters are replaced one by one, byte for byte, so that places stay true. The
/// first half of a line end of two characters is none of them, and white space is shown for it.
fn safe(text: &str) -> String {
    let mut characters = text.chars().peekable();
    std::iter::from_fn(|| {
        let character = characters.next()?;
        let ends_line = character == '\r' && characters.peek() == Some(&'\n');
        Some(if ends_line { ' ' } else { character })
    })
    .flat_map(|character| {
        let active = character != '\n'
            && character != '\t'
            && matches!(
                inert(character.encode_utf8(&mut [0; 4])),
                std::borrow::Cow::Owned(_)
            );
        let count = if active { character.len_utf8() } else { 1 };
        std::iter::repeat_n(if active { '?' } else { character }, count)
    })
    .collect()
}

impl fmt::Display for Part<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Part<'_> {}

impl Diagnostic for Part<'_> {
    fn code<'b>(&'b self) -> Option<Box<dyn fmt::Display + 'b>> {
        self.is_first
            .then(|| -> Box<dyn fmt::Display> { Box::new(self.defect.code.name) })
    }

    fn severity(&self) -> Option<Gravity> {
        Some(match self.defect.severity {
            Severity::Error | Severity::Critical
                if !self.is_first || self.defect.declared.is_some() =>
            {
                Gravity::Advice
            }
            Severity::Error | Severity::Critical => Gravity::Error,
            Severity::Warning => Gravity::Warning,
            Severity::Advice => Gravity::Advice,
        })
    }

    fn help<'b>(&'b self) -> Option<Box<dyn fmt::Display + 'b>> {
        if !self.is_last {
            return None;
        }
        let mut lines: Vec<String> = Vec::new();
        lines.extend(
            self.defect
                .difference
                .as_deref()
                .map(|text| inert(text).trim_end().to_owned()),
        );
        if let Some((moment, how)) = &self.defect.since {
            lines.push(format!("since {moment}: {how}"));
        }
        lines.extend(
            self.defect
                .declared
                .as_deref()
                .map(|reason| format!("declared: {}", inert(reason))),
        );
        lines.extend(
            self.defect
                .help
                .as_deref()
                .map(|help| inert(help).into_owned()),
        );
        (!lines.is_empty()).then(|| -> Box<dyn fmt::Display> { Box::new(lines.join("\n")) })
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source
            .as_ref()
            .map(|source| -> &dyn SourceCode { source })
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let file = self.file.as_ref()?;
        // A place at or past the end would make the renderer panic, or show nothing.
        let last = file.text.len().saturating_sub(1);
        let labels = self
            .defect
            .labels
            .iter()
            .filter(|label| label.span.file.path == file.path)
            .map(move |label| {
                let start = label.span.start().min(last);
                let end = shown_end(&label.span).min(file.text.len());
                let length = end.saturating_sub(start);
                let text = inert(&label.text).into_owned();
                LabeledSpan::new(Some(text), start, length)
            });
        Some(Box::new(labels))
    }
}

#[cfg(test)]
mod tests {
    use super::safe;

    #[test]
    fn active_characters_are_shown_as_marks_and_line_ends_are_none_of_them() {
        assert_eq!(safe("a = 1\r\nb\rc\n"), "a = 1 \nb?c\n");
        assert_eq!(safe("a\u{202e}b").len(), "a\u{202e}b".len());
    }
}
