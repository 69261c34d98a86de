//! Versions of packages: the order of each packaging system, and what a definition requires of a version.
//!
//! Pure: the order is computed here, and never asked of the host, so plans and targets judge alike.

use std::cmp::Ordering;
use std::fmt;

use super::System;

/// What a definition requires of a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Requirement {
    /// This version.
    Exact(String),
    /// A version that this pattern describes; `*` is any text.
    Pattern(String),
    /// A version for which all of these comparisons hold.
    Range(Vec<(Comparison, String)>),
}

/// A comparison with a bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `=`
    Equal,
    /// `>=`
    GreaterOrEqual,
    /// `>`
    Greater,
}

impl Comparison {
    fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::Equal => order.is_eq(),
            Self::GreaterOrEqual => order.is_ge(),
            Self::Greater => order.is_gt(),
        }
    }

    /// Returns the comparison at the start of a text, and the rest.
    fn split(text: &str) -> Option<(Self, &str)> {
        [
            ("<=", Self::LessOrEqual),
            (">=", Self::GreaterOrEqual),
            ("<", Self::Less),
            (">", Self::Greater),
            ("=", Self::Equal),
        ]
        .into_iter()
        .find_map(|(sign, comparison)| Some((comparison, text.strip_prefix(sign)?)))
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Equal => "=",
            Self::GreaterOrEqual => ">=",
            Self::Greater => ">",
        })
    }
}

/// The longest requirement in bytes.
const LONGEST: usize = 256;

impl Requirement {
    /// Parses a requirement.
    ///
    /// # Errors
    ///
    /// What is expected, for a text that is no requirement.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.len() > LONGEST {
            return Err(format!("a version has at most {LONGEST} characters"));
        }
        if Comparison::split(text).is_some() {
            let bounds: Result<Vec<_>, String> = text.split(',').map(bound).collect();
            return bounds.map(Self::Range);
        }
        if text.contains('*') {
            let rest = text.replace('*', "");
            if !rest.is_empty() {
                version(&rest)?;
            }
            return Ok(Self::Pattern(text.to_owned()));
        }
        version(text)?;
        Ok(Self::Exact(text.to_owned()))
    }

    /// Whether a version is as required, in the order of a packaging system.
    #[must_use]
    pub fn holds(&self, version: &str, system: System) -> bool {
        match self {
            Self::Exact(exact) => compare(system, version, exact).is_eq(),
            // A pattern without an epoch describes the version without its epoch.
            Self::Pattern(pattern) => {
                let bare = version.split_once(':').map_or(version, |(_, bare)| bare);
                matches(pattern, version) || (!pattern.contains(':') && matches(pattern, bare))
            }
            Self::Range(bounds) => bounds
                .iter()
                .all(|(comparison, bound)| comparison.holds(compare(system, version, bound))),
        }
    }
}

fn bound(text: &str) -> Result<(Comparison, String), String> {
    let text = text.trim();
    let Some((comparison, rest)) = Comparison::split(text) else {
        return Err(format!(
            "`{text}` is not a comparison; separate comparisons with commas: `>= 1.2, < 2`"
        ));
    };
    let rest = rest.trim();
    version(rest)?;
    Ok((comparison, rest.to_owned()))
}

/// Checks the characters of a version.
fn version(text: &str) -> Result<(), String> {
    let is_good = |each: char| each.is_ascii_alphanumeric() || ".+-:~^_".contains(each);
    if text.starts_with(|each: char| each.is_ascii_alphanumeric() || each == '.')
        && text.chars().all(is_good)
    {
        return Ok(());
    }
    Err(format!(
        "`{text}` is not a version; expected an exact one such as `1.24.0-1`, a pattern such as `1.24.*`, or comparisons \
         such as `>= 1.2, < 2`"
    ))
}

/// Whether a pattern describes a text. Takes time proportional to the product of their lengths.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut at, mut place) = (0, 0);
    // The last star, and the place in the text up to which it reaches.
    let mut star: Option<(usize, usize)> = None;
    while place < text.len() {
        if pattern.get(at) == Some(&b'*') {
            star = Some((at, place));
            at += 1;
        } else if pattern.get(at).is_some() && pattern.get(at) == text.get(place) {
            at += 1;
            place += 1;
        } else if let Some((last, reached)) = star {
            star = Some((last, reached + 1));
            at = last + 1;
            place = reached + 1;
        } else {
            return false;
        }
    }
    pattern
        .get(at..)
        .unwrap_or_default()
        .iter()
        .all(|each| *each == b'*')
}

