//! The unified difference of two texts.

use similar::udiff::UnifiedHunkHeader;
use similar::{ChangeTag, TextDiff};

/// The number of context lines around a change.
const CONTEXT: usize = 3;
/// The largest number of lines of a difference.
const LONGEST: usize = 200;

/// Returns the unified difference from `expected` to `found`, without file headers; empty when they are equal.
///
/// Differences are cut after 200 lines, followed by a line with the number of omitted lines.
#[must_use]
pub fn unified(expected: &str, found: &str) -> String {
    unified_shown((expected, found), (expected, found))
}

/// Compares like [`unified`], but shows other lines: both texts of `shown` have the lines of the compared ones, some of
/// them masked. A changed line is shown as changed although its mask is the same.
#[must_use]
pub fn unified_shown(compared: (&str, &str), shown: (&str, &str)) -> String {
    if compared.0 == compared.1 {
        return String::new();
    }
    let lines = |text| str::split_inclusive(text, '\n').collect::<Vec<&str>>();
    let (old, new) = (lines(compared.0), lines(compared.1));
    let (old_shown, new_shown) = (lines(shown.0), lines(shown.1));
    let difference = TextDiff::from_slices(&old, &new);
    let mut whole = String::new();
    for operations in difference.grouped_ops(CONTEXT) {
        if operations.is_empty() {
            continue;
        }
        whole.push_str(&format!("{}\n", UnifiedHunkHeader::new(&operations)));
        for change in operations
            .iter()
            .flat_map(|operation| difference.iter_changes(operation))
        {
            let (sign, line) = match change.tag() {
                ChangeTag::Delete => ('-', line_of(&old_shown, change.old_index())),
                ChangeTag::Insert => ('+', line_of(&new_shown, change.new_index())),
                ChangeTag::Equal => (' ', line_of(&old_shown, change.old_index())),
            };
            whole.push(sign);
            whole.push_str(line.trim_end_matches('\n'));
            if !change.value().ends_with('\n') {
                whole.push_str("\n\\ No newline at end of file");
            }
            whole.push('\n');
        }
    }
    let lines = whole.lines().count();
    if lines <= LONGEST {
        return whole;
    }
    let mut cut: String = whole
        .lines()
        .take(LONGEST)
        .flat_map(|line| [line, "\n"])
        .collect();
    cut.push_str(&format!("… {} more lines\n", lines - LONGEST));
    cut
}

/// Returns the line with a number; empty when the masked text has fewer lines.
fn line_of<'l>(lines: &[&'l str], number: Option<usize>) -> &'l str {
    number
        .and_then(|number| lines.get(number))
        .copied()
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{unified, unified_shown};

    #[test]
    fn equal_texts_have_no_difference() {
        assert_eq!(unified("a\n", "a\n"), "");
    }

    #[test]
    fn a_changed_line_shows_both() {
        assert_eq!(unified("a\nb\n", "a\nc\n"), "@@ -1,2 +1,2 @@\n a\n-b\n+c\n");
    }

    #[test]
    fn a_masked_line_is_shown_as_changed() {
        let shown = unified_shown(("a\npass=1\n", "b\npass=2"), ("a\npass=*\n", "b\npass=*"));
        assert_eq!(
            shown,
            "@@ -1,2 +1,2 @@\n-a\n-pass=*\n+b\n+pass=*\n\\ No newline at end of file\n"
        );
        assert_eq!(unified("a", "b"), {
            let none = "\\ No newline at end of file\n";
            format!("@@ -1 +1 @@\n-a\n{none}+b\n{none}")
        });
    }

    #[test]
    fn a_huge_difference_is_cut_with_a_note() {
        let found: String = (0..500).map(|line| format!("{line}\n")).collect();
        let shown = unified("", &found);
        assert!(shown.ends_with("more lines\n"), "{shown}");
        assert_eq!(shown.lines().count(), 201);
    }
}
