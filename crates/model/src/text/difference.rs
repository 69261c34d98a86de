//! The unified difference of two texts.

use similar::TextDiff;

/// Lines of context around a change.
const CONTEXT: usize = 3;
/// A difference longer than this many lines is cut, and says so.
const LONGEST: usize = 200;

/// Returns the unified difference from `expected` to `found`, without file headers; empty when they are equal.
///
/// Very long differences are cut after 200 lines with a line that says how many were left out.
#[must_use]
pub fn unified(expected: &str, found: &str) -> String {
    if expected == found {
        return String::new();
    }
    let difference = TextDiff::from_lines(expected, found);
    let whole = difference
        .unified_diff()
        .context_radius(CONTEXT)
        .to_string();
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

#[cfg(test)]
mod tests {
    use super::unified;

    #[test]
    fn equal_texts_have_no_difference() {
        assert_eq!(unified("a\n", "a\n"), "");
    }

    #[test]
    fn a_changed_line_shows_both() {
        assert_eq!(unified("a\nb\n", "a\nc\n"), "@@ -1,2 +1,2 @@\n a\n-b\n+c\n");
    }

    #[test]
    fn a_huge_difference_is_cut_and_says_so() {
        let found: String = (0..500).map(|line| format!("{line}\n")).collect();
        let shown = unified("", &found);
        assert!(shown.ends_with("more lines\n"), "{shown}");
        assert_eq!(shown.lines().count(), 201);
    }
}
