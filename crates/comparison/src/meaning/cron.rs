//! Crontab schedules: `*/15 * * * *` is `0,15,30,45 * * * *`, `@daily` is `0 0 * * *`.
//!
//! Five fields: minute, hour, day of month, month, day of week; lists, ranges, steps, names of months and days in any
//! case, 7 and 0 for Sunday. If both days are limited, either suffices; if one of them is `*`, the other decides.
//! Schedulers disagree on whether `*/2` counts as `*` there, so it counts as neither. With six fields (seconds first,
//! or years last), schedulers number the days of the week differently, so these are compared as written. Five and six
//! fields are never equal.

use super::key;
use super::{Context, Relation};

/// The longest text that is a schedule.
const LONGEST: usize = 256;

const MONTHS: &[&str] = &[
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];
const DAYS: &[&str] = &["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// Form of a field.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Breadth {
    /// `*` or `?`.
    Star,
    /// `*/2`.
    Stepped,
    /// Values and ranges.
    Listed,
}

/// Values of a field, one bit each.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Field {
    values: u64,
    breadth: Breadth,
}

/// Allowed values of a field, and the names of the first ones.
struct Bounds {
    least: u32,
    most: u32,
    names: &'static [&'static str],
}

const fn bounds(least: u32, most: u32) -> Bounds {
    Bounds {
        least,
        most,
        names: &[],
    }
}

fn value(text: &str, bounds: &Bounds) -> Option<u32> {
    let number = if (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    {
        text.parse().ok()?
    } else {
        let place = bounds
            .names
            .iter()
            .position(|name| name.eq_ignore_ascii_case(text))?;
        bounds.least + u32::try_from(place).ok()?
    };
    (bounds.least..=bounds.most)
        .contains(&number)
        .then_some(number)
}

fn field(text: &str, bounds: &Bounds) -> Option<Field> {
    let mut values = 0;
    let mut breadth = Breadth::Listed;
    for part in text.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (
                range,
                Some(step.parse::<u32>().ok().filter(|&step| step > 0)?),
            ),
            None => (part, None),
        };
        let (first, last) = if matches!(range, "*" | "?") {
            if breadth == Breadth::Listed {
                breadth = if step.is_some_and(|step| step > 1) {
                    Breadth::Stepped
                } else {
                    Breadth::Star
                };
            }
            (bounds.least, bounds.most)
        } else if let Some((first, last)) = range.split_once('-') {
            (value(first, bounds)?, value(last, bounds)?)
        } else {
            let first = value(range, bounds)?;
            (first, if step.is_some() { bounds.most } else { first })
        };
        if first > last {
            return None;
        }
        let step = usize::try_from(step.unwrap_or(1)).ok()?;
        for each in (first..=last).step_by(step) {
            values |= 1_u64.checked_shl(each)?;
        }
    }
    Some(Field { values, breadth })
}

/// Schedule of five fields, or of six with the day of the week as written.
#[derive(PartialEq, Eq)]
struct Schedule<'a> {
    /// Minute, hour and month; with six fields, all except the days of the week.
    times: [u64; 5],
    days: Days,
    as_written: &'a str,
}

#[derive(PartialEq, Eq)]
enum Days {
    /// Every day.
    All,
    /// One of the two fields is `*`, so both must match.
    Both(u64, u64),
    /// Both are limited: either suffices.
    Either(u64, u64),
    /// One has a step from `*`: schedulers disagree.
    Unsettled(u64, u64, bool, bool),
}

const ALL_DAYS_OF_MONTH: u64 = 0xffff_fffe;
const ALL_DAYS_OF_WEEK: u64 = 0x7f;

fn days(of_month: Field, of_week: Field) -> Days {
    // Sunday is both 0 and 7.
    let week = (of_week.values | of_week.values >> 7) & ALL_DAYS_OF_WEEK;
    let month = of_month.values;
    let full = (month == ALL_DAYS_OF_MONTH, week == ALL_DAYS_OF_WEEK);
    let is = |breadth| of_month.breadth == breadth || of_week.breadth == breadth;
    if full.0 && full.1 {
        Days::All
    } else if is(Breadth::Star) {
        Days::Both(month, week)
    } else if is(Breadth::Stepped) {
        let stepped = |field: Field| field.breadth == Breadth::Stepped;
        Days::Unsettled(month, week, stepped(of_month), stepped(of_week))
    } else if full.0 || full.1 {
        // Either suffices, and one of them always matches.
        Days::All
    } else {
        Days::Either(month, week)
    }
}

impl<'a> Schedule<'a> {
    fn read(text: &'a str) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        let text = match text.trim() {
            "@yearly" | "@annually" => "0 0 1 1 *",
            "@monthly" => "0 0 1 * *",
            "@weekly" => "0 0 * * 0",
            "@daily" | "@midnight" => "0 0 * * *",
            "@hourly" => "0 * * * *",
            text => text,
        };
        let mut parts = text.split_ascii_whitespace();
        let mut next = || parts.next();
        let first = [next()?, next()?, next()?, next()?, next()?];
        let sixth = next();
        if next().is_some() {
            return None;
        }
        let minute = bounds(0, 59);
        let hour = bounds(0, 23);
        let day = bounds(1, 31);
        let month = Bounds {
            least: 1,
            most: 12,
            names: MONTHS,
        };
        let weekday = Bounds {
            least: 0,
            most: 7,
            names: DAYS,
        };
        if let Some(as_written) = sixth {
            let [one, two, three, four, five] = first;
            let day_of_month = field(four, &day)?;
            field(as_written, &weekday)?;
            return Some(Self {
                times: [
                    field(one, &minute)?.values,
                    field(two, &minute)?.values,
                    field(three, &hour)?.values,
                    field(five, &month)?.values,
                    day_of_month.values,
                ],
                days: Days::Unsettled(
                    0,
                    0,
                    day_of_month.breadth == Breadth::Star,
                    day_of_month.breadth == Breadth::Stepped,
                ),
                as_written,
            });
        }
        let [one, two, three, four, five] = first;
        Some(Self {
            times: [
                field(one, &minute)?.values,
                field(two, &hour)?.values,
                field(four, &month)?.values,
                0,
                0,
            ],
            days: days(field(three, &day)?, field(five, &weekday)?),
            as_written: "",
        })
    }
}

