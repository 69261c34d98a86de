//! Version ranges: which of two admits more.
//!
//! The operators of Helm, npm, Cargo, Terraform and PEP 440: `^1.2`, `~1.2`, `~> 1.4`, `~=1.4`, `>=1,<2`, `1.x`, `*`,
//! `1.2 - 2.3`, `!=1.5`, `||`. A range becomes two sets (`set`): its releases and its pre-releases. It admits
//! pre-releases if a comparator of an alternative names one, as all five agree at least near that version: so
//! `>=1.0.0-alpha` admits more than `>=1.0.0`.
//!
//! The five disagree on shortened versions: `<=1.2` ends with 1.2.9 for npm, Helm and Cargo and with 1.2.0 for
//! Terraform and PEP 440. For those two a fourth number may follow, so that `>1.2.3` is not yet `>=1.2.4`. If no
//! operator shows the program, both readings are tried, and only their common result counts. `~>` is read as in
//! Terraform and Ruby; Helm's rare `~>` is its `~`. A bare version is itself: Cargo's `1.2.3`, which means `^1.2.3`, is
//! not distinguishable by text.

mod set;

use set::{Edge, Set};

use super::key;
use super::version::Version;
use super::{Admits, Context, Relation};

/// The longest text that is a range.
const LONGEST: usize = 256;
/// Maximum number of comparators of a range.
const MOST: usize = 32;

/// Reading of shortened versions.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// `1.2` is any 1.2: npm, Helm, Cargo.
    Any,
    /// `1.2` is 1.2.0: Terraform, PEP 440.
    Zero,
}

/// Versions admitted by a range.
#[derive(Debug, PartialEq, Eq)]
struct Admitted<'a> {
    releases: Set<'a>,
    before_releases: Set<'a>,
}

impl Admitted<'_> {
    /// Whether its comparators contradict each other, so that it admits nothing.
    fn is_empty(&self) -> bool {
        self.releases.is_empty() && self.before_releases.is_empty()
    }

    fn includes(&self, other: &Self) -> bool {
        self.releases.includes(&other.releases)
            && self.before_releases.includes(&other.before_releases)
    }
}

/// Version in a range: `1`, `1.2`, `1.x`, `*`, `1.2.3-rc.1`.
#[derive(Clone, Copy)]
struct Partial<'a> {
    triple: [u64; 3],
    /// Number of given numbers: 0 for `*`.
    given: usize,
    /// Whether a star or an x ends it, so that no reading fills in zeros.
    open: bool,
    suffix: &'a str,
}

impl<'a> Partial<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let is_wild = |part: &str| matches!(part, "*" | "x" | "X");
        let mut head = text.strip_prefix('v').unwrap_or(text);
        let mut open = false;
        // `1.x`, `1.2.*`, `1.x.x`: the part before the first wildcard counts.
        loop {
            match head.rsplit_once('.') {
                Some((before, last)) if is_wild(last) => {
                    head = before;
                    open = true;
                }
                None if is_wild(head) => {
                    return Some(Self {
                        triple: [0; 3],
                        given: 0,
                        open: true,
                        suffix: "",
                    });
                }
                _ => break,
            }
        }
        let version = Version::read(head)?;
        if open && !(version.suffix().is_empty() && version.count() < 3) {
            return None;
        }
        Some(Self {
            triple: version.triple()?,
            given: version.count(),
            open,
            suffix: version.suffix(),
        })
    }

    /// Returns the first version after all those that share its first numbers; `None` if there is no end.
    fn bumped(&self, numbers: usize) -> Option<Edge<'a>> {
        let [major, minor, patch] = self.triple;
        let triple = match numbers {
            0 => return None,
            1 => [major.checked_add(1)?, 0, 0],
            2 => [major, minor.checked_add(1)?, 0],
            _ => [major, minor, patch.checked_add(1)?],
        };
        // Pre-releases of the next version are excluded too.
        Some(Edge::first_of(triple))
    }

    fn from(&self) -> Edge<'a> {
        if self.given == 0 || self.open {
            Edge::first_of(self.triple)
        } else {
            Edge::before(self.triple, self.suffix)
        }
    }

    fn is_cut_short(&self, reading: Reading) -> bool {
        self.given < 3 && (self.open || reading == Reading::Any)
    }
}

