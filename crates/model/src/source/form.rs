//! Forms: the accepted values of definitions.
//!
//! One description per table serves four purposes: validation, messages about expected values, the JSON Schema, and the
//! reference page. So no accepted field is undocumented.

use crate::{Value, duration, name};

/// One key of a table.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// The key, as written.
    pub name: &'static str,
    /// The form of its value.
    pub form: Form,
    /// Whether it is required.
    pub required: bool,
    /// One or two sentences for people: meaning, unit, default.
    pub about: &'static str,
    /// Whether it must be literal: no reference is allowed, so it is the same in every environment.
    pub written_out: bool,
    /// Whether it may contain a secret. Everything else is shown in plans and reports, and stored in the ledger.
    pub may_be_secret: bool,
}

impl Field {
    /// Creates a required key.
    #[must_use]
    pub const fn required(name: &'static str, form: Form, about: &'static str) -> Self {
        Self {
            name,
            form,
            required: true,
            about,
            written_out: false,
            may_be_secret: false,
        }
    }

    /// Creates an optional key.
    #[must_use]
    pub const fn optional(name: &'static str, form: Form, about: &'static str) -> Self {
        Self {
            name,
            form,
            required: false,
            about,
            written_out: false,
            may_be_secret: false,
        }
    }

    /// Returns this key as literal.
    #[must_use]
    pub const fn written_out(mut self) -> Self {
        self.written_out = true;
        self
    }

    /// Returns this key as one that may contain a secret.
    #[must_use]
    pub const fn may_be_secret(mut self) -> Self {
        self.may_be_secret = true;
        self
    }
}

