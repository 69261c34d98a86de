//! Count of single values that differ without any rule: keys by name, lists by position. Reports use it to show how
//! much the comparison explains.

use evenkeel_document::{Content, Document, Node};

/// Counts the single values that differ or that only one side has.
#[must_use]
pub fn raw_differences(left: &Document, right: &Document) -> usize {
    list(&left.roots, &right.roots)
}

fn nodes(left: &Node, right: &Node) -> usize {
    match (&left.content, &right.content) {
        (Content::Scalar(one), Content::Scalar(two)) => usize::from(one != two),
        (Content::List(one), Content::List(two)) => list(one, two),
        (Content::Map(one), Content::Map(two)) => {
            let aligned =
                one.len() == two.len() && one.iter().zip(two).all(|(one, two)| one.key == two.key);
            if aligned {
                return one
                    .iter()
                    .zip(two)
                    .map(|(one, two)| nodes(&one.value, &two.value))
                    .sum();
            }
            let others: std::collections::HashMap<&str, &Node> = two
                .iter()
                .map(|entry| (&*entry.key, &entry.value))
                .collect();
            let mut shared = 0;
            let mut count = 0;
            for entry in one {
                match others.get(&*entry.key) {
                    Some(other) => {
                        shared += other.leaves();
                        count += nodes(&entry.value, other);
                    }
                    None => count += entry.value.leaves(),
                }
            }
            let all: usize = two.iter().map(|entry| entry.value.leaves()).sum();
            count + all - shared
        }
        _ => left.leaves().max(right.leaves()),
    }
}

fn list(left: &[Node], right: &[Node]) -> usize {
    let both: usize = left
        .iter()
        .zip(right)
        .map(|(left, right)| nodes(left, right))
        .sum();
    let longer = if left.len() > right.len() {
        left
    } else {
        right
    };
    let rest: usize = longer
        .iter()
        .skip(left.len().min(right.len()))
        .map(Node::leaves)
        .sum();
    both + rest
}
