//! Dates and times in the syntax of YAML 1.1 timestamps.

use super::scalar::all_digits;

/// Returns whether a text is a date, alone or with a time, in that syntax.
///
/// The core schema has no dates, but readers of YAML 1.1 recognise them, and such texts have no other use.
pub(super) fn is_date(text: &str) -> bool {
    let Some((date, rest)) = text.split_at_checked(10) else {
        return false;
    };
    let parts: Vec<&str> = date.split('-').collect();
    let [year, month, day] = parts.as_slice() else {
        return false;
    };
    let exact = year.len() == 4 && month.len() == 2 && day.len() == 2;
    exact
        && all_digits(year)
        && within(month, 1, 12)
        && within(day, 1, 31)
        && (rest.is_empty() || is_time_after_date(rest))
}

/// Returns whether a text is a time after a date: `T12:30:00.5Z`, ` 12:30:00 +02:00`.
fn is_time_after_date(rest: &str) -> bool {
    let time = match rest.strip_prefix(['T', 't']) {
        Some(time) => time,
        None if rest.starts_with([' ', '\t']) => rest.trim_start_matches([' ', '\t']),
        None => return false,
    };
    let zone_at = time.find(['Z', 'z', '+', '-', ' ', '\t']);
    let (clock, zone) = time.split_at(zone_at.unwrap_or(time.len()));
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let parts: Vec<&str> = clock.split(':').collect();
    let [hours, minutes, seconds] = parts.as_slice() else {
        return false;
    };
    within(hours, 0, 23)
        && minutes.len() == 2
        && within(minutes, 0, 59)
        && seconds.len() == 2
        && within(seconds, 0, 60)
        && all_digits(fraction)
        && is_zone(zone.trim_start_matches([' ', '\t']))
}

fn is_zone(zone: &str) -> bool {
    if zone.is_empty() || zone == "Z" || zone == "z" {
        return true;
    }
    let Some(offset) = zone.strip_prefix(['+', '-']) else {
        return false;
    };
    match offset.split_once(':') {
        Some((hours, minutes)) => within(hours, 0, 23) && within(minutes, 0, 59),
        None => within(offset, 0, 23),
    }
}

/// Returns whether a text is a number of one or two digits within bounds.
fn within(text: &str, least: u8, most: u8) -> bool {
    text.len() <= 2
        && all_digits(text)
        && text
            .parse()
            .is_ok_and(|number: u8| (least..=most).contains(&number))
}
