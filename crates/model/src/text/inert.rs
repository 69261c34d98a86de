//! Escaping of outside text for terminals.
//!
//! Live values, test output and file names are data: they must not move a cursor, change colours or reorder text.
//! Formats with their own rules (JSON, XML) escape for themselves.

use std::borrow::Cow;

/// Returns `text` with every control character, escape sequence and bidirectional override made visible.
///
/// Line feeds and tabs stay, since reports have lines. Everything else in C0, C1 and the bidirectional and zero-width
/// formatting ranges of Unicode becomes `\u{…}`.
#[must_use]
pub fn inert(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_active) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if is_active(character) {
            safe.extend(character.escape_unicode());
        } else {
            safe.push(character);
        }
    }
    Cow::Owned(safe)
}

fn is_active(character: char) -> bool {
    match character {
        '\n' | '\t' => false,
        '\u{200B}'..='\u{200F}'
        | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{2064}'
        | '\u{2066}'..='\u{206F}'
        | '\u{061C}'
        | '\u{FEFF}'
        | '\u{2028}'
        | '\u{2029}' => true,
        other => other.is_control(),
    }
}

#[cfg(test)]
mod tests {
    use super::inert;

    #[test]
    fn plain_text_is_left_alone() {
        assert_eq!(inert("naïve\tline\n"), "naïve\tline\n");
    }

    #[test]
    fn escapes_and_overrides_become_visible() {
        assert_eq!(inert("\u{1b}[31mred"), "\\u{1b}[31mred");
        assert_eq!(inert("a\u{202e}b"), "a\\u{202e}b");
        assert_eq!(inert("a\rb\u{9b}c"), "a\\u{d}b\\u{9b}c");
    }
}
