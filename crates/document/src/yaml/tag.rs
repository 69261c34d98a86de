//! Explicit tags: YAML's own types are applied, all others are stored as data and never acted on.

use std::borrow::Cow;

use granit_parser::Tag;

use super::super::duplicates::shortened;
use super::super::tree::{Scalar, ScalarKind};
use super::scalar;

/// The prefix of YAML's own types.
const OWN: &str = "tag:yaml.org,2002:";

/// A scalar as written.
pub(super) struct Written<'text> {
    /// The decoded text; empty for a missing value.
    pub(super) text: Cow<'text, str>,
    /// Whether it is plain: unquoted and not a block.
    pub(super) plain: bool,
    /// Whether the value is missing.
    pub(super) absent: bool,
}

/// Returns a scalar's type and the tag that is kept.
///
/// # Errors
///
/// When the text does not have the type of the tag.
pub(super) fn apply(
    written: Written<'_>,
    tag: Option<&Tag>,
) -> Result<(Scalar, Option<Box<str>>), String> {
    let Written {
        text,
        plain,
        absent,
    } = written;
    let as_text = |text: Cow<'_, str>| Scalar {
        kind: ScalarKind::Text,
        text: text.into_owned().into_boxed_str(),
    };
    let Some(tag) = tag else {
        let scalar = if plain {
            scalar::of_plain(&text)
        } else {
            as_text(text)
        };
        return Ok((scalar, None));
    };
    if is_non_specific(tag) {
        return Ok((as_text(text), None));
    }
    let Some(name) = own_name(tag) else {
        // An application's tag may have any meaning for its value: the value stays text.
        let scalar = if absent {
            scalar::of_plain("")
        } else {
            as_text(text)
        };
        return Ok((scalar, Some(spelled(tag))));
    };
    let read = scalar::of_plain(&text);
    let (kind, words) = match &*name {
        "str" => return Ok((as_text(text), None)),
        "int" => (ScalarKind::Integer, "an integer"),
        "float" if read.kind == ScalarKind::Integer => (ScalarKind::Integer, "a number"),
        "float" => (ScalarKind::Float, "a number"),
        "bool" => (ScalarKind::Boolean, "a boolean"),
        "null" => (ScalarKind::Null, "nothing"),
        "timestamp" => (ScalarKind::Date, "a date"),
        "map" | "seq" | "set" | "omap" | "pairs" => {
            return Err(format!("`!!{name}` is not a tag of single values"));
        }
        _ => return Ok((as_text(text), Some(spelled(tag)))),
    };
    if read.kind == kind {
        let kind = if &*name == "float" {
            ScalarKind::Float
        } else {
            kind
        };
        return Ok((Scalar { kind, ..read }, None));
    }
    // With an explicit boolean tag, the words of YAML 1.1 are unambiguous.
    let boolean = match &*text.to_ascii_lowercase() {
        _ if kind != ScalarKind::Boolean => None,
        "yes" | "on" | "y" => Some("true"),
        "no" | "off" | "n" => Some("false"),
        _ => None,
    };
    match boolean {
        Some(boolean) => Ok((
            Scalar {
                kind,
                text: boolean.into(),
            },
            None,
        )),
        None => Err(format!(
            "`!!{name}` requires {words}, found `{}`",
            shortened(&text)
        )),
    }
}

/// Returns the tag that is kept for a list or a map; `own` is its default type.
///
/// # Errors
///
/// When the tag belongs to single values, or to the other kind of collection.
pub(super) fn of_collection(tag: Option<&Tag>, own: &str) -> Result<Option<Box<str>>, String> {
    let Some(tag) = tag.filter(|tag| !is_non_specific(tag)) else {
        return Ok(None);
    };
    match own_name(tag).as_deref() {
        Some(name) if name == own => Ok(None),
        Some(
            name @ ("str" | "int" | "float" | "bool" | "null" | "timestamp" | "binary" | "map"
            | "seq"),
        ) => Err(format!(
            "`!!{name}` is not a tag of a {}",
            if own == "seq" { "list" } else { "map" }
        )),
        _ => Ok(Some(spelled(tag))),
    }
}

/// Returns whether an unquoted `<<` with this tag merges maps.
pub(super) fn may_merge(tag: Option<&Tag>) -> bool {
    tag.is_none_or(|tag| own_name(tag).as_deref() == Some("merge"))
}

/// Returns whether it is `!` alone, the non-specific tag.
fn is_non_specific(tag: &Tag) -> bool {
    tag.handle().is_empty() && tag.suffix() == "!"
}

fn own_name(tag: &Tag) -> Option<Cow<'_, str>> {
    tag.suffix_in_namespace(OWN)
}

/// Returns a tag in its shortest form that does not depend on the handles of a file.
fn spelled(tag: &Tag) -> Box<str> {
    match own_name(tag) {
        Some(name) => format!("!!{name}").into(),
        None if tag.handle() == "!" => format!("!{}", tag.suffix()).into(),
        None => format!("!<{}{}>", tag.handle(), tag.suffix()).into(),
    }
}
