//! Parses a long definition in parts, one on each core.
//!
//! A part that is valid TOML by itself closes everything it opens, and the next part starts at a table header, as
//! within the file. Then the tables of the parts form the table of the file. Otherwise (a table continued in another
//! part, or any error) the file is parsed whole.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use rayon::prelude::*;

use super::MOST_NODES;
use super::definition::read_part;
use evenkeel_model::source::{Node, NodeValue, SourceFile, Span, Table};

/// The shortest part that is worth a thread, in bytes.
pub(super) const SHORTEST: usize = 64 * 1024;

/// Parses a file in parts of at least this many bytes; `None` when it must be parsed whole.
pub(super) fn read(file: &Arc<SourceFile>, shortest: usize) -> Option<Table> {
    let ranges = ranges(&file.text, shortest, rayon::current_num_threads());
    if ranges.len() < 2 {
        return None;
    }
    let parts: Vec<Option<(Table, usize)>> = ranges
        .into_par_iter()
        .map(|range| read_part(file, range))
        .collect();
    let mut all = Growing::default();
    let mut nodes = 0;
    for part in parts {
        let (table, count) = part?;
        nodes += count;
        all.add(table)?;
    }
    let Table { entries } = &all.table;
    let is_whole = nodes <= MOST_NODES
        && entries
            .iter()
            .all(|(_, _, node)| node.as_table().is_none_or(names_are_unique));
    is_whole.then_some(all.table)
}

/// Splits a text into at most `most` parts of similar length.
fn ranges(text: &str, shortest: usize, most: usize) -> Vec<Range<usize>> {
    let length = text.len().div_ceil(most.max(1)).max(shortest);
    let mut ranges = Vec::new();
    let mut start = 0;
    while start < text.len() {
        let end = start + header_after(text.get(start..).unwrap_or_default(), length);
        ranges.push(start..end);
        start = end;
    }
    ranges
}

/// Returns the start of the first line, at `least` or after it, that looks like a header of two names: `[file.config]`.
fn header_after(text: &str, least: usize) -> usize {
    let least = text.floor_char_boundary(least);
    let Some(rest) = text.get(least..) else {
        return text.len();
    };
    rest.match_indices("\n[")
        .map(|(feed, _)| least + feed + 1)
        .find(|start| text.get(start + 1..).is_some_and(is_header))
        .unwrap_or(text.len())
}

fn is_header(text: &str) -> bool {
    let name = |text: &str| {
        text.bytes()
            .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
            .count()
    };
    let first = name(text);
    let second = text
        .get(first..)
        .and_then(|rest| rest.strip_prefix('.'))
        .map_or(0, name);
    first > 0 && second > 0 && text.as_bytes().get(first + 1 + second) == Some(&b']')
}

/// The table of the parts so far.
#[derive(Default)]
struct Growing {
    table: Table,
    /// The position of each key.
    positions: HashMap<Arc<str>, usize>,
}

impl Growing {
    /// Adds the tables of a part. `None` when one of them continues a table of another part.
    fn add(&mut self, part: Table) -> Option<()> {
        let Table { entries } = &mut self.table;
        for (key, span, node) in part.entries {
            let Some(position) = self.positions.get(&key) else {
                self.positions.insert(Arc::clone(&key), entries.len());
                entries.push((key, span, node));
                continue;
            };
            let (_, known_span, known) = entries.get_mut(*position)?;
            if !(is_implied(known_span, known) && is_implied(&span, &node)) {
                return None;
            }
            let (NodeValue::Table(known), NodeValue::Table(more)) = (&mut known.value, node.value)
            else {
                return None;
            };
            known.entries.extend(more.entries);
        }
        Some(())
    }
}

/// Returns whether a table exists only as the parent in headers: such a table has only the place of its key.
fn is_implied(key: &Span, node: &Node) -> bool {
    let before = key.file.text.get(..key.start());
    *key == node.span && before.is_some_and(|before| before.ends_with('['))
}

/// Returns whether no key is repeated: then no table is split between parts.
fn names_are_unique(table: &Table) -> bool {
    let mut names: Vec<&str> = table.entries.iter().map(|(key, _, _)| &**key).collect();
    names.sort_unstable();
    names.is_sorted_by(|one, two| one < two)
}

#[cfg(test)]
mod tests {
    use super::{is_header, ranges};

    #[test]
    fn only_plain_headers_start_a_part() {
        assert!(is_header("file.config]\n"));
        assert!(is_header("a-b.c_1]"));
        for other in [
            "file]",
            "file.a.b]",
            "[a.b]]",
            "a.\"b\"]",
            "a .b]",
            "a.]",
            "",
        ] {
            assert!(!is_header(other), "{other}");
        }
    }

    #[test]
    fn parts_are_the_whole_text() {
        let text = "[a.a]\nx = 1\n[a.b]\ny = \"é\"\n[a.c]\n";
        for most in 1..6 {
            let parts: String = ranges(text, 1, most)
                .into_iter()
                .map(|range| &text[range])
                .collect();
            assert_eq!(parts, text);
        }
        assert_eq!(ranges(text, 1, 2).len(), 2);
        assert_eq!(ranges(text, 1000, 2).len(), 1);
    }
}
