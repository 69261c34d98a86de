//! Causes: disagreements that have one reason, whatever the number of places.
//!
//! One pair of values, or one substitution inside of texts, in thirty places is one defect with thirty places.

use std::ops::Range;

use evenkeel_comparison::meaning::Relation;
use evenkeel_comparison::{Disagreement, Matter, Side, Step, Which};
use evenkeel_document::ScalarKind;

/// What disagreements of one cause have in common, beside their code: equal texts mean one cause.
pub(super) fn cause(disagreement: &Disagreement) -> String {
    let Disagreement {
        path,
        left,
        right,
        matter,
        lacking: _,
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
        Matter::Value(_) if is_shifted(disagreement) => format!("shifted {key}"),
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
            // A pair of numbers or of flags says little without what it is a number of.
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
            // The same element, in however many lists of one name.
            Some(step @ (Step::Element(_) | Step::Position(_))) => {
                format!("element {which:?} {key} {step}")
            }
            // The same key, whatever its value: it is missing for one reason.
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
        Matter::Readers(..) => format!("readers {}", text(left.as_ref()).unwrap_or("")),
        Matter::Order(_) => format!("order {key}"),
        Matter::Lines if is_secret(disagreement) => "secret".to_owned(),
        Matter::MustDiffer | Matter::Shape | Matter::Tag | Matter::Moved(_) | Matter::Lines => {
            alone(disagreement)
        }
        Matter::Floating => format!("floating {}", text(left.as_ref()).unwrap_or("")),
    }
}

/// What all ids of a cause look like, as a regular expression.
#[must_use]
pub fn expression_of(cause: &str) -> &'static str {
    match cause {
        "opaque Arn" => r"arn:\S+",
        "opaque Uuid" => "[0-9A-Fa-f-]{32,36}",
        "opaque Hash" => "[0-9A-Za-z:+/=_.-]{7,}",
        _ => r"(?s)\S.*",
    }
}

/// What disagreements have in common more loosely: keys that one side has more in one map. Not at the root of a file,
/// whose keys have nothing in common but the file.
pub(super) fn wider(disagreement: &Disagreement) -> Option<String> {
    let Matter::Only(which) = &disagreement.matter else {
        return None;
    };
    let (last, above) = disagreement.path.steps.split_last()?;
    if is_file(disagreement, *which) {
        return None;
    }
    let above = evenkeel_comparison::Path {
        steps: above.to_vec(),
    };
    Some(match last {
        Step::Key(_) => format!("keys {which:?} {above}"),
        Step::Element(_) | Step::Position(_) => format!("elements {which:?} {above}"),
    })
}

/// Whether what only one side has is a whole file: a file has no key, and its place is the start of itself.
pub(super) fn is_file(disagreement: &Disagreement, which: Which) -> bool {
    let side = match which {
        Which::Left => &disagreement.left,
        Which::Right => &disagreement.right,
    };
    side.as_ref().is_some_and(|side| {
        side.key_place.is_none() && side.place == evenkeel_document::Place::default()
    }) && disagreement.path.steps.len() == 1
        && matches!(disagreement.path.steps.last(), Some(Step::Key(_)))
}

/// Whether two values are schedules of one frequency, at another time of the day.
pub(super) fn is_shifted(disagreement: &Disagreement) -> bool {
    let (Some(one), Some(two)) = (
        text(disagreement.left.as_ref()),
        text(disagreement.right.as_ref()),
    ) else {
        return false;
    };
    let fields = |text: &str| -> Option<Vec<String>> {
        let fields: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        let is_field = |field: &String| {
            field.bytes().all(|byte| {
                byte.is_ascii_alphanumeric() || matches!(byte, b'*' | b'/' | b',' | b'-')
            })
        };
        (fields.len() == 5 && fields.iter().all(is_field)).then_some(fields)
    };
    let (Some(one), Some(two)) = (fields(one), fields(two)) else {
        return false;
    };
    // A number is one moment; everything else is how often.
    let how_often = |fields: &[String]| -> Vec<String> {
        let of_day = |field: &String| {
            let is_moment = field.bytes().all(|byte| byte.is_ascii_digit());
            if is_moment {
                String::new()
            } else {
                field.clone()
            }
        };
        let days = fields.iter().skip(2).cloned();
        fields.iter().take(2).map(of_day).chain(days).collect()
    };
    how_often(&one) == how_often(&two)
}

