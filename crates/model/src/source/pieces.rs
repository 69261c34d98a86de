//! Reads a long TOML file piece by piece, so that the parser's own records of the whole are never in memory together.
//!
//! A piece that is TOML by itself closes everything it opens; so what follows it begins at a table's header, just as it
//! does within the file. Where that is all there is to it, the pieces' trees make the file's tree. Where it is not — a
//! table that goes on in another piece, anything that is wrong — there is no answer here, and the file is read whole.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use rayon::prelude::*;
use toml::de::DeTable;

use super::tree::{Conversion, Node, NodeValue, Table};
use super::{SourceFile, Span};

/// About how long a piece is. Its parser's records are some thirty times as long.
pub(super) const PIECE: usize = 64 * 1024;

/// The tree of a file, in pieces of about `length` bytes; `None` when it must be read whole.
pub(super) fn parse(file: &Arc<SourceFile>, length: usize) -> Option<Table> {
    let mut conversion = Conversion::new(file);
    let mut all = Growing::default();
    let mut start = 0;
    while start < file.text.len() {
        let ranges = next_ranges(&file.text, start, length);
        let parsed: Vec<Option<DeTable<'_>>> = ranges
            .par_iter()
            .map(|range| file.text.get(range.clone()).and_then(parse_piece))
            .collect();
        for (range, piece) in ranges.into_iter().zip(parsed) {
            let begun = piece.is_some();
            let (piece, end) = match piece {
                Some(piece) => (piece, range.end),
                None => longer_piece(&file.text, range)?,
            };
            conversion.offset = start;
            let table = conversion.table(piece, 0);
            if !conversion.problems.is_empty() {
                return None;
            }
            all.add(table)?;
            start = end;
            if !begun {
                // The pieces that were to follow begin elsewhere.
                break;
            }
        }
    }
    let Table { entries } = &all.table;
    entries
        .iter()
        .all(|(_, _, node)| node.as_table().is_none_or(names_are_unique))
        .then_some(all.table)
}

/// The next pieces, as many as can be parsed at once: more would only be in memory together.
fn next_ranges(text: &str, start: usize, length: usize) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let mut begin = start;
    while begin < text.len() && ranges.len() < rayon::current_num_threads() {
        let end = begin + header_after(text.get(begin..).unwrap_or_default(), length);
        ranges.push(begin..end);
        begin = end;
    }
    ranges
}

/// A piece's tree; `None` when it is not TOML by itself.
fn parse_piece(text: &str) -> Option<DeTable<'_>> {
    let (table, errors) = DeTable::parse_recoverable(text);
    errors.is_empty().then(|| table.into_inner())
}

/// The piece that begins where one was tried in vain, and where it ends. What only looks like a header, within a text or
/// a list, leaves something open before it: then the piece is made longer.
fn longer_piece(text: &str, tried: Range<usize>) -> Option<(DeTable<'_>, usize)> {
    let rest = text.get(tried.start..)?;
    let mut end = tried.len();
    while end < rest.len() {
        end = header_after(rest, end.saturating_mul(2));
        if let Some(table) = parse_piece(rest.get(..end)?) {
            return Some((table, tried.start + end));
        }
    }
    None
}

/// Where the first line begins, at `least` or after it, that looks like a header of two names: `[file.config]`.
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

/// The tree of the pieces so far.
#[derive(Default)]
struct Growing {
    table: Table,
    /// Where each key of it stands.
    places: HashMap<Arc<str>, usize>,
}

