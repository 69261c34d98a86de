//! Places: position in a file, label, and surrounding lines.
//!
//! A place contains all displayed text, so that a renderer reads no file.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use evenkeel_model::defect::Label;
use evenkeel_model::source::{SourceFile, Span};

/// Longest line of a snippet, in bytes.
pub(in crate::report) const LONGEST_LINE: usize = 1_000;
/// Maximum number of lines of a place in a snippet; of a longer place, only the first line is included.
const MOST_LINES: usize = 12;

/// Place in a file, with its label. Lines and columns count from one, columns in characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct PlaceDocument {
    /// File, relative to the project, with `/`.
    pub path: Arc<str>,
    /// File, relative to the repository; absent outside of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repository_path: Option<Arc<str>>,
    /// First line.
    pub line: usize,
    /// Column of the first character.
    pub column: usize,
    /// Last line.
    pub end_line: usize,
    /// Column one past the last character.
    pub end_column: usize,
    /// Length in bytes of UTF-8.
    pub length: usize,
    /// The label.
    pub label: String,
    /// Surrounding lines; absent if they are too long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snippet: Option<SnippetDocument>,
}

/// Lines of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct SnippetDocument {
    /// Number of its first line.
    pub line: usize,
    /// Lines, each with its line break.
    pub text: String,
}

impl PlaceDocument {
    /// Whether all lines of the place are included, not only the first.
    pub(in crate::report) fn is_short(&self) -> bool {
        let lines = self.end_line.saturating_sub(self.line);
        lines + usize::from(self.end_column > 1) <= MOST_LINES
    }
}

impl SnippetDocument {
    /// Returns the number of the line after its last.
    fn end(&self) -> usize {
        self.line + self.text.split_inclusive('\n').count()
    }
}

impl fmt::Display for PlaceDocument {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}:{}", self.path, self.line, self.column)
    }
}

/// Paths of a file: relative to the project, and to the repository.
type Paths = (Arc<str>, Option<Arc<str>>);

/// Converter of labels to places. Each path is stored once, however many places its file has.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// Project directory within its repository.
    project: Option<String>,
    paths: HashMap<String, Paths>,
}

impl Places {
    /// Creates a converter for a project at this path of its repository; `None` without a repository.
    pub(super) fn of(project: Option<String>) -> Self {
        Self {
            project,
            paths: HashMap::new(),
        }
    }

    /// Returns the places of labels, in order.
    pub(super) fn all(&mut self, labels: &[Label]) -> Vec<PlaceDocument> {
        let mut places: Vec<PlaceDocument> = labels
            .iter()
            .map(|label| self.place(&label.span, &label.text))
            .collect();
        if places.len() > 1 {
            join(labels, &mut places);
        }
        places
    }

    /// Returns one place.
    pub(super) fn place(&mut self, span: &Span, label: &str) -> PlaceDocument {
        let (path, repository_path) = self.paths(&span.file.path);
        let (line, column) = span.file.position(span.start());
        let (end_line, end_column) = span.file.position(span.end());
        let mut place = PlaceDocument {
            path,
            repository_path,
            line,
            column,
            end_line,
            end_column,
            length: span.end().saturating_sub(span.start()),
            label: label.to_owned(),
            snippet: None,
        };
        place.snippet = snippet(span, &place);
        place
    }

    fn paths(&mut self, path: &str) -> Paths {
        if let Some(paths) = self.paths.get(path) {
            return paths.clone();
        }
        let within = self
            .project
            .as_deref()
            .and_then(|project| within_repository(project, path));
        let paths = (Arc::from(path), within.map(Arc::from));
        self.paths.insert(path.to_owned(), paths.clone());
        paths
    }
}

