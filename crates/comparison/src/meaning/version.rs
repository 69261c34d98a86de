//! Single versions: which of two is newer.
//!
//! Semantic Versioning 2.0.0 §11 for three numbers, and the same order for one to four numbers, as in engines, charts
//! and calendar versions: `13`, `13.4`, `2024.1`. If the shorter one is a prefix, as in `13` and `13.4`, neither is
//! newer: `13` may mean any of them. A suffix after a hyphen is a pre-release only if it is a word of one; `-alpine`
//! and `-gke` are not. `apiVersion` follows Kubernetes' order: `v1alpha1`, `v1beta1`, `v1`.
//!
//! Two spellings of a version are never equal: `v1.2.3` and `1.2.3` are two tags.

use std::cmp::Ordering;

use super::key;
use super::{Admits, Context, Relation};
use evenkeel_document::{Scalar, ScalarKind};

/// The longest text that is a version.
const LONGEST: usize = 128;

/// Words of pre-releases, from early to late; words of one rank are equal.
const STAGES: &[&[&str]] = &[
    &["dev", "nightly", "snapshot", "canary", "next"],
    &["alpha", "a"],
    &["beta", "b"],
    &["rc", "c", "pre", "preview"],
];

/// Parts of a version, as written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Version<'a> {
    numbers: [u64; 4],
    count: usize,
    /// Suffix after a hyphen, or the letters of `1.0rc1`.
    suffix: &'a str,
    has_v: bool,
}

impl<'a> Version<'a> {
    pub(super) fn read(text: &'a str) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        let stripped = text.strip_prefix(['v', 'V']);
        let mut rest = stripped.unwrap_or(text);
        let mut numbers = [0; 4];
        let mut count = 0;
        loop {
            let end = rest.bytes().take_while(u8::is_ascii_digit).count();
            let (digits, after) = rest.split_at_checked(end)?;
            *numbers.get_mut(count)? = digits.parse().ok()?;
            count += 1;
            rest = after;
            match rest.strip_prefix('.') {
                Some(next) if next.starts_with(|each: char| each.is_ascii_digit()) => rest = next,
                _ => break,
            }
        }
        let (rest, build) = match rest.split_once('+') {
            Some((rest, build)) => (rest, Some(build)),
            None => (rest, None),
        };
        let suffix = match rest.strip_prefix('-') {
            Some("") => return None,
            Some(suffix) => suffix,
            // PEP 440: `1.0a1`, `1.0rc1`. Only after a dot, or `3f` would be a version.
            None if rest.is_empty() || count > 1 && stage(split_word(rest).0).is_some() => rest,
            None => return None,
        };
        let sound = |text: &str| {
            text.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'))
        };
        (sound(suffix) && build.is_none_or(|build| !build.is_empty() && sound(build))).then_some(
            Self {
                numbers,
                count,
                suffix,
                has_v: stripped.is_some(),
            },
        )
    }

    /// Returns three numbers, as semantic versioning requires; missing ones are zero. `None` if there are four.
    pub(super) fn triple(&self) -> Option<[u64; 3]> {
        let [one, two, three, _] = self.numbers;
        (self.count <= 3).then_some([one, two, three])
    }

    /// Returns the number of written numbers.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Returns the pre-release, or an empty text.
    pub(super) fn suffix(&self) -> &'a str {
        self.suffix
    }

    /// Whether it is unambiguously a version, whatever the key.
    fn is_unmistakable(&self) -> bool {
        self.count == 3 || self.has_v && self.count == 2
    }

    fn order(&self, other: &Self) -> Option<Ordering> {
        let shorter = self.count.min(other.count);
        let ours = self.numbers.iter().take(shorter);
        match ours.cmp(other.numbers.iter().take(shorter)) {
            Ordering::Equal if self.count == other.count => suffixes(self.suffix, other.suffix),
            Ordering::Equal => None,
            different => Some(different),
        }
    }
}

fn stage(word: &str) -> Option<usize> {
    STAGES
        .iter()
        .position(|words| words.iter().any(|each| each.eq_ignore_ascii_case(word)))
}

