//! Selects lines of a file and changes them. Pure: bytes to bytes.
//!
//! Every other byte stays, with line ends of either sort and with or without an end of the last line. Text that is not
//! UTF-8 is compared byte by byte, and matched by regular expressions with replacement characters.

use std::borrow::Cow;
use std::ops::Range;

use regex_lite::Regex;

use super::{DropLines, FoundLine, LinesState, SetLines, Wanted, key};
use evenkeel_model::Digest;

/// The longest text of a line in an answer.
const LONGEST_TEXT: usize = 400;

/// A line with its end, which the last one may lack.
#[derive(Clone)]
struct Line<'a> {
    text: Cow<'a, [u8]>,
    end: &'a [u8],
}

/// A range of selected lines.
struct Selected {
    lines: Range<usize>,
    is_wanted: bool,
}

fn split(bytes: &[u8]) -> Vec<Line<'_>> {
    bytes
        .split_inclusive(|byte| *byte == b'\n')
        .map(|line| {
            let text = line.strip_suffix(b"\n").unwrap_or(line);
            let has_end = text.len() < line.len();
            let text = text.strip_suffix(b"\r").filter(|_| has_end).unwrap_or(text);
            Line {
                text: Cow::Borrowed(text),
                end: line.get(text.len()..).unwrap_or_default(),
            }
        })
        .collect()
}

fn join(lines: &[Line<'_>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for line in lines {
        bytes.extend_from_slice(&line.text);
        bytes.extend_from_slice(line.end);
    }
    bytes
}

fn pattern(text: &str) -> Result<Regex, String> {
    Regex::new(text).map_err(|error| format!("invalid regular expression `{text}`: {error}"))
}

fn is_match(pattern: &Regex, line: &Line<'_>) -> bool {
    pattern.is_match(&String::from_utf8_lossy(&line.text))
}

fn select(lines: &[Line<'_>], wanted: &Wanted) -> Result<Vec<Selected>, String> {
    let single = |number: usize, is_wanted| Selected {
        lines: number..number + 1,
        is_wanted,
    };
    let numbered = lines.iter().enumerate();
    match wanted {
        Wanted::Line { text, matching } => {
            let matching = matching.as_deref().map(pattern).transpose()?;
            let text = text.as_deref().map(str::as_bytes);
            Ok(numbered
                .filter_map(|(number, line)| {
                    let is_equal = text == Some(&*line.text);
                    let matches = || matching.as_ref().is_some_and(|it| is_match(it, line));
                    (is_equal || matches()).then(|| single(number, is_equal))
                })
                .collect())
        }
        Wanted::Key { line } => {
            let wanted = key::parse(line).ok_or("the declared key is unreadable")?;
            Ok(numbered
                .filter_map(|(number, line)| {
                    let text = std::str::from_utf8(&line.text).ok()?;
                    let found = key::parse(text)?;
                    (found.sort == wanted.sort && found.blob == wanted.blob)
                        .then(|| single(number, found.options == wanted.options))
                })
                .collect())
        }
        Wanted::Block { begin, end, lines } => blocks(numbered, (begin, end), lines),
    }
}

fn blocks<'l>(
    numbered: impl Iterator<Item = (usize, &'l Line<'l>)>,
    (begin, end): (&str, &str),
    wanted: &[String],
) -> Result<Vec<Selected>, String> {
    let mut selected = Vec::new();
    let mut open: Option<(usize, Vec<&[u8]>)> = None;
    for (number, line) in numbered {
        let is_begin = *line.text == *begin.as_bytes();
        let is_end = *line.text == *end.as_bytes();
        match (&mut open, is_begin, is_end) {
            (Some((start, _)), true, _) => {
                return Err(unpaired(begin, *start, "has no end"));
            }
            (None, _, true) => return Err(unpaired(end, number, "has no begin")),
            (None, true, _) => open = Some((number, Vec::new())),
            (Some((start, inside)), _, true) => {
                let is_wanted = inside.len() == wanted.len()
                    && inside
                        .iter()
                        .zip(wanted)
                        .all(|(one, other)| *one == other.as_bytes());
                selected.push(Selected {
                    lines: *start..number + 1,
                    is_wanted,
                });
                open = None;
            }
            (Some((_, inside)), false, false) => inside.push(&line.text),
            (None, false, false) => {}
        }
    }
    match open {
        Some((start, _)) => Err(unpaired(begin, start, "has no end")),
        None => Ok(selected),
    }
}

fn unpaired(marker: &str, number: usize, what: &str) -> String {
    format!(
        "the marker `{marker}` in line {} {what}: complete or remove the block",
        number + 1
    )
}

