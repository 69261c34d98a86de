//! Plain numbers: one number in two spellings, or a smaller and a larger one.
//!
//! `1`, `1.0` and `1e0` are equal if the format has numbers (JSON: RFC 8259 §6 leaves the spelling open; YAML 1.2 §10.2
//! and TOML read them as values). In other formats, `1.10` may be a version and `007` a name, so they are equal only
//! under a key of a size. A number with leading zeros is always a name: an account, a postcode, a file mode. All digits
//! count.

use super::key;
use super::{Context, Dimension, Relation};
use evenkeel_document::{Scalar, ScalarKind};

/// Maximum exponent of a plain number.
const MOST_EXPONENT: usize = 6;

/// Number as written: `-12.50e3` and its parts.
#[derive(Clone, Copy)]
struct Plain<'a> {
    negative: bool,
    whole: &'a str,
    fraction: &'a str,
    exponent: i64,
}

impl<'a> Plain<'a> {
    fn read(text: &'a str) -> Option<Self> {
        if !matches!(text.bytes().next()?, b'0'..=b'9' | b'-' | b'+' | b'.') {
            return None;
        }
        let (negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (digits, exponent) = match text.split_once(['e', 'E']) {
            Some((digits, exponent)) if exponent.len() <= MOST_EXPONENT => {
                let unsigned = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
                if !is_digits(unsigned) || unsigned.is_empty() {
                    return None;
                }
                (digits, exponent.parse().ok()?)
            }
            Some(_) => return None,
            None => (text, 0),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let leading_zero = whole.len() > 1 && whole.starts_with('0');
        if whole.len() + fraction.len() == 0
            || leading_zero
            || !is_digits(whole)
            || !is_digits(fraction)
        {
            return None;
        }
        Some(Self {
            negative,
            whole,
            fraction,
            exponent,
        })
    }

    /// Returns the significant digits, and the power of ten of the first one; empty for zero.
    fn canonical(&self) -> Option<(impl Iterator<Item = u8>, i64)> {
        let all = || self.whole.bytes().chain(self.fraction.bytes());
        let leading = all().take_while(|&digit| digit == b'0').count();
        let total = self.whole.len() + self.fraction.len();
        let trailing = self.trailing_zeros();
        let first = i64::try_from(self.whole.len()).ok()? - i64::try_from(leading).ok()?;
        (leading < total).then(|| {
            let digits = all().skip(leading).take(total - leading - trailing);
            (digits, first + self.exponent)
        })
    }

    fn trailing_zeros(&self) -> usize {
        let zeros = |text: &str| text.len() - text.trim_end_matches('0').len();
        let of_fraction = zeros(self.fraction);
        if of_fraction == self.fraction.len() {
            of_fraction + zeros(self.whole)
        } else {
            of_fraction
        }
    }

    fn is_same(&self, other: &Self) -> bool {
        match (self.canonical(), other.canonical()) {
            (None, None) => true,
            (Some((one, power_of_one)), Some((two, power_of_two))) => {
                self.negative == other.negative && power_of_one == power_of_two && one.eq(two)
            }
            _ => false,
        }
    }
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether the format defines it as a number.
fn is_typed(scalar: &Scalar) -> bool {
    matches!(scalar.kind, ScalarKind::Integer | ScalarKind::Float)
}

pub(super) fn relate(left: &Scalar, right: &Scalar, context: Context<'_>) -> Option<Relation> {
    if let (Some(one), Some(two)) = (left.text.strip_suffix('%'), right.text.strip_suffix('%')) {
        return shares(one, two);
    }
    let (one, two) = (Plain::read(&left.text)?, Plain::read(&right.text)?);
    let loose = left.kind == ScalarKind::Loose || right.kind == ScalarKind::Loose;
    if is_typed(left) != is_typed(right) && !loose {
        return Some(Relation::Type);
    }
    let dimension = key::dimension(context);
    if one.is_same(&two) {
        let numbers = is_typed(left) || is_typed(right);
        let known = numbers || loose && dimension.is_some();
        return Some(if known {
            Relation::Same
        } else {
            Relation::Differs
        });
    }
    // Counts are whole and not negative: other numbers are measures.
    let counted =
        |each: &Plain<'_>| each.fraction.is_empty() && !each.negative && each.exponent == 0;
    let dimension = match dimension {
        Some(Dimension::Count) if !counted(&one) || !counted(&two) => Some(Dimension::Number),
        other => other,
    };
    Some(match dimension {
        Some(dimension) => sized(value(&left.text), value(&right.text), dimension),
        None => Relation::Differs,
    })
}

/// Relates `50%` and `50.0%`: the sign makes both numbers, whatever the format.
fn shares(one: &str, two: &str) -> Option<Relation> {
    if Plain::read(one)?.is_same(&Plain::read(two)?) {
        return Some(Relation::Same);
    }
    Some(sized(value(one), value(two), Dimension::Share))
}

fn value(text: &str) -> f64 {
    text.parse().unwrap_or(f64::NAN)
}

/// Relates two different sizes; `Differs` if they are too large or too close to order.
pub(super) fn sized(left: f64, right: f64, dimension: Dimension) -> Relation {
    if left.is_finite() && right.is_finite() && left.to_bits() != right.to_bits() {
        Relation::Size {
            left,
            right,
            dimension,
        }
    } else {
        Relation::Differs
    }
}

#[cfg(test)]
mod tests {
    use crate::meaning::tests::{assert_all, assert_size, kinds};
    use crate::meaning::{Dimension, Relation};
    use evenkeel_document::ScalarKind::{Float, Integer, Loose, Text};

    #[test]
    fn one_number_has_many_spellings() {
        let same = [
            ("1", "1.0"),
            ("1.5", "1.50"),
            ("1000", "1e3"),
            ("1e3", "1E+3"),
            ("0.001", "1e-3"),
            ("-2", "-2.0"),
            ("0", "-0.0"),
            ("0", "0e5"),
            (".5", "0.5"),
            ("5.", "5"),
            (
                "123456789012345678901234567890",
                "123456789012345678901234567890.0",
            ),
        ];
        assert_all(kinds(Float, Float), "anything", &same, &Relation::Same);
        assert_all(kinds(Loose, Float), "anything", &same, &Relation::Same);
        assert_all(kinds(Loose, Loose), "threshold", &same, &Relation::Same);
        let identical = [("8080", "8080"), ("1.0", "1.0")];
        assert_all(kinds(Loose, Integer), "port", &identical, &Relation::Same);
        assert_all(kinds(Loose, Text), "port", &identical, &Relation::Same);
    }

    #[test]
    fn text_is_not_a_number_if_both_formats_have_types() {
        assert_all(
            kinds(Text, Integer),
            "value",
            &[
                ("8080", "8080"),
                ("8080", "9090"),
                ("1.0", "1"),
                ("http", "80"),
                ("", "0"),
            ],
            &Relation::Type,
        );
    }

    #[test]
    fn numbers_that_look_alike_are_not_the_same() {
        assert_all(
            kinds(Float, Float),
            "anything",
            &[
                ("1", "10"),
                ("1", "-1"),
                ("0.1", "0.01"),
                ("1e3", "1e4"),
                // As floating-point numbers, these would be equal.
                ("9007199254740992", "9007199254740993"),
                ("0.1", "0.1000000000000000000001"),
                (
                    "123456789012345678901234567890",
                    "123456789012345678901234567891",
                ),
                ("1e400", "2e400"),
                (".inf", "-.inf"),
                (".nan", ".NaN"),
            ],
            &Relation::Differs,
        );
        assert_all(
            kinds(Loose, Loose),
            "SOMETHING",
            &[
                ("1.10", "1.1"),
                ("1.0", "1"),
                ("007", "7"),
                ("01", "1"),
                ("0644", "644"),
                ("012345678901", "12345678901"),
                ("1_000", "1000"),
                ("1,000", "1000"),
                ("0x10", "16"),
                ("1e1234567", "1e1234568"),
                ("١", "1"),
                ("1 ", "1"),
                ("--1", "-1"),
                ("1.2.3", "1.2"),
                ("1e", "1"),
            ],
            &Relation::Differs,
        );
        assert_all(
            kinds(Text, Text),
            "replicas",
            &[("1", "1.0"), ("02", "2")],
            &Relation::Differs,
        );
    }

    #[test]
    fn sizes_have_a_dimension() {
        for (key, dimension) in [
            ("replicas", Dimension::Count),
            ("WEB_WORKERS", Dimension::Count),
            ("retain_containers", Dimension::Count),
            ("maxConnections", Dimension::Count),
            ("desired_capacity", Dimension::Count),
            ("max_users", Dimension::Count),
            ("user_count", Dimension::Count),
            ("number_of_hosts", Dimension::Count),
            ("cpus", Dimension::Cores),
            ("timeout_seconds", Dimension::Seconds),
            ("disk_size_gb", Dimension::Bytes),
            ("sample_rate", Dimension::Share),
            ("averageUtilization", Dimension::Share),
            ("timeout", Dimension::Number),
            ("heap_size", Dimension::Number),
        ] {
            assert_size(kinds(Integer, Integer), key, ("3", "5"), dimension);
            assert_size(kinds(Loose, Integer), key, ("3", "5"), dimension);
        }
        assert_size(
            kinds(Float, Integer),
            "readings",
            ("28.5", "28"),
            Dimension::Number,
        );
        assert_size(
            kinds(Integer, Integer),
            "minimum",
            ("-5", "5"),
            Dimension::Number,
        );
        assert_size(
            kinds(Text, Text),
            "maxUnavailable",
            ("10%", "25%"),
            Dimension::Share,
        );
        assert_all(kinds(Text, Text), "x", &[("50%", "50.0%")], &Relation::Same);
        assert_all(
            kinds(Text, Text),
            "x",
            &[("50%", "0.5"), ("%", "%%")],
            &Relation::Differs,
        );
    }

    #[test]
    fn numbers_that_are_names_have_no_size() {
        for key in [
            "port",
            "containerPort",
            "PORT",
            "redis_port",
            "hostPorts",
            "user_id",
            "userIds",
            "runAsUser",
            "fsGroup",
            "uid",
            "gid",
            "account",
            "account_number",
            "status",
            "statusCode",
            "exit_codes",
            "mode",
            "defaultMode",
            "priority",
            "index",
            "weight",
            "year",
            "vlan",
            "asn",
            "phone",
            "zip",
            "seed",
            "redis_db",
            "port_max",
            "min_port",
            "number",
            "address",
            "dns",
            "",
            "something",
        ] {
            assert_all(
                kinds(Integer, Integer),
                key,
                &[("3", "5"), ("443", "8443")],
                &Relation::Differs,
            );
        }
    }
}
