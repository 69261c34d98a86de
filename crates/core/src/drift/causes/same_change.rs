//! One pair of values, or one substitution inside texts, at many places; ids of one sort; secrets; mentions of one
//! identity.

use evenkeel_comparison::meaning::Relation;
use evenkeel_comparison::{Disagreement, Matter, Side, Step, Which};
use evenkeel_document::ScalarKind;

use super::substitution::{substitutions, telling_substitution};
use super::{Member, Rule, Seen, by_key};

pub(super) const RULE: Rule = Rule {
    name: "same change",
    sees,
    joins,
    is_widespread: false,
    message: None,
};

fn sees(seen: &Seen<'_>) -> Option<(String, String)> {
    (!matches!(seen.disagreement.matter, Matter::Only(_)))
        .then(|| (cause(seen.disagreement), String::new()))
}

fn joins(members: &[Member<'_>]) -> Vec<Vec<usize>> {
    by_key(members, |group| group.len() > 1)
}

/// Returns the common part of disagreements with one cause, besides their code: equal texts mean one cause.
pub(in crate::drift) fn cause(disagreement: &Disagreement) -> String {
    let Disagreement {
        path,
        left,
        right,
        matter,
        lacking: _,
        around: _,
    } = disagreement;
    let key = path.keys().0;
    match matter {
        Matter::Value(_) | Matter::Lines if empty_secret(disagreement).is_some() => {
            format!("empty secret {path}")
        }
        Matter::Value(_) if is_encrypted(disagreement) => "encrypted".to_owned(),
        Matter::Value(_) if is_encrypted_once(disagreement) => alone(disagreement),
        Matter::Value(_) if is_secret(disagreement) => "secret".to_owned(),
        Matter::Value(Relation::Opaque(sort)) => format!("opaque {sort:?}"),
        Matter::Value(_) if super::is_shifted(disagreement) => format!("shifted {key}"),
        Matter::Value(relation) => {
            let (Some(one), Some(two)) = (text(left.as_ref()), text(right.as_ref())) else {
                return alone(disagreement);
            };
            let is_text = |side: &Option<Side>| {
                side.as_ref()
                    .and_then(|side| side.scalar.as_ref())
                    .is_some_and(|scalar| {
                        matches!(scalar.kind, ScalarKind::Text | ScalarKind::Loose)
                    })
            };
            let (one_core, two_core) = telling_substitution(one, two);
            // A pair of numbers or flags is unspecific without its key.
            let says_enough = is_text(left)
                && is_text(right)
                && matches!(
                    relation,
                    Relation::Differs | Relation::Image(_) | Relation::Version { .. }
                )
                && one_core.len().max(two_core.len()) >= 3;
            if says_enough {
                substitutions(one, two).unwrap_or_else(|| format!("text {one_core} {two_core}"))
            } else {
                format!("value {key} {one} {two}")
            }
        }
        Matter::Only(which) => match path.steps.last() {
            // The same element, in any number of lists of one name.
            Some(step @ (Step::Element(_) | Step::Position(_))) => {
                format!("element {which:?} {key} {step}")
            }
            // The same key with any value is missing for one reason.
            Some(Step::Key(key)) => format!("key {which:?} {key}"),
            None => alone(disagreement),
        },
        Matter::Foreign {
            within,
            identity,
            thing,
            ..
        } => format!("foreign {within:?} {identity} {thing:?}"),
        Matter::Shared { value, thing, .. } => format!("shared {thing:?} {value}"),
        Matter::Marked(which) => format!("marked {which:?}"),
        Matter::Copied => "copied".to_owned(),
        Matter::NamesBoth(identity) => format!("names both {identity}"),
        Matter::Readers(..) => format!("readers {}", text(left.as_ref()).unwrap_or("")),
        Matter::Order(_) => format!("order {key}"),
        Matter::Lines if is_secret(disagreement) => "secret".to_owned(),
        Matter::MustDiffer | Matter::Shape | Matter::Tag | Matter::Moved(_) | Matter::Lines => {
            alone(disagreement)
        }
        Matter::Floating => format!("floating {}", text(left.as_ref()).unwrap_or("")),
    }
}

/// Returns a regular expression for all ids of a cause.
#[must_use]
pub fn expression_of(cause: &str) -> &'static str {
    match cause {
        "opaque Arn" => r"arn:\S+",
        "opaque Uuid" => "[0-9A-Fa-f-]{32,36}",
        "opaque Hash" => "[0-9A-Za-z:+/=_.-]{7,}",
        _ => r"(?s)\S.*",
    }
}

