//! Sets of versions as intervals that do not touch: union, intersection, complement, inclusion.
//!
//! A version is a position among the edges; an interval starts at an edge and ends before another. Releases and
//! pre-releases are separate sets, with edges moved to the start of the next version of that sort, so that `>1.2.3` and
//! `>=1.2.4` are one set of releases.

use std::cmp::Ordering;

/// Position between two versions, in the order of Semantic Versioning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Edge<'a> {
    triple: [u64; 3],
    at: At<'a>,
}

/// Position of an edge among the versions of one triple.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At<'a> {
    /// Before the first pre-release.
    First,
    /// Before this pre-release.
    Before(&'a str),
    /// After this pre-release.
    After(&'a str),
    /// After all pre-releases, before the release.
    Release,
    /// After the release.
    Past,
}

impl<'a> Edge<'a> {
    /// Edge before every version.
    pub(super) const START: Self = Self {
        triple: [0; 3],
        at: At::First,
    };

    /// Returns the edge before all versions of a triple, including pre-releases.
    pub(super) fn first_of(triple: [u64; 3]) -> Self {
        Self {
            triple,
            at: At::First,
        }
    }

    /// Returns the edge before a version; without a suffix, before the release.
    pub(super) fn before(triple: [u64; 3], suffix: &'a str) -> Self {
        let at = match suffix {
            "" => At::Release,
            // Nothing comes before the pre-release 0.
            "0" => At::First,
            suffix => At::Before(suffix),
        };
        Self { triple, at }
    }

    /// Returns the edge after a version.
    pub(super) fn after(triple: [u64; 3], suffix: &'a str) -> Self {
        let at = if suffix.is_empty() {
            At::Past
        } else {
            At::After(suffix)
        };
        Self { triple, at }
    }
}

impl Ord for At<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let rank = |at: &Self| match at {
            At::First => 0,
            At::Before(_) | At::After(_) => 1,
            At::Release => 2,
            At::Past => 3,
        };
        match (self, other) {
            (At::Before(one) | At::After(one), At::Before(two) | At::After(two)) => {
                let side = |at: &Self| matches!(at, At::After(_));
                suffixes(one, two).then(side(self).cmp(&side(other)))
            }
            _ => rank(self).cmp(&rank(other)),
        }
    }
}

impl PartialOrd for At<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Edge<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.triple.cmp(&other.triple).then(self.at.cmp(&other.at))
    }
}