/// A cause of its own.
fn alone(disagreement: &Disagreement) -> String {
    format!("alone {}", disagreement.path)
}

fn text(side: Option<&Side>) -> Option<&str> {
    side?.scalar.as_ref().map(|scalar| &*scalar.text)
}

/// Whether a secret is on either side.
pub(super) fn is_secret(disagreement: &Disagreement) -> bool {
    let secret = |side: &Option<Side>| side.as_ref().is_some_and(|side| side.is_secret);
    secret(&disagreement.left) || secret(&disagreement.right)
}

/// Whether both sides are encrypted.
pub(super) fn is_encrypted(disagreement: &Disagreement) -> bool {
    let encrypted = |side: &Option<Side>| side.as_ref().is_some_and(|side| side.is_encrypted);
    encrypted(&disagreement.left) && encrypted(&disagreement.right)
}

/// Whether one side is encrypted and the other has a value in plain text.
pub(super) fn is_encrypted_once(disagreement: &Disagreement) -> bool {
    let encrypted = |side: &Option<Side>| side.as_ref().is_some_and(|side| side.is_encrypted);
    encrypted(&disagreement.left) != encrypted(&disagreement.right)
}

/// The side on which a secret is empty that the other one has.
pub(super) fn empty_secret(disagreement: &Disagreement) -> Option<Which> {
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

/// Whether a line ends where its value would begin: `requirepass ""`, `password=`, `<password/>`.
fn is_without_value(line: &str) -> bool {
    let line = line.trim().trim_end_matches([';', ',']);
    let bare = line.trim_end_matches(['"', '\'']);
    bare.len() < line.len() && line.len() - bare.len() >= 2 && bare.ends_with([' ', '=', ':', '\t'])
        || line.ends_with(['=', ':'])
        || !line.contains(char::is_whitespace) && !line.contains(['=', ':', '<'])
        || line.starts_with('<') && (line.ends_with("/>") || line.contains("></"))
}

/// What two texts have that the other has not: without the words that both begin and end with. Words are runs of
/// letters and digits, so that `eu-west` and `us-west` give `eu` and `us`, and not `e` and `u`.
#[must_use]
pub fn substitution<'t>(left: &'t str, right: &'t str) -> (&'t str, &'t str) {
    let (one, two) = cores(left, right);
    (
        left.get(one).unwrap_or(left),
        right.get(two).unwrap_or(right),
    )
}

/// Where in two texts a substitution stands.
fn cores(left: &str, right: &str) -> (Range<usize>, Range<usize>) {
    let (lefts, rights) = (words(left), words(right));
    let before = lefts
        .iter()
        .zip(&rights)
        .take_while(|(one, two)| one == two)
        .count();
    let after = lefts
        .iter()
        .skip(before)
        .rev()
        .zip(rights.iter().skip(before).rev())
        .take_while(|(one, two)| one == two)
        .count();
    let core = |text: &str, words: &[&str]| {
        let length = |words: &[&str]| words.iter().map(|word| word.len()).sum::<usize>();
        let start = length(words.get(..before).unwrap_or_default());
        let end = text.len() - length(words.get(words.len() - after..).unwrap_or_default());
        start..end
    };
    (core(left, &lefts), core(right, &rights))
}

