//! Widths, wrapping and alignment of text.

use std::io::{self, Write};

use textwrap::{Options, WordSplitter, WrapAlgorithm};

/// Space between two columns.
pub(super) const GAP: &str = "  ";

/// Returns the width of a text on a terminal. It must contain no escape sequence.
pub(super) fn columns(text: &str) -> usize {
    textwrap::core::display_width(text)
}

/// Pads a text with blanks to a width. `painted` is the same text with colours.
pub(super) fn padded(text: &str, painted: &str, width: usize) -> String {
    format!(
        "{painted}{}",
        " ".repeat(width.saturating_sub(columns(text)))
    )
}

/// Wraps a text into lines of at most `width` columns, never inside a word: a longer word has a line alone.
pub(super) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let options = Options::new(width.max(20))
        .break_words(false)
        .word_separator(textwrap::WordSeparator::AsciiSpace)
        .word_splitter(WordSplitter::NoHyphenation)
        .wrap_algorithm(WrapAlgorithm::FirstFit);
    let kept = unbroken(text);
    kept.lines()
        .flat_map(|line| textwrap::wrap(line, &options))
        .map(|line| line.trim_end().replace(HELD, " "))
        .collect()
}

/// Placeholder of a non-breaking blank. Escaped foreign text cannot contain it.
const HELD: char = '\u{1}';
/// Longest quoted text that is never wrapped.
const LONGEST_QUOTED: usize = 60;

/// Keeps text between two backticks on one line, so that a command stays pasteable.
fn unbroken(text: &str) -> String {
    let mut parts = text.split('`').enumerate().peekable();
    let mut held = String::with_capacity(text.len());
    while let Some((number, part)) = parts.next() {
        let is_quoted = number % 2 == 1 && parts.peek().is_some();
        if is_quoted && part.len() <= LONGEST_QUOTED && !part.contains('\n') {
            held.extend(
                part.chars()
                    .map(|each| if each == ' ' { HELD } else { each }),
            );
        } else {
            held.push_str(part);
        }
        if parts.peek().is_some() {
            held.push('`');
        }
    }
    held
}

/// Writes a text after a first part of `indent` columns, with hanging indentation.
pub(super) fn hanging(
    first: &str,
    indent: usize,
    text: &str,
    width: usize,
    to: &mut dyn Write,
) -> io::Result<()> {
    let lines = wrapped(text, width.saturating_sub(indent));
    let blank = " ".repeat(indent);
    writeln!(
        to,
        "{}",
        format!("{first}{}", lines.first().map_or("", String::as_str)).trim_end()
    )?;
    for line in lines.iter().skip(1) {
        writeln!(to, "{blank}{line}")?;
    }
    Ok(())
}

/// Returns a line with the number of omitted elements, if any.
pub(super) fn more(left: usize) -> Option<String> {
    (left > 0).then(|| format!("… {left} more (--all)"))
}

#[cfg(test)]
mod tests {
    use super::wrapped;

    #[test]
    fn no_command_is_broken() {
        let text = "process 17364 is stopped; continue it with `kill -CONT 17364`, or end it";
        let lines = wrapped(text, 56);
        assert_eq!(
            lines,
            [
                "process 17364 is stopped; continue it with",
                "`kill -CONT 17364`, or end it"
            ]
        );
        assert_eq!(wrapped("an odd ` stays", 40), ["an odd ` stays"]);
    }

    #[test]
    fn no_word_is_broken() {
        let text =
            "a path such as environments/production/very/long/path/to/a/file.toml stays whole";
        for line in wrapped(text, 30) {
            assert!(text.contains(&line), "{line}");
        }
        assert!(
            wrapped(text, 30)
                .iter()
                .any(|line| line == "environments/production/very/long/path/to/a/file.toml")
        );
    }
}