/// Whether a text cannot be a list of numbers.
fn is_unmistakable(text: &str) -> bool {
    text.starts_with('@') || text.bytes().any(|byte| byte == b'*')
}

pub(super) fn relate(left: &str, right: &str, context: Context<'_>) -> Option<Relation> {
    let begins = |text: &str| {
        matches!(
            text.trim_start().bytes().next(),
            Some(b'*' | b'@' | b'0'..=b'9')
        )
    };
    if !begins(left) || !begins(right) || left.len().max(right.len()) > LONGEST {
        return None;
    }
    let unmistakable = is_unmistakable(left) || is_unmistakable(right);
    if !unmistakable && !key::is_schedule(context.key) {
        return None;
    }
    let (one, two) = (Schedule::read(left)?, Schedule::read(right)?);
    Some(if one == two {
        Relation::Same
    } else {
        Relation::Differs
    })
}

#[cfg(test)]
mod tests {
    use crate::meaning::Relation;
    use crate::meaning::tests::{assert_all, kinds};
    use evenkeel_document::ScalarKind::Text;

    #[test]
    fn one_schedule_has_many_spellings() {
        assert_all(
            kinds(Text, Text),
            "schedule",
            &[
                ("*/15 * * * *", "0,15,30,45 * * * *"),
                ("@daily", "0 0 * * *"),
                ("@midnight", "@daily"),
                ("@hourly", "0 * * * *"),
                ("@weekly", "0 0 * * SUN"),
                ("@monthly", "0 0 1 * *"),
                ("@yearly", "0 0 1 JAN *"),
                ("0  0 * *   *", "0 0 * * *"),
                ("00 03 * * *", "0 3 * * *"),
                ("0 0 * * 7", "0 0 * * 0"),
                ("0 0 * * MON-FRI", "0 0 * * 1-5"),
                ("0 0 * * mon,wed", "0 0 * * 3,1"),
                ("0 0 * * 5-7", "0 0 * * 0,5,6"),
                ("0 0-23 * * *", "0 * * * *"),
                ("0 0 ? * *", "0 0 * * *"),
                ("*/1 * * * *", "* * * * *"),
                ("0 */6 * * *", "0 0,6,12,18 * * *"),
                ("5/20 * * * *", "5,25,45 * * * *"),
                ("0 0 1-31 * *", "0 0 * * *"),
                ("0 0 * 1-12 *", "0 0 * * *"),
                ("0 0 * * 0-6", "0 0 * * *"),
                ("0 */15 * * * *", "0 0,15,30,45 * * * *"),
                ("0 0 1,15 * 1", "0 0 15,1 * MON"),
            ],
            &Relation::Same,
        );
        assert_all(
            kinds(Text, Text),
            "x",
            &[("*/30 * * * *", "0,30 * * * *")],
            &Relation::Same,
        );
    }

    #[test]
    fn schedules_that_look_alike_are_not_the_same() {
        assert_all(
            kinds(Text, Text),
            "schedule",
            &[
                ("*/15 * * * *", "15 * * * *"),
                ("*/20 * * * *", "0,20 * * * *"),
                ("*/7 * * * *", "0,7,14,21,28,35,42,49 * * * *"),
                ("0 0 * * *", "0 12 * * *"),
                ("@daily", "@weekly"),
                ("@reboot", "@daily"),
                ("@every 24h", "@daily"),
                ("0 0 * * 1", "0 0 * * 2"),
                ("0 0 1 * *", "0 0 * * 1"),
                // Either of two limited days suffices.
                ("0 0 1 * 1", "0 0 1 * *"),
                ("0 0 1 * 1", "0 0 * * 1"),
                ("0 0 1 * 0-6", "0 0 1 * *"),
                // Schedulers disagree on a stepped star.
                ("0 0 */2 * 1", "0 0 1-31/2 * 1"),
                ("0 0 * * *", "0 0 0 * * *"),
                ("0 0 0 * * *", "0 0 * * * *"),
                ("0 0 12 ? * 2", "0 0 12 ? * MON"),
                ("0 0 L * *", "0 0 31 * *"),
                ("0 0 * * 5#1", "0 0 * * 5"),
                ("0 0 31 * *", "0 0 30 * *"),
                ("60 * * * *", "0 * * * *"),
                ("0 24 * * *", "0 0 * * *"),
                ("0 0 0 * *", "0 0 1 * *"),
                ("0 0 * * 8", "0 0 * * 1"),
                ("*/0 * * * *", "* * * * *"),
                ("0 0 * * FRI-MON", "0 0 * * 5,6,0,1"),
                ("0 0 * *", "0 0 * * *"),
                ("* * * * * * *", "* * * * * *"),
                ("CRON_TZ=UTC 0 0 * * *", "0 0 * * *"),
                ("0 0 * * *", "0 0 * * * root"),
            ],
            &Relation::Differs,
        );
        // Numbers in a row alone are not a schedule.
        assert_all(
            kinds(Text, Text),
            "weights",
            &[("01 2 3 4 5", "1 2 3 4 5")],
            &Relation::Differs,
        );
    }
}