/// Returns the state of lines in a file.
pub(super) fn look(bytes: &[u8], wanted: &Wanted) -> Result<LinesState, String> {
    let lines = split(bytes);
    let found = select(&lines, wanted)?
        .into_iter()
        .map(|selected| {
            let texts: Vec<&[u8]> = lines
                .get(selected.lines.clone())
                .unwrap_or_default()
                .iter()
                .map(|line| &*line.text)
                .collect();
            let text = texts.join(&b'\n');
            FoundLine {
                number: u32::try_from(selected.lines.start + 1).unwrap_or(u32::MAX),
                digest: Digest::of(&text),
                is_wanted: selected.is_wanted,
                text: Some(text)
                    .filter(|text| text.len() <= LONGEST_TEXT)
                    .and_then(|text| String::from_utf8(text).ok()),
            }
        })
        .collect();
    Ok(LinesState::Seen { found })
}

/// Returns whether lines are as they should be.
pub(super) fn is_met(state: &LinesState, wanted: &Wanted) -> bool {
    let found = state.found();
    let enough = match wanted {
        Wanted::Block { .. } => found.len() == 1,
        Wanted::Line { .. } | Wanted::Key { .. } => !found.is_empty(),
    };
    enough && found.iter().all(|line| line.is_wanted)
}

fn refuse_ambiguous(state: &LinesState, wanted: &Wanted, all: bool) -> Result<(), String> {
    match (wanted, state.ambiguous()) {
        (Wanted::Line { .. }, Some(numbers)) if !all => Err(format!(
            "lines {} match: write a stricter `match`, or `all = true`",
            evenkeel_model::text::list(
                &numbers.iter().map(u32::to_string).collect::<Vec<_>>(),
                "and"
            )
        )),
        _ => Ok(()),
    }
}

/// Returns the content of a file with lines put into it.
pub(super) fn put(bytes: &[u8], action: &SetLines) -> Result<Vec<u8>, String> {
    let texts: Vec<&str> = match &action.wanted {
        Wanted::Line { text, .. } => {
            vec![text.as_deref().ok_or("the action has no line")?]
        }
        Wanted::Key { line } => vec![line],
        Wanted::Block { begin, end, lines } => std::iter::once(begin)
            .chain(lines)
            .chain([end])
            .map(String::as_str)
            .collect(),
    };
    refuse_ambiguous(&look(bytes, &action.wanted)?, &action.wanted, action.all)?;
    let mut lines = split(bytes);
    let usual: &[u8] = match lines.first() {
        Some(Line { end: b"\r\n", .. }) => b"\r\n",
        _ => b"\n",
    };
    let mut new: Vec<Line<'_>> = texts
        .iter()
        .map(|text| Line {
            text: Cow::Borrowed(text.as_bytes()),
            end: usual,
        })
        .collect();
    let selected = select(&lines, &action.wanted)?;
    if let Some((first, others)) = selected.split_first() {
        remove(&mut lines, others);
        let replaced = lines.get(first.lines.end - 1).map_or(usual, |it| it.end);
        if let Some(last) = new.last_mut() {
            last.end = replaced;
        }
        lines.splice(first.lines.clone(), new);
        return Ok(join(&lines));
    }
    let at = position(&lines, action)?;
    // Behind the last line of a file without a final line end, the new last line has none either.
    if at == lines.len()
        && let Some(last) = lines.last_mut()
        && last.end.is_empty()
    {
        // A carriage return at the very end is text, and must not become part of the line end.
        let is_return = last.text.ends_with(b"\r");
        last.end = if is_return { b"\r\n" } else { usual };
        if let Some(last) = new.last_mut() {
            last.end = b"";
        }
    }
    lines.splice(at..at, new);
    Ok(join(&lines))
}

/// Returns the number of the line before which new lines go.
fn position(lines: &[Line<'_>], action: &SetLines) -> Result<usize, String> {
    let missing = |key: &str, text: &str| {
        format!("no line matches `{key} = {text:?}`: the place for the new line is unknown")
    };
    match (&action.after, &action.before) {
        (Some(after), _) => {
            let pattern = pattern(after)?;
            lines
                .iter()
                .rposition(|line| is_match(&pattern, line))
                .map(|number| number + 1)
                .ok_or_else(|| missing("after", after))
        }
        (None, Some(before)) => {
            let pattern = pattern(before)?;
            lines
                .iter()
                .position(|line| is_match(&pattern, line))
                .ok_or_else(|| missing("before", before))
        }
        (None, None) => Ok(lines.len()),
    }
}

/// Returns the content of a file without lines.
pub(super) fn take(bytes: &[u8], action: &DropLines) -> Result<Vec<u8>, String> {
    refuse_ambiguous(&look(bytes, &action.wanted)?, &action.wanted, action.all)?;
    let mut lines = split(bytes);
    let selected = select(&lines, &action.wanted)?;
    remove(&mut lines, &selected);
    Ok(join(&lines))
}

/// Removes selected lines. A file without a final line end stays without one.
fn remove(lines: &mut Vec<Line<'_>>, selected: &[Selected]) {
    let had_end = lines.last().is_none_or(|last| !last.end.is_empty());
    let mut number = 0;
    lines.retain(|_| {
        let is_selected = selected.iter().any(|it| it.lines.contains(&number));
        number += 1;
        !is_selected
    });
    if !had_end && let Some(last) = lines.last_mut() {
        last.end = b"";
    }
}

#[cfg(test)]
mod tests;
