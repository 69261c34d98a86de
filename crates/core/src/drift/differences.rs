//! Declared differences: they accept differences within their bounds, and are checked themselves.

mod lint;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::Disparity;
use crate::environment::bound::{numbers, of_one_class};
use crate::environment::{Definition, Difference, DifferencePlace};
use evenkeel_comparison::meaning::Context;
use evenkeel_comparison::{Index, Pattern};
use evenkeel_document::covering;
use evenkeel_model::defect::{Allowed, Defect};
use evenkeel_model::{Moment, Value};

/// Declared difference in force, with the number of places it covers.
#[derive(Debug, Clone)]
pub struct Declaration<'a> {
    /// Declaration.
    pub difference: &'a Difference,
    /// Number of places it covers.
    pub places: usize,
    /// Number of places outside of its bounds.
    pub exceeded: usize,
}

/// Parity with declared differences applied.
#[derive(Debug)]
pub struct SettledParity<'a> {
    /// All defects: undeclared ones, declared ones (marked), and those of the declarations themselves.
    pub defects: Vec<Defect>,
    /// Undeclared differences, place by place.
    pub open: Vec<Disparity>,
    /// Declarations in force.
    pub declarations: Vec<Declaration<'a>>,
    /// Places of the recipe that are declared to differ: `file.config.mode`. Documents are excluded.
    pub places: BTreeSet<String>,
}

/// Presence of a place in a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// At least one environment has it.
    There,
    /// No environment has it.
    Nothing,
    /// The document was not read in every environment, so its presence is unknown.
    Unread,
}

/// Separates declared disparities from undeclared ones. `presence` returns whether a document, or a place in it,
/// exists: an existing place that does not differ needs no declaration, and a missing one has a wrong declaration.
#[must_use]
pub fn settle<'d>(
    definition: &'d Definition,
    disparities: Vec<Disparity>,
    now: Moment,
    presence: &dyn Fn(&str, Option<&Pattern>) -> Presence,
) -> SettledParity<'d> {
    let mut declarations: Vec<Declaration<'_>> = definition
        .differences()
        .map(|difference| Declaration {
            difference,
            places: 0,
            exceeded: 0,
        })
        .collect();
    let lookup = Lookup::of(definition);
    let mut defects = Vec::new();
    let mut places = BTreeSet::new();
    let mut open = Vec::new();
    // Later declarations of places that an earlier one covers.
    let mut doubled: BTreeMap<usize, &Difference> = BTreeMap::new();
    let mut allowing: HashMap<usize, Arc<Allowed>> = HashMap::new();
    for mut disparity in disparities {
        let mut exceeded: Option<(&Difference, String)> = None;
        let mut first: Option<&Difference> = None;
        for number in lookup.covering(&disparity) {
            let Some(declaration) = declarations.get_mut(number) else {
                continue;
            };
            let difference = declaration.difference;
            declaration.places += 1;
            if difference.speaks_of(&disparity.between) {
                match first {
                    Some(first) => _ = doubled.entry(number).or_insert(first),
                    None => first = Some(difference),
                }
            }
            if difference.expires <= now {
                continue;
            }
            if let Some(reason) = out_of_bounds(definition, difference, &disparity) {
                declaration.exceeded += 1;
                exceeded.get_or_insert((difference, reason));
                continue;
            }
            if disparity.defect.declared.is_some() {
                continue;
            }
            let allowed = allowing
                .entry(number)
                .or_insert_with(|| allowed(difference));
            disparity.defect.declared = Some(Arc::clone(allowed));
            if disparity.document.is_none() {
                places.insert(disparity.place.clone());
            }
        }
        if disparity.defect.declared.is_none()
            && let Some((difference, reason)) = exceeded
        {
            disparity.defect.help = Some(format!("a difference is declared here, but {reason}"));
            disparity.defect = disparity.defect.at(&difference.span, "declared here");
        }
        if disparity.defect.declared.is_none() {
            open.push(disparity.clone());
        }
        defects.push(disparity.defect);
    }
    let lint = lint::Lint::new(definition, now, presence);
    lint.all(&declarations, doubled, &mut defects);
    let in_force = declarations
        .into_iter()
        .filter(|declaration| {
            declaration.places > declaration.exceeded && declaration.difference.expires > now
        })
        .collect();
    SettledParity {
        defects,
        open,
        declarations: in_force,
        places,
    }
}

