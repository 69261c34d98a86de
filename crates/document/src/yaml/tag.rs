//! Explicit tags: those of YAML's own types are applied, all others are kept as data and never acted on.

use std::borrow::Cow;

use granit_parser::Tag;

use super::super::duplicates::shortened;
use super::super::tree::{Scalar, ScalarKind};
use super::scalar;

/// Where YAML's own types live.
const OWN: &str = "tag:yaml.org,2002:";

/// A scalar as it was written.
pub(super) struct Written<'text> {
    /// Its text, decoded; empty when nothing was written.
    pub(super) text: Cow<'text, str>,
    /// Whether it had no quotes and is no block.
    pub(super) plain: bool,
    /// Whether nothing was written at all.
    pub(super) absent: bool,
}

/// A scalar's type and the tag that stays with it.
///
/// # Errors
///
/// That the tag says another type than the text has.
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
        // What a program's own tag makes of its value is the program's business: the value stays text.
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
            return Err(format!("`!!{name}` stands before a single value"));
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
    // Where a tag says boolean, nobody disagrees about the words of YAML 1.1.
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
            "`!!{name}` says this is {words}, and `{}` is not",
            shortened(&text)
        )),
    }
}

/// The tag that stays with a list or a map; `own` is the name that says only what it is anyway.
///
/// # Errors
///
/// That the tag is one of single values, or of the other kind of collection.
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
            "`!!{name}` stands before a {}",
            if own == "seq" { "list" } else { "map" }
        )),
        _ => Ok(Some(spelled(tag))),
    }
}

/// Whether an unquoted `<<` with this tag merges maps.
pub(super) fn may_merge(tag: Option<&Tag>) -> bool {
    tag.is_none_or(|tag| own_name(tag).as_deref() == Some("merge"))
}

/// `!` alone: "no type but the plainest".
fn is_non_specific(tag: &Tag) -> bool {
    tag.handle().is_empty() && tag.suffix() == "!"
}

fn own_name(tag: &Tag) -> Option<Cow<'_, str>> {
    tag.suffix_in_namespace(OWN)
}

/// A tag in the shortest way that names it in every file alike, whatever handles a file declares.
fn spelled(tag: &Tag) -> Box<str> {
    match own_name(tag) {
        Some(name) => format!("!!{name}").into(),
        None if tag.handle() == "!" => format!("!{}", tag.suffix()).into(),
        None => format!("!<{}{}>", tag.handle(), tag.suffix()).into(),
    }
}
