//! Secrets within a value or a line, and whether a whole value is one.

use std::ops::Range;

use super::ciphertext::is_encrypted;
use super::form::{is_harmless, is_reference};
use super::key::{Bearing, bearing};
use super::line::{Found, Manner, look};
use super::telling::may_hold;
use crate::covering;
use crate::tree::{Scalar, ScalarKind};

/// What of a value is a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Secrecy {
    /// Nothing.
    Open,
    /// These parts of it.
    Parts(Vec<Range<usize>>),
    /// All of it.
    Whole,
    /// It is encrypted: as it stands it opens nothing, and cannot be compared.
    Encrypted,
}

/// Whether a value under a key is a secret as a whole: by its key, or by how it looks.
#[must_use]
pub fn is_secret(key: &str, scalar: &Scalar) -> bool {
    secrecy(key, scalar) == Secrecy::Whole
}

/// What of a value under a key is a secret.
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
    // `dbUrl: x` is judged whole by its key; of `db.password: x` the last part is what it is called.
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

/// What a key says, by the last part of it where it has several: `spring.datasource.password`.
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

/// Whether a value holds a secret, or is one.
#[must_use]
pub fn holds_secret(key: &str, scalar: &Scalar) -> bool {
    secrecy(key, scalar) != Secrecy::Open
}

/// The name of the secret that a value holds as a part of it, or `""` where it has none.
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

/// The name of the secret that a line of a text without a format holds, or `""` where it has none. Here a name and its
/// value may have nothing but a blank between them.
#[must_use]
pub fn secret_of_line(line: &str) -> Option<&str> {
    if !may_hold(line) {
        return None;
    }
    let found = look(line, Manner::Line, false);
    (!found.held.is_empty()).then(|| first_name(line, &found))
}

/// The name of a secret that a line only speaks of: how it is treated, or where it is.
#[must_use]
pub fn setting_of_line(line: &str) -> Option<&str> {
    if !may_hold(line) {
        return None;
    }
    let about = look(line, Manner::Line, false).about?;
    line.get(about).map(|name| name.trim_start_matches('-'))
}

/// A name for people and for paths: without what is a secret in it.
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

/// Whether a text only says where a secret is.
pub(super) fn is_only_a_reference(text: &str) -> bool {
    is_reference(text)
}
