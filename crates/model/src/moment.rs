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
    /// The error names the expected form only: the crate's own messages would take 20 KB of the agent.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        let expected = "expected a time such as 2026-11-23T07:48:01Z";
        let parsed = text.parse().map(Self);
        parsed.map_err(|_| de::Error::custom(expected))
    }
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