impl Growing {
    /// Adds a piece's tables. `None` when one of them goes on where another piece had it.
    fn add(&mut self, piece: Table) -> Option<()> {
        let Table { entries } = &mut self.table;
        for (key, span, node) in piece.entries {
            let Some(place) = self.places.get(&key) else {
                self.places.insert(Arc::clone(&key), entries.len());
                entries.push((key, span, node));
                continue;
            };
            let (_, known_span, known) = entries.get_mut(*place)?;
            if !(only_in_headers(known_span, known) && only_in_headers(&span, &node)) {
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

/// Whether a table is there for no more than that headers name it before a dot: such a table has no place but its key's.
fn only_in_headers(key: &Span, node: &Node) -> bool {
    let before = key.file.text.get(..key.start());
    *key == node.span && before.is_some_and(|before| before.ends_with('['))
}

/// Whether no key is there twice: then no two pieces have parts of one table.
fn names_are_unique(table: &Table) -> bool {
    let mut names: Vec<&str> = table.entries.iter().map(|(key, _, _)| &**key).collect();
    names.sort_unstable();
    names.is_sorted_by(|one, two| one < two)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{is_header, parse};
    use crate::source::tree::whole;
    use crate::source::{Node, NodeValue, SourceFile, Table};

    /// A line of a definition, or what only looks like one.
    fn line() -> impl Strategy<Value = String> {
        let name = "[abc]";
        prop_oneof![
            4 => (name, name).prop_map(|(kind, name)| format!("[{kind}.{name}]")),
            4 => ("[d-z]{1,3}", "[a-z]{0,9}").prop_map(|(key, text)| format!("{key} = \"{text}\"")),
            1 => name.prop_map(|kind| format!("[{kind}]")),
            1 => (name, name, name).prop_map(|(one, two, three)| format!("[{one}.{two}.{three}]")),
            1 => (name, name).prop_map(|(kind, name)| format!("[[{kind}.{name}]]")),
            1 => name.prop_map(|kind| format!("[[{kind}]]")),
            1 => (name, name).prop_map(|(kind, name)| format!("[ {kind} . \"{name}\" ]")),
            1 => (name, name).prop_map(|(kind, key)| format!("{kind}.{key} = 1")),
            1 => name.prop_map(|kind| format!("{kind} = {{ x = 1 }}")),
            1 => Just("# é [a.b]".to_owned()),
            1 => Just("t = \"\"\"\n[a.b]\nx = 1\n[c.d]\n\"\"\"".to_owned()),
            1 => Just("l = [\n[1],\n[2],\n]".to_owned()),
            1 => Just("m = '''\n[a.b]\n'''".to_owned()),
            1 => Just("n = 0x7fffffffffffffffff".to_owned()),
            1 => Just("\"\"\"".to_owned()),
            1 => Just(String::new()),
        ]
    }

    /// Whether everything is the same, and at the same place from its first byte to its last.
    fn same(one: &Node, two: &Node) -> bool {
        one.span == two.span
            && match (&one.value, &two.value) {
                (NodeValue::Table(one), NodeValue::Table(two)) => same_tables(one, two),
                (NodeValue::List(one), NodeValue::List(two)) => {
                    one.len() == two.len() && one.iter().zip(two).all(|(one, two)| same(one, two))
                }
                (one, two) => format!("{one:?}") == format!("{two:?}"),
            }
    }

    fn same_tables(one: &Table, two: &Table) -> bool {
        one.entries.len() == two.entries.len()
            && one
                .entries
                .iter()
                .zip(&two.entries)
                .all(|(one, two)| one.0 == two.0 && one.1 == two.1 && same(&one.2, &two.2))
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

        #[test]
        fn pieces_make_the_tree_of_the_whole(
            lines in proptest::collection::vec(line(), 0..24),
            length in 1_usize..60,
            ending in prop_oneof![Just("\n"), Just("\r\n")],
        ) {
            let file = SourceFile::new("a.toml", lines.join(ending));
            if let Some(table) = parse(&file, length) {
                let (expected, problems) = whole(&file);
                prop_assert!(problems.is_empty(), "{:?}", problems);
                prop_assert!(same_tables(&table, &expected), "{table:?}\n{expected:?}");
            }
        }
    }

    #[test]
    fn a_file_of_many_resources_is_read_in_pieces() {
        let mut text = String::from("[system]\nname = \"x\"\n");
        for number in 0..200 {
            text.push_str(&format!(
                "[file.f{number}]\ncontent = \"\"\"\n[looks.like]\n\"\"\"\n"
            ));
        }
        let file = SourceFile::new("a.toml", text);
        let table = parse(&file, 100).unwrap();
        assert_eq!(
            table.get("file").unwrap().as_table().unwrap().entries.len(),
            200
        );
    }

    #[test]
    fn what_goes_on_in_another_piece_is_read_whole() {
        for text in [
            "[a.b]\nx = 1\n[a.b]\ny = 1\n",
            "[a]\ny = 1\n[a.b]\nx = 1\n",
            "a.b = 1\n[a.c]\n",
            "a = {}\n[a.c]\n",
            "[[a.b]]\n[a.b]\n",
        ] {
            let file = SourceFile::new("a.toml", text);
            assert!(parse(&file, 1).is_none(), "{text}");
        }
    }

    #[test]
    fn only_plain_headers_begin_a_piece() {
        assert!(is_header("file.config]\n"));
        for other in [
            "file]",
            "[file.x]]",
            "file.x.y]",
            "file.\"x\"]",
            ".x]",
            "1, 2]",
        ] {
            assert!(!is_header(other), "{other}");
        }
    }
}
