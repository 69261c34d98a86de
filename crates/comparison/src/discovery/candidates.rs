//! The places of a path where it may name its environment: each leaves a skeleton that other environments share.
//!
//! `overlays/staging/app.yaml` leaves `overlays/*/app.yaml`, and so does `overlays/prod/app.yaml`. A path with several
//! words has several candidates; which of them is right, only the other paths can tell.

use std::ops::Range;

use super::tokens::{self, Mark, hyphened, path_marks, replaced};
use super::words::{self, PRODUCTION, Role};

/// What stands in a skeleton where the environment was named: no path has it.
pub(super) const GAP: &str = "\u{1}";

/// How one environment is called at a place, in the order of promotion.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    /// Its place in the table of words.
    pub(super) word: usize,
    /// As it is written, in lower case, with hyphens; empty where production has no word.
    pub(super) spelling: String,
    /// What tells it from its siblings: a region, a number. Mostly empty.
    pub(super) sibling: String,
}

/// A path, and where it may name its environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    /// What other environments share.
    pub(super) skeleton: String,
    pub(super) key: Key,
    /// The places that name the environment, in order.
    pub(super) ranges: Vec<Range<usize>>,
    /// Whether one of its words is used for little else.
    pub(super) clear: bool,
}

impl Candidate {
    fn new(path: &str, key: Key, mut ranges: Vec<Range<usize>>, clear: bool) -> Self {
        ranges.sort_by_key(|range| range.start);
        Self {
            skeleton: replaced(path, ranges.iter().cloned(), GAP),
            key,
            ranges,
            clear,
        }
    }
}

/// All candidates of a path that name one environment, without what tells siblings apart.
pub(super) fn plain(path: &str) -> Vec<Candidate> {
    let marks = path_marks(path);
    let mut found: Vec<Candidate> = Vec::new();
    for (number, mark) in marks.iter().enumerate() {
        let same = |other: &&Mark| other.spelling == mark.spelling;
        if marks.iter().take(number).any(|other| same(&other)) {
            continue;
        }
        let key = Key {
            word: mark.word,
            spelling: mark.spelling.clone(),
            sibling: String::new(),
        };
        let ranges = |wanted: &dyn Fn(&&Mark) -> bool| -> Vec<Range<usize>> {
            let marks = marks.iter().filter(|other| wanted(other));
            marks.map(|other| other.range.clone()).collect()
        };
        let mut sets = vec![ranges(&same), ranges(&|other| other.word == mark.word)];
        // `non-prod/…/stage` names one environment twice: what it is, and what it is not.
        if words::role(mark.word) != Role::Production {
            sets.push(ranges(&|other| {
                same(other) || words::is_below_production(other.word)
            }));
        }
        sets.sort_by_key(Vec::len);
        sets.dedup();
        for ranges in sets {
            let candidate = Candidate::new(path, key.clone(), ranges, mark.clear);
            if !found
                .iter()
                .any(|other| other.skeleton == candidate.skeleton)
            {
                found.push(candidate);
            }
        }
    }
    found
}

/// Candidates of a path that name an environment together with what tells it from its siblings: `prod-eu`,
/// `eu/production`, `prod2`. And, so that both meet, those without.
pub(super) fn siblings(path: &str) -> Vec<Candidate> {
    let segments = segments(path);
    let mut found = Vec::new();
    for mark in path_marks(path) {
        let Some(number) = segments
            .iter()
            .position(|segment| segment.start <= mark.range.start && mark.range.end <= segment.end)
        else {
            continue;
        };
        let region = beside(path, &segments, number, &mark)
            .or_else(|| around(path, &segments, number, &mark));
        let (range, sibling) = region.unwrap_or_else(|| (mark.range.clone(), String::new()));
        let key = Key {
            word: mark.word,
            spelling: mark.spelling,
            sibling,
        };
        found.push(Candidate::new(path, key, vec![range], mark.clear));
    }
    found
}