/// Returns the range of one comparator.
fn comparator<'a>(operator: &str, version: Partial<'a>, reading: Reading) -> Option<Set<'a>> {
    let from = version.from();
    let after = || {
        if version.is_cut_short(reading) {
            version.bumped(version.given)
        } else {
            Some(Edge::after(version.triple, version.suffix))
        }
    };
    let exactly = || Set::between(from, after());
    Some(match operator {
        "" | "=" | "==" => exactly(),
        "!=" => exactly().complement(),
        ">=" => Set::between(from, None),
        ">" => after().map_or_else(Set::empty, |after| Set::between(after, None)),
        "<=" => Set::between(Edge::START, after()),
        "<" => Set::between(Edge::START, Some(from)),
        "~" => Set::between(from, version.bumped(version.given.min(2))),
        // The last given number may increase.
        "~>" | "~=" => {
            if operator == "~=" && version.given < 2 {
                return None;
            }
            Set::between(from, version.bumped(version.given.saturating_sub(1)))
        }
        "^" => Set::between(from, version.bumped(caret(&version))),
        _ => return None,
    })
}

/// Returns the number of leading parts that may not increase, up to the first that is not zero.
fn caret(version: &Partial<'_>) -> usize {
    let [major, minor, _] = version.triple;
    let fixed = match (major, minor) {
        (0, 0) => 3,
        (0, _) => 2,
        _ => 1,
    };
    fixed.min(version.given)
}

fn is_operator(byte: u8) -> bool {
    matches!(byte, b'<' | b'>' | b'=' | b'~' | b'^' | b'!')
}

/// Parses an alternative: comparators that must all match, and whether one of them names a pre-release.
fn alternative<'a>(text: &'a str, reading: Reading, left: &mut usize) -> Option<(Set<'a>, bool)> {
    let text = text.trim();
    if let Some((from, to)) = text.split_once(" - ") {
        let (from, to) = (Partial::read(from.trim())?, Partial::read(to.trim())?);
        let before = !from.suffix.is_empty() || !to.suffix.is_empty();
        let set = comparator(">=", from, reading)?.both(&comparator("<=", to, reading)?);
        return Some((set, before));
    }
    let mut rest = text;
    let mut all = Set::all();
    let mut names_one = false;
    let mut bare = false;
    let mut first = true;
    loop {
        *left = left.checked_sub(1)?;
        let end = rest.bytes().take_while(|&byte| is_operator(byte)).count();
        let (operator, after) = rest.split_at_checked(end)?;
        bare |= operator.is_empty();
        // Versions in a row are a list, not a range.
        if bare && !first {
            return None;
        }
        first = false;
        let after = after.trim_start();
        let end = after.find(|each: char| {
            each == ',' || each.is_whitespace() || u8::try_from(each).is_ok_and(is_operator)
        });
        let (version, after) = after.split_at_checked(end.unwrap_or(after.len()))?;
        let version = Partial::read(version)?;
        names_one |= !version.suffix.is_empty();
        all = all.both(&comparator(operator, version, reading)?);
        let after = after.trim_start();
        rest = match after.strip_prefix(',') {
            // A comma must be followed by another comparator.
            Some(next) if next.trim_start().is_empty() => return None,
            Some(next) => next.trim_start(),
            None => after,
        };
        if rest.is_empty() {
            return Some((all, names_one));
        }
    }
}

fn read(text: &str, reading: Reading) -> Option<Admitted<'_>> {
    if text.len() > LONGEST {
        return None;
    }
    let mut left = MOST;
    let mut releases = Set::empty();
    let mut before_releases = Set::empty();
    for each in text.split("||") {
        let (set, names_one) = alternative(each, reading, &mut left)?;
        releases = releases.either(&set.releases(reading == Reading::Any));
        if names_one {
            before_releases = before_releases.either(&set.before_releases());
        }
    }
    Some(Admitted {
        releases,
        before_releases,
    })
}

fn judge(left: &str, right: &str, reading: Reading) -> Option<Relation> {
    let (one, two) = (read(left, reading)?, read(right, reading)?);
    if one.is_empty() || two.is_empty() {
        return None;
    }
    Some(match (one.includes(&two), two.includes(&one)) {
        (true, true) => Relation::Same,
        (true, false) => Relation::Version {
            admits: Admits::LeftMore,
        },
        (false, true) => Relation::Version {
            admits: Admits::RightMore,
        },
        (false, false) => Relation::Version {
            admits: Admits::Each,
        },
    })
}

