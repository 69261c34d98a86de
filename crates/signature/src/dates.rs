//! Dates of validity, as `ssh-keygen` reads them.

use evenkeel_model::Moment;
use jiff::civil::DateTime;
use jiff::tz::Offset;

/// Forms of a date, for messages.
pub(crate) const FORMS: &str = "YYYYMMDD, YYYYMMDDHHMM or YYYYMMDDHHMMSS, each with an optional Z";

/// Parses `YYYYMMDD[HHMM[SS]]` with an optional `Z` or `UTC`. All are UTC: `ssh-keygen` reads a date without `Z` in the
/// local time of its machine, and evenkeel judges the same on every machine.
pub(crate) fn parse(text: &str) -> Option<Moment> {
    let digits = text
        .strip_suffix(['Z', 'z'])
        .or_else(|| {
            let (digits, zone) = text.split_at_checked(text.len().checked_sub(3)?)?;
            zone.eq_ignore_ascii_case("utc").then_some(digits)
        })
        .unwrap_or(text);
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let part = |range: std::ops::Range<usize>| digits.get(range)?.parse::<i8>().ok();
    let (hour, minute, second) = match digits.len() {
        8 => (0, 0, 0),
        12 => (part(8..10)?, part(10..12)?, 0),
        14 => (part(8..10)?, part(10..12)?, part(12..14)?),
        _ => return None,
    };
    let year = digits.get(0..4)?.parse().ok()?;
    let civil = DateTime::new(year, part(4..6)?, part(6..8)?, hour, minute, second, 0).ok()?;
    Offset::UTC.to_timestamp(civil).ok().map(Moment::new)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn all_forms_are_utc() {
        for (text, expected) in [
            ("20261129", "2026-11-29T00:00:00Z"),
            ("20261129Z", "2026-11-29T00:00:00Z"),
            ("202611290731", "2026-11-29T07:31:00Z"),
            ("202611290731z", "2026-11-29T07:31:00Z"),
            ("20261129073102", "2026-11-29T07:31:02Z"),
            ("20261129073102Z", "2026-11-29T07:31:02Z"),
            ("20261129073102UTC", "2026-11-29T07:31:02Z"),
            ("20240229", "2024-02-29T00:00:00Z"),
        ] {
            assert_eq!(parse(text).unwrap().to_string(), expected, "{text}");
        }
        for wrong in [
            "",
            "Z",
            "UTC",
            "2026",
            "2026112",
            "20261329",
            "20260229",
            "2026112907",
            "202611292460",
            "2026-11-29",
            "20261129T073102Z",
            "20261129ZZ",
            "+0261129",
            "２０２６１１２９",
        ] {
            assert!(parse(wrong).is_none(), "{wrong}");
        }
    }
}
