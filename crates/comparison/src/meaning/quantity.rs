//! Kubernetes quantities: `1Gi` is `1024Mi`, `500m` is `0.5`, `1e3` is `1k`, and `1E` is an exa.
//!
//! The API's rule for `resource.Quantity`: a decimal number, then one of `n u m k M G T P E`, one of
//! `Ki Mi Gi Ti Pi Ei`, or `e` or `E` with a whole exponent. `M` is a million there, never a mebi. A text is a quantity
//! if its key shows it, and elsewhere only with a binary suffix, which is unambiguous.
//!
//! `memory` is also a key of Compose files, where `512m` is half a gibibyte and not half a byte; if the two readings
//! disagree, the relation is unknown.

use super::bytes;
use super::decimal::Decimal;
use super::key::{self, Resource};
use super::number::sized;
use super::{Context, Dimension, Relation};

/// The longest text that is a quantity.
const LONGEST: usize = 64;

/// Parses a quantity exactly.
fn read(text: &str) -> Option<Decimal> {
    if text.len() > LONGEST {
        return None;
    }
    let text = text.strip_prefix('+').unwrap_or(text);
    let (number, suffix) = Decimal::read(text)?;
    let binary = |power: u32| number.times(1024_u128.checked_pow(power)?);
    match suffix {
        "" => Some(number),
        "n" => number.times_ten_to(-9),
        "u" => number.times_ten_to(-6),
        "m" => number.times_ten_to(-3),
        "k" => number.times_ten_to(3),
        "M" => number.times_ten_to(6),
        "G" => number.times_ten_to(9),
        "T" => number.times_ten_to(12),
        "P" => number.times_ten_to(15),
        "E" => number.times_ten_to(18),
        "Ki" => binary(1),
        "Mi" => binary(2),
        "Gi" => binary(3),
        "Ti" => binary(4),
        "Pi" => binary(5),
        "Ei" => binary(6),
        _ => {
            let exponent = suffix.strip_prefix(['e', 'E'])?;
            let digits = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
            let plain =
                (1..=3).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
            number.times_ten_to(plain.then(|| exponent.parse().ok())??)
        }
    }
}

fn is_binary(text: &str) -> bool {
    matches!(
        text.as_bytes(),
        [
            b'0'..=b'9',
            ..,
            b'K' | b'M' | b'G' | b'T' | b'P' | b'E',
            b'i'
        ]
    )
}

/// Whether Compose reads it as bytes, and differently from Kubernetes: `512m`, `1g`.
fn is_of_compose(text: &str) -> bool {
    matches!(
        text.bytes().last(),
        Some(b'm' | b'M' | b'G' | b'T' | b'P' | b'k')
    )
}

/// Whether it is a quantity that may be text or a number: `cpu: 1` and `cpu: "1"`.
pub(super) fn is_typeless(text: &str, context: Context<'_>) -> bool {
    (is_counted(context) || key::is_quantities(context.above) && key::resource(context).is_some())
        && read(text).is_some()
}

/// Whether it counts things: `pods` of a quota, `example.com/gpu` of a container.
fn is_counted(context: Context<'_>) -> bool {
    key::is_quota(context.above) || key::is_quantities(context.above) && context.key.contains('/')
}

pub(super) fn relate(left: &str, right: &str, context: Context<'_>) -> Option<Relation> {
    let begins = |text: &str| matches!(text.bytes().next(), Some(b'0'..=b'9' | b'.' | b'+'));
    if !begins(left) || !begins(right) {
        return None;
    }
    let quantities = key::is_quantities(context.above);
    let dimension = match key::resource(context) {
        Some(Resource::Cores) => Dimension::Cores,
        Some(Resource::Bytes) => {
            let of_compose = is_of_compose(left) && is_of_compose(right);
            let milli = left.ends_with('m') || right.ends_with('m');
            if of_compose && (!quantities || milli) {
                return bytes::relate(left, right, context).and_then(|by_compose| {
                    let by_kubernetes = judge(read(left)?, read(right)?, Dimension::Bytes);
                    Some(if agree(&by_compose, &by_kubernetes) {
                        by_compose
                    } else {
                        Relation::Differs
                    })
                });
            }
            // Kubernetes accepts only one of them, so they differ there, whatever Compose accepts.
            if quantities && read(left).is_some() != read(right).is_some() {
                let by_compose = bytes::relate(left, right, context);
                return Some(match by_compose {
                    Some(size @ Relation::Size { .. }) => size,
                    _ => Relation::Differs,
                });
            }
            // Memory without a unit and without a known program: the number may be mebibytes.
            let bare = |text: &str| {
                text.bytes()
                    .all(|byte| byte.is_ascii_digit() || byte == b'.')
            };
            if !quantities && (bare(left) || bare(right)) {
                let same = !(bare(left) && bare(right)) && read(left)? == read(right)?;
                return same.then_some(Relation::Same);
            }
            Dimension::Bytes
        }
        None if is_binary(left) && is_binary(right) => Dimension::Bytes,
        None if is_counted(context) => Dimension::Count,
        None => return None,
    };
    Some(judge(read(left)?, read(right)?, dimension))
}

fn judge(one: Decimal, two: Decimal, dimension: Dimension) -> Relation {
    if one == two {
        Relation::Same
    } else {
        sized(one.about(), two.about(), dimension)
    }
}