/// Two or three substitutions within texts that have words in common: `acme-web` and `shop-web-eu` differ like `acme-db` and
/// `shop-db-eu`. None for any other number of them.
fn substitutions(left: &str, right: &str) -> Option<String> {
    const LONGEST: usize = 64;
    let (lefts, rights) = (words(left), words(right));
    if lefts.len().max(rights.len()) > LONGEST {
        return None;
    }
    let mut told = String::from("texts");
    let (mut number, mut in_common) = (0, false);
    for operation in similar::capture_diff_slices(similar::Algorithm::Myers, &lefts, &rights) {
        let (old, new) = (operation.old_range(), operation.new_range());
        let (old, new) = (lefts.get(old)?, rights.get(new)?);
        if matches!(operation, similar::DiffOp::Equal { .. }) {
            in_common |= old
                .iter()
                .any(|word| word.len() > 1 && word.chars().all(char::is_alphabetic));
            continue;
        }
        number += 1;
        for words in [old, new] {
            told.push(' ');
            told.push_str(&words.concat());
        }
    }
    (in_common && matches!(number, 2 | 3)).then_some(told)
}

/// A substitution that says enough to be known again: a short one with what stands around it, up to the next separator.
/// `app:1.2.0` and `app:1.3.0` give the versions, and not `2` and `3`.
fn telling_substitution<'t>(left: &'t str, right: &'t str) -> (&'t str, &'t str) {
    const SHORT: usize = 3;
    let (one, two) = cores(left, right);
    if one.len().max(two.len()) >= SHORT {
        return substitution(left, right);
    }
    let is_separator = |each: char| {
        matches!(each, '/' | ':' | '@' | '=' | ',' | ';' | '"' | '\'') || each.is_whitespace()
    };
    let around = |text: &'t str, Range { start, end }: Range<usize>| {
        let before = text.get(..start).unwrap_or("");
        let after = text.get(end..).unwrap_or("");
        let from = before
            .char_indices()
            .rev()
            .find(|(_, each)| is_separator(*each))
            .map_or(0, |(at, each)| at + each.len_utf8());
        let to = after.find(is_separator).map_or(text.len(), |at| end + at);
        text.get(from..to).unwrap_or(text)
    };
    (around(left, one), around(right, two))
}

/// Runs of letters and digits, and each other character by itself.
fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut start = 0;
    for (at, each) in text.char_indices() {
        if !each.is_alphanumeric() {
            words.extend(text.get(start..at).filter(|word| !word.is_empty()));
            start = at + each.len_utf8();
            words.extend(text.get(at..start));
        }
    }
    words.extend(text.get(start..).filter(|word| !word.is_empty()));
    words
}

#[cfg(test)]
mod tests {
    use super::{substitution, substitutions, telling_substitution};

    #[test]
    fn a_substitution_is_told_in_whole_words() {
        assert_eq!(substitution("eu-west", "us-west"), ("eu", "us"));
        assert_eq!(substitution("a.eu.b", "a.us.b"), ("eu", "us"));
        assert_eq!(substitution("a-b", "a-x-b"), ("", "x-"));
        assert_eq!(substitution("10s", "20s"), ("10s", "20s"));
        assert_eq!(substitution("", "é"), ("", "é"));
        assert_eq!(substitution("é-a", "ü-a"), ("é", "ü"));
    }

    #[test]
    fn a_short_substitution_is_told_with_what_stands_around_it() {
        let told = telling_substitution;
        assert_eq!(told("r/app:1.2.0", "r/app:1.3.0"), ("1.2.0", "1.3.0"));
        assert_eq!(told("a-x", "a-y"), ("a-x", "a-y"));
        assert_eq!(told("eu-west", "us-east"), ("eu-west", "us-east"));
        assert_eq!(told("", ""), ("", ""));
    }

    #[test]
    fn the_same_substitutions_around_other_words_are_one_cause() {
        let one = substitutions("acme-web", "shop-web-eu").unwrap();
        assert_eq!(substitutions("acme-db", "shop-db-eu"), Some(one.clone()));
        assert_ne!(substitutions("acme-db", "shop-db-us"), Some(one));
        // One substitution is told by itself; with nothing in common there is none.
        assert_eq!(substitutions("acme-db", "shop-db"), None);
        assert_eq!(substitutions("a-1", "b-2"), None);
    }
}
