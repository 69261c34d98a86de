//! Durations: `1h30m`, `90s`, `PT5M`, `5min`, `10 seconds`.
//!
//! Go's `time.ParseDuration` (numbers with units in sequence, fractions in any of them), the words of systemd.time and
//! PostgreSQL, and ISO 8601 without months and years, which have no fixed length. A day is 24 hours, a week seven days.
//! `M` alone is ambiguous between month and mega, and is not a duration; `m` is a minute. A bare number has no unit,
//! unless its key ends with one: `timeout_seconds`.

use super::decimal::Decimal;
use super::key::{self, KeyUnit};
use super::number::sized;
use super::{Context, Dimension, Relation};

/// Longest text of a duration.
const LONGEST: usize = 64;
const SECOND: u128 = 1_000_000_000;

/// Returns a unit in nanoseconds.
fn unit(text: &str) -> Option<u128> {
    Some(match text {
        "ns" | "nsec" | "nanosecond" | "nanoseconds" => 1,
        "us" | "µs" | "μs" | "usec" | "microsecond" | "microseconds" => 1_000,
        "ms" | "msec" | "msecs" | "millis" | "millisecond" | "milliseconds" => 1_000_000,
        "s" | "sec" | "secs" | "second" | "seconds" => SECOND,
        "m" | "min" | "mins" | "minute" | "minutes" => 60 * SECOND,
        "h" | "hr" | "hrs" | "hour" | "hours" => 3_600 * SECOND,
        "d" | "day" | "days" => 86_400 * SECOND,
        "w" | "week" | "weeks" => 604_800 * SECOND,
        _ => return None,
    })
}

/// A duration, and whether it could be a size as well: one number and `m`.
#[derive(Clone, Copy)]
struct Span {
    nanoseconds: Decimal,
    could_be_a_size: bool,
}

impl Span {
    fn read(text: &str, context: Context<'_>) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        let nanoseconds = match text.bytes().next()? {
            b'P' => iso(text.get(1..)?)?,
            b'0'..=b'9' | b'.' => match Decimal::read(text)? {
                (number, "") => match key::unit(context.key)? {
                    KeyUnit::Nanoseconds(each) => number.times(each)?,
                    KeyUnit::Bytes(_) => return None,
                },
                _ => spoken(text)?,
            },
            _ => return None,
        };
        let number = text.strip_suffix('m').unwrap_or("");
        Some(Self {
            nanoseconds,
            could_be_a_size: !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()),
        })
    }
}

/// Parses numbers with units, with or without spaces; no unit twice.
fn spoken(text: &str) -> Option<Decimal> {
    let mut rest = text;
    let mut sum = Decimal::ZERO;
    let mut seen = [0_u128; 8];
    let mut count = 0;
    while !rest.is_empty() {
        let (number, after) = Decimal::read(rest)?;
        let after = after.strip_prefix(' ').unwrap_or(after);
        let end = after
            .find(|each: char| !each.is_alphabetic())
            .unwrap_or(after.len());
        let (word, after) = after.split_at_checked(end)?;
        let each = unit(word)?;
        if seen.contains(&each) {
            return None;
        }
        *seen.get_mut(count)? = each;
        count += 1;
        sum = sum.plus(number.times(each)?)?;
        // A space is only allowed before another number.
        rest = match after.strip_prefix(' ') {
            Some("") => return None,
            Some(next) => next,
            None => after,
        };
    }
    Some(sum)
}

/// Parses `3DT4H5M6.5S`, the part after `P`.
fn iso(text: &str) -> Option<Decimal> {
    let (date, time) = match text.split_once('T') {
        Some((_, "")) => return None,
        Some((date, time)) => (date, time),
        None => (text, ""),
    };
    if date.is_empty() && time.is_empty() {
        return None;
    }
    let days = iso_part(date, &[(b'W', 604_800), (b'D', 86_400)])?;
    days.plus(iso_part(time, &[(b'H', 3_600), (b'M', 60), (b'S', 1)])?)
}

/// Parses numbers with one-letter units, each at most once and in this order.
fn iso_part(text: &str, units: &[(u8, u128)]) -> Option<Decimal> {
    let mut rest = text;
    let mut units = units.iter();
    let mut sum = Decimal::ZERO;
    while !rest.is_empty() {
        let (number, after) = Decimal::read(rest)?;
        let letter = after.bytes().next()?;
        let (_, seconds) = units.find(|(unit, _)| *unit == letter)?;
        sum = sum.plus(number.times(seconds * SECOND)?)?;
        rest = after.get(1..)?;
    }
    Some(sum)
}

