//! Share of the page for a list, and escaping of control and forbidden characters.

use std::borrow::Cow;

use maud::{Markup, PreEscaped, html};

use evenkeel_model::text::{count, inert};

/// Share of a list: maximum number of items, and of bytes of their markup.
#[derive(Clone, Copy)]
pub(super) struct Share {
    /// Maximum number of items.
    pub items: usize,
    /// Maximum number of bytes.
    pub bytes: usize,
}

impl Share {
    pub(super) const fn new(items: usize, bytes: usize) -> Self {
        Self { items, bytes }
    }

    /// Returns the rest of the share after a list.
    pub(super) fn without(self, filled: &Filled) -> Self {
        Self {
            items: self.items.saturating_sub(filled.shown),
            bytes: self.bytes.saturating_sub(filled.markup.0.len()),
        }
    }
}

/// Displayed part of a list.
pub(super) struct Filled {
    /// Its markup.
    pub markup: Markup,
    /// Number of displayed items.
    pub shown: usize,
    /// Number of omitted items.
    pub left_out: usize,
}

/// Renders items until the share is used up.
pub(super) fn fill<T>(
    items: impl ExactSizeIterator<Item = T>,
    share: Share,
    mut render: impl FnMut(T) -> Markup,
) -> Filled {
    let all = items.len();
    let mut text = String::new();
    let mut shown = 0;
    for item in items.take(share.items) {
        // Escaped characters take more bytes, so the result is measured.
        let rendered = render(item).into_string();
        let rendered = visible(&rendered);
        if text.len() + rendered.len() > share.bytes {
            break;
        }
        text.push_str(&rendered);
        shown += 1;
    }
    Filled {
        markup: PreEscaped(text),
        shown,
        left_out: all - shown,
    }
}

impl Filled {
    /// Returns the line with the number of omitted items, if any.
    pub(super) fn rest(&self, noun: &str) -> Markup {
        html! {
            @if self.left_out > 0 {
                p.rest {
                    "… " (count(self.left_out, &format!("more {noun}"))) ", left out of this page; "
                    code { "--format json" } " has all of them"
                }
            }
        }
    }
}

/// Returns text with visible control characters, direction marks, and code points that HTML forbids.
pub(super) fn visible(text: &str) -> Cow<'_, str> {
    let text = inert(text);
    if !text.chars().any(is_forbidden) {
        return text;
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if is_forbidden(character) {
            safe.extend(character.escape_unicode());
        } else {
            safe.push(character);
        }
    }
    Cow::Owned(safe)
}

fn is_forbidden(character: char) -> bool {
    let number = u32::from(character);
    matches!(number, 0xFDD0..=0xFDEF) || number & 0xFFFE == 0xFFFE
}

#[cfg(test)]
mod tests {
    use super::{Share, fill, visible};
    use maud::html;

    #[test]
    fn a_list_ends_with_its_items_or_its_bytes() {
        let items = ["a", "b", "c"];
        let shown = |share| fill(items.iter(), share, |item| html! { b { (item) } });
        assert_eq!(
            shown(Share::new(9, 99)).markup.0,
            "<b>a</b><b>b</b><b>c</b>"
        );
        let cut = shown(Share::new(2, 99));
        assert_eq!((cut.shown, cut.left_out), (2, 1));
        assert!(cut.rest("item").0.contains("1 more item,"));
        let cut = shown(Share::new(9, 17));
        assert_eq!((cut.shown, cut.left_out), (2, 1));
    }

    #[test]
    fn active_and_forbidden_characters_become_visible() {
        assert_eq!(
            visible("a\u{1b}b\u{fffe}c\u{fdd0}"),
            "a\\u{1b}b\\u{fffe}c\\u{fdd0}"
        );
        assert_eq!(visible("plain\n\ttext"), "plain\n\ttext");
    }
}
