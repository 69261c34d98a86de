//! Wildcards and empty values that only one environment has: they widen access or reach.

use evenkeel_comparison::{Disagreement, Matter, Side, Step};
use evenkeel_document::{Scalar, ScalarKind};

/// Extent to which a value is open and the other environment's is not.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Openness {
    /// Everything or nothing.
    Whole,
    /// A part, such as any host of a domain.
    Part,
}

/// Values that match everything.
const EVERYTHING: &[&str] = &[
    "*",
    "**",
    ".*",
    "^.*$",
    "*.*",
    "*:*",
    "*@*",
    "/*",
    "/**",
    "0.0.0.0/0",
    "::/0",
    "0.0.0.0",
    "[::]",
    "%",
];
/// Words that match everything, in any syntax.
const WORDS: &[&str] = &["any", "all", "everyone", "everybody", "anyone"];

/// Returns the openness that only one of two sides has.
pub(super) fn openness(disagreement: &Disagreement) -> Option<Openness> {
    match (
        &disagreement.matter,
        &disagreement.left,
        &disagreement.right,
    ) {
        (Matter::Value(_), Some(left), Some(right)) => between(left, right),
        // An element that admits everything; an additional key is reported as such already.
        (Matter::Only(_), Some(side), None) | (Matter::Only(_), None, Some(side)) => {
            let is_element = matches!(disagreement.path.steps.last(), Some(Step::Element(_)));
            let scalar = side
                .scalar
                .as_ref()
                .filter(|_| is_element && !side.is_secret)?;
            is_everything(&scalar.text).then_some(Openness::Whole)
        }
        _ => None,
    }
}

fn between(left: &Side, right: &Side) -> Option<Openness> {
    if [left, right]
        .iter()
        .any(|side| side.is_secret || side.is_encrypted)
    {
        return None;
    }
    let (one, two) = (left.scalar.as_ref()?, right.scalar.as_ref()?);
    if is_empty(one) != is_empty(two) {
        return Some(Openness::Whole);
    }
    let (one, two) = (one.text.trim(), two.text.trim());
    // `any` and `all` are normal choices if the other side has a similar one.
    let is_word = |text: &str| WORDS.iter().any(|word| word.eq_ignore_ascii_case(text));
    let names = |text: &str| text.contains(['.', '@', '/', ':', '-']);
    if is_everything(one) != is_everything(two)
        || is_word(one) && names(two)
        || is_word(two) && names(one)
    {
        return Some(Openness::Whole);
    }
    (is_partly_open(one) != is_partly_open(two)).then_some(Openness::Part)
}

fn is_empty(scalar: &Scalar) -> bool {
    scalar.kind == ScalarKind::Null || scalar.text.trim().is_empty()
}

/// Whether a value, or one of several in it, matches everything.
fn is_everything(text: &str) -> bool {
    const LONGEST: usize = 400;
    if text.len() > LONGEST || text.contains('\n') || text.contains(' ') && !text.contains(',') {
        return false;
    }
    text.split(',')
        .any(|part| EVERYTHING.contains(&part.trim()))
}

/// Whether a value matches several things: `s3:*`, `https://*.example.org`. Schedules and texts do not.
fn is_partly_open(text: &str) -> bool {
    const LONGEST: usize = 200;
    text.contains('*') && text.len() <= LONGEST && !text.contains(char::is_whitespace)
}

#[cfg(test)]
mod tests {
    use super::{is_everything, is_partly_open};

    #[test]
    fn wildcards_are_recognised_and_schedules_are_not() {
        for text in ["*", "0.0.0.0/0", "10.0.0.0/8, 0.0.0.0/0", "::/0", ".*"] {
            assert!(is_everything(text), "{text}");
        }
        for text in ["0 * * * *", "", "10.0.0.0/8", "a*b", "2 * 3"] {
            assert!(!is_everything(text), "{text}");
        }
        assert!(is_partly_open("s3:*") && is_partly_open("https://*.example.org"));
        assert!(!is_partly_open("0 * * * *"));
    }
}
