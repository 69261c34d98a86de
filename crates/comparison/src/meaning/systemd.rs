//! Sizes and limits in units of systemd: `MemoryMax=0.5G`, `LimitCORE=1G:2G`, `LimitNOFILE=65536`.
//!
//! As systemd's `parse_size`, `safe_atou64` and `rlimit_parse` read them: base 1024, the capital letters `B` to `E`, a
//! fraction in any number, several parts from the largest to the smallest, and no fraction in a limit of things. Texts
//! that systemd rejects are equal to nothing else.

use super::number::sized;
use super::{Context, Dimension, Relation};

/// Sections of units with resources and limits.
const SECTIONS: &[&str] = &[
    "Service", "Socket", "Slice", "Scope", "Mount", "Swap", "Manager",
];

/// Keys whose value is a size, `infinity` or a share.
const SIZES: &[&str] = &[
    "MemoryMin",
    "MemoryLow",
    "MemoryHigh",
    "MemoryMax",
    "MemorySwapMax",
    "MemoryZSwapMax",
    "MemoryLimit",
    "StartupMemoryLow",
    "StartupMemoryHigh",
    "StartupMemoryMax",
    "StartupMemorySwapMax",
    "StartupMemoryZSwapMax",
    "DefaultMemoryMin",
    "DefaultMemoryLow",
    "DefaultStartupMemoryLow",
    "ReceiveBuffer",
    "SendBuffer",
    "PipeSize",
];

/// Keys whose value is a limit in bytes, or a soft and a hard one.
const SIZE_LIMITS: &[&str] = &[
    "LimitFSIZE",
    "LimitDATA",
    "LimitSTACK",
    "LimitCORE",
    "LimitRSS",
    "LimitAS",
    "LimitMEMLOCK",
    "LimitMSGQUEUE",
];

/// Keys whose value is a limit of things, or a soft and a hard one.
const COUNT_LIMITS: &[&str] = &["LimitNOFILE", "LimitNPROC", "LimitLOCKS", "LimitSIGPENDING"];

/// Relates two values of one key of a unit. `None` if the key is another one, or both are shares.
pub(super) fn relate(left: &str, right: &str, context: Context<'_>) -> Option<Relation> {
    if !SECTIONS.contains(&context.above) {
        return None;
    }
    // `DefaultLimitNOFILE` in `system.conf`.
    let key = context.key.strip_prefix("Default").unwrap_or(context.key);
    let is = |keys: &[&str]| keys.contains(&context.key) || keys.contains(&key);
    let (read, dimension): (fn(&str) -> Option<u64>, Dimension) = if is(SIZES) {
        if left.ends_with('%') && right.ends_with('%') {
            return None;
        }
        (size, Dimension::Bytes)
    } else if is(SIZE_LIMITS) {
        (size, Dimension::Bytes)
    } else if is(COUNT_LIMITS) {
        (count, Dimension::Number)
    } else {
        return None;
    };
    if is(SIZES) {
        return Some(match (read(left), read(right)) {
            (Some(one), Some(two)) => related(one, two, dimension),
            _ => Relation::Differs,
        });
    }
    let limits = |text: &str| {
        let (soft, hard) = text.split_once(':').unwrap_or((text, text));
        let read = |text: &str| match text {
            "infinity" => Some(u64::MAX),
            text => read(text).filter(|limit| *limit < u64::MAX),
        };
        let (soft, hard) = (read(soft)?, read(hard)?);
        (soft <= hard).then_some((soft, hard))
    };
    Some(match (limits(left)?, limits(right)?) {
        (one, two) if one == two => Relation::Same,
        ((_, u64::MAX), _) | (_, (_, u64::MAX)) => Relation::Differs,
        ((soft, hard), (other_soft, other_hard)) if soft == hard && other_soft == other_hard => {
            related(soft, other_soft, dimension)
        }
        _ => Relation::Differs,
    })
}

fn related(left: u64, right: u64, dimension: Dimension) -> Relation {
    if left == right {
        return Relation::Same;
    }
    #[expect(clippy::cast_precision_loss, reason = "only the larger one matters")]
    sized(left as f64, right as f64, dimension)
}

/// Parses a count: digits only.
fn count(text: &str) -> Option<u64> {
    let is_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    // A leading zero is octal there.
    let is_decimal = text == "0" || !text.starts_with('0');
    (is_digits && is_decimal)
        .then(|| text.parse().ok())
        .flatten()
}

/// Units of sizes, the largest first.
const UNITS: [(&str, u64); 8] = [
    ("E", 1 << 60),
    ("P", 1 << 50),
    ("T", 1 << 40),
    ("G", 1 << 30),
    ("M", 1 << 20),
    ("K", 1 << 10),
    ("B", 1),
    ("", 1),
];

/// Parses a size of one or several parts: `1.5G`, `1G 512M`.
fn size(text: &str) -> Option<u64> {
    let mut units = UNITS.iter();
    let mut rest = text;
    let mut sum = 0_u64;
    loop {
        let (number, after) = digits(rest.trim_start())?;
        let whole: u64 = number.parse().ok()?;
        let after_point = after.strip_prefix('.');
        let (decimals, after) = match after_point {
            Some(after) => digits(after).unwrap_or(("", after)),
            None => ("", after),
        };
        let after = after.trim_start();
        // Each unit is used once, in this order.
        let (suffix, factor) = units.find(|(suffix, _)| after.starts_with(suffix))?;
        let part = whole
            .checked_mul(*factor)?
            .checked_add(share(decimals, *factor)?)?;
        sum = sum.checked_add(part)?;
        rest = after.get(suffix.len()..)?;
        if rest.is_empty() {
            return Some(sum);
        }
    }
}