/// Whether a text admits several versions: an operator, a wildcard, an alternative.
fn is_range(text: &str) -> bool {
    text.bytes()
        .any(|byte| is_operator(byte) || matches!(byte, b'*' | b'|' | b','))
        || text.contains(" - ")
        || text.split('.').any(|part| matches!(part, "x" | "X"))
}

/// Whether it is unambiguously a range: an operator at the start and a version of three numbers.
fn is_unmistakable(text: &str) -> bool {
    text.bytes().next().is_some_and(is_operator)
        && text.bytes().filter(|&byte| byte == b'.').count() >= 2
}

pub(super) fn relate(left: &str, right: &str, context: Context<'_>) -> Option<Relation> {
    let begins = |text: &str| {
        matches!(
            text.bytes().next(),
            Some(b'0'..=b'9' | b'v' | b'x' | b'X' | b'*' | b'<' | b'>' | b'=' | b'~' | b'^' | b'!')
        )
    };
    if !begins(left) || !begins(right) || !(is_range(left) || is_range(right)) {
        return None;
    }
    if !(key::is_version(context.key) || is_unmistakable(left) && is_unmistakable(right)) {
        return None;
    }
    let (any, zero) = readings(left, right);
    let by_any = any.then(|| judge(left, right, Reading::Any));
    let by_zero = zero.then(|| judge(left, right, Reading::Zero));
    match (by_any, by_zero) {
        (Some(only), None) | (None, Some(only)) => only,
        (Some(one), Some(two)) if one == two => one,
        (Some(Some(_)), Some(Some(_))) => Some(Relation::Version {
            admits: Admits::Unknown,
        }),
        _ => None,
    }
}

/// Returns the possible readings: some operators belong to one family of formats.
fn readings(left: &str, right: &str) -> (bool, bool) {
    let has = |mark: &str| left.contains(mark) || right.contains(mark);
    let of_terraform_or_python = has("~>") || has("~=") || has("==");
    let of_npm_helm_or_cargo = has("^") || has("||") || has(" - ");
    if of_terraform_or_python == of_npm_helm_or_cargo {
        (true, true)
    } else {
        (of_npm_helm_or_cargo, of_terraform_or_python)
    }
}

#[cfg(test)]
mod tests {
    use crate::meaning::tests::{assert_all, assert_not_same, kinds};
    use crate::meaning::{Admits, Relation};
    use evenkeel_document::ScalarKind::Text;

    fn version(admits: Admits) -> Relation {
        Relation::Version { admits }
    }

    #[test]
    fn one_range_has_many_spellings() {
        assert_all(
            kinds(Text, Text),
            "version",
            &[
                ("^1.2.0", ">=1.2.0 <2.0.0"),
                ("^1.2.0", ">=1.2.0, <2.0.0"),
                (">=1.2.0,<2.0.0", ">= 1.2.0 , < 2.0.0"),
                ("^1.2", ">=1.2 <2"),
                ("~1.2.3", ">=1.2.3 <1.3.0"),
                ("~> 1.4.0", "~1.4.0"),
                ("~> 1.4", ">= 1.4, < 2"),
                ("~=1.4.2", "~1.4.2"),
                ("1.x", "^1"),
                ("1.x", "1.*"),
                ("1.X.X", "1.x"),
                ("1.2.x", "~1.2.0"),
                ("*", ">=0.0.0"),
                ("*", "x"),
                ("==1.2.*", "~1.2.0"),
                ("=1.2.3", "1.2.3"),
                ("1.2.0 - 1.3.0", ">=1.2.0 <=1.3.0"),
                ("^0.2.3", ">=0.2.3 <0.3.0"),
                ("^0.0.3", "=0.0.3"),
                ("<2.0.0 || >=2.0.0", "*"),
                ("^1.0.0 || ^2.0.0", "^2.0.0 || ^1.0.0"),
                ("^1.0.0 || ^2.0.0", ">=1.0.0 <3.0.0"),
                ("^1.2.0 || >2.2.3", "^1.2.0 || >=2.2.4"),
                ("!=1.2.3", "<1.2.3 || >1.2.3"),
                (">=1.0.0,!=0.9.0", ">=1.0.0"),
                (">=v1.2.3", ">=1.2.3"),
                (">=1.0.0>=0.5.0", ">=1.0.0"),
            ],
            &Relation::Same,
        );
        assert_all(
            kinds(Text, Text),
            "anything",
            &[("^1.2.0", ">=1.2.0 <2.0.0")],
            &Relation::Same,
        );
    }

