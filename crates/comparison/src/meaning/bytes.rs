//! Sizes in bytes: `64MiB`, `512MB`, `1G`, `128k`, `10 MB`.
//!
//! `KiB`, `MiB`, `Ki`, `Mi` are powers of 1024 (IEC 80000-13). `MB`, `M`, `m` are ambiguous: powers of 1000 in SI, of
//! 1024 in Docker, PostgreSQL, nginx and the JVM. They are equal only if every reading agrees: `512M` is `512MB` is
//! `512mb`, but `1024MB` is not `1GB`, and an ambiguous size never equals an unambiguous one. `Mb` with a small b may
//! be bits and is not a size, and `m` is one only under a key such as `memory`. A bare number has no unit, unless its
//! key ends with one: `max_bytes`, `disk_size_gb`.

use super::decimal::Decimal;
use super::key::{self, KeyUnit};
use super::number::sized;
use super::{Context, Dimension, Relation};

/// The longest text that is a size.
const LONGEST: usize = 48;

/// Factor of a number of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unit {
    /// 0 for bytes, 1 for kilo or kibi, 2 for mega or mebi.
    power: u32,
    /// Whether it is unambiguously a power of 1024; a plain byte is one under both conventions.
    settled: bool,
}

impl Unit {
    /// A byte.
    pub(super) const ONE: Self = Self {
        power: 0,
        settled: true,
    };
}

/// A unit as written: `B`, `kB`, `MB`, `M`, `m`, `mb`, `MiB`, `Mi`.
fn unit(text: &str) -> Option<Unit> {
    if matches!(text, "B" | "b" | "bytes" | "byte" | "Bytes") {
        return Some(Unit::ONE);
    }
    let bytes = text.as_bytes();
    let (prefix, settled) = match bytes {
        [prefix, b'i', b'B'] => (prefix, true),
        // Kubernetes' form, which has no other spelling.
        [prefix, b'i'] if prefix.is_ascii_uppercase() => (prefix, true),
        [prefix, b'b'] if prefix.is_ascii_lowercase() => (prefix, false),
        [prefix, b'B'] | [prefix] => (prefix, false),
        _ => return None,
    };
    let power = match prefix.to_ascii_uppercase() {
        b'K' => 1,
        b'M' => 2,
        b'G' => 3,
        b'T' => 4,
        b'P' => 5,
        _ => return None,
    };
    Some(Unit { power, settled })
}

/// Parses a unit at the end of a key's name, where letters follow the name's case.
pub(super) fn unit_in_any_case(text: &str) -> Option<Unit> {
    let bytes = text.as_bytes();
    let prefix = bytes.first()?;
    let settled = bytes.len() == 3;
    let found = unit(match (prefix.to_ascii_uppercase(), settled) {
        (b'K', false) => "kB",
        (b'M', false) => "MB",
        (b'G', false) => "GB",
        (b'T', false) => "TB",
        (b'K', true) => "KiB",
        (b'M', true) => "MiB",
        (b'G', true) => "GiB",
        (b'T', true) => "TiB",
        _ => return None,
    })?;
    Some(found)
}

/// Number and unit, as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Size {
    number: Decimal,
    unit: Unit,
}

impl Size {
    fn read(text: &str, context: Context<'_>) -> Option<Self> {
        if text.len() > LONGEST || !text.bytes().next()?.is_ascii_digit() {
            return None;
        }
        let (number, rest) = Decimal::read(text)?;
        let unit = if rest.is_empty() {
            match key::unit(context.key)? {
                KeyUnit::Bytes(unit) => unit,
                KeyUnit::Nanoseconds(_) => return None,
            }
        } else {
            // `10m` is ten minutes, metres or mebibytes: the key must decide.
            if rest == "m" && !key::is_bytes_like(context.key) {
                return None;
            }
            match rest.strip_prefix(' ') {
                Some(rest) if rest.ends_with('i') => return None,
                apart => unit(apart.unwrap_or(rest))?,
            }
        };
        Some(Self { number, unit })
    }

    fn in_powers_of(self, base: u128) -> Option<Decimal> {
        let base = if self.unit.settled { 1024 } else { base };
        self.number.times(base.checked_pow(self.unit.power)?)
    }
}