/// Returns this fraction of a unit, rounded as there: division by division, and down.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the same rounding as in systemd; less than the factor"
)]
fn share(decimals: &str, factor: u64) -> Option<u64> {
    if decimals.is_empty() {
        return Some(0);
    }
    let number = decimals.parse::<u64>().ok()? as f64;
    let fraction = decimals.bytes().fold(number, |fraction, _| fraction / 10.0);
    Some((fraction * factor as f64) as u64)
}

/// Splits a text after its first digits, of which there is at least one.
fn digits(text: &str) -> Option<(&str, &str)> {
    let end = text
        .find(|each: char| !each.is_ascii_digit())
        .unwrap_or(text.len());
    (end > 0).then(|| text.split_at_checked(end)).flatten()
}

#[cfg(test)]
mod tests {
    use super::{SIZES, size};
    use crate::meaning::tests::assert_at;
    use crate::meaning::{Context, Dimension, Relation};
    use evenkeel_document::ScalarKind::Loose;

    fn of(key: &str) -> Context<'_> {
        Context {
            key,
            above: "Service",
        }
    }

    fn all(key: &str, pairs: &[(&str, &str)], expected: &Relation) {
        for (one, two) in pairs {
            assert_at((Loose, Loose), of(key), one, two, expected);
        }
    }

    #[test]
    fn sizes_are_read_like_systemd_reads_them() {
        for (text, expected) in [
            ("0", Some(0)),
            ("111", Some(111)),
            ("111.4", Some(111)),
            (" 112 B", Some(112)),
            ("3.5 K", Some(3584)),
            ("3. K", Some(3072)),
            ("3.0 K", Some(3072)),
            ("3. 0 K", None),
            ("4 M 11.5K", Some(4 * 1024 * 1024 + 11 * 1024 + 512)),
            ("3B3.5G", None),
            (
                "3.5G3B",
                Some(3 * 1024 * 1024 * 1024 + 512 * 1024 * 1024 + 3),
            ),
            (
                "3.5G 4B",
                Some(3 * 1024 * 1024 * 1024 + 512 * 1024 * 1024 + 4),
            ),
            ("3B3G4T", None),
            ("4T3G3B", Some((4 * 1024 + 3) * 1024 * 1024 * 1024 + 3)),
            (
                " 4 T 3 G 3 B",
                Some((4 * 1024 + 3) * 1024 * 1024 * 1024 + 3),
            ),
            ("12P", Some(12 << 50)),
            ("12P12P", None),
            ("3E 2P", Some((3 << 60) + (2 << 50))),
            ("12X", None),
            ("12.5X", None),
            ("12.5e3", None),
            ("1024E", None),
            ("-1", None),
            ("-10B", None),
            ("", None),
            ("G", None),
            ("512MB", None),
            ("512m", None),
            ("1GiB", None),
            ("0.5G", Some(512 << 20)),
        ] {
            assert_eq!(size(text), expected, "{text}");
        }
    }

    #[test]
    fn one_size_of_a_unit_has_many_spellings() {
        for key in SIZES {
            all(
                key,
                &[
                    ("0.5G", "512M"),
                    ("1G", "1024M"),
                    ("1048576", "1M"),
                    ("1G512M", "1.5G"),
                ],
                &Relation::Same,
            );
        }
        all(
            "MemoryMax",
            // Rejected by systemd, or another size.
            &[
                ("512MB", "512M"),
                ("512m", "512M"),
                ("512MB", "512mb"),
                ("infinity", "1G"),
            ],
            &Relation::Differs,
        );
        let gibibytes = |number: f64| number * 1024.0 * 1024.0 * 1024.0;
        all(
            "MemoryHigh",
            &[("0.5G", "1G")],
            &Relation::Size {
                left: gibibytes(0.5),
                right: gibibytes(1.0),
                dimension: Dimension::Bytes,
            },
        );
    }

    #[test]
    fn a_limit_is_soft_and_hard() {
        all("LimitNOFILE", &[("65536", "65536:65536")], &Relation::Same);
        all(
            "LimitCORE",
            &[
                ("infinity", "infinity:infinity"),
                ("1G", "1024M"),
                ("0.5G:1G", "512M:1024M"),
            ],
            &Relation::Same,
        );
        all("DefaultLimitCORE", &[("1G", "1024M")], &Relation::Same);
        // No units and no fractions of things.
        all(
            "LimitNOFILE",
            &[
                ("1K", "1024"),
                ("1024.0", "1024:1024"),
                ("1024:2048", "1024"),
                ("infinity", "1024"),
            ],
            &Relation::Differs,
        );
        all("TasksMax", &[("1K", "1024")], &Relation::Differs);
    }

    #[test]
    fn other_places_have_no_such_sizes() {
        let elsewhere = Context {
            key: "MemoryMax",
            above: "settings",
        };
        assert_at(
            (Loose, Loose),
            elsewhere,
            "0.5G",
            "512M",
            &Relation::Differs,
        );
        all("Memory", &[("1024M", "1G")], &Relation::Differs);
    }
}