/// Whether a side lacks a whole file: a file has no key, and its place is its own start.
pub(in crate::drift) fn is_file(disagreement: &Disagreement, which: Which) -> bool {
    let side = match which {
        Which::Left => &disagreement.left,
        Which::Right => &disagreement.right,
    };
    side.as_ref().is_some_and(|side| {
        side.key_place.is_none() && side.place == evenkeel_document::Place::default()
    }) && disagreement.path.steps.len() == 1
        && matches!(disagreement.path.steps.last(), Some(Step::Key(_)))
}

/// Returns a cause of a single disagreement.
fn alone(disagreement: &Disagreement) -> String {
    format!("alone {}", disagreement.path)
}

fn text(side: Option<&Side>) -> Option<&str> {
    side?.scalar.as_ref().map(|scalar| &*scalar.text)
}

/// Whether either side is secret.
pub(in crate::drift) fn is_secret(disagreement: &Disagreement) -> bool {
    let secret = |side: &Option<Side>| side.as_ref().is_some_and(|side| side.is_secret);
    secret(&disagreement.left) || secret(&disagreement.right)
}

/// Whether both sides are encrypted.
pub(in crate::drift) fn is_encrypted(disagreement: &Disagreement) -> bool {
    let encrypted = |side: &Option<Side>| side.as_ref().is_some_and(|side| side.is_encrypted);
    encrypted(&disagreement.left) && encrypted(&disagreement.right)
}

/// Whether one side is encrypted and the other has a value in plain text.
pub(in crate::drift) fn is_encrypted_once(disagreement: &Disagreement) -> bool {
    let encrypted = |side: &Option<Side>| side.as_ref().is_some_and(|side| side.is_encrypted);
    encrypted(&disagreement.left) != encrypted(&disagreement.right)
}

/// Returns the side on which a secret is empty that the other one has.
pub(in crate::drift) fn empty_secret(disagreement: &Disagreement) -> Option<Which> {
    let (left, right) = (disagreement.left.as_ref()?, disagreement.right.as_ref()?);
    let has = |side: &Side| side.is_secret || side.is_encrypted;
    let is_line = matches!(disagreement.matter, Matter::Lines);
    let is_empty = |side: &Side| {
        side.scalar.as_ref().is_some_and(|scalar| {
            scalar.kind == ScalarKind::Null
                || scalar.text.trim().is_empty()
                || is_line && is_without_value(&scalar.text)
        })
    };
    match (has(left), has(right)) {
        (true, false) if is_empty(right) => Some(Which::Right),
        (false, true) if is_empty(left) => Some(Which::Left),
        _ => None,
    }
}

/// Whether a line ends before its value: `requirepass ""`, `password=`, `<password/>`.
fn is_without_value(line: &str) -> bool {
    let line = line.trim().trim_end_matches([';', ',']);
    let bare = line.trim_end_matches(['"', '\'']);
    bare.len() < line.len() && line.len() - bare.len() >= 2 && bare.ends_with([' ', '=', ':', '\t'])
        || line.ends_with(['=', ':'])
        || !line.contains(char::is_whitespace) && !line.contains(['=', ':', '<'])
        || line.starts_with('<') && (line.ends_with("/>") || line.contains("></"))
}