/// The form of a value.
#[derive(Debug, Clone, Copy)]
pub enum Form {
    /// Any string.
    Text,
    /// A non-empty string.
    Words,
    /// A name with hyphens: `web-1`.
    Word,
    /// `kind.name`.
    Address,
    /// A file mode in octal: `"0640"`.
    Mode,
    /// `true` or `false`.
    Boolean,
    /// A whole number within bounds.
    Integer(i64, i64),
    /// A number within bounds.
    Number(f64, f64),
    /// `"10s"`, `"1h 30m"`.
    Duration,
    /// A date or a date with a time.
    Date,
    /// One of these strings.
    Choice(&'static [&'static str]),
    /// A list of items of one form.
    List(&'static Form),
    /// A list with at least one item.
    Several(&'static Form),
    /// A table with these keys and no others.
    Table(&'static [Field]),
    /// A table with user-defined keys.
    Map(&'static Form),
    /// Any of these.
    Either(&'static [Form]),
    /// Anything.
    Any,
}

impl Form {
    /// Returns the expected form, for messages.
    #[must_use]
    pub fn expected(&self) -> String {
        match self {
            Self::Text => "a string".into(),
            Self::Words => "a non-empty string".into(),
            Self::Word => "a name of lower-case letters, digits and hyphens".into(),
            Self::Address => "an address such as `file.config`".into(),
            Self::Mode => "a file mode in octal such as \"0640\"".into(),
            Self::Boolean => "`true` or `false`".into(),
            Self::Integer(least, most) => integers("an integer", *least, *most),
            Self::Number(least, most) => numbers("a number", *least, *most),
            Self::Duration => "a duration such as \"10s\" or \"1h 30m\"".into(),
            Self::Date => "a date such as 2027-06-30".into(),
            Self::Choice(choices) => quoted(choices),
            Self::List(item) => format!("a list of {}", item.expected_items()),
            Self::Several(item) => format!("a non-empty list of {}", item.expected_items()),
            Self::Table(fields) => table("a table", fields),
            Self::Map(item) => format!("a table of {}", item.expected_items()),
            Self::Either(forms) => either(forms, Self::expected),
            Self::Any => "a value".into(),
        }
    }

    /// Returns the expected form of several items, for messages.
    fn expected_items(&self) -> String {
        match self {
            Self::Text => "strings".into(),
            Self::Words => "non-empty strings".into(),
            Self::Word => "names of lower-case letters, digits and hyphens".into(),
            Self::Address => "addresses such as `file.config`".into(),
            Self::Mode => "file modes in octal such as \"0640\"".into(),
            Self::Integer(least, most) => integers("integers", *least, *most),
            Self::Number(least, most) => numbers("numbers", *least, *most),
            Self::Duration => "durations such as \"10s\" or \"1h 30m\"".into(),
            Self::Date => "dates such as 2027-06-30".into(),
            Self::List(item) => format!("lists of {}", item.expected_items()),
            Self::Several(item) => format!("non-empty lists of {}", item.expected_items()),
            Self::Table(fields) => table("tables", fields),
            Self::Map(item) => format!("tables of {}", item.expected_items()),
            Self::Either(forms) => either(forms, Self::expected_items),
            Self::Any => "values".into(),
            Self::Boolean | Self::Choice(_) => self.expected(),
        }
    }

    /// Returns whether `value` has this form, at every depth.
    #[must_use]
    pub fn admits(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Any, _)
            | (Self::Text, Value::Text(_) | Value::Secret(..))
            | (Self::Boolean, Value::Boolean(_)) => true,
            (Self::Words, Value::Text(text)) => !text.is_empty(),
            (Self::Words, Value::Secret(secret, _)) => !secret.reveal().is_empty(),
            (Self::Word, Value::Text(text)) => name::is_word(text),
            (Self::Address, Value::Text(text)) => crate::Address::parse(text).is_some(),
            (Self::Mode, Value::Text(text)) => parse_mode(text).is_some(),
            (Self::Integer(least, most), Value::Integer(number)) => {
                (least..=most).contains(&number)
            }
            (Self::Number(least, most), value) => value
                .as_number()
                .is_some_and(|number| number >= *least && number <= *most),
            (Self::Duration, Value::Text(text)) => duration::parse(text).is_some(),
            (Self::Date, Value::Text(text)) => parse_date(text).is_some(),
            (Self::Choice(choices), Value::Text(text)) => choices.contains(&&**text),
            (Self::List(item), Value::List(items)) => items.iter().all(|each| item.admits(each)),
            (Self::Several(item), Value::List(items)) => {
                !items.is_empty() && items.iter().all(|each| item.admits(each))
            }
            (Self::Table(fields), Value::Table(entries)) => {
                fields.iter().all(|field| {
                    entries
                        .get(field.name)
                        .map_or(!field.required, |value| field.form.admits(value))
                }) && entries
                    .keys()
                    .all(|key| fields.iter().any(|field| field.name == &**key))
            }
            (Self::Map(item), Value::Table(entries)) => {
                entries.values().all(|each| item.admits(each))
            }
            (Self::Either(forms), value) => forms.iter().any(|form| form.admits(value)),
            _ => false,
        }
    }

    /// Converts a resolved reference to this form: numbers and booleans become text where text is required, so that
    /// `["--port", "${port}"]` is a command line although a port is a number.
    #[must_use]
    pub fn fit(&self, value: Value) -> Value {
        match (self, value) {
            (
                Self::Text | Self::Words,
                value @ (Value::Boolean(_) | Value::Integer(_) | Value::Float(_)),
            ) => Value::text(&value.to_string()),
            (Self::List(item) | Self::Several(item), Value::List(items)) => {
                Value::List(items.into_iter().map(|each| item.fit(each)).collect())
            }
            (Self::Map(item), Value::Table(entries)) => Value::Table(
                entries
                    .into_iter()
                    .map(|(key, each)| (key, item.fit(each)))
                    .collect(),
            ),
            (Self::Table(fields), Value::Table(entries)) => Value::Table(
                entries
                    .into_iter()
                    .map(|(key, each)| {
                        let field = fields.iter().find(|field| field.name == &*key);
                        let each = field.map_or(each.clone(), |field| field.form.fit(each));
                        (key, each)
                    })
                    .collect(),
            ),
            (Self::Either(forms), value) if !self.admits(&value) => {
                let fitted = forms
                    .iter()
                    .map(|form| form.fit(value.clone()))
                    .find(|fitted| self.admits(fitted));
                fitted.unwrap_or(value)
            }
            (_, value) => value,
        }
    }
}

fn integers(what: &str, least: i64, most: i64) -> String {
    bounded(
        what,
        (least > i64::MIN).then_some(&least),
        (most < i64::MAX).then_some(&most),
    )
}

fn numbers(what: &str, least: f64, most: f64) -> String {
    bounded(
        what,
        (least > f64::MIN).then_some(&least),
        (most < f64::MAX).then_some(&most),
    )
}

fn quoted(choices: &[&str]) -> String {
    let quoted: Vec<String> = choices.iter().map(|word| format!("\"{word}\"")).collect();
    crate::text::list(&quoted, "or")
}

fn table(what: &str, fields: &[Field]) -> String {
    let names: Vec<String> = fields
        .iter()
        .filter(|field| field.required)
        .map(|field| format!("`{}`", field.name))
        .collect();
    if names.is_empty() {
        what.into()
    } else {
        format!("{what} with {}", crate::text::list(&names, "and"))
    }
}

fn either(forms: &[Form], words: impl Fn(&Form) -> String) -> String {
    let forms: Vec<String> = forms.iter().map(words).collect();
    crate::text::list(&forms, "or")
}

fn bounded<N: std::fmt::Display>(what: &str, least: Option<&N>, most: Option<&N>) -> String {
    match (least, most) {
        (Some(least), Some(most)) => format!("{what} from {least} to {most}"),
        (Some(least), None) => format!("{what} of at least {least}"),
        (None, Some(most)) => format!("{what} of at most {most}"),
        (None, None) => what.into(),
    }
}

/// Parses a file mode in octal, three or four digits: permission bits and the sticky, set-group and set-user bits.
#[must_use]
pub fn parse_mode(text: &str) -> Option<u32> {
    if !(3..=4).contains(&text.len()) || !text.bytes().all(|digit| (b'0'..=b'7').contains(&digit)) {
        return None;
    }
    u32::from_str_radix(text, 8).ok()
}

/// Parses a date (midnight UTC at its start) or a date with a time (UTC unless it has an offset).
#[must_use]
pub fn parse_date(text: &str) -> Option<crate::Moment> {
    if let Ok(moment) = text.parse::<jiff::Timestamp>() {
        return Some(crate::Moment::new(moment));
    }
    let time: jiff::civil::DateTime = if is_whole_day(text) {
        text.parse::<jiff::civil::Date>().ok()?.at(0, 0, 0, 0)
    } else {
        text.parse().ok()?
    };
    jiff::tz::Offset::UTC
        .to_timestamp(time)
        .ok()
        .map(crate::Moment::new)
}

/// Parses an expiry date into the first moment after it. A date without a time ends with that day (UTC), a date with a
/// time at that moment.
#[must_use]
pub fn parse_end(text: &str) -> Option<crate::Moment> {
    let begin = parse_date(text)?;
    if !is_whole_day(text) {
        return Some(begin);
    }
    let day = i64::from(24 * 60 * 60 * 1000);
    Some(crate::Moment::from_millisecond(
        begin.as_millisecond().saturating_add(day),
    ))
}

/// Parses like [`parse_end`], but returns the last moment before the end of a whole day, so that its date is that day.
#[must_use]
pub fn last_moment(text: &str) -> Option<crate::Moment> {
    let end = parse_end(text)?;
    if !is_whole_day(text) {
        return Some(end);
    }
    Some(crate::Moment::from_millisecond(end.as_millisecond() - 1))
}

/// Returns whether a date has no time.
#[must_use]
pub fn is_whole_day(text: &str) -> bool {
    text.len() == "2027-06-30".len()
}

#[cfg(test)]
mod tests {
    use super::{Form, parse_date, parse_end, parse_mode};
    use crate::Value;

    #[test]
    fn a_day_ends_with_itself_and_a_moment_at_once() {
        let end = |text: &str| parse_end(text).unwrap().to_string();
        for (written, ends) in [
            ("2026-11-27", "2026-11-28T00:00:00Z"),
            ("2026-12-31", "2027-01-01T00:00:00Z"),
            ("2026-11-27T00:00:00", "2026-11-27T00:00:00Z"),
            ("2026-11-27T23:59:59", "2026-11-27T23:59:59Z"),
            ("2026-11-27 10:00:00", "2026-11-27T10:00:00Z"),
            ("2026-11-27T23:59:59Z", "2026-11-27T23:59:59Z"),
            ("2026-11-27T23:59:59+02:00", "2026-11-27T21:59:59Z"),
        ] {
            assert_eq!(end(written), ends, "{written}");
        }
        assert_eq!(parse_end("2026-13-01"), None);
    }

    #[test]
    fn forms_accept_the_values_they_describe() {
        assert!(Form::Mode.admits(&Value::text("0640")));
        assert!(!Form::Mode.admits(&Value::text("0980")));
        assert!(!Form::Mode.admits(&Value::Integer(640)));
        assert!(Form::Integer(1, 5).admits(&Value::Integer(5)));
        assert!(!Form::Integer(1, 5).admits(&Value::Integer(6)));
        assert!(Form::Several(&Form::Text).admits(&Value::List(vec![Value::text("a")])));
        assert!(!Form::Several(&Form::Text).admits(&Value::List(vec![])));
    }

    #[test]
    fn expected_forms_are_described() {
        assert_eq!(
            Form::Integer(1, 65535).expected(),
            "an integer from 1 to 65535"
        );
        assert_eq!(Form::Choice(&["a", "b"]).expected(), "\"a\" or \"b\"");
        assert_eq!(
            Form::Several(&Form::Text).expected(),
            "a non-empty list of strings"
        );
        assert_eq!(
            Form::Map(&Form::Integer(1, 9)).expected(),
            "a table of integers from 1 to 9"
        );
    }

    #[test]
    fn modes_and_dates() {
        assert_eq!(parse_mode("0750"), Some(0o750));
        assert_eq!(parse_mode("75"), None);
        assert!(parse_date("2027-06-30").is_some());
        assert!(parse_date("2027-06-31").is_none());
        assert!(parse_date("10:00:00").is_none());
        assert_eq!(
            parse_date("2027-06-30T12:00:00"),
            parse_date("2027-06-30T12:00:00Z")
        );
    }

    #[test]
    fn resolved_references_fit_where_text_is_required() {
        const COMMAND: Form = Form::Several(&Form::Text);
        const EITHER: Form = Form::Either(&[Form::Text, Form::Integer(0, 9)]);
        let became = Value::List(vec![Value::text("--port"), Value::Integer(7101)]);
        assert!(!COMMAND.admits(&became));
        assert!(COMMAND.admits(&COMMAND.fit(became)));
        assert_eq!(Form::Boolean.fit(Value::Integer(1)), Value::Integer(1));
        assert_eq!(EITHER.fit(Value::Integer(3)), Value::Integer(3));
        assert_eq!(EITHER.fit(Value::Boolean(true)), Value::text("true"));
    }
}