/// Returns a path relative to the repository; `None` for one outside of it.
fn within_repository(project: &str, path: &str) -> Option<String> {
    if path.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in project.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => _ = parts.pop()?,
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// Returns the lines of a place, with one line before and after; `None` if one of them is too long.
fn snippet(span: &Span, place: &PlaceDocument) -> Option<SnippetDocument> {
    let file = &span.file;
    let last = if place.is_short() {
        place.end_line
    } else {
        place.line
    };
    if is_on_a_long_line(span, place.line, last) {
        return None;
    }
    let first = place.line.saturating_sub(1).max(1);
    lines(file, first..last + 2)
}

/// Returns the existing lines of a file in a range.
fn lines(file: &SourceFile, numbers: Range<usize>) -> Option<SnippetDocument> {
    let start = file.line(numbers.start)?.start;
    let end = numbers
        .clone()
        .rev()
        .find_map(|number| file.line(number))
        .map_or(start, |line| line.end);
    Some(SnippetDocument {
        line: numbers.start,
        text: file.text.get(start..end)?.to_owned(),
    })
}

/// Returns the length of a line without its line feed; zero if it does not exist.
fn length(file: &SourceFile, number: usize) -> usize {
    file.line(number).map_or(0, |line| {
        let fed = file.text.as_bytes().get(line.clone()).unwrap_or_default();
        line.len() - usize::from(fed.ends_with(b"\n"))
    })
}

/// Whether the lines of a place, or the adjacent lines, are too long.
fn is_on_a_long_line(span: &Span, first: usize, last: usize) -> bool {
    let file = &span.file;
    let at = |number: usize| file.line(number).unwrap_or_default();
    let before = span.start().saturating_sub(at(first).start) + length(file, first - 1);
    let end = span.end().min(at(last).start + length(file, last));
    let after = (at(last).start + length(file, last)).saturating_sub(end) + length(file, last + 1);
    let within = (first..=last).map(|number| {
        let line = at(number);
        let start = span.start().max(line.start);
        let end = span.end().min(line.start + length(file, number));
        end.saturating_sub(start)
    });
    before.max(after).max(within.max().unwrap_or(0)) > LONGEST_LINE
}

/// Joins the snippets of two near places of one file, by adding the lines between them to the first.
fn join(labels: &[Label], places: &mut [PlaceDocument]) {
    let mut files: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (number, label) in labels.iter().enumerate() {
        files.entry(&label.span.file.path).or_default().push(number);
    }
    for mut numbers in files.into_values().filter(|numbers| numbers.len() > 1) {
        numbers.sort_by_key(|number| labels.get(*number).map(|label| label.span.start()));
        join_in_order(labels, &numbers, places);
    }
}

/// Joins the places of one file in the order of its lines, like [`join`].
fn join_in_order(labels: &[Label], order: &[usize], places: &mut [PlaceDocument]) {
    /// Consecutive lines: the first, the one past the last, and the place that contains the last.
    type Block = (usize, usize, usize);
    let mut block: Option<Block> = None;
    for number in order {
        let Some(snippet) = places.get(*number).and_then(|place| place.snippet.as_ref()) else {
            continue;
        };
        let (start, end) = (snippet.line, snippet.end());
        let Some((first, next, holder)) = block else {
            block = Some((start, end, *number));
            continue;
        };
        let file = labels.get(*number).map(|label| &label.span.file);
        let between = next..start;
        // The renderer joins fewer lines at the start of a file.
        let is_near = between.len() <= MOST_LINES && first + next > start;
        let mut is_one = between.is_empty();
        if let (false, true, Some(file)) = (is_one, is_near, file)
            && between
                .clone()
                .all(|line| length(file, line) <= LONGEST_LINE)
            && let Some(snippet) = places
                .get_mut(holder)
                .and_then(|place| place.snippet.as_mut())
            && let Some(joined) = lines(file, snippet.line..start)
        {
            *snippet = joined;
            is_one = true;
        }
        block = Some(match (is_one, end > next) {
            (false, _) => (start, end, *number),
            (true, true) => (first, end, *number),
            (true, false) => (first, next, holder),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::{LONGEST_LINE, Places, within_repository};
    use evenkeel_model::defect::Label;
    use evenkeel_model::source::{SourceFile, Span};

    fn places(text: &str, spans: &[(usize, usize)]) -> Vec<super::PlaceDocument> {
        let file = SourceFile::new("environments/system.toml", text);
        let labels: Vec<Label> = spans
            .iter()
            .map(|span| Label {
                span: Span::new(&file, span.0..span.1),
                text: "here".into(),
            })
            .collect();
        Places::of(Some("deploy".into())).all(&labels)
    }

    #[test]
    fn paths_are_relative_to_the_repository_where_they_are_within_it() {
        let within = |project, path| within_repository(project, path);
        assert_eq!(within("", "a/b.toml").as_deref(), Some("a/b.toml"));
        assert_eq!(within("x/y", "../b.toml").as_deref(), Some("x/b.toml"));
        assert_eq!(within("x", "../../b.toml"), None);
        assert_eq!(within("x", "/etc/b.toml"), None);
    }

    #[test]
    fn a_place_has_the_lines_around_it() {
        let all = places("a\nb\nc\nd\ne\n", &[(4, 5)]);
        let place = &all[0];
        assert_eq!(&*place.path, "environments/system.toml");
        let repository = place.repository_path.as_deref();
        assert_eq!(repository, Some("deploy/environments/system.toml"));
        assert_eq!((place.line, place.column, place.length), (3, 1, 1));
        let snippet = place.snippet.as_ref().unwrap();
        assert_eq!((snippet.line, &*snippet.text), (2, "b\nc\nd\n"));
    }

    #[test]
    fn places_at_the_end_of_a_file_and_in_an_empty_one_have_snippets() {
        let end = &places("a\nb", &[(3, 3)])[0];
        assert_eq!(end.snippet.as_ref().unwrap().text, "a\nb");
        let empty = &places("", &[(0, 0)])[0];
        assert_eq!(empty.snippet.as_ref().unwrap().text, "");
    }

    #[test]
    fn a_long_line_has_no_snippet_and_a_long_place_has_its_first_line() {
        let long = format!("a\n{}\nb\n", "x".repeat(LONGEST_LINE + 1));
        assert!(
            places(&long, &[(0, 1)])[0].snippet.is_none(),
            "the line after"
        );
        assert!(
            places(&long, &[(2, 3)])[0].snippet.is_none(),
            "its own line"
        );
        let tall = "a\n".repeat(100);
        let place = &places(&tall, &[(2, 150)])[0];
        assert_eq!(place.snippet.as_ref().unwrap().text, "a\n".repeat(3));
        assert!(!place.is_short());
    }

    #[test]
    fn lines_between_near_places_are_shown_and_those_between_far_ones_are_not() {
        let text = "a\n".repeat(100);
        let near = places(&text, &[(60, 61), (40, 41)]);
        assert_eq!(near[1].snippet.as_ref().unwrap().text, "a\n".repeat(10));
        let far = places(&text, &[(40, 41), (100, 101)]);
        assert_eq!(far[0].snippet.as_ref().unwrap().text, "a\n".repeat(3));
    }
}
