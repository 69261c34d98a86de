//! Places of a path that may name its environment; each leaves a skeleton that other environments share.
//!
//! `overlays/staging/app.yaml` and `overlays/prod/app.yaml` both leave `overlays/*/app.yaml`. A path with several words
//! has several candidates; only the other paths decide between them.

use std::ops::Range;

use super::tokens::{self, Mark, hyphened, path_marks, replaced};
use super::words::{self, PRODUCTION, Role};

/// Marks the environment's place in a skeleton; no path contains it.
pub(super) const GAP: &str = "\u{1}";

/// Environment as named at one place, in the order of promotion.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    /// Index in the table of words.
    pub(super) word: usize,
    /// Spelling in lower case, with hyphens; empty where production has no word.
    pub(super) spelling: String,
    /// Region or number that distinguishes it from its siblings. Mostly empty.
    pub(super) sibling: String,
}

/// Path with the places that may name its environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    /// Part shared with other environments.
    pub(super) skeleton: String,
    pub(super) key: Key,
    /// Places that name the environment, in order.
    pub(super) ranges: Vec<Range<usize>>,
    /// Whether one of its words is rarely used for anything else.
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

/// Returns all candidates of a path that name one environment, without siblings.
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
        // `non-prod/…/stage` names one environment twice: by what it is and by what it is not.
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

/// Returns the candidates of a path that name an environment and a sibling (`prod-eu`, `eu/production`, `prod2`), and
/// those without a sibling, so that both match.
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

/// Returns the byte ranges of a path's segments.
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

/// Returns a sibling's name in the same segment: the range of both, and the sibling's name.
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

/// Returns a region in the folder before or after a word that is a whole folder.
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

/// Returns the paths that a path may have without its word: production often has none. One separator is removed with
/// the word. A word that is a whole folder, or a whole file name, leaves nothing.
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

/// Returns the environment without a word.
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
    fn siblings_are_distinguished_by_region_number_or_colour() {
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
    fn a_word_is_removed_with_its_separator() {
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
