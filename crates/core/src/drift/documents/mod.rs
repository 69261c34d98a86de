//! Documents in two environments: findings as disparities that can be declared.
//!
//! `comparison` compares them. This module assigns codes and severities. Grouping by cause is left to `causes`;
//! declared differences are applied in `differences`.

pub mod codes;
mod open;
mod words;

pub use super::causes::{expression_of, substitution};

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use rayon::prelude::*;

use super::{Disparity, causes};
use evenkeel_comparison::{Disagreement, Located, Matter, Side, Which};
use evenkeel_document::{Scalar, ScalarKind};
use evenkeel_model::defect::{Rank, Severity};
use evenkeel_model::source::Span;
use evenkeel_model::{EnvironmentName, Value};

/// Comparison of a document in two environments.
#[derive(Debug)]
pub struct ComparedDocument<'a> {
    /// Name.
    pub name: &'a Arc<str>,
    /// The two environments, the earlier one on the path first.
    pub between: (&'a EnvironmentName, &'a EnvironmentName),
    /// Whether they are siblings on the path, so that neither must be the smaller one.
    pub siblings: bool,
    /// Disagreements.
    pub located: Vec<Located>,
}

/// Returns the findings as disparities.
#[must_use]
pub fn disparities(compared: &ComparedDocument<'_>) -> Vec<Disparity> {
    /// Minimum number of findings worth another thread.
    const FEW: usize = 512;
    let mut found: Vec<Disparity> = compared
        .located
        .par_iter()
        .with_min_len(FEW)
        .map(|located| disparity(compared, located))
        .collect();
    agree_on_values(&mut found);
    found
}

/// Drops ids that more than two environments have: they are shared, not copied.
pub fn leave_out_shared(found: &mut Vec<Disparity>) {
    type Pair = (EnvironmentName, EnvironmentName);
    let mut pairs: HashMap<String, BTreeSet<Pair>> = HashMap::new();
    for disparity in found
        .iter()
        .filter(|each| each.defect.code == &codes::COPIED)
    {
        let all = pairs.entry(disparity.place.clone()).or_default();
        all.insert(disparity.between.clone());
    }
    pairs.retain(|_, pairs| pairs.len() > 1);
    if !pairs.is_empty() {
        found.retain(|disparity| {
            disparity.defect.code != &codes::COPIED || !pairs.contains_key(&disparity.place)
        });
    }
}

/// Assigns all findings of one place the same values, such as a mention of the other environment and a differing value,
/// so that one declaration covers them.
fn agree_on_values(found: &mut [Disparity]) {
    let mut by_place: HashMap<&str, Vec<usize>> = HashMap::new();
    for (number, disparity) in found.iter().enumerate() {
        by_place.entry(&disparity.place).or_default().push(number);
    }
    let says_more = |known: &Option<Value>, new: &Option<Value>| match (known, new) {
        (None, Some(_)) => true,
        (Some(Value::Table(_)), Some(new)) => !matches!(new, Value::Table(_)),
        _ => false,
    };
    let mut agreed = Vec::new();
    for numbers in by_place.into_values().filter(|numbers| numbers.len() > 1) {
        let mut values = (None, None);
        for disparity in numbers.iter().filter_map(|number| found.get(*number)) {
            for (known, new) in [
                (&mut values.0, &disparity.values.0),
                (&mut values.1, &disparity.values.1),
            ] {
                if says_more(known, new) {
                    known.clone_from(new);
                }
            }
        }
        agreed.push((numbers, values));
    }
    for (numbers, values) in agreed {
        for number in numbers {
            if let Some(disparity) = found.get_mut(number) {
                disparity.values.clone_from(&values);
            }
        }
    }
}

