//! Formatting of values in templates: as in `content`, so that one value has one spelling everywhere.
//!
//! The engine would write booleans as in Python, which other formats do not read.

use std::borrow::Cow;

use minijinja::value::{Kwargs, StringInput, ValueKind};
use minijinja::{Environment, Error, ErrorKind, Output, State, Value, filters};

/// Configures templates to write values like `content`, and adds their filters and functions.
pub(super) fn settle(environment: &mut Environment<'_>) {
    environment.set_formatter(write);
    // Case filters use the same words for booleans.
    environment.add_filter("upper", filters::upper);
    environment.add_filter("lower", filters::lower);
    environment.add_filter("default", filters::default);
    environment.add_filter("join", join);
    environment.add_filter("length", filters::length);
    environment.add_filter("tojson", filters::tojson);
    environment.add_filter("trim", trim);
    environment.add_filter("replace", replace);
    environment.add_filter("sort", filters::sort);
    environment.add_filter("items", filters::items);
    environment.add_function("range", minijinja::functions::range);
}

/// Writes the value between `{{` and `}}`.
fn write(out: &mut Output, state: &mut State, value: &Value) -> Result<(), Error> {
    let what = match value.kind() {
        ValueKind::Seq | ValueKind::Iterable => "a list",
        ValueKind::Map => "a table",
        ValueKind::None => "nothing",
        _ => return minijinja::escape_formatter(out, state, &worded(value)),
    };
    Err(Error::new(
        ErrorKind::InvalidOperation,
        format!("{what} cannot be used within text; write it with `tojson`, `join` or `default`"),
    ))
}

/// Returns a boolean as text, and every other value unchanged.
fn worded(value: &Value) -> Value {
    match value.kind() {
        ValueKind::Bool if value.is_true() => Value::from("true"),
        ValueKind::Bool => Value::from("false"),
        _ => value.clone(),
    }
}

fn join(
    state: &mut State,
    value: &Value,
    joiner: Option<StringInput<'_>>,
    attribute: Option<&str>,
    kwargs: Kwargs,
) -> Result<Value, Error> {
    let named: Option<&str> = kwargs.get("attribute")?;
    kwargs.assert_all_used()?;
    let items = value.try_iter().map_err(|_| {
        Error::new(
            ErrorKind::InvalidOperation,
            format!("expected a list to join, found {}", value.kind()),
        )
    })?;
    let items: Vec<Value> = items
        .map(|item| match attribute.or(named) {
            Some(attribute) => item.get_attr(attribute).map(|value| worded(&value)),
            None => Ok(worded(&item)),
        })
        .collect::<Result<_, _>>()?;
    let none = std::iter::empty::<(&str, Value)>().collect();
    filters::join(state, &Value::from(items), joiner, None, none)
}

fn trim(state: &State, value: &Value, characters: Option<Cow<'_, str>>) -> Result<Value, Error> {
    let value = worded(value);
    Ok(filters::trim(StringInput::new(state, &value)?, characters))
}

fn replace(
    state: &mut State,
    value: &Value,
    from: StringInput<'_>,
    to: StringInput<'_>,
) -> Result<Value, Error> {
    let value = worded(value);
    let value = StringInput::new(state, &value)?;
    filters::replace(state, value, from, to)
}