/// Relates two sizes in bytes. `None` also if the readings disagree on which is larger.
pub(super) fn relate(left: &str, right: &str, context: Context<'_>) -> Option<Relation> {
    let (one, two) = (Size::read(left, context)?, Size::read(right, context)?);
    let reading = |base| Some((one.in_powers_of(base)?, two.in_powers_of(base)?));
    let (of_1000, of_1024) = (reading(1000)?, reading(1024)?);
    let same = |(one, two): (Decimal, Decimal)| one == two;
    if same(of_1000) && same(of_1024) {
        return Some(Relation::Same);
    }
    let order = |(one, two): (Decimal, Decimal)| one.about().partial_cmp(&two.about());
    if same(of_1000) || same(of_1024) || order(of_1000) != order(of_1024) {
        return Some(Relation::Differs);
    }
    Some(sized(
        of_1024.0.about(),
        of_1024.1.about(),
        Dimension::Bytes,
    ))
}

#[cfg(test)]
mod tests {
    use crate::meaning::tests::{assert_all, assert_size, kinds};
    use crate::meaning::{Dimension, Relation};
    use evenkeel_document::ScalarKind::{Integer, Loose, Text};

    #[test]
    fn one_size_has_many_spellings() {
        assert_all(
            kinds(Text, Text),
            "max_size",
            &[
                ("64MiB", "65536KiB"),
                ("1GiB", "1024MiB"),
                ("1.5GiB", "1536MiB"),
                ("512MB", "512mb"),
                ("512M", "512MB"),
                ("512m", "512M"),
                ("10 MB", "10MB"),
                ("1 GiB", "1.0GiB"),
                ("128k", "128K"),
                ("128kB", "128KB"),
                ("1024B", "1KiB"),
                ("1024 bytes", "1KiB"),
                ("0MB", "0GiB"),
                ("0.5TiB", "512GiB"),
                ("1Gi", "1GiB"),
            ],
            &Relation::Same,
        );
        assert_all(
            kinds(Integer, Text),
            "max_bytes",
            &[("1024", "1KiB")],
            &Relation::Same,
        );
        assert_all(
            kinds(Loose, Loose),
            "DISK_SIZE_GB",
            &[("20", "20GB"), ("20", "20G")],
            &Relation::Same,
        );
    }

    #[test]
    fn sizes_that_look_alike_are_not_the_same() {
        let trap = [
            // The convention is unknown.
            ("1024MB", "1GB"),
            ("1000MB", "1GB"),
            ("1GB", "1GiB"),
            ("1M", "1MiB"),
            ("1024k", "1M"),
            ("1000kB", "1MB"),
            // Bits, other letters, other orders.
            ("1Mb", "1MB"),
            ("1Gbit", "1GB"),
            ("1Gbps", "1GB"),
            ("10 M B", "10MB"),
            ("10  MB", "10MB"),
            ("MB10", "10MB"),
            ("1X", "1K"),
            ("1,5GiB", "1.5GiB"),
            ("-1GiB", "1GiB"),
            ("1GiB ", "1GiB"),
            ("1giB", "1GiBi"),
        ];
        for (one, two) in trap {
            crate::meaning::tests::assert_not_same(kinds(Text, Text), "max_size", one, two);
        }
        for (one, two) in [
            ("1GiB", "1073741825B"),
            ("1.0000000001GiB", "1GiB"),
            ("64MiB", "64KiB"),
        ] {
            assert_size(kinds(Text, Text), "max_size", (one, two), Dimension::Bytes);
        }
        // A bare number has no unit.
        assert_all(
            kinds(Loose, Loose),
            "MAX_SIZE",
            &[("1024", "1KiB"), ("64", "64MB")],
            &Relation::Differs,
        );
    }

    #[test]
    fn the_larger_size_is_known_if_every_reading_agrees() {
        for pair in [
            ("512MB", "2GB"),
            ("1GiB", "512MB"),
            ("64MiB", "128MiB"),
            ("1k", "1M"),
            ("10m", "1g"),
        ] {
            assert_size(kinds(Text, Text), "max_size", pair, Dimension::Bytes);
        }
    }
}
