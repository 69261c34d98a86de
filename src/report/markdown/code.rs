//! Code in Markdown: the only place for foreign text.

use super::super::wording::{clip, one_line};
use evenkeel_model::text::inert;

/// Longest text in a span, in characters.
const LONGEST: usize = 500;
/// Longest block, in characters.
const LONGEST_BLOCK: usize = 4_000;

/// Returns text as a span of code. Line feeds are written as `\n`, since a new line could start a block.
pub(super) fn span(text: &str) -> String {
    let safe = one_line(text);
    let safe = clip(safe.trim(), LONGEST);
    if safe.is_empty() {
        return "(empty)".to_owned();
    }
    let fence = "`".repeat(longest_run(&safe) + 1);
    // Renderers remove one space on each side.
    let pad = if safe.starts_with('`') || safe.ends_with('`') {
        " "
    } else {
        ""
    };
    format!("{fence}{pad}{safe}{pad}{fence}")
}

/// Returns text as a span of code in a cell of a table, where `|` ends the cell even within code.
pub(super) fn cell(text: &str) -> String {
    span(&text.replace('|', "\\u{7c}"))
}

/// Returns text as a fenced block, with its last line feed.
pub(super) fn block(language: &str, text: &str) -> String {
    let safe = inert(text);
    let safe = clip(&safe, LONGEST_BLOCK);
    let fence = "`".repeat(longest_run(&safe).max(2) + 1);
    let end = if safe.ends_with('\n') { "" } else { "\n" };
    format!("{fence}{language}\n{safe}{end}{fence}\n")
}

/// Returns the length of the longest run of backticks.
fn longest_run(text: &str) -> usize {
    text.split(|character| character != '`')
        .map(str::len)
        .max()
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{block, cell, span};

    #[test]
    fn a_fence_is_longer_than_any_in_the_text() {
        assert_eq!(span("a"), "`a`");
        assert_eq!(span("`a``"), "``` `a`` ```");
        assert_eq!(span("a\n- b"), "`a\\n- b`");
        assert_eq!(span(" \n"), "`\\n`");
        assert_eq!(span("  "), "(empty)");
        assert_eq!(block("", "```\nx"), "````\n```\nx\n````\n");
    }

    #[test]
    fn no_text_ends_a_cell() {
        assert_eq!(cell("a|b"), "`a\\u{7c}b`");
    }
}