/// Compares two versions in the order of a packaging system.
#[must_use]
pub fn compare(system: System, one: &str, other: &str) -> Ordering {
    match system {
        System::Dpkg => dpkg(one, other),
        System::Rpm => rpm(one, other),
    }
}

/// Splits off the epoch; without one it is 0.
fn epoch(version: &str) -> (&str, &str) {
    match version.split_once(':') {
        Some((epoch, rest)) => (epoch.trim_start_matches('0'), rest),
        None => ("", version),
    }
}

/// Compares whole numbers of any length, written without leading zeros.
fn numbers(one: &str, other: &str) -> Ordering {
    one.len().cmp(&other.len()).then_with(|| one.cmp(other))
}

fn dpkg(one: &str, other: &str) -> Ordering {
    let ((epoch_1, rest_1), (epoch_2, rest_2)) = (epoch(one), epoch(other));
    let parts = |rest| match str::rsplit_once(rest, '-') {
        Some(parts) => parts,
        None => (rest, ""),
    };
    let ((upstream_1, revision_1), (upstream_2, revision_2)) = (parts(rest_1), parts(rest_2));
    numbers(epoch_1, epoch_2)
        .then_with(|| dpkg_part(upstream_1, upstream_2))
        .then_with(|| dpkg_part(revision_1, revision_2))
}

/// The place of a character in dpkg's order: `~`, the end or a digit, letters, everything else.
fn dpkg_place(byte: Option<&u8>) -> u32 {
    match byte {
        Some(b'~') => 0,
        None => 1,
        Some(byte) if byte.is_ascii_digit() => 1,
        Some(byte) if byte.is_ascii_alphabetic() => u32::from(*byte) + 1,
        Some(byte) => u32::from(*byte) + 512,
    }
}

fn dpkg_part(one: &str, other: &str) -> Ordering {
    let (mut one, mut other) = (one.as_bytes(), other.as_bytes());
    while !one.is_empty() || !other.is_empty() {
        let is_text = |bytes: &[u8]| bytes.first().is_some_and(|byte| !byte.is_ascii_digit());
        while is_text(one) || is_text(other) {
            let order = dpkg_place(one.first()).cmp(&dpkg_place(other.first()));
            if order.is_ne() {
                return order;
            }
            one = one.get(1..).unwrap_or_default();
            other = other.get(1..).unwrap_or_default();
        }
        let (number_1, rest_1) = digits(one);
        let (number_2, rest_2) = digits(other);
        let order = bytes(number_1, number_2);
        if order.is_ne() {
            return order;
        }
        (one, other) = (rest_1, rest_2);
    }
    Ordering::Equal
}

/// Splits off the digits at the start, without leading zeros.
fn digits(text: &[u8]) -> (&[u8], &[u8]) {
    let (number, rest) = run(text, u8::is_ascii_digit);
    let zeros = number.iter().take_while(|byte| **byte == b'0').count();
    (number.get(zeros..).unwrap_or_default(), rest)
}

/// Splits off the longest start of which all bytes are so.
fn run(text: &[u8], is_so: impl Fn(&u8) -> bool) -> (&[u8], &[u8]) {
    let length = text.iter().take_while(|byte| is_so(byte)).count();
    text.split_at_checked(length).unwrap_or((text, &[]))
}

/// Compares whole numbers of any length, as digits without leading zeros.
fn bytes(one: &[u8], other: &[u8]) -> Ordering {
    one.len().cmp(&other.len()).then_with(|| one.cmp(other))
}

/// Without a release in one of them, releases are not compared, as in rpm's own dependencies.
fn rpm(one: &str, other: &str) -> Ordering {
    let ((epoch_1, rest_1), (epoch_2, rest_2)) = (epoch(one), epoch(other));
    let order = numbers(epoch_1, epoch_2);
    match (rest_1.rsplit_once('-'), rest_2.rsplit_once('-')) {
        (Some((version_1, release_1)), Some((version_2, release_2))) => order
            .then_with(|| rpm_part(version_1, version_2))
            .then_with(|| rpm_part(release_1, release_2)),
        (Some((version, _)), None) => order.then_with(|| rpm_part(version, rest_2)),
        (None, Some((version, _))) => order.then_with(|| rpm_part(rest_1, version)),
        (None, None) => order.then_with(|| rpm_part(rest_1, rest_2)),
    }
}

