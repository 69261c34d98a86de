//! Declared differences: they silence the alarm about what they bound, and are themselves held to account.

use std::collections::{BTreeSet, HashMap};

use super::{Disparity, codes};
use crate::defect::Defect;
use crate::environment::{Definition, Difference};
use crate::model::Moment;

/// A declared difference that is in force, and how many places it covers.
#[derive(Debug, Clone)]
pub struct Declaration<'a> {
    /// As declared.
    pub difference: &'a Difference,
    /// The places it covers.
    pub places: usize,
    /// Those of them that are out of its bounds.
    pub exceeded: usize,
}

/// Parity, settled.
#[derive(Debug)]
pub struct Settled<'a> {
    /// All defects: undeclared ones, declared ones (marked so), and those of the declarations themselves.
    pub defects: Vec<Defect>,
    /// The declarations in force.
    pub declarations: Vec<Declaration<'a>>,
    /// The places that are declared to differ: `file.config.mode`.
    pub places: BTreeSet<String>,
}

/// Settles which disparities are declared.
#[must_use]
pub fn settle(definition: &Definition, disparities: Vec<Disparity>, now: Moment) -> Settled<'_> {
    let mut declarations: Vec<Declaration<'_>> = definition
        .differences()
        .map(|difference| Declaration {
            difference,
            places: 0,
            exceeded: 0,
        })
        .collect();
    // Most declarations name one place: those are found by it, and only patterns are tried one by one.
    let mut at: HashMap<&str, Vec<usize>> = HashMap::new();
    let mut patterns: Vec<usize> = Vec::new();
    for (number, declaration) in declarations.iter().enumerate() {
        if declaration.difference.is_pattern() {
            patterns.push(number);
        } else {
            at.entry(&declaration.difference.at)
                .or_default()
                .push(number);
        }
    }
    let mut defects = Vec::new();
    let mut places = BTreeSet::new();
    for mut disparity in disparities {
        let exact = at
            .get(disparity.place.as_str())
            .map_or(&[][..], |found| found);
        let mut candidates: Vec<usize> = exact.iter().chain(&patterns).copied().collect();
        candidates.sort_unstable();
        let mut exceeded: Option<(&Difference, String)> = None;
        for number in candidates {
            let Some(declaration) = declarations.get_mut(number) else {
                continue;
            };
            let difference = declaration.difference;
            if !difference.covers(&disparity.place) {
                continue;
            }
            declaration.places += 1;
            if difference.expires <= now {
                continue;
            }
            if let Some(reason) = out_of_bounds(difference, &disparity) {
                declaration.exceeded += 1;
                exceeded.get_or_insert((difference, reason));
                continue;
            }
            disparity.defect.declared = Some(format!(
                "{} (until {}, {})",
                difference.reason,
                difference.expires.date(),
                difference.owner
            ));
            places.insert(disparity.place.clone());
            break;
        }
        if disparity.defect.declared.is_none()
            && let Some((difference, reason)) = exceeded
        {
            disparity.defect.help = Some(format!("a difference is declared here, but {reason}"));
            disparity.defect = disparity.defect.at(&difference.span, "declared here");
        }
        defects.push(disparity.defect);
    }
    let mut first: HashMap<&str, Vec<&Difference>> = HashMap::new();
    for declaration in &declarations {
        let earlier = first.entry(&declaration.difference.at).or_default();
        lint(definition, declaration, earlier, now, &mut defects);
        earlier.push(declaration.difference);
    }
    let in_force = declarations
        .into_iter()
        .filter(|declaration| {
            declaration.places > declaration.exceeded && declaration.difference.expires > now
        })
        .collect();
    Settled {
        defects,
        declarations: in_force,
        places,
    }
}

/// Why a disparity is not within a declaration's bounds.
fn out_of_bounds(difference: &Difference, disparity: &Disparity) -> Option<String> {
    let sides = [
        (&disparity.between.0, &disparity.values.0),
        (&disparity.between.1, &disparity.values.1),
    ];
    for (environment, value) in sides {
        let Some(bound) = difference.bounds.get(environment) else {
            return Some(format!("it has no bound for {environment}"));
        };
        if !bound.admits(value.as_ref()) {
            let value = value
                .as_ref()
                .map_or("no value".to_owned(), ToString::to_string);
            return Some(format!(
                "{environment} has {value}, and {bound} is declared"
            ));
        }
    }
    None
}

fn lint(
    definition: &Definition,
    declaration: &Declaration<'_>,
    earlier: &[&Difference],
    now: Moment,
    defects: &mut Vec<Defect>,
) {
    let difference = declaration.difference;
    let subject = format!("difference at {}", difference.at);
    if declaration.places == 0 {
        defects.push(
            Defect::new(
                &codes::UNMATCHED,
                &subject,
                format!("nothing differs at `{}`", difference.at),
            )
            .at(&difference.span, "declared here, and nothing differs")
            .help("delete this `[[difference]]`"),
        );
    }
    if difference.expires <= now {
        defects.push(
            Defect::new(
                &codes::EXPIRED,
                &subject,
                format!(
                    "the difference at `{}` was declared until {}",
                    difference.at,
                    difference.expires.date()
                ),
            )
            .at(&difference.expires_span, "over")
            .help(format!(
                "mend it, or have {} declare it anew",
                difference.owner
            )),
        );
    }
    let other = earlier.iter().find(|other| {
        let mut names = other.bounds.keys();
        names.any(|name| difference.bounds.contains_key(name))
    });
    if let Some(other) = other {
        defects.push(
            Defect::new(
                &codes::DUPLICATE,
                &subject,
                format!("`{}` is declared twice", difference.at),
            )
            .at(&difference.span, "declared again")
            .at(&other.span, "declared first here"),
        );
    }
    let unbounded: Vec<&str> = definition
        .path
        .iter()
        .filter(|name| !difference.bounds.contains_key(*name))
        .map(crate::model::EnvironmentName::as_str)
        .collect();
    let too_few = difference.bounds.len() < 2;
    if difference.is_pattern() || too_few {
        let message = if difference.is_pattern() {
            format!(
                "`{}` would cover places that nobody has thought of",
                difference.at
            )
        } else {
            format!(
                "the difference at `{}` gives no bound for {}",
                difference.at,
                crate::text::list(&unbounded, "and")
            )
        };
        defects.push(
            Defect::new(&codes::OVER_BROAD, &subject, message)
                .at(&difference.span, "allows too much")
                .help("name one place, and bound the value of each environment"),
        );
    }
}
