//! Foreign text, escaped and of bounded length.

use std::fmt::Write as _;

use maud::{Escaper, Markup, Render, html};

/// Maximum number of characters of a sentence.
const SENTENCE: usize = 2_000;
/// Maximum number of characters of a value.
const VALUE: usize = 1_200;
/// Maximum number of characters of a name.
const NAME: usize = 300;

/// Text that is shortened with a remark if it is too long.
#[derive(Clone, Copy)]
pub(super) struct Clipped<'a> {
    text: &'a str,
    most: usize,
}

/// Returns a sentence.
pub(super) fn sentence(text: &str) -> Clipped<'_> {
    Clipped {
        text,
        most: SENTENCE,
    }
}

/// Returns a value.
pub(super) fn value(text: &str) -> Clipped<'_> {
    Clipped { text, most: VALUE }
}

/// Returns a name, an address or a path.
pub(super) fn brief(text: &str) -> Clipped<'_> {
    Clipped { text, most: NAME }
}

/// Returns sentences whose commands and names in backticks become code.
pub(super) fn prose(text: &str) -> Markup {
    let (text, more) = sentence(text).parts();
    let pieces: Vec<&str> = text.split('`').collect();
    if more > 0 || pieces.len().is_multiple_of(2) {
        return html! { (text) @if more > 0 { "… " (more) " more characters" } };
    }
    html! {
        @for (number, piece) in pieces.iter().enumerate() {
            @if number.is_multiple_of(2) { (piece) } @else { code { (piece) } }
        }
    }
}

/// Returns text of a maximum length.
pub(super) fn at_most(text: &str, most: usize) -> Clipped<'_> {
    Clipped { text, most }
}

impl<'a> Clipped<'a> {
    /// Returns the displayed part, and the number of characters after it.
    pub(super) fn parts(self) -> (&'a str, usize) {
        match self.text.char_indices().nth(self.most) {
            Some((end, _)) => {
                let (head, tail) = self.text.split_at(end);
                (head, tail.chars().count())
            }
            None => (self.text, 0),
        }
    }
}

impl Render for Clipped<'_> {
    fn render_to(&self, to: &mut String) {
        let (head, more) = self.parts();
        _ = Escaper::new(to).write_str(head);
        if more > 0 {
            to.push_str(&format!("… {more} more characters"));
        }
    }
}

/// Returns `0123456789ab` of `blake3:0123456789abcdef…`.
pub(super) fn short(digest: &str) -> &str {
    let hex = digest.strip_prefix("blake3:").unwrap_or(digest);
    hex.char_indices()
        .nth(12)
        .map_or(hex, |(end, _)| hex.get(..end).unwrap_or(hex))
}

/// Returns the subject of a finding with its attribute: `file.config mode`.
pub(super) fn subject(subject: &str, attribute: Option<&str>) -> Markup {
    html! {
        code.subject { (brief(subject)) }
        @if let Some(attribute) = attribute {
            " " code.attribute { (brief(attribute)) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{at_most, prose, short, value};
    use maud::html;

    #[test]
    fn text_is_escaped_and_cut() {
        let shown = html! { (value("<b a=\"x\">&")) };
        assert_eq!(shown.0, "&lt;b a=&quot;x&quot;&gt;&amp;");
        let shown = html! { (at_most("añbc", 2)) };
        assert_eq!(shown.0, "añ… 2 more characters");
    }

    #[test]
    fn pairs_of_backticks_are_code() {
        assert_eq!(
            prose("run `a <b>` now").0,
            "run <code>a &lt;b&gt;</code> now"
        );
        assert_eq!(prose("one ` alone").0, "one ` alone");
    }

    #[test]
    fn a_digest_is_shown_by_its_first_digits() {
        assert_eq!(short("blake3:0123456789abcdef"), "0123456789ab");
        assert_eq!(short("abc"), "abc");
    }
}
