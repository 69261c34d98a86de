//! Secrets within a value or a line, and whole values that are secrets.

use std::ops::Range;

use super::ciphertext::is_encrypted;
use super::form::{is_harmless, is_reference};
use super::key::{Bearing, bearing};
use super::line::{Found, Manner, look};
use super::telling::may_hold;
use crate::covering;
use crate::tree::{Scalar, ScalarKind};

/// The secret parts of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Secrecy {
    /// None.
    Open,
    /// These parts.
    Parts(Vec<Range<usize>>),
    /// The whole value.
    Whole,
    /// Encrypted: it reveals nothing and cannot be compared.
    Encrypted,
}

/// Returns whether a value under a key is a secret as a whole: by its key, or by its syntax.
#[must_use]
pub fn is_secret(key: &str, scalar: &Scalar) -> bool {
    secrecy(key, scalar) == Secrecy::Whole
}

/// Returns the secret parts of a value under a key.
#[must_use]
pub fn secrecy(key: &str, scalar: &Scalar) -> Secrecy {
    let text: &str = &scalar.text;
    if text.is_empty()
        || matches!(
            scalar.kind,
            ScalarKind::Null | ScalarKind::Boolean | ScalarKind::Date
        )
    {
        return Secrecy::Open;
    }
    if is_encrypted(key, text) {
        return Secrecy::Encrypted;
    }
    let is_expression = scalar.kind == ScalarKind::Expression;
    // `dbUrl: x` is judged by its whole key; in `db.password: x` the last part is the name.
    let kind = if is_expression {
        Bearing::Plain
    } else {
        bearing_of(key)
    };
    let is_text = !matches!(scalar.kind, ScalarKind::Integer | ScalarKind::Float);
    if kind != Bearing::Plain && !is_harmless(kind, text) && (is_text || kind != Bearing::Switch) {
        return Secrecy::Whole;
    }
    if !is_text || !may_hold(text) {
        return Secrecy::Open;
    }
    if text.contains('\n') && !is_expression {
        let ranges = covering::secret_ranges(text);
        return parts(text, ranges);
    }
    let manner = if is_expression {
        Manner::Expression
    } else {
        Manner::Value
    };
    let mut ranges = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        ranges.extend(
            look(line.trim_end(), manner, false)
                .held
                .into_iter()
                .map(|held| start + held.value.start..start + held.value.end),
        );
        start += line.len();
    }
    parts(text, ranges)
}

/// Returns the bearing of a key, by its last part if it has several: `spring.datasource.password`.
pub(super) fn bearing_of(key: &str) -> Bearing {
    bearing(super::line::judged_part(key))
}

fn parts(text: &str, ranges: Vec<Range<usize>>) -> Secrecy {
    match ranges.as_slice() {
        [] => Secrecy::Open,
        ranges
            if ranges
                .iter()
                .any(|range| text.get(range.clone()) == Some(text.trim())) =>
        {
            Secrecy::Whole
        }
        _ => Secrecy::Parts(ranges),
    }
}

/// Returns whether a value contains a secret, or is one.
#[must_use]
pub fn holds_secret(key: &str, scalar: &Scalar) -> bool {
    secrecy(key, scalar) != Secrecy::Open
}

/// Returns the name of the secret that a value contains as a part, or `""` for an unnamed one.
#[must_use]
pub fn secret_of_value<'t>(key: &str, scalar: &'t Scalar) -> Option<&'t str> {
    match secrecy(key, scalar) {
        Secrecy::Open => None,
        Secrecy::Whole | Secrecy::Encrypted => Some(""),
        Secrecy::Parts(_) => {
            let line = scalar.text.lines().find(|line| may_hold(line))?;
            Some(first_name(line, &look(line, Manner::Value, false)))
        }
    }
}

/// Returns the name of the secret that a line of a text without a format contains, or `""` for an unnamed one. Here a
/// blank suffices between a name and its value.
#[must_use]
pub fn secret_of_line(line: &str) -> Option<&str> {
    if !may_hold(line) {
        return None;
    }
    let found = look(line, Manner::Line, false);
    (!found.held.is_empty()).then(|| first_name(line, &found))
}

/// Returns the name of a secret that a line only refers to: a setting, or a location.
#[must_use]
pub fn setting_of_line(line: &str) -> Option<&str> {
    if !may_hold(line) {
        return None;
    }
    let about = look(line, Manner::Line, false).about?;
    line.get(about).map(|name| name.trim_start_matches('-'))
}

/// Returns a name for people and for paths, without secret parts.
#[must_use]
pub fn covered_name(name: &str) -> Option<String> {
    const SHORTEST: usize = 8;
    if name.len() < SHORTEST || !may_hold(name) {
        return None;
    }
    let held = look(name, Manner::Line, false).held;
    (!held.is_empty()).then(|| covering::replaced(name, held.into_iter().map(|held| held.value)))
}

fn first_name<'t>(line: &'t str, found: &Found) -> &'t str {
    let named = found.held.iter().find(|held| !held.name.is_empty());
    let name = named.and_then(|held| line.get(held.name.clone()));
    name.unwrap_or("").trim_start_matches('-')
}

/// Returns whether a text only refers to a secret.
pub(super) fn is_only_a_reference(text: &str) -> bool {
    is_reference(text)
}
