//! Topological order of dependent items.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Sorts `0..waits_for.len()` so that each item follows all items it waits for; among the candidates, the lowest number
/// comes first. So the order is deterministic.
///
/// # Errors
///
/// A cycle, as the numbers along it: each waits for the next, and the last for the first.
pub fn order(waits_for: &[Vec<usize>]) -> Result<Vec<usize>, Vec<usize>> {
    let mut waiting: Vec<usize> = vec![0; waits_for.len()];
    let mut followers: Vec<Vec<usize>> = vec![Vec::new(); waits_for.len()];
    for (number, others) in waits_for.iter().enumerate() {
        for other in others {
            if let (Some(follower), Some(count)) =
                (followers.get_mut(*other), waiting.get_mut(number))
            {
                follower.push(number);
                *count += 1;
            }
        }
    }
    let mut ready: BinaryHeap<Reverse<usize>> = waiting
        .iter()
        .enumerate()
        .filter(|(_, count)| **count == 0)
        .map(|(number, _)| Reverse(number))
        .collect();
    let mut ordered = Vec::with_capacity(waits_for.len());
    while let Some(Reverse(next)) = ready.pop() {
        ordered.push(next);
        for follower in followers.get(next).into_iter().flatten() {
            if let Some(count) = waiting.get_mut(*follower) {
                *count -= 1;
                if *count == 0 {
                    ready.push(Reverse(*follower));
                }
            }
        }
    }
    if ordered.len() == waits_for.len() {
        return Ok(ordered);
    }
    Err(circle(waits_for, &waiting))
}

/// Follows waiting items until one repeats.
fn circle(waits_for: &[Vec<usize>], waiting: &[usize]) -> Vec<usize> {
    let still = |number: &usize| waiting.get(*number).is_some_and(|count| *count > 0);
    let mut path: Vec<usize> = Vec::new();
    let mut current = (0..waits_for.len()).find(still);
    while let Some(number) = current {
        if let Some(start) = path.iter().position(|earlier| *earlier == number) {
            return path.split_off(start);
        }
        path.push(number);
        current = waits_for
            .get(number)
            .and_then(|others| others.iter().copied().find(still));
    }
    path
}

#[cfg(test)]
mod tests {
    use super::order;

    #[test]
    fn each_item_follows_its_dependencies() {
        assert_eq!(order(&[vec![2], vec![0], vec![]]), Ok(vec![2, 0, 1]));
    }

    #[test]
    fn a_cycle_is_returned_as_a_path() {
        assert_eq!(
            order(&[vec![], vec![2], vec![3], vec![1]]),
            Err(vec![1, 2, 3])
        );
        assert_eq!(order(&[vec![0]]), Err(vec![0]));
    }
}
