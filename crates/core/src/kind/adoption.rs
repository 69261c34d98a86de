//! Adoption: what a definition must contain to describe the state that was found.
//!
//! Pure: choosing the file of a definition and writing it is left to others.

use super::Discrepancy;
use evenkeel_model::{Digest, Value};

/// What makes one discrepancy disappear.
#[derive(Clone, Debug, PartialEq)]
pub struct Adoption {
    /// Attribute that differs.
    pub attribute: String,
    /// What to write.
    pub change: Adopt,
}

/// What to write into a definition.
#[derive(Clone, Debug, PartialEq)]
pub enum Adopt {
    /// A value under a key.
    Key(&'static str, Value),
    /// The found content, which has this digest, under the key that sets the content.
    Content(Digest),
    /// Nothing: the resource is absent, and its definition must be removed.
    Absent,
    /// What is in the files of the adoption, whose contents were not given.
    Unread,
    /// Nothing: no definition describes what was found, for this reason.
    Impossible(String),
}

impl Adopt {
    /// Returns the adoption of a text.
    pub(super) fn text(key: &'static str, text: &str) -> Self {
        Self::Key(key, Value::text(text))
    }

    /// Returns the adoption of a list of texts.
    pub(super) fn list<'a>(key: &'static str, items: impl IntoIterator<Item = &'a str>) -> Self {
        Self::Key(
            key,
            Value::List(items.into_iter().map(Value::text).collect()),
        )
    }

    /// Returns the adoption of a switch.
    pub(super) fn switch(key: &'static str, value: bool) -> Self {
        Self::Key(key, Value::Boolean(value))
    }
}

/// Returns the adoption of each discrepancy. One without a change is impossible; one of presence is absent where nothing
/// exists.
pub(super) fn adoptions(
    wrong: Vec<Discrepancy>,
    is_there: bool,
    mut change: impl FnMut(&Discrepancy) -> Option<Adopt>,
) -> Vec<Adoption> {
    wrong
        .into_iter()
        .map(|each| {
            let change = change(&each).unwrap_or_else(|| {
                if each.attribute == "presence" && !is_there {
                    Adopt::Absent
                } else {
                    Adopt::Impossible("no key of the definition describes it".to_owned())
                }
            });
            Adoption {
                attribute: each.attribute,
                change,
            }
        })
        .collect()
}
