//! Schedules: shifted in time, or with another frequency.

use evenkeel_comparison::{Disagreement, Matter, Side};

use super::{Member, Rule, Seen, by_key};

pub(super) const RULE: Rule = Rule {
    name: "schedules",
    sees,
    joins,
    is_widespread: false,
    message: None,
};

fn sees(seen: &Seen<'_>) -> Option<(String, String)> {
    if !matches!(seen.disagreement.matter, Matter::Value(_)) {
        return None;
    }
    let (one, two) = texts(seen.disagreement)?;
    let sort = if is_shifted(seen.disagreement) {
        "shifted"
    } else if is_schedule(one) && is_schedule(two) {
        "another frequency"
    } else {
        return None;
    };
    Some((sort.to_owned(), String::new()))
}

fn joins(members: &[Member<'_>]) -> Vec<Vec<usize>> {
    by_key(members, |_| true)
}

fn texts(disagreement: &Disagreement) -> Option<(&str, &str)> {
    fn text(side: Option<&Side>) -> Option<&str> {
        side?.scalar.as_ref().map(|scalar| scalar.text.trim())
    }
    Some((
        text(disagreement.left.as_ref())?,
        text(disagreement.right.as_ref())?,
    ))
}

/// Returns the fields of a schedule: minute, hour, day, month, day of the week, and more of some schedulers.
fn fields(text: &str) -> Option<Vec<&str>> {
    let inner = text
        .strip_prefix("cron(")
        .and_then(|rest| rest.strip_suffix(')'))
        .unwrap_or(text);
    let fields: Vec<&str> = inner.split_whitespace().collect();
    let is_name = |word: &str| {
        let word = word.to_ascii_lowercase();
        const NAMES: &[&str] = &[
            "sun", "mon", "tue", "wed", "thu", "fri", "sat", "jan", "feb", "mar", "apr", "may",
            "jun", "jul", "aug", "sep", "oct", "nov", "dec", "l", "w", "?",
        ];
        NAMES.contains(&&*word)
    };
    let is_field = |field: &&str| {
        let mut parts = field.split(['/', ',', '-', '#']);
        parts.all(|part| {
            part == "*"
                || !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit())
                || is_name(part)
        })
    };
    ((5..=7).contains(&fields.len()) && fields.iter().all(is_field)).then_some(fields)
}

/// Whether a text is a repeating schedule.
fn is_schedule(text: &str) -> bool {
    const WORDS: &[&str] = &[
        "@yearly",
        "@annually",
        "@monthly",
        "@weekly",
        "@daily",
        "@midnight",
        "@hourly",
        "@reboot",
    ];
    fields(text).is_some()
        || WORDS.contains(&text)
        || text.starts_with("@every ")
        || text.starts_with("rate(") && text.ends_with(')')
        || text.starts_with("every ") && text.len() < 40
}

/// Whether two values are schedules of one frequency at another time of the day.
pub(in crate::drift) fn is_shifted(disagreement: &Disagreement) -> bool {
    let Some((one, two)) = texts(disagreement) else {
        return false;
    };
    let (Some(one), Some(two)) = (fields(one), fields(two)) else {
        return false;
    };
    // A number is one moment; everything else is a frequency. With six fields and more, the first ones may be seconds.
    let moments = if one.len() == 5 { 2 } else { 3 };
    let how_often = |fields: &[&str]| -> Vec<String> {
        let of_day = |field: &&str| {
            let is_moment = field.bytes().all(|byte| byte.is_ascii_digit());
            if is_moment {
                String::new()
            } else {
                (*field).to_owned()
            }
        };
        let days = fields.iter().skip(moments).map(|field| (*field).to_owned());
        fields
            .iter()
            .take(moments)
            .map(of_day)
            .chain(days)
            .collect()
    };
    one.len() == two.len() && how_often(&one) == how_often(&two)
}

#[cfg(test)]
mod tests {
    use super::is_schedule;

    #[test]
    fn a_sentence_is_not_a_schedule() {
        for text in [
            "0 2 * * *",
            "*/5 * * * mon-fri",
            "@hourly",
            "rate(5 minutes)",
            "cron(0 12 * * ? *)",
            "@every 5m",
        ] {
            assert!(is_schedule(text), "{text}");
        }
        for text in ["one two three four five", "5m", "", "@home", "1 2 3"] {
            assert!(!is_schedule(text), "{text}");
        }
    }
}
