//! Declared differences: they silence the alarm about what they bound, and are themselves held to account.

use std::collections::BTreeSet;

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
    let mut declarations: Vec<(Declaration<'_>, bool)> = definition
        .differences()
        .map(|difference| {
            (
                Declaration {
                    difference,
                    places: 0,
                },
                false,
            )
        })
        .collect();
    let mut defects = Vec::new();
    let mut places = BTreeSet::new();
    for mut disparity in disparities {
        for (declaration, exceeded) in &mut declarations {
            let difference = declaration.difference;
            if !difference.covers(&disparity.place) {
                continue;
            }
            declaration.places += 1;
            if difference.expires <= now {
                continue;
            }
            if let Some(reason) = out_of_bounds(difference, &disparity) {
                *exceeded = true;
                disparity.defect.help =
                    Some(format!("a difference is declared here, but {reason}"));
                disparity.defect = disparity.defect.at(&difference.span, "declared here");
            } else {
                disparity.defect.declared = Some(format!(
                    "{} (until {}, {})",
                    difference.reason,
                    difference.expires.date(),
                    difference.owner
                ));
                places.insert(disparity.place.clone());
                break;
            }
        }
        defects.push(disparity.defect);
    }
    for (position, (declaration, _)) in declarations.iter().enumerate() {
        lint(
            definition,
            declaration,
            declarations
                .iter()
                .take(position)
                .map(|(earlier, _)| earlier),
            now,
            &mut defects,
        );
    }
    let in_force = declarations
        .into_iter()
        .map(|(declaration, _)| declaration)
        .filter(|declaration| declaration.places > 0 && declaration.difference.expires > now)
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
        match value {
            Some(value) if bound.admits(value) => {}
            Some(value) => {
                return Some(format!(
                    "{environment} has {value}, and {bound} is declared"
                ));
            }
            None => {
                return Some(format!(
                    "{environment} has no value, and {bound} is declared"
                ));
            }
        }
    }
    None
}

fn lint<'a>(
    definition: &Definition,
    declaration: &Declaration<'a>,
    earlier: impl Iterator<Item = &'a Declaration<'a>>,
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
    for other in earlier {
        if other.difference.at == difference.at
            && other
                .difference
                .bounds
                .keys()
                .any(|name| difference.bounds.contains_key(name))
        {
            defects.push(
                Defect::new(
                    &codes::DUPLICATE,
                    &subject,
                    format!("`{}` is declared twice", difference.at),
                )
                .at(&difference.span, "declared again")
                .at(&other.difference.span, "declared first here"),
            );
            break;
        }
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
