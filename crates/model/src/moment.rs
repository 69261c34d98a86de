//! Moments and the clock port.
//!
//! Callers receive the clock; only `main` creates the real one.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, de};

/// A moment in UTC with millisecond precision; written in RFC 3339 with `Z`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Moment(Timestamp);

impl Moment {
    /// Creates a moment from a time stamp, truncated to the millisecond.
    #[must_use]
    pub fn new(timestamp: Timestamp) -> Self {
        Self(Timestamp::from_millisecond(timestamp.as_millisecond()).unwrap_or(timestamp))
    }

    /// Creates a moment from milliseconds since 1970; the epoch itself when out of range.
    #[must_use]
    pub fn from_millisecond(milliseconds: i64) -> Self {
        Self(Timestamp::from_millisecond(milliseconds).unwrap_or(Timestamp::UNIX_EPOCH))
    }

    /// Returns milliseconds since 1970.
    #[must_use]
    pub fn as_millisecond(self) -> i64 {
        self.0.as_millisecond()
    }

    /// Returns the time since `earlier`; zero when it is not later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        let milliseconds = self.as_millisecond() - earlier.as_millisecond();
        Duration::from_millis(u64::try_from(milliseconds).unwrap_or(0))
    }

    /// Formats date and time in UTC for people, to the second: `2026-11-23 07:48:01 UTC`.
    #[must_use]
    pub fn for_people(self) -> String {
        format!("{} {} UTC", self.date(), self.time())
    }

    /// Formats the time of day in UTC, to the second: `07:48:01`.
    #[must_use]
    pub fn time(self) -> String {
        let time = jiff::tz::Offset::UTC.to_datetime(self.0).time();
        format!(
            "{:02}:{:02}:{:02}",
            time.hour(),
            time.minute(),
            time.second()
        )
    }

    /// Formats the calendar date in UTC: `2026-11-23`.
    #[must_use]
    pub fn date(self) -> jiff::civil::Date {
        jiff::tz::Offset::UTC.to_datetime(self.0).date()
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        parse(&text)
            .map(Self)
            .ok_or_else(|| de::Error::custom("expected a time such as 2026-11-23T07:48:01Z"))
    }
}

/// Parses a time. Times of records are in the form in which they are written; other forms of RFC 3339 need a parser with
/// its messages, which would take 20 KB of the agent.
fn parse(text: &str) -> Option<Timestamp> {
    let written = as_written(text);
    #[cfg(feature = "definitions")]
    let written = written.or_else(|| text.parse().ok());
    written
}

/// Parses `2026-11-23T07:48:01.123Z`, with up to nine digits after the point or no point.
fn as_written(text: &str) -> Option<Timestamp> {
    let (whole, fraction) = text.strip_suffix('Z')?.split_at_checked(19)?;
    let number = |from: usize, to: usize| -> Option<i16> {
        let digits = whole.get(from..to)?;
        let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
        digits.parse().ok().filter(|_| plain)
    };
    let small = |from: usize| i8::try_from(number(from, from + 2)?).ok();
    for (at, mark) in [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')] {
        if *whole.as_bytes().get(at)? != mark {
            return None;
        }
    }
    let mut nanoseconds = 0;
    if let Some(digits) = fraction.strip_prefix('.') {
        if digits.is_empty() || digits.len() > 9 {
            return None;
        }
        for place in 0..9 {
            let digit = digits.as_bytes().get(place).unwrap_or(&b'0');
            let digit = digit.is_ascii_digit().then(|| i32::from(digit - b'0'))?;
            nanoseconds = nanoseconds * 10 + digit;
        }
    } else if !fraction.is_empty() {
        return None;
    }
    let (hour, minute, second) = (small(11)?, small(14)?, small(17)?);
    let (year, month, day) = (number(0, 4)?, small(5)?, small(8)?);
    let civil = jiff::civil::DateTime::new(year, month, day, hour, minute, second, nanoseconds);
    jiff::tz::Offset::UTC.to_timestamp(civil.ok()?).ok()
}

impl fmt::Display for Moment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl fmt::Debug for Moment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// A clock.
pub trait Clock: Send + Sync {
    /// Returns the present moment.
    fn now(&self) -> Moment;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Moment {
        Moment::new(Timestamp::now())
    }
}

/// A clock with a fixed time, for tests and replays.
#[derive(Debug, Clone, Copy)]
pub struct FixedClock(pub Moment);

impl Clock for FixedClock {
    fn now(&self) -> Moment {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::{as_written, parse};
    use jiff::Timestamp;
    use proptest::prelude::*;

    #[test]
    fn only_whole_times_are_parsed() {
        for text in [
            "2026-11-23T07:48:01Z",
            "2026-11-23T07:48:01.5Z",
            "2026-11-23T07:48:01.123456789Z",
            "0001-01-01T00:00:00Z",
            "9999-12-30T22:00:00.999Z",
            "2024-02-29T23:59:59Z",
        ] {
            assert_eq!(as_written(text), text.parse::<Timestamp>().ok(), "{text}");
            assert!(as_written(text).is_some(), "{text}");
        }
        for text in [
            "",
            "Z",
            "2026-11-23",
            "2026-11-23T07:48:01",
            "2026-11-23T07:48:01.Z",
            "2026-11-23T07:48:01.1234567890Z",
            "2026-11-23T07:48:01.12xZ",
            "2026-11-23 07:48:01ZZ",
            "2026-02-30T07:48:01Z",
            "2026-11-23T24:48:01Z",
            "2026-11-23T+7:48:01Z",
            "+026-11-23T07:48:01Z",
            "2026-11-23T07:48:01.é12Z",
            "2026-11-23T07:48:0éZ",
        ] {
            assert_eq!(as_written(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_written_time_is_parsed_back(milliseconds in -62_000_000_000_000_i64..253_000_000_000_000) {
            let time = Timestamp::from_millisecond(milliseconds).unwrap();
            prop_assert_eq!(as_written(&time.to_string()), Some(time));
        }

        #[test]
        fn any_text_is_parsed_as_its_standard_says_or_not_at_all(text in "[0-9TZ:.+é-]{0,30}") {
            if let Some(time) = as_written(&text) {
                prop_assert_eq!(text.parse::<Timestamp>().ok(), Some(time));
            }
            let _ = parse(&text);
        }
    }
}
