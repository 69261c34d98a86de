//! Durations in the form of definitions: `250ms`, `10s`, `1h 30m`, `24h`, `2d`.

use std::time::Duration;

use jiff::{SignedDuration, Span, SpanRelativeTo};

/// Parses a friendly duration. Days are 24 hours; months and years have no fixed length and are rejected.
#[must_use]
pub fn parse(text: &str) -> Option<Duration> {
    if let Ok(duration) = text.parse::<SignedDuration>() {
        return Duration::try_from(duration).ok();
    }
    let span: Span = text.parse().ok()?;
    let signed = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
    Duration::try_from(signed).ok()
}

/// Formats a duration in short form: `41 ms`, `1.2 s`, `3 min`, `2 h`, `5 days`.
#[must_use]
pub fn phrase(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds < 1.0 {
        format!("{} ms", duration.as_millis())
    } else if seconds < 90.0 {
        format!("{seconds:.1} s")
    } else if seconds < 90.0 * 60.0 {
        format!("{} min", (seconds / 60.0).round())
    } else if seconds < 36.0 * 3600.0 {
        format!("{} h", (seconds / 3600.0).round())
    } else {
        format!("{} days", (seconds / 86400.0).round())
    }
}

#[cfg(test)]
mod tests {
    use super::{parse, phrase};
    use std::time::Duration;

    #[test]
    fn friendly_durations_are_read() {
        assert_eq!(parse("250ms"), Some(Duration::from_millis(250)));
        assert_eq!(parse("1h 30m"), Some(Duration::from_mins(90)));
        assert_eq!(parse("24h"), Some(Duration::from_hours(24)));
        assert_eq!(parse("2d"), Some(Duration::from_hours(48)));
        assert_eq!(parse("soon"), None);
        assert_eq!(parse("-1s"), None);
    }

    #[test]
    fn durations_are_formatted_in_short_form() {
        assert_eq!(phrase(Duration::from_millis(41)), "41 ms");
        assert_eq!(phrase(Duration::from_millis(1210)), "1.2 s");
        assert_eq!(phrase(Duration::from_hours(2)), "2 h");
    }
}