/// The bytes of each segment of a path.
pub(super) fn segments(path: &str) -> Vec<Range<usize>> {
    let mut start = 0;
    path.split('/')
        .map(|segment| {
            let range = start..start + segment.len();
            start = range.end + 1;
            range
        })
        .collect()
}

/// A sibling's name in the same segment: the place of both, and the sibling's name.
fn beside(
    path: &str,
    segments: &[Range<usize>],
    number: usize,
    mark: &Mark,
) -> Option<(Range<usize>, String)> {
    let segment = segments.get(number)?;
    let mut end = segment.end;
    if number + 1 == segments.len()
        && let Some(dot) = path.get(mark.range.end..end)?.rfind('.')
    {
        end = mark.range.end + dot;
    }
    let text = path.get(segment.start..end)?;
    let tokens: Vec<Range<usize>> = tokens::tokens(text)
        .into_iter()
        .map(|range| range.start + segment.start..range.end + segment.start)
        .collect();
    let touching = |left: &Range<usize>, right: &Range<usize>| right.start - left.end <= 1;
    let sibling = |run: &[Range<usize>]| -> Option<String> {
        let together = run
            .windows(2)
            .all(|pair| matches!(pair, [left, right] if touching(left, right)));
        let words: Vec<String> = run
            .iter()
            .map(|range| path.get(range.clone()).unwrap_or("").to_lowercase())
            .collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        (together && words::is_sibling(&words)).then(|| words.join("-"))
    };
    let after: Vec<&Range<usize>> = tokens
        .iter()
        .filter(|range| range.start >= mark.range.end)
        .collect();
    for length in (1..=after.len().min(4)).rev() {
        let run: Vec<Range<usize>> = after
            .iter()
            .take(length)
            .map(|range| (*range).clone())
            .collect();
        if let (Some(first), Some(last), Some(name)) = (run.first(), run.last(), sibling(&run))
            && touching(&mark.range, first)
        {
            return Some((mark.range.start..last.end, name));
        }
    }
    let before: Vec<&Range<usize>> = tokens
        .iter()
        .filter(|range| range.end <= mark.range.start)
        .collect();
    for length in (1..=before.len().min(4)).rev() {
        let skipped = before.len() - length;
        let run: Vec<Range<usize>> = before
            .iter()
            .skip(skipped)
            .map(|range| (*range).clone())
            .collect();
        if let (Some(first), Some(last), Some(name)) = (run.first(), run.last(), sibling(&run))
            && touching(last, &mark.range)
        {
            return Some((first.start..mark.range.end, name));
        }
    }
    None
}

/// A region that is the folder after or before, where the word is a whole folder.
fn around(
    path: &str,
    segments: &[Range<usize>],
    number: usize,
    mark: &Mark,
) -> Option<(Range<usize>, String)> {
    if segments.get(number) != Some(&mark.range) || number + 1 == segments.len() {
        return None;
    }
    let region = |range: &Range<usize>| -> Option<String> {
        let text = path.get(range.clone())?;
        let words: Vec<String> = tokens::tokens(text)
            .into_iter()
            .filter_map(|range| text.get(range).map(str::to_lowercase))
            .collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        words::is_region(&words).then(|| hyphened(text))
    };
    if let Some(after) = segments.get(number + 1)
        && number + 2 < segments.len()
        && let Some(name) = region(after)
    {
        return Some((mark.range.start..after.end, name));
    }
    let before = segments.get(number.checked_sub(1)?)?;
    region(before).map(|name| (before.start..mark.range.end, name))
}