/// Returns the reported fields of a declaration.
fn allowed(difference: &Difference) -> Arc<Allowed> {
    Arc::new(Allowed {
        reason: difference.reason.clone(),
        owner: difference.owner.clone(),
        expires: difference.expires,
        ticket: difference.ticket.clone(),
        span: difference.span.clone(),
    })
}

/// Lookup of declarations by place. Most name one place and are found directly; only patterns are tried one by one.
#[derive(Default)]
struct Lookup<'a> {
    named: HashMap<&'a str, Vec<usize>>,
    patterns: Vec<(&'a Difference, usize)>,
    presence: HashMap<&'a Arc<str>, Vec<usize>>,
    documents: HashMap<&'a Arc<str>, Index<'a>>,
}

impl<'a> Lookup<'a> {
    fn of(definition: &'a Definition) -> Self {
        let mut lookup = Self::default();
        for (number, difference) in definition.differences().enumerate() {
            match &difference.place {
                DifferencePlace::Named(_) if difference.is_pattern() => {
                    lookup.patterns.push((difference, number));
                }
                DifferencePlace::Named(at) => lookup.named.entry(at).or_default().push(number),
                DifferencePlace::Document(name, None) => {
                    lookup.presence.entry(name).or_default().push(number);
                }
                DifferencePlace::Document(name, Some(pattern)) => {
                    let index = lookup.documents.entry(name).or_default();
                    index.insert(pattern, number);
                }
            }
        }
        lookup
    }

    /// Returns the numbers of the declarations that cover a disparity, in order of declaration.
    fn covering(&self, disparity: &Disparity) -> Vec<usize> {
        match &disparity.document {
            Some((name, path)) if path.steps.is_empty() => {
                self.presence.get(name).cloned().unwrap_or_default()
            }
            Some((name, path)) => self
                .documents
                .get(name)
                .map_or_else(Vec::new, |index| index.covering(path)),
            None => {
                let exact = self.named.get(disparity.place.as_str());
                let wild = self.patterns.iter();
                let wild = wild.filter(|(difference, _)| difference.covers(&disparity.place));
                let mut found: Vec<usize> = exact
                    .into_iter()
                    .flatten()
                    .copied()
                    .chain(wild.map(|(_, number)| *number))
                    .collect();
                found.sort_unstable();
                found
            }
        }
    }
}

/// Returns a value for a sentence: short, without secrets.
fn displayed(value: &Value) -> String {
    let text = value.to_string();
    shortened(covering::shown(&text).unwrap_or(text))
}

/// Shortens a long text.
fn shortened(text: String) -> String {
    const LONGEST: usize = 120;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// Returns the reason why a disparity is outside of a declaration's bounds.
fn out_of_bounds(
    definition: &Definition,
    difference: &Difference,
    disparity: &Disparity,
) -> Option<String> {
    let context = disparity.document.as_ref().map(|(_, path)| {
        let (key, above) = path.keys();
        Context { key, above }
    });
    let sides = [
        (&disparity.between.0, &disparity.values.0),
        (&disparity.between.1, &disparity.values.1),
    ];
    for (environment, value) in sides {
        let Some(bound) = difference.bounds.get(environment) else {
            if difference.is_relative() {
                continue;
            }
            return Some(format!("it has no bound for {environment}"));
        };
        if !bound.admits(value.as_ref(), context) {
            let value = value.as_ref().map_or("no value".to_owned(), displayed);
            let bound = shortened(bound.to_string());
            return Some(format!("{environment} has {value}, expected {bound}"));
        }
    }
    if !difference.is_relative() {
        return None;
    }
    let (Some(left), Some(right)) = (&disparity.values.0, &disparity.values.1) else {
        return Some("one of the two has no value".to_owned());
    };
    let Some((earlier, later)) = numbers(left, right, context) else {
        return Some(format!(
            "{} and {} are not both numbers",
            displayed(left),
            displayed(right)
        ));
    };
    if difference.same_class && !of_one_class(earlier, later) {
        return Some(format!(
            "{} and {} are not of one class",
            displayed(left),
            displayed(right)
        ));
    }
    if let Some(ratio) = difference.ratio {
        let (one, two) = &disparity.between;
        // Siblings have no smaller one.
        let admits = ratio.admits(earlier, later)
            || definition.are_siblings(one, two) && ratio.admits(later, earlier);
        if !admits {
            return Some(format!(
                "{} in {two} and {} in {one} are not within its ratio",
                displayed(right),
                displayed(left)
            ));
        }
    }
    None
}