fn disparity(compared: &ComparedDocument<'_>, located: &Located) -> Disparity {
    let disagreement = &located.disagreement;
    let (one, two) = compared.between;
    let subject = format!("document.{}", compared.name);
    let path = disagreement.path.to_string();
    let mut defect = words::defect(compared, &subject, &path, disagreement).within(two);
    if !path.is_empty() {
        defect = defect.attribute(&path);
    }
    if let (Some(left), Some(right)) = (&disagreement.left, &disagreement.right) {
        defect = defect.expected_found(&left.shown, &right.shown);
    } else {
        let shown = |side: &Option<Side>| {
            side.as_ref()
                .map_or_else(|| "nothing".to_owned(), |side| side.shown.clone())
        };
        defect = defect.expected_found(shown(&disagreement.left), shown(&disagreement.right));
    }
    let (left, right) = (&disagreement.left, &disagreement.right);
    let mut places: [(&Option<Span>, &EnvironmentName, bool); 2] = [
        (&located.right, two, right.is_some()),
        (&located.left, one, left.is_some()),
    ];
    // Environments that have the value come before those that lack it.
    places.sort_by_key(|(_, _, has)| !has);
    for (span, environment, has) in places {
        // For a mention, only the environment with the mention is wrong.
        let is_blamed = match &disagreement.matter {
            Matter::Foreign { within, .. } => {
                let blamed = match within {
                    Which::Left => one,
                    Which::Right => two,
                };
                environment == blamed
            }
            _ => true,
        };
        if let Some(span) = span.as_ref().filter(|_| is_blamed) {
            let words = if has { "has this" } else { "lacks it here" };
            defect = defect.at(span, format!("{environment} {words}"));
        }
    }
    if let Some((left, right)) = long_texts(disagreement) {
        defect.difference = Some(evenkeel_model::text::unified(left, right));
    }
    if let Some(help) = words::help(defect.code) {
        let id = defect.fingerprint().short();
        defect = defect.help(help.replace("{id}", &id));
    }
    defect.cause = Some(causes::cause(disagreement));
    defect.kin = causes::kin(&causes::Seen {
        document: compared.name,
        disagreement,
    });
    if let Some(openness) = open::openness(disagreement) {
        defect.rank = Rank::Open;
        if openness == open::Openness::Whole {
            defect.severity = Severity::Critical;
        }
    }
    let around = &disagreement.around;
    defect.explained_by = around.explained_by.as_ref().map(ToString::to_string);
    defect.among.clone_from(&around.among);
    Disparity {
        place: if path.is_empty() {
            subject
        } else if path.starts_with('[') {
            format!("{subject}{path}")
        } else {
            format!("{subject}.{path}")
        },
        between: (one.clone(), two.clone()),
        values: values(disagreement),
        document: Some((Arc::clone(compared.name), disagreement.path.clone())),
        defect,
    }
}

/// Returns two texts of several lines whose differing lines are more useful than the whole. Their secrets are already
/// hidden.
fn long_texts(disagreement: &Disagreement) -> Option<(&str, &str)> {
    let Matter::Value(_) = disagreement.matter else {
        return None;
    };
    let (left, right) = (disagreement.left.as_ref()?, disagreement.right.as_ref()?);
    let (one, two) = (left.scalar.as_ref()?, right.scalar.as_ref()?);
    let lines = |scalar: &Scalar| scalar.text.lines().count();
    let wanted = lines(one).max(lines(two)) > 1 && !left.is_secret && !right.is_secret;
    wanted.then_some((&*one.text, &*two.text))
}

/// Returns the values of both sides for checking bounds. A moved value is absent from the second side's place.
fn values(disagreement: &Disagreement) -> (Option<Value>, Option<Value>) {
    let Disagreement { left, right, .. } = disagreement;
    // The presence of a secret or ciphertext on both sides is not a bound.
    let is_on_both = left.is_some() && right.is_some();
    let value = |side: &Side| {
        if (side.is_secret || side.is_encrypted) && is_on_both {
            Value::text(&side.shown)
        } else {
            value(side)
        }
    };
    let right = match &disagreement.matter {
        Matter::Moved(_) => None,
        _ => right.as_ref().map(value),
    };
    let left = left.as_ref().map(value);
    // An empty secret counts as absent.
    match causes::empty_secret(disagreement) {
        Some(Which::Left) => (None, right),
        Some(Which::Right) => (left, None),
        None => (left, right),
    }
}

/// Returns the value of a side for checking bounds; for a secret, a list or a map only its presence.
fn value(side: &Side) -> Value {
    match &side.scalar {
        Some(scalar) if !side.is_secret && !side.is_encrypted => scalar_value(scalar),
        _ => Value::Table(BTreeMap::new()),
    }
}

/// Converts a single value to one of definitions. In an untyped format, a numeric text is a number.
#[must_use]
pub fn scalar_value(scalar: &Scalar) -> Value {
    let text: &str = &scalar.text;
    let number = || {
        let whole = text.parse::<i64>().ok();
        whole
            .filter(|number| number.to_string() == text)
            .map(Value::Integer)
    };
    match scalar.kind {
        ScalarKind::Boolean => Some(Value::Boolean(text == "true")),
        ScalarKind::Integer | ScalarKind::Loose => number(),
        ScalarKind::Float => text
            .parse::<f64>()
            .ok()
            .filter(|number| number.is_finite())
            .map(Value::Float),
        _ => None,
    }
    .unwrap_or_else(|| Value::text(text))
}