/// The paths that a path may have without its word: production is often the one that has none. One separator goes with
/// the word. A word that is a whole folder, or all of a file's name, leaves nothing.
pub(super) fn unmarked(path: &str) -> Vec<(Candidate, String)> {
    let segments = segments(path);
    plain(path)
        .into_iter()
        .filter_map(|candidate| {
            let mut ranges = Vec::new();
            for range in &candidate.ranges {
                let segment = segments
                    .iter()
                    .find(|segment| segment.start <= range.start && range.end <= segment.end)?;
                let separator = |byte: Option<&u8>| matches!(byte, Some(b'-' | b'_' | b'.'));
                let bytes = path.as_bytes();
                let (start, end) = if range.start == segment.start {
                    if !separator(bytes.get(range.end)) {
                        return None;
                    }
                    (range.start, range.end + 1)
                } else if separator(bytes.get(range.start - 1)) {
                    (range.start - 1, range.end)
                } else {
                    (range.start, range.end)
                };
                let rest = format!(
                    "{}{}",
                    path.get(segment.start..start)?,
                    path.get(end..segment.end)?
                );
                // `staging.yml` leaves `yml`, and `.staging` nothing.
                if end >= segment.end && start <= segment.start
                    || !rest.contains('.')
                        && start == segment.start
                        && path.get(end..segment.end)?.len() < 5
                {
                    return None;
                }
                ranges.push(start..end);
            }
            let without = replaced(path, ranges.into_iter(), "");
            Some((candidate, without))
        })
        .collect()
}

/// The environment that has no word of its own.
pub(super) fn unmarked_production() -> Key {
    Key {
        word: PRODUCTION,
        spelling: String::new(),
        sibling: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::{GAP, plain, siblings, unmarked};

    fn skeletons(path: &str) -> Vec<String> {
        plain(path)
            .into_iter()
            .map(|candidate| candidate.skeleton.replace(GAP, "*"))
            .collect()
    }

    #[test]
    fn a_path_leaves_a_skeleton_for_each_word() {
        assert_eq!(
            skeletons("overlays/staging/app.yaml"),
            ["overlays/*/app.yaml"]
        );
        assert_eq!(skeletons("env/prod/prod.tfvars"), ["env/*/*.tfvars"]);
        assert_eq!(skeletons("live/prod/x"), ["*/prod/x", "*/*/x", "live/*/x"]);
        assert_eq!(
            skeletons("non-prod/a/stage/x"),
            ["*/a/stage/x", "non-prod/a/*/x", "*/a/*/x"]
        );
        assert!(skeletons("products/app.yaml").is_empty());
    }

    #[test]
    fn siblings_are_told_apart_by_region_number_or_colour() {
        let keys = |path: &str| -> Vec<(String, String)> {
            siblings(path)
                .into_iter()
                .map(|one| (one.skeleton.replace(GAP, "*"), one.key.sibling))
                .collect()
        };
        let one = |skeleton: &str, sibling: &str| vec![(skeleton.to_owned(), sibling.to_owned())];
        assert_eq!(keys("c/production-eu/a.yaml"), one("c/*/a.yaml", "eu"));
        assert_eq!(keys("eu-production.yaml"), one("*.yaml", "eu"));
        assert_eq!(keys("prod-us-east-1/a"), one("*/a", "us-east-1"));
        assert_eq!(keys("prod2.tfvars"), one("*.tfvars", "2"));
        assert_eq!(
            keys("live/prod/eu-west-1/app/a.hcl").last(),
            one("live/*/app/a.hcl", "eu-west-1").last()
        );
        assert_eq!(
            keys("eu/production/values.yaml"),
            one("*/values.yaml", "eu")
        );
        assert_eq!(keys("values-staging.yaml"), one("values-*.yaml", ""));
        assert_eq!(keys("staging.eu"), one("*.eu", ""));
    }

    #[test]
    fn a_word_goes_with_its_separator() {
        let without = |path: &str| -> Vec<String> {
            unmarked(path)
                .into_iter()
                .map(|(_, without)| without)
                .collect()
        };
        assert_eq!(
            without("hosts/staging.example.com/config.yml"),
            ["hosts/example.com/config.yml"]
        );
        assert_eq!(
            without("docker-compose.staging.yml"),
            ["docker-compose.yml"]
        );
        assert_eq!(without("a/.env.staging"), ["a/.env"]);
        assert_eq!(without("app-staging/x.yml"), ["app/x.yml"]);
        assert!(without("staging/x.yml").is_empty());
        assert!(without("a/staging.yml").is_empty());
    }
}
