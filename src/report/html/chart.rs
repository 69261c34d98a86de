//! Charts as inline SVG. Each has a title and a description, and its numbers beside it as text.

use maud::{Markup, html};

/// Returns a share as a bar, with its part and total.
pub(super) fn bar(id: &str, title: &str, part: usize, all: usize) -> Markup {
    let share = share(part, all);
    let description = format!("{part} of {all}, {} %", tenths(share));
    html! {
        svg.bar role="img" width="100%" height="8" aria-labelledby={ (id) "-title " (id) "-text" } {
            title id={ (id) "-title" } { (title) }
            desc id={ (id) "-text" } { (description) }
            rect.track x="0" y="0" width="100%" height="8" rx="4" {}
            @if part > 0 {
                rect.part.whole[part >= all] x="0" y="0" width={ (tenths(share)) "%" } height="8" rx="4" {}
            }
        }
    }
}

/// Returns a part in thousandths. An incomplete part is never displayed as complete, and a part is never displayed as
/// zero.
pub(super) fn share(part: usize, all: usize) -> usize {
    if part >= all {
        return if all == 0 { 0 } else { 1000 };
    }
    let share = part.saturating_mul(1000) / all;
    share.clamp(usize::from(part > 0), 999)
}

/// Returns thousandths as per cent: `96.7`, `100`.
pub(super) fn tenths(thousandths: usize) -> String {
    match thousandths % 10 {
        0 => (thousandths / 10).to_string(),
        tenth => format!("{}.{tenth}", thousandths / 10),
    }
}

#[cfg(test)]
mod tests {
    use super::{share, tenths};

    #[test]
    fn shares_are_never_rounded_to_all_or_nothing() {
        let shown = |part, all| tenths(share(part, all));
        assert_eq!(shown(30, 31), "96.7");
        assert_eq!(shown(99_999, 100_000), "99.9");
        assert_eq!(shown(1, 100_000), "0.1");
        assert_eq!(shown(0, 5), "0");
        assert_eq!(shown(5, 5), "100");
        assert_eq!(shown(0, 0), "0");
    }
}