fn rpm_part(one: &str, other: &str) -> Ordering {
    let (mut one, mut other) = (one.as_bytes(), other.as_bytes());
    let is_separator = |byte: &u8| !byte.is_ascii_alphanumeric() && !b"~^".contains(byte);
    while !one.is_empty() || !other.is_empty() {
        one = run(one, is_separator).1;
        other = run(other, is_separator).1;
        let first = (one.first(), other.first());
        // `~` comes before the end.
        if matches!(first, (Some(b'~'), _) | (_, Some(b'~'))) {
            match first {
                (Some(b'~'), Some(b'~')) => {}
                (Some(b'~'), _) => return Ordering::Less,
                _ => return Ordering::Greater,
            }
        } else if matches!(first, (Some(b'^'), _) | (_, Some(b'^'))) {
            // `^` comes after the end and before everything else.
            match first {
                (Some(b'^'), Some(b'^')) => {}
                (None, _) | (Some(b'^'), Some(_)) => return Ordering::Less,
                (_, None) | (Some(_), _) => return Ordering::Greater,
            }
        } else {
            let (Some(start), Some(_)) = first else {
                break;
            };
            let is_number = start.is_ascii_digit();
            let (part_1, rest_1) = segment(one, is_number);
            let (part_2, rest_2) = segment(other, is_number);
            if part_2.is_empty() {
                return if is_number {
                    Ordering::Greater
                } else {
                    Ordering::Less
                };
            }
            let order = if is_number {
                bytes(digits(part_1).0, digits(part_2).0)
            } else {
                part_1.cmp(part_2)
            };
            if order.is_ne() {
                return order;
            }
            (one, other) = (rest_1, rest_2);
            continue;
        }
        one = one.get(1..).unwrap_or_default();
        other = other.get(1..).unwrap_or_default();
    }
    match (one.is_empty(), other.is_empty()) {
        (true, true) => Ordering::Equal,
        (true, false) => Ordering::Less,
        (false, _) => Ordering::Greater,
    }
}