/// Splits leading letters from the rest.
fn split_word(text: &str) -> (&str, &str) {
    let end = text.bytes().take_while(u8::is_ascii_alphabetic).count();
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// Compares two suffixes of one version. `None` if they are not stages of one sequence.
fn suffixes(left: &str, right: &str) -> Option<Ordering> {
    if left.is_empty() || right.is_empty() {
        let other = if left.is_empty() { right } else { left };
        stage(split_word(other).0)?;
        // A release is newer than all of its pre-releases.
        return Some(if left.is_empty() {
            Ordering::Greater
        } else {
            Ordering::Less
        });
    }
    let mut ours = left.split(['.', '-']);
    let mut theirs = right.split(['.', '-']);
    loop {
        let (one, two) = match (ours.next(), theirs.next()) {
            (Some(one), Some(two)) if one == two => continue,
            (Some(one), Some(two)) => (one, two),
            // More of the same is later: `rc.1` and `rc.1.2`.
            _ => return None,
        };
        let ((word, number), (their_word, their_number)) = (split_word(one), split_word(two));
        let same_word = word.eq_ignore_ascii_case(their_word);
        return match (stage(word), stage(their_word)) {
            (Some(one), Some(two)) if one != two => Some(one.cmp(&two)),
            _ if same_word => {
                let (number, their_number) = (
                    number.parse::<u64>().ok()?,
                    their_number.parse::<u64>().ok()?,
                );
                (number != their_number).then(|| number.cmp(&their_number))
            }
            _ => None,
        };
    }
}

/// Parses `v1beta2` of Kubernetes: the major number, the stage, the stage's number.
fn api(text: &str) -> Option<(u64, u8, u64)> {
    let text = text.strip_prefix('v')?;
    let end = text.bytes().take_while(u8::is_ascii_digit).count();
    let (major, rest) = text.split_at_checked(end)?;
    let (stage, number) = split_word(rest);
    let stage = match stage {
        "" => return number.is_empty().then_some((major.parse().ok()?, 2, 0)),
        "beta" => 1,
        "alpha" => 0,
        _ => return None,
    };
    Some((major.parse().ok()?, stage, number.parse().ok()?))
}

/// Compares two `apiVersion`s of one group: stable versions are newer than all others.
fn api_order(left: &str, right: &str) -> Option<Ordering> {
    let parts = |text| str::rsplit_once(text, '/').unwrap_or(("", text));
    let ((group, left), (their_group, right)) = (parts(left), parts(right));
    let (one, two) = (api(left)?, api(right)?);
    let ranked = |(major, stage, number): (u64, u8, u64)| (stage, major, number);
    (group == their_group).then(|| ranked(one).cmp(&ranked(two)))
}

/// Whether a version is a date: `2012-10-17`. Dates sort as text.
fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 10
        && bytes.iter().enumerate().all(|(at, byte)| {
            if matches!(at, 4 | 7) {
                *byte == b'-'
            } else {
                byte.is_ascii_digit()
            }
        })
}

pub(super) fn relate(left: &Scalar, right: &Scalar, context: Context<'_>) -> Option<Relation> {
    if key::is_api_version(context.key) {
        return api_order(&left.text, &right.text).map(Some).map(newer);
    }
    let begins = |text: &str| matches!(text.bytes().next(), Some(b'0'..=b'9' | b'v' | b'V'));
    if !begins(&left.text) || !begins(&right.text) {
        return None;
    }
    let of_key = key::is_version(context.key);
    if of_key && is_date(&left.text) && is_date(&right.text) {
        return Some(newer(Some(left.text.cmp(&right.text))));
    }
    let (one, two) = (Version::read(&left.text)?, Version::read(&right.text)?);
    if !(of_key || one.is_unmistakable() && two.is_unmistakable()) {
        return None;
    }
    // A reader may parse the number `1.10` as 1.1.
    let is_cut = |scalar: &Scalar| scalar.kind == ScalarKind::Float && scalar.text.ends_with('0');
    if is_cut(left) || is_cut(right) {
        return Some(newer(None));
    }
    Some(newer(one.order(&two)))
}

fn newer(order: Option<Ordering>) -> Relation {
    Relation::Version {
        admits: match order {
            Some(Ordering::Less) => Admits::RightNewer,
            Some(Ordering::Greater) => Admits::LeftNewer,
            Some(Ordering::Equal) | None => Admits::Unknown,
        },
    }
}

#[cfg(test)]
mod tests {
    use crate::meaning::tests::{assert_all, kinds};
    use crate::meaning::{Admits, Relation};
    use evenkeel_document::ScalarKind::{Float, Integer, Loose, Text};

    fn version(admits: Admits) -> Relation {
        Relation::Version { admits }
    }