/// Whether two readings agree, or agree on the larger one.
fn agree(one: &Relation, two: &Relation) -> bool {
    match (one, two) {
        (Relation::Same, Relation::Same) => true,
        (
            Relation::Size { left, right, .. },
            Relation::Size {
                left: also_left,
                right: also_right,
                ..
            },
        ) => (left < right) == (also_left < also_right),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::meaning::tests::{assert_at, assert_not_same, kinds, scalar};
    use crate::meaning::{Context, Dimension, Relation, relate};
    use evenkeel_document::ScalarKind::{Integer, Text};

    const MEMORY: Context<'_> = Context {
        key: "memory",
        above: "limits",
    };
    const CPU: Context<'_> = Context {
        key: "cpu",
        above: "requests",
    };

    #[test]
    fn one_quantity_has_many_spellings() {
        for (one, two) in [
            ("1Gi", "1024Mi"),
            ("1Gi", "1073741824"),
            ("1.5Gi", "1536Mi"),
            ("128Mi", "134217728"),
            ("1G", "1000M"),
            ("1E", "1000P"),
            ("1E", "1e18"),
            ("1e3", "1k"),
            ("1E3", "1000"),
            ("1e+3", "1k"),
            ("129e6", "129M"),
            ("128974848000m", "128974848"),
            ("0.5Ti", "512Gi"),
            ("1Ei", "1024Pi"),
            ("+1Gi", "1Gi"),
            ("1Gi", "1.0Gi"),
            (".5Gi", "512Mi"),
        ] {
            assert_at(kinds(Text, Text), MEMORY, one, two, &Relation::Same);
        }
        for (one, two) in [
            ("500m", "0.5"),
            ("1", "1000m"),
            ("1.0", "1"),
            ("0.1", "100m"),
            ("2000000u", "2"),
            ("1e-1", "100m"),
            ("100m", ".1"),
        ] {
            assert_at(kinds(Text, Text), CPU, one, two, &Relation::Same);
        }
        assert_at(kinds(Integer, Text), CPU, "1", "1000m", &Relation::Same);
        assert_at(kinds(Integer, Text), CPU, "1", "1", &Relation::Same);
        let quota = Context {
            key: "pods",
            above: "hard",
        };
        assert_at(kinds(Integer, Text), quota, "10", "10", &Relation::Same);
        assert_at(kinds(Integer, Text), quota, "1000", "1k", &Relation::Same);
        let anywhere = Context {
            key: "memory",
            above: "",
        };
        assert_at(
            kinds(Integer, Text),
            anywhere,
            "1073741824",
            "1Gi",
            &Relation::Same,
        );
        assert_at(
            kinds(Text, Text),
            Context {
                key: "maxSize",
                above: "",
            },
            "1Gi",
            "1024Mi",
            &Relation::Same,
        );
    }

    #[test]
    fn quantities_that_look_alike_are_not_the_same() {
        for (one, two) in [
            ("1Gi", "1073741825"),
            ("1Gi", "1G"),
            ("1M", "1Mi"),
            ("1024M", "1G"),
            ("1E", "1e1"),
            ("1Gi", "1GI"),
            ("1Gi", "1 Gi"),
            ("1Gi", "-1Gi"),
            ("1Gi", "1gi"),
            ("512m", "512M"),
            ("512Mi", "512"),
            ("1e3", "1e4"),
            ("1Gi", "1Gi "),
            ("0.1Gi", "107374182"),
            ("1Ki", "1000"),
            ("1k", "1K"),
        ] {
            assert_not_same(kinds(Text, Text), MEMORY, one, two);
        }
        for (one, two) in [
            ("500m", "500"),
            ("0.5", "50m"),
            ("1", "1k"),
            ("0.3", "0.30000000000000004"),
            ("100m", "100M"),
        ] {
            assert_not_same(kinds(Text, Text), CPU, one, two);
        }
        // Half a gibibyte, or 512 mebibytes: the program is unknown.
        let anywhere = Context {
            key: "memory",
            above: "",
        };
        assert_at(
            kinds(Integer, Text),
            anywhere,
            "512",
            "512Mi",
            &Relation::Type,
        );
        // No quantity under these keys.
        for key in ["width", "name", "distance"] {
            assert_not_same(kinds(Text, Text), Context { key, above: "" }, "500m", "0.5");
            assert_not_same(kinds(Text, Text), Context { key, above: "" }, "1k", "1000");
        }
    }

    #[test]
    fn the_larger_quantity_is_known() {
        let size =
            |context, one: &str, two: &str| relate(&scalar(Text, one), &scalar(Text, two), context);
        assert_eq!(
            size(MEMORY, "512Mi", "1Gi"),
            Relation::Size {
                left: 536_870_912.0,
                right: 1_073_741_824.0,
                dimension: Dimension::Bytes
            }
        );
        assert_eq!(
            size(CPU, "500m", "2"),
            Relation::Size {
                left: 0.5,
                right: 2.0,
                dimension: Dimension::Cores
            }
        );
        let compose = Context {
            key: "memory",
            above: "reservations",
        };
        assert_eq!(
            size(compose, "512m", "1024m"),
            Relation::Size {
                left: 536_870_912.0,
                right: 1_073_741_824.0,
                dimension: Dimension::Bytes
            }
        );
        // A million or 1024 times 1024: the program is unknown.
        assert_eq!(size(compose, "1024M", "1G"), Relation::Differs);
    }
}