fn segment(text: &[u8], is_number: bool) -> (&[u8], &[u8]) {
    if is_number {
        run(text, u8::is_ascii_digit)
    } else {
        run(text, u8::is_ascii_alphabetic)
    }
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::super::System;
    use super::{Requirement, compare};

    /// Pairs of versions, the lower one first.
    const DPKG: &[(&str, &str)] = &[
        ("1.0", "1.1"),
        ("1.9", "1.10"),
        ("1.0~rc1-1", "1.0-1"),
        ("1.0~~", "1.0~"),
        ("1.0-1", "1.0-1+deb12u1"),
        ("1.0-1~bpo12+1", "1.0-1"),
        ("2.0", "1:0.1"),
        ("1.0", "1.0a"),
        ("1.0a", "1.0+"),
        ("1.0a", "1.0.1"),
        ("1.2-3-1", "1.2-3-2"),
        ("0", "00001"),
        ("1.99999999999999999999", "1.100000000000000000000"),
    ];

    /// Pairs from rpm's documentation and tests, the lower one first.
    const RPM: &[(&str, &str)] = &[
        ("1.0-1", "1.1-1"),
        ("5.5p1", "5.5p2"),
        ("5.5p1", "5.5p10"),
        ("10xyz", "10.1xyz"),
        ("xyz10", "xyz10.1"),
        ("xyz.4", "2"),
        ("1.0~rc1", "1.0"),
        ("1.0~rc1", "1.0~rc2"),
        ("1.0", "1.0^"),
        ("1.0^git1", "1.0^git2"),
        ("1.0^git1", "1.01"),
        ("1.0^20160101", "1.0.1"),
        ("1.0~rc1^git1", "1.0"),
        ("1.0~rc1", "1.0~rc1^git1"),
        ("9.0-2", "1:1.0-1"),
        ("2.0.1", "2.0.1a"),
    ];

    #[test]
    fn each_system_orders_versions_its_way() {
        for (system, pairs) in [(System::Dpkg, DPKG), (System::Rpm, RPM)] {
            for (low, high) in pairs {
                assert_eq!(compare(system, low, high), Ordering::Less, "{low} {high}");
                assert_eq!(
                    compare(system, high, low),
                    Ordering::Greater,
                    "{high} {low}"
                );
                assert_eq!(compare(system, low, low), Ordering::Equal, "{low}");
            }
        }
        assert_eq!(compare(System::Dpkg, "1.0", "0:1.00-0"), Ordering::Equal);
        assert_eq!(compare(System::Rpm, "1.0-3", "1.0"), Ordering::Equal);
        assert_eq!(compare(System::Rpm, "1_0", "1.0"), Ordering::Equal);
    }

    #[test]
    fn requirements_hold_for_what_they_describe() {
        let holds = |text: &str, version: &str| {
            Requirement::parse(text)
                .unwrap()
                .holds(version, System::Dpkg)
        };
        assert!(holds("1.24.0-1", "1.24.0-1"));
        assert!(!holds("1.24.0", "1.24.0-1"));
        assert!(holds("1.24.*", "1.24.0-1") && holds("1.24.*", "1:1.24.0-1"));
        assert!(holds("1:1.*", "1:1.24") && !holds("2:1.*", "1:1.24") && !holds("1.24.*", "1.25"));
        assert!(holds("*", "1") && holds("*a*b", "xaxb") && !holds("*a*b", "xb"));
        assert!(holds(">= 1.2, < 2", "1.2") && holds(">=1.2,<2", "1.9-3"));
        assert!(!holds(">= 1.2, < 2", "1:1.3") && !holds(">= 1.2, < 2", "1.2~rc1"));
        assert!(holds("= 1.0", "1.0-0") && holds("> 1", "1.0") && holds("<= 1", "1"));
    }

    #[test]
    fn what_is_no_requirement_is_refused() {
        for text in [
            "",
            " ",
            "-1",
            "1 2",
            "1/2",
            "1\n",
            ">=",
            ">= 1, 2",
            ">= 1,",
            "1\0",
            "1;2",
            "$(x)",
            "* x",
            "é",
            &"1".repeat(300),
        ] {
            let parsed = Requirement::parse(text);
            assert!(parsed.is_err() || text == "1\n", "{text:?}: {parsed:?}");
        }
        assert_eq!(
            Requirement::parse("1\n").unwrap(),
            Requirement::Exact("1".into())
        );
    }

    proptest! {
        #[test]
        fn the_order_is_an_order(one in "[0-9a-c.~+^:-]{0,8}", other in "[0-9a-c.~+^:-]{0,8}", is_rpm in any::<bool>()) {
            let system = if is_rpm { System::Rpm } else { System::Dpkg };
            prop_assert_eq!(compare(system, &one, &other), compare(system, &other, &one).reverse());
        }
    }

    /// Returns what `dpkg` itself decides for each pair; `None` without dpkg.
    fn asked(one: &str, other: &str) -> Option<Ordering> {
        let is = |relation: &str| {
            let asked = std::process::Command::new("dpkg")
                .args(["--compare-versions", one, relation, other])
                .stderr(std::process::Stdio::null())
                .status();
            asked.ok().map(|status| status.success())
        };
        Some(match (is("lt")?, is("gt")?) {
            (true, _) => Ordering::Less,
            (_, true) => Ordering::Greater,
            _ => Ordering::Equal,
        })
    }

    #[test]
    fn dpkg_itself_agrees() {
        // Versions of few characters from the whole alphabet, in a fixed sequence.
        let mut state: u32 = 12345;
        let mut made = || {
            let alphabet = b"0123.~+-ab";
            let mut text = String::from("1");
            for _ in 0..5 {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                text.push(char::from(
                    alphabet[(state >> 16) as usize % alphabet.len()],
                ));
            }
            text.trim_end_matches('-').to_owned()
        };
        let more: Vec<(String, String)> = (0..100).map(|_| (made(), made())).collect();
        let pairs = DPKG.iter().map(|(one, other)| (*one, *other)).chain(
            more.iter()
                .map(|(one, other)| (one.as_str(), other.as_str())),
        );
        for (one, other) in pairs {
            let Some(expected) = asked(one, other) else {
                eprintln!(
                    "SKIPPED: dpkg is missing: the order of versions is not compared with it"
                );
                return;
            };
            assert_eq!(compare(System::Dpkg, one, other), expected, "{one} {other}");
        }
    }
}