    #[test]
    fn the_newer_version_is_known() {
        let pairs = [
            ("1.2.3", "1.2.4"),
            ("1.9.0", "1.10.0"),
            ("v1.2.3", "v1.3.0"),
            ("v1.2.3", "2.0.0"),
            ("1.0.0-alpha", "1.0.0"),
            ("1.0.0-alpha", "1.0.0-beta"),
            ("1.0.0-rc.1", "1.0.0-rc.2"),
            ("1.0.0-rc.9", "1.0.0-rc.10"),
            ("1.0.0-rc1", "1.0.0"),
            ("1.0rc1", "1.0"),
            ("1.0a1", "1.0b1"),
            ("1.0.0-SNAPSHOT", "1.0.0"),
            ("2023.4", "2024.1"),
            ("13", "14"),
            ("13.4", "14"),
            ("13.4", "13.12"),
            ("1.2.3-alpine", "1.2.4-alpine"),
            ("1.28.3-gke.1200", "1.28.3-gke.1300"),
            ("1.28.3-eks-1-a", "1.28.3-eks-2-a"),
            ("1.2.3.4", "1.2.3.5"),
            ("1.2.3-1", "1.2.3-2"),
            ("2012-10-17", "2023-01-01"),
        ];
        for key in [
            "version",
            "tag",
            "appVersion",
            "targetRevision",
            "engine_version",
            "CHART_VERSION",
        ] {
            assert_all(kinds(Text, Text), key, &pairs, &version(Admits::RightNewer));
        }
        assert_all(
            kinds(Integer, Integer),
            "version",
            &[("13", "14")],
            &version(Admits::RightNewer),
        );
        assert_all(
            kinds(Float, Float),
            "version",
            &[("1.8", "1.9")],
            &version(Admits::RightNewer),
        );
        assert_all(
            kinds(Loose, Loose),
            "anything",
            &[("v1.2", "v1.3"), ("1.2.3", "1.2.4")],
            &version(Admits::RightNewer),
        );
        let apis = [
            ("apps/v1beta1", "apps/v1"),
            ("autoscaling/v2beta1", "autoscaling/v2beta2"),
            ("v1alpha1", "v1beta1"),
            ("autoscaling/v1", "autoscaling/v2"),
            ("x.io/v2beta1", "x.io/v1"),
        ];
        assert_all(
            kinds(Text, Text),
            "apiVersion",
            &apis,
            &version(Admits::RightNewer),
        );
    }

    #[test]
    fn without_a_newer_one_the_relation_is_unknown() {
        assert_all(
            kinds(Text, Text),
            "version",
            &[
                ("13", "13.4"),
                ("1.2", "1.2.0"),
                ("v1.2.3", "1.2.3"),
                ("1.2.3+a", "1.2.3+b"),
                ("1.2.3-alpine", "1.2.3-bookworm"),
                ("1.2.3-alpine", "1.2.3"),
                ("1.2.3-1", "1.2.3"),
                ("1.2.3-rc.1", "1.2.3-rc.1.2"),
                ("01.2.3", "1.2.3"),
            ],
            &version(Admits::Unknown),
        );
        assert_all(
            kinds(Float, Float),
            "version",
            &[("1.10", "1.1"), ("1.10", "1.9")],
            &version(Admits::Unknown),
        );
    }

    #[test]
    fn similar_texts_are_not_versions() {
        assert_all(
            kinds(Text, Text),
            "something",
            &[
                ("13", "14"),
                ("13.4", "13.5"),
                ("v1", "v2"),
                ("2024-01-01", "2024-01-02"),
                ("1.2.x.y", "1.2.3"),
                ("1.2.3.4.5", "1.2.3.4.6"),
                ("10.0.0.0/8", "10.0.0.0/16"),
            ],
            &Relation::Differs,
        );
        assert_all(
            kinds(Text, Text),
            "version",
            &[
                ("latest", "1.2.3"),
                ("1.2.3-", "1.2.3"),
                ("version", "1"),
                ("", "1.2.3"),
                ("1..2", "1.2"),
                ("3f", "4f"),
                ("1.2.3 ", "1.2.4"),
                ("99999999999999999999", "1"),
                ("1.2.3_1", "1.2.3"),
                ("main", "master"),
                ("1.2.3+", "1.2.3"),
                ("v", "v1"),
            ],
            &Relation::Differs,
        );
        assert_all(
            kinds(Text, Text),
            "apiVersion",
            &[
                ("apps/v1", "batch/v1"),
                ("apps/v1", "v1"),
                ("apps/v1", "apps/v1gamma1"),
                ("v", "v1"),
            ],
            &Relation::Differs,
        );
    }
}
