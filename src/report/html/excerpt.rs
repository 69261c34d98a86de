//! Excerpts of files: the lines around places, with the places marked and labelled.
//!
//! Snippets may come from any document: their numbers are not trusted.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::super::document::PlaceDocument;
use super::budget::{Share, fill};
use super::marks;
use super::text::{at_most, brief, sentence};

/// Lines of one file.
const LINES: Share = Share::new(80, 40_000);
/// Characters of one line.
const LINE: usize = 600;

/// Returns the files of places, in the order of their first place.
pub(super) fn excerpts(places: &[PlaceDocument]) -> Markup {
    let mut files: Vec<Vec<&PlaceDocument>> = Vec::new();
    for place in places {
        let is_of = |file: &&mut Vec<&PlaceDocument>| {
            file.first().is_some_and(|first| first.path == place.path)
        };
        match files.iter_mut().find(is_of) {
            Some(file) => file.push(place),
            None => files.push(vec![place]),
        }
    }
    let filled = fill(files.iter(), Share::new(20, 100_000), |places| file(places));
    html! { (filled.markup) (filled.rest("file")) }
}

/// Marked part of a line: first and last column, and its label where the place ends.
struct Meant<'a> {
    start: usize,
    end: usize,
    label: Option<&'a str>,
}

fn file(places: &[&PlaceDocument]) -> Markup {
    let lines = lines(places);
    let meant = meant(places, &lines);
    let mut before: Option<usize> = None;
    let filled = fill(lines.iter(), LINES, |(number, line)| {
        let gap = before.is_some_and(|before| before.checked_add(1) != Some(*number));
        before = Some(*number);
        let marks = meant.get(number).map(Vec::as_slice).unwrap_or_default();
        html! {
            @if gap { span.gap { "⋯\n" } }
            span.line.meant[!marks.is_empty()] {
                span.number { (number) } span.text { (marked(line, marks)) "\n" }
            }
            @for label in marks.iter().filter_map(|mark| mark.label) {
                span.label { (sentence(label)) "\n" }
            }
        }
    });
    html! {
        @if let Some(first) = places.first() {
            figure.source {
                figcaption { (marks::place(first)) }
                @if lines.is_empty() {
                    ul {
                        @for place in places.iter().take(20) {
                            li { (marks::place(place)) " " (brief(&place.label)) }
                        }
                    }
                } @else {
                    pre { code { (filled.markup) } }
                    (filled.rest("line"))
                }
            }
        }
    }
}

/// Returns the lines of all snippets by number.
fn lines<'a>(places: &[&'a PlaceDocument]) -> BTreeMap<usize, &'a str> {
    let mut lines = BTreeMap::new();
    for snippet in places.iter().filter_map(|place| place.snippet.as_ref()) {
        for (above, line) in snippet.text.lines().enumerate() {
            lines.insert(snippet.line.saturating_add(above), line);
        }
    }
    lines
}

/// Returns the marked parts of each line.
fn meant<'a>(
    places: &[&'a PlaceDocument],
    lines: &BTreeMap<usize, &str>,
) -> BTreeMap<usize, Vec<Meant<'a>>> {
    let mut meant: BTreeMap<usize, Vec<Meant<'a>>> = BTreeMap::new();
    for place in places {
        let ends_before = place.end_column <= 1 && place.end_line > place.line;
        let last = match (place.is_short(), ends_before) {
            (false, _) => place.line,
            (true, true) => place.end_line - 1,
            (true, false) => place.end_line,
        };
        if last < place.line {
            continue;
        }
        for number in lines.range(place.line..=last).map(|(number, _)| *number) {
            meant.entry(number).or_default().push(Meant {
                start: if number == place.line {
                    place.column
                } else {
                    1
                },
                end: if number == place.end_line {
                    place.end_column
                } else {
                    usize::MAX
                },
                label: (number == last).then_some(&*place.label),
            });
        }
    }
    for marks in meant.values_mut() {
        marks.sort_by_key(|mark| (mark.start, mark.end));
    }
    meant
}

/// Returns a line with its marked parts. Columns count characters from one; overlapping marks are shortened.
fn marked(line: &str, marks: &[Meant<'_>]) -> Markup {
    let (line, more) = at_most(line, LINE).parts();
    let characters: Vec<char> = line.chars().collect();
    let piece = |from: usize, to: usize| -> String {
        characters
            .get(
                from.min(characters.len())
                    ..to.min(characters.len()).max(from.min(characters.len())),
            )
            .unwrap_or_default()
            .iter()
            .collect()
    };
    let mut at = 0;
    let mut pieces: Vec<(bool, String)> = Vec::new();
    for mark in marks {
        let start = mark.start.saturating_sub(1).max(at);
        let end = mark.end.saturating_sub(1).max(start);
        pieces.push((false, piece(at, start)));
        pieces.push((true, piece(start, end)));
        at = end;
    }
    pieces.push((false, piece(at, usize::MAX)));
    html! {
        @for (is_meant, text) in pieces.iter().filter(|(_, text)| !text.is_empty()) {
            @if *is_meant { mark { (text) } } @else { (text) }
        }
        @if more > 0 { "… " (more) " more characters" }
    }
}

#[cfg(test)]
mod tests {
    use super::excerpts;
    use crate::report::{PlaceDocument, SnippetDocument};

    fn place(line: usize, end_line: usize, columns: (usize, usize), first: usize) -> PlaceDocument {
        PlaceDocument {
            path: "a.toml".into(),
            repository_path: None,
            line,
            column: columns.0,
            end_line,
            end_column: columns.1,
            length: 0,
            label: "here".into(),
            snippet: Some(SnippetDocument {
                line: first,
                text: "one\r\ntwo <2>\nthree\n".into(),
            }),
        }
    }

    #[test]
    fn places_are_marked_by_column_and_labelled() {
        let shown = excerpts(&[place(4, 4, (5, 8), 3)]).0;
        assert!(shown.contains("two <mark>&lt;2&gt;</mark>"), "{shown}");
        assert!(shown.contains(">here\n</span>"), "{shown}");
        assert!(shown.contains(">one\n"), "{shown}");
    }

    #[test]
    fn marks_that_overlap_are_shortened() {
        let shown = excerpts(&[place(3, 3, (1, 3), 3), place(3, 3, (2, 4), 3)]).0;
        assert!(shown.contains("<mark>on</mark><mark>e</mark>"), "{shown}");
    }

    #[test]
    fn no_number_of_a_document_is_trusted() {
        let far = usize::MAX;
        for (line, end, columns, first) in [
            (0, 0, (0, 0), 0),
            (far, far, (far, far), far),
            (1, far, (1, 1), 1),
            (far, 0, (far, 1), 1),
            (5, 1, (9, 2), 5),
            (1, 1, (1, 1), far),
        ] {
            assert!(!excerpts(&[place(line, end, columns, first)]).0.is_empty());
        }
    }
}
