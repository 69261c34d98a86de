//! Differences: of two values word by word, and of texts line by line.

use maud::{Markup, html};
use similar::{ChangeTag, TextDiff};

use super::budget::{Share, fill};
use super::text::{at_most, value};

/// Longest values that are compared word by word.
const LONGEST: usize = 1_200;
/// Likeness below which the words of two values are not compared.
const UNLIKE: f32 = 0.2;
/// Lines of a difference of texts.
const LINES: Share = Share::new(220, 60_000);

/// Returns the expected value above the found one, with differing words marked.
pub(super) fn values(
    (first, expected): (&str, Option<&str>),
    (second, found): (&str, Option<&str>),
) -> Markup {
    let (left, right) = words(expected.unwrap_or_default(), found.unwrap_or_default());
    let shown = |text: Option<&str>, markup: Markup| {
        html! { @if text == Some("") { span.name { "(empty)" } } @else { code { (markup) } } }
    };
    let (left, right) = (shown(expected, left), shown(found, right));
    html! {
        @if expected.is_some() || found.is_some() {
            dl.values {
                @if expected.is_some() {
                    div.old { dt { (first) } dd { (left) } }
                }
                @if found.is_some() {
                    div.new { dt { (second) } dd { (right) } }
                }
            }
        }
    }
}

/// Returns two texts, each with its own words marked.
fn words(old: &str, new: &str) -> (Markup, Markup) {
    let plain = || (html! { (value(old)) }, html! { (value(new)) });
    if old.len() > LONGEST || new.len() > LONGEST || old.is_empty() || new.is_empty() {
        return plain();
    }
    let difference = TextDiff::from_unicode_words(old, new);
    if difference.ratio() < UNLIKE {
        return (
            html! { mark { (value(old)) } },
            html! { mark { (value(new)) } },
        );
    }
    let changes: Vec<(ChangeTag, &str)> = difference
        .iter_all_changes()
        .map(|change| (change.tag(), change.value()))
        .collect();
    (
        side(&changes, ChangeTag::Delete),
        side(&changes, ChangeTag::Insert),
    )
}

/// Returns one side of a word difference: common words, and its own words in marks.
fn side(changes: &[(ChangeTag, &str)], own: ChangeTag) -> Markup {
    let mut runs: Vec<(bool, String)> = Vec::new();
    for (tag, text) in changes {
        let is_own = *tag == own;
        if !is_own && *tag != ChangeTag::Equal {
            continue;
        }
        match runs.last_mut().filter(|(of, _)| *of == is_own) {
            Some((_, run)) => run.push_str(text),
            None => runs.push((is_own, (*text).to_owned())),
        }
    }
    html! {
        @for (is_own, run) in &runs {
            @if *is_own { mark { (value(run)) } } @else { (value(run)) }
        }
    }
}

/// Returns a unified difference. Consecutive removed and added lines are compared word by word.
pub(super) fn unified(text: &str) -> Markup {
    let lines: Vec<&str> = text.lines().collect();
    let mut rows: Vec<(&str, char, Markup)> = Vec::new();
    let mut rest = lines.as_slice();
    while let Some((line, after)) = rest.split_first() {
        let removed = run(rest, '-');
        let added = rest.get(removed..).map_or(0, |rest| run(rest, '+'));
        if removed > 0 && removed == added {
            let (old, both) = rest.split_at(removed);
            let (new, after) = both.split_at(added);
            let pairs: Vec<_> = old
                .iter()
                .zip(new)
                .map(|(old, new)| words(tail(old), tail(new)))
                .collect();
            let (left, right): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
            rows.extend(left.into_iter().map(|line| ("old", '-', line)));
            rows.extend(right.into_iter().map(|line| ("new", '+', line)));
            rest = after;
            continue;
        }
        let contents = || html! { (value(tail(line))) };
        rows.push(match line.chars().next() {
            Some('-') => ("old", '-', contents()),
            Some('+') => ("new", '+', contents()),
            Some(' ') => ("same", ' ', contents()),
            _ => ("hunk", ' ', html! { (at_most(line, 400)) }),
        });
        rest = after;
    }
    let filled = fill(rows.into_iter(), LINES, |(class, sign, line)| {
        html! {
            span class=(class) {
                span.sign { (sign) } span.text { (line) "\n" }
            }
        }
    });
    html! {
        pre.difference { code { (filled.markup) } }
        (filled.rest("line"))
    }
}

/// Counts the consecutive lines that start with a sign.
fn run(lines: &[&str], sign: char) -> usize {
    lines
        .iter()
        .take_while(|line| line.starts_with(sign))
        .count()
}

/// Returns a line without its sign.
fn tail(line: &str) -> &str {
    line.get(1..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{unified, values, words};

    #[test]
    fn words_that_differ_are_marked_on_both_sides() {
        let (old, new) = words("p95 is 200 ms here", "p95 is 210 ms here");
        assert_eq!(old.0, "p95 is <mark>200</mark> ms here");
        assert_eq!(new.0, "p95 is <mark>210</mark> ms here");
    }

    #[test]
    fn values_without_a_common_word_are_marked_whole() {
        let (old, new) = words("0640", "<0644>");
        assert_eq!(old.0, "<mark>0640</mark>");
        assert_eq!(new.0, "<mark>&lt;0644&gt;</mark>");
    }

    #[test]
    fn one_value_alone_is_shown_alone() {
        let shown = values(("expected", None), ("found", Some("x"))).0;
        assert!(!shown.contains("expected"), "{shown}");
    }

    #[test]
    fn lines_have_their_sign_as_text() {
        let shown = unified("@@ -1,2 +1,2 @@\n a = 1\n-b = 2\n+b = 3\n").0;
        assert!(shown.contains("<span class=\"sign\">-</span>"), "{shown}");
        assert!(shown.contains("b = <mark>3</mark>"), "{shown}");
        assert!(shown.contains("<span class=\"hunk\">"), "{shown}");
    }

    #[test]
    fn a_line_may_begin_with_any_character() {
        assert!(unified("é\n\n-\n").0.contains('é'));
    }
}