pub(super) fn relate(left: &str, right: &str, context: Context<'_>) -> Option<Relation> {
    let (one, two) = (Span::read(left, context)?, Span::read(right, context)?);
    if one.nanoseconds == two.nanoseconds {
        return Some(Relation::Same);
    }
    if one.could_be_a_size && two.could_be_a_size && !key::is_time_like(context.key) {
        // `128m` and `256m`, minutes or mebibytes: the larger one is known in either case.
        if key::is_bytes_like(context.key) {
            return None;
        }
        return Some(sized(minutes(left), minutes(right), Dimension::Number));
    }
    let seconds = |span: Span| Some(span.nanoseconds.times_ten_to(-9)?.about());
    Some(sized(seconds(one)?, seconds(two)?, Dimension::Seconds))
}

fn minutes(text: &str) -> f64 {
    text.strip_suffix('m')
        .and_then(|number| number.parse().ok())
        .unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use crate::meaning::tests::{assert_all, assert_not_same, assert_size, kinds};
    use crate::meaning::{Dimension, Relation};
    use evenkeel_document::ScalarKind::{Integer, Loose, Text};

    #[test]
    fn one_duration_has_many_spellings() {
        assert_all(
            kinds(Text, Text),
            "timeout",
            &[
                ("90s", "1m30s"),
                ("1h30m", "90m"),
                ("1.5h", "90m"),
                ("60m", "1h"),
                ("24h", "1d"),
                ("7d", "1w"),
                ("PT5M", "300s"),
                ("PT1H30M", "1h30m"),
                ("P1D", "24h"),
                ("P1DT12H", "36h"),
                ("PT0.5S", "500ms"),
                ("5min", "5m"),
                ("10 seconds", "10s"),
                ("1min 30s", "90s"),
                ("1 hour 30 minutes", "5400s"),
                ("1000ms", "1s"),
                ("1us", "1µs"),
                ("1000us", "1ms"),
                ("0s", "0m"),
                ("1h0m0s", "1h"),
                ("1.50s", "1.5s"),
            ],
            &Relation::Same,
        );
        assert_all(
            kinds(Integer, Text),
            "timeout_seconds",
            &[("30", "30s"), ("60", "1m")],
            &Relation::Same,
        );
        assert_all(
            kinds(Loose, Loose),
            "TTL_MS",
            &[("1500", "1.5s")],
            &Relation::Same,
        );
    }

    #[test]
    fn durations_that_look_alike_are_not_the_same() {
        for (one, two) in [
            ("30", "30s"),
            ("30", "30m"),
            ("5m", "5M"),
            ("5m", "5ms"),
            ("1h", "1H"),
            ("1d", "1D"),
            ("P1M", "PT1M"),
            ("P1M", "30d"),
            ("P1Y", "365d"),
            ("PT", "0s"),
            ("P", "0s"),
            ("P1DT", "24h"),
            ("1h30", "1h30m"),
            ("01:30:00", "90m"),
            ("1s1s", "2s"),
            ("-5m", "5m"),
            ("5m ", "5m"),
            ("5  m", "5m"),
            ("5 parsecs", "5s"),
            ("1mo", "30d"),
            ("0.1s", "0.1000000001s"),
            ("0.5ns", "0.4ns"),
            ("PT5M30", "330s"),
            ("PT5S3M", "185s"),
            ("s", "0s"),
        ] {
            assert_not_same(kinds(Text, Text), "timeout", one, two);
        }
        assert_not_same(kinds(Integer, Text), "timeout", "30", "30s");
        assert_not_same(kinds(Integer, Text), "disk_size_gb", "30", "30s");
    }

    #[test]
    fn the_longer_one_is_known() {
        for pair in [("30s", "1m"), ("5m", "10m"), ("PT1M", "1h"), ("1d", "12h")] {
            assert_size(kinds(Text, Text), "timeout", pair, Dimension::Seconds);
        }
        assert_size(
            kinds(Text, Text),
            "something",
            ("128m", "256m"),
            Dimension::Number,
        );
        assert_size(
            kinds(Text, Text),
            "heap",
            ("128m", "256m"),
            Dimension::Bytes,
        );
    }
}
