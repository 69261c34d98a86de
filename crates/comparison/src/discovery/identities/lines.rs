//! Texts of several lines, compared line by line: configuration within configuration.
//!
//! Only corresponding lines are compared; additional lines are no evidence about names.

use std::borrow::Cow;

use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::DifferingText;

/// Maximum number of lines of a compared text.
const MOST_LINES: usize = 2_000;

/// Returns the texts, with those of several lines split.
pub(super) fn of(texts: &[DifferingText]) -> Cow<'_, [DifferingText]> {
    let is_long = |text: &DifferingText| text.left.contains('\n') || text.right.contains('\n');
    if !texts.iter().any(is_long) {
        return Cow::Borrowed(texts);
    }
    let mut all = Vec::with_capacity(texts.len());
    for text in texts {
        if !is_long(text) {
            all.push(text.clone());
            continue;
        }
        let (lefts, rights): (Vec<&str>, Vec<&str>) =
            (text.left.lines().collect(), text.right.lines().collect());
        if lefts.len().max(rights.len()) > MOST_LINES {
            continue;
        }
        for operation in capture_diff_slices(Algorithm::Myers, &lefts, &rights) {
            let DiffOp::Replace {
                old_index,
                old_len,
                new_index,
                new_len,
            } = operation
            else {
                continue;
            };
            if old_len != new_len {
                continue;
            }
            let old = lefts.iter().skip(old_index).take(old_len);
            let new = rights.iter().skip(new_index);
            for (left, right) in old.zip(new).filter(|(left, right)| left != right) {
                all.push(DifferingText {
                    left: left.trim().to_owned(),
                    right: right.trim().to_owned(),
                    ..text.clone()
                });
            }
        }
    }
    Cow::Owned(all)
}