    #[test]
    fn the_wider_range_is_known() {
        assert_all(
            kinds(Text, Text),
            "version",
            &[
                (">=1.0.0-alpha", ">=1.0.0"),
                ("^1.2", "~1.2"),
                ("^1.2", "^1.3"),
                (">=1.0.0", "^1.0.0"),
                ("*", ">=1.0.0"),
                ("1.x", "1.2.3"),
                ("^1.2.3", "1.2.3"),
                (">=1.0.0", ">=1.0.0,!=1.5.0"),
                ("^1.0.0 || ^2.0.0", "^2.0.0"),
                ("~> 1.4", "~> 1.4.0"),
                (">=1.0.0-alpha", ">=1.0.0-beta"),
                ("<3.0.0", "<2.0.0"),
                ("1.0.0 - 2.0.0", "1.1.0 - 1.9.0"),
            ],
            &version(Admits::LeftMore),
        );
    }

    #[test]
    fn ranges_that_each_admit_their_own_are_known() {
        assert_all(
            kinds(Text, Text),
            "version",
            &[
                ("^1.0.0", "^2.0.0"),
                (">=1.0.0 <3.0.0", ">=2.0.0 <4.0.0"),
                ("1.2.3", "^2.0.0"),
                (">=1.0.0-alpha <2.0.0", ">=1.0.0"),
                ("<1.0.0", ">=1.0.0"),
                ("!=1.0.0", "1.0.0"),
                (">=1.0.0-0", "*"),
            ],
            &version(Admits::Each),
        );
    }

    #[test]
    fn disagreeing_formats_leave_the_relation_unknown() {
        assert_all(
            kinds(Text, Text),
            "version",
            &[
                // A fourth number may follow: 1.2.3.1.
                (">1.2.3", ">=1.2.4"),
                ("<=1.2.3", "<1.2.4"),
                ("<=1.2", "<=1.2.0"),
                (">1.2", ">=1.3.0"),
                ("=1.2", "1.2.x"),
                ("<=1.2", "<1.3.0"),
            ],
            &version(Admits::Unknown),
        );
    }

    #[test]
    fn ranges_that_look_alike_are_not_the_same() {
        for (one, two) in [
            ("^1.2", "~1.2"),
            ("^0.2", "^0.3"),
            ("^0.2.3", ">=0.2.3 <1.0.0"),
            ("~1", "~1.0"),
            ("~> 1.4", "~1.4"),
            (">=1.0.0", ">1.0.0"),
            ("<1.0.0", "<=1.0.0"),
            (">=1.0.0", ">=1.0.0-rc.1"),
            (">=1.0.0-rc.1", ">=1.0.0-rc.2"),
            (">=1.0.0 <2.0.0", ">=1.0.0 || <2.0.0"),
            ("1.x", "1.0.x"),
            ("*", "latest"),
            (">=1.0.0,", ">=1.0.0"),
            (">=1.0.0 ||", ">=1.0.0"),
            ("=>1.0.0", ">=1.0.0"),
            ("^^1.0.0", "^1.0.0"),
            (">=1.2.3.4", ">=1.2.3"),
            ("1.2.3", "^1.2.3"),
            ("<18446744073709551616.0.0", "*"),
            ("~=1", "~1"),
            ("^1.2.3+a", "^1.2.4+a"),
            ("1.x.3", "1.x"),
            ("^", "*"),
            ("||", "*"),
            (">2.0.0 <1.0.0", ">4.0.0 <3.0.0"),
            ("1,2", "2,1"),
            ("1.0.0 2.0.0", "3.0.0, 4.0.0"),
            ("1.0.0 >=1.0.0", "1.0.0"),
            ("1.2 -2.0", "1.2 - 2.0"),
        ] {
            assert_not_same(kinds(Text, Text), "version", one, two);
        }
        for (one, two) in [
            ("> 5", ">=6"),
            (">5", "> 5"),
            ("*", "x"),
            ("1.x", "1.*"),
            ("<b>1.2.3", "<i>1.2.3"),
            ("a,b", "b,a"),
            ("1,2", "2,1"),
            ("*.a.b", "*.b"),
        ] {
            assert_all(
                kinds(Text, Text),
                "expression",
                &[(one, two)],
                &Relation::Differs,
            );
        }
    }

    #[test]
    fn a_range_of_any_length_ends() {
        let many = vec![">=1.0.0"; 40].join(" ");
        assert_all(
            kinds(Text, Text),
            "version",
            &[(&many, ">=1.0.0")],
            &Relation::Differs,
        );
    }
}
