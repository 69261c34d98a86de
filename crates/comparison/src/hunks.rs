//! Differences of two sequences of lines, in nearly linear time for any input.
//!
//! Common lines at the start and end are removed. Short rests are compared by their shortest edit script; long ones are
//! split at lines that occur once on each side in the same order, and a long rest without such a line is one hunk.

use std::collections::HashMap;
use std::ops::Range;

/// Longest rest, of both sides together, that is compared by its shortest edit script, which takes quadratic time when
/// nothing is equal.
const SHORT: usize = 4_000;

/// Returns the differing ranges of lines on each side; one of the two may be empty.
pub(super) fn hunks(left: &[String], right: &[String]) -> Vec<(Range<usize>, Range<usize>)> {
    let mut found = Vec::new();
    between(left, right, 0..left.len(), 0..right.len(), &mut found);
    found
}

fn between(
    left: &[String],
    right: &[String],
    mut old: Range<usize>,
    mut new: Range<usize>,
    found: &mut Vec<(Range<usize>, Range<usize>)>,
) {
    while !old.is_empty() && !new.is_empty() && left.get(old.start) == right.get(new.start) {
        old.start += 1;
        new.start += 1;
    }
    while !old.is_empty() && !new.is_empty() && left.get(old.end - 1) == right.get(new.end - 1) {
        old.end -= 1;
        new.end -= 1;
    }
    if old.is_empty() && new.is_empty() {
        return;
    }
    if old.is_empty() || new.is_empty() {
        found.push((old, new));
        return;
    }
    let (one, two) = (
        left.get(old.clone()).unwrap_or_default(),
        right.get(new.clone()).unwrap_or_default(),
    );
    if one.len() + two.len() <= SHORT {
        for operation in similar::capture_diff_slices(similar::Algorithm::Myers, one, two) {
            if !matches!(operation, similar::DiffOp::Equal { .. }) {
                let shifted = |range: Range<usize>, by: usize| range.start + by..range.end + by;
                found.push((
                    shifted(operation.old_range(), old.start),
                    shifted(operation.new_range(), new.start),
                ));
            }
        }
        return;
    }
    let anchors = anchors(one, two);
    if anchors.is_empty() {
        found.push((old, new));
        return;
    }
    // Unique lines between anchors are rare or in another order, so each level splits at most once more; a rest that
    // stays long is one hunk.
    let mut at = (old.start, new.start);
    for (one, two) in anchors {
        let (one, two) = (old.start + one, new.start + two);
        rest(left, right, at.0..one, at.1..two, found);
        at = (one + 1, two + 1);
    }
    rest(left, right, at.0..old.end, at.1..new.end, found);
}

/// Compares the lines between two anchors if they are short; otherwise they are one hunk.
fn rest(
    left: &[String],
    right: &[String],
    old: Range<usize>,
    new: Range<usize>,
    found: &mut Vec<(Range<usize>, Range<usize>)>,
) {
    if old.len() + new.len() <= SHORT {
        between(left, right, old, new, found);
    } else {
        found.push((old, new));
    }
}

/// Returns the positions of lines that occur once on each side: the most that have the same order on both.
fn anchors(left: &[String], right: &[String]) -> Vec<(usize, usize)> {
    let once = |lines: &[String]| {
        let mut at: HashMap<String, Option<usize>> = HashMap::with_capacity(lines.len());
        for (number, line) in lines.iter().enumerate() {
            at.entry(line.clone())
                .and_modify(|seen| *seen = None)
                .or_insert(Some(number));
        }
        at
    };
    let theirs = once(right);
    let mine = once(left);
    let pairs: Vec<(usize, usize)> = left
        .iter()
        .enumerate()
        .filter(|(_, line)| mine.get(*line).is_some_and(Option::is_some))
        .filter_map(|(number, line)| Some((number, (*theirs.get(line)?)?)))
        .collect();
    rising(&pairs)
}

/// Returns the longest subsequence of pairs whose second numbers increase with the first.
fn rising(pairs: &[(usize, usize)]) -> Vec<(usize, usize)> {
    // `ends[n]`: the pair with the lowest second number that ends an increasing subsequence of length n + 1.
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = vec![None; pairs.len()];
    let second = |number: &usize| pairs.get(*number).map_or(usize::MAX, |pair| pair.1);
    for (number, (_, position)) in pairs.iter().enumerate() {
        let length = ends.partition_point(|end| second(end) < *position);
        if let Some(before) = before.get_mut(number) {
            *before = length.checked_sub(1).and_then(|at| ends.get(at).copied());
        }
        match ends.get_mut(length) {
            Some(end) => *end = number,
            None => ends.push(number),
        }
    }
    let mut part = Vec::with_capacity(ends.len());
    let mut at = ends.last().copied();
    while let Some(number) = at {
        part.extend(pairs.get(number));
        at = before.get(number).copied().flatten();
    }
    part.reverse();
    part
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::hunks;

    fn lines(text: &str) -> Vec<String> {
        text.chars().map(|each| each.to_string()).collect()
    }

    #[test]
    fn exactly_the_differing_lines_are_returned() {
        assert_eq!(hunks(&lines("abc"), &lines("abc")), []);
        assert_eq!(hunks(&lines("abc"), &lines("axc")), [(1..2, 1..2)]);
        assert_eq!(hunks(&lines("abc"), &lines("abxc")), [(2..2, 2..3)]);
        assert_eq!(hunks(&lines(""), &lines("ab")), [(0..0, 0..2)]);
    }

    #[test]
    fn long_texts_are_split_at_unique_lines() {
        let left: Vec<String> = (0..20_000).map(|number| format!("line {number}")).collect();
        let mut right = left.clone();
        right[7] = "other".to_owned();
        right.remove(15_000);
        assert_eq!(
            hunks(&left, &right),
            [(7..8, 7..8), (15_000..15_001, 15_000..15_000)]
        );
    }

    #[test]
    fn long_texts_without_a_common_line_are_one_hunk() {
        let left: Vec<String> = (0..50_000)
            .map(|number| format!("a {}", number % 7))
            .collect();
        let right: Vec<String> = (0..60_000)
            .map(|number| format!("b {}", number % 9))
            .collect();
        assert_eq!(hunks(&left, &right), [(0..50_000, 0..60_000)]);
    }

    proptest! {
        #[test]
        fn replacing_the_hunks_gives_the_other_side(left in "[a-d]{0,40}", right in "[a-d]{0,40}") {
            let (left, right) = (lines(&left), lines(&right));
            let mut made = Vec::new();
            let mut at = 0;
            for (old, new) in hunks(&left, &right) {
                made.extend_from_slice(&left[at..old.start]);
                made.extend_from_slice(&right[new]);
                at = old.end;
            }
            made.extend_from_slice(&left[at..]);
            prop_assert_eq!(made, right);
        }
    }
}