impl PartialOrd for Edge<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Compares two pre-releases by Semantic Versioning §11.4.
fn suffixes(left: &str, right: &str) -> Ordering {
    let mut ours = left.split('.');
    let mut theirs = right.split('.');
    loop {
        let order = match (ours.next(), theirs.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => Ordering::Less,
            (Some(_), None) => Ordering::Greater,
            (Some(one), Some(two)) => identifiers(one, two),
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

fn identifiers(one: &str, two: &str) -> Ordering {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match (is_number(one), is_number(two)) {
        (true, true) => {
            let (one, two) = (one.trim_start_matches('0'), two.trim_start_matches('0'));
            one.len().cmp(&two.len()).then(one.cmp(two))
        }
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
        (false, false) => one.cmp(two),
    }
}

/// Sorted intervals that neither overlap nor touch; `None` is an open end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Set<'a>(Vec<(Edge<'a>, Option<Edge<'a>>)>);

impl<'a> Set<'a> {
    /// Returns the empty set.
    pub(super) fn empty() -> Self {
        Self(Vec::new())
    }

    /// Whether it contains no version.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the set of all versions.
    pub(super) fn all() -> Self {
        Self::between(Edge::START, None)
    }

    /// Returns the interval between two edges.
    pub(super) fn between(from: Edge<'a>, to: Option<Edge<'a>>) -> Self {
        Self::of(vec![(from, to)])
    }

    /// Sorts intervals and joins those that overlap or touch.
    fn of(mut intervals: Vec<(Edge<'a>, Option<Edge<'a>>)>) -> Self {
        intervals.retain(|(from, to)| to.as_ref().is_none_or(|to| from < to));
        intervals.sort_by(|one, two| one.0.cmp(&two.0));
        let mut joined: Vec<(Edge<'a>, Option<Edge<'a>>)> = Vec::with_capacity(intervals.len());
        for (from, to) in intervals {
            match joined.last_mut() {
                Some((_, end)) if end.as_ref().is_none_or(|end| from <= *end) => {
                    let longer = match (&*end, &to) {
                        (Some(end), Some(to)) => to > end,
                        (Some(_), None) => true,
                        (None, _) => false,
                    };
                    if longer {
                        *end = to;
                    }
                }
                _ => joined.push((from, to)),
            }
        }
        Self(joined)
    }

    /// Returns the union.
    pub(super) fn either(&self, other: &Self) -> Self {
        Self::of(self.0.iter().chain(&other.0).copied().collect())
    }

    /// Returns the intersection.
    pub(super) fn both(&self, other: &Self) -> Self {
        self.complement().either(&other.complement()).complement()
    }

    /// Returns the complement.
    pub(super) fn complement(&self) -> Self {
        let mut outside = Vec::with_capacity(self.0.len() + 1);
        let mut from = Some(Edge::START);
        for (start, end) in &self.0 {
            if let Some(from) = from.take() {
                outside.push((from, Some(*start)));
            }
            from = *end;
        }
        if let Some(from) = from {
            outside.push((from, None));
        }
        Self::of(outside)
    }

    /// Whether it contains all of another set.
    pub(super) fn includes(&self, other: &Self) -> bool {
        self.both(other) == *other
    }

    /// Returns the set with each edge moved to the start of the next version of a sort.
    fn with(&self, moved: impl Fn(&Edge<'a>) -> Option<Edge<'a>>) -> Self {
        let intervals = self.0.iter().filter_map(|(from, to)| {
            let from = moved(from)?;
            // An end beyond all numbers is open.
            Some((from, to.as_ref().and_then(&moved)))
        });
        Self::of(intervals.collect())
    }

    /// Returns its releases in normal form. With three numbers, the next version after a release is known.
    pub(super) fn releases(&self, of_three: bool) -> Self {
        self.with(|edge| {
            Some(match edge.at {
                At::Past if of_three => Edge::first_of(next(edge.triple)?),
                At::Past => *edge,
                _ => Edge::first_of(edge.triple),
            })
        })
    }

    /// Returns its pre-releases.
    pub(super) fn before_releases(&self) -> Self {
        self.with(|edge| {
            Some(match edge.at {
                At::Release | At::Past => Edge::first_of(next(edge.triple)?),
                _ => *edge,
            })
        })
    }
}

fn next([major, minor, patch]: [u64; 3]) -> Option<[u64; 3]> {
    Some([major, minor, patch.checked_add(1)?])
}

#[cfg(test)]
mod tests {
    use super::{Edge, Set, suffixes};
    use std::cmp::Ordering;

    fn from(major: u64) -> Edge<'static> {
        Edge::before([major, 0, 0], "")
    }

    #[test]
    fn sets_have_union_intersection_and_complement() {
        let one = Set::between(from(1), Some(from(3)));
        let two = Set::between(from(2), Some(from(4)));
        assert_eq!(one.either(&two), Set::between(from(1), Some(from(4))));
        assert_eq!(one.both(&two), Set::between(from(2), Some(from(3))));
        assert_eq!(one.complement().complement(), one);
        assert_eq!(one.either(&one.complement()), Set::all());
        assert_eq!(one.both(&one.complement()), Set::empty());
        assert_eq!(Set::all().complement(), Set::empty());
        assert_eq!(Set::empty().complement(), Set::all());
        assert!(one.either(&two).includes(&one));
        assert!(!one.includes(&two));
        assert!(one.includes(&Set::empty()));
        assert_eq!(Set::between(from(3), Some(from(1))), Set::empty());
    }

    #[test]
    fn pre_releases_are_in_the_order_of_the_standard() {
        let order = [
            "1",
            "2",
            "10",
            "alpha",
            "alpha.1",
            "alpha.beta",
            "beta",
            "beta.2",
            "beta.11",
            "rc.1",
        ];
        for pair in order.windows(2) {
            assert_eq!(suffixes(pair[0], pair[1]), Ordering::Less, "{pair:?}");
            assert_eq!(suffixes(pair[1], pair[0]), Ordering::Greater, "{pair:?}");
        }
    }
}
