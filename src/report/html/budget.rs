//! How much of the page a list may take, and what is active or forbidden in a page.

use std::borrow::Cow;

use maud::{Markup, PreEscaped, html};

use evenkeel_model::text::{count, inert};

/// The share of a list: most items, and most bytes of their markup.
#[derive(Clone, Copy)]
pub(super) struct Share {
    /// Most items.
    pub items: usize,
    /// Most bytes.
    pub bytes: usize,
}

impl Share {
    pub(super) const fn new(items: usize, bytes: usize) -> Self {
        Self { items, bytes }
    }

    /// The rest of the share after a list.
    pub(super) fn without(self, filled: &Filled) -> Self {
        Self {
            items: self.items.saturating_sub(filled.shown),
            bytes: self.bytes.saturating_sub(filled.markup.0.len()),
        }
    }
}

/// The part of a list that is shown.
pub(super) struct Filled {
    /// Its markup.
    pub markup: Markup,
    /// How many items it has.
    pub shown: usize,
    /// How many items are left out.
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
        // Characters that are made visible take more bytes, so the result is measured.
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
    /// The line that says how much of the list is left out, if anything is.
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

/// Text with everything visible that acts on a reader, and that HTML forbids: control characters, characters that turn
/// text around, and code points that are no characters.
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
