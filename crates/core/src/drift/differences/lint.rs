//! Checks of declared differences: their list is the audit report, so each line must be true, bounded and in force.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use super::{Declaration, Presence};
use crate::drift::codes;
use crate::environment::{Bound, Definition, Difference, DifferencePlace};
use evenkeel_comparison::Pattern;
use evenkeel_model::defect::Defect;
use evenkeel_model::text::list;
use evenkeel_model::{EnvironmentName, Moment};

/// Time before its expiry at which a declaration is reported.
const SOON: Duration = Duration::from_hours(14 * 24);

/// Context for checking declarations.
pub(super) struct Lint<'a> {
    definition: &'a Definition,
    now: Moment,
    presence: &'a dyn Fn(&str, Option<&Pattern>) -> Presence,
    /// All known names, built when the first declaration without a match needs them.
    names: OnceCell<BTreeSet<String>>,
}

impl<'a> Lint<'a> {
    pub(super) fn new(
        definition: &'a Definition,
        now: Moment,
        presence: &'a dyn Fn(&str, Option<&Pattern>) -> Presence,
    ) -> Self {
        Self {
            definition,
            now,
            presence,
            names: OnceCell::new(),
        }
    }

    /// Returns all defects of declarations. `doubled` are those whose place an earlier one covers, by number, with the
    /// earlier one.
    pub(super) fn all<'d>(
        &self,
        declarations: &[Declaration<'d>],
        mut doubled: BTreeMap<usize, &'d Difference>,
        defects: &mut Vec<Defect>,
    ) {
        // Duplicates are reported even if nothing differs.
        let mut alike: HashMap<&str, Vec<&Difference>> = HashMap::new();
        for (number, declaration) in declarations.iter().enumerate() {
            let difference = declaration.difference;
            let earlier = alike.entry(&difference.at).or_default();
            let other = earlier.iter().find(|other| overlap(other, difference));
            if let Some(other) = other {
                doubled.entry(number).or_insert(other);
            }
            earlier.push(difference);
        }
        for (number, declaration) in declarations.iter().enumerate() {
            let difference = declaration.difference;
            defects.extend(self.needless(declaration));
            defects.extend(self.expiry(difference));
            defects.extend(doubled.get(&number).map(|first| twice(first, difference)));
            defects.extend(self.over_broad(difference));
        }
    }

    /// Reports a declaration whose place does not differ or does not exist.
    fn needless(&self, declaration: &Declaration<'_>) -> Option<Defect> {
        let difference = declaration.difference;
        let at = &difference.at;
        if declaration.places > 0 {
            return None;
        }
        let presence = match &difference.place {
            DifferencePlace::Named(_) => self.named(difference),
            DifferencePlace::Document(name, pattern) => (self.presence)(name, pattern.as_ref()),
        };
        let (code, message, label) = match presence {
            Presence::Unread => return None,
            Presence::There => (
                &codes::NO_LONGER_NEEDED,
                format!("`{at}` does not differ any more"),
                "declared here, but equal in all environments",
            ),
            Presence::Nothing => (
                &codes::UNMATCHED,
                format!("`{at}` does not exist"),
                "declared here, but does not exist",
            ),
        };
        let defect = Defect::new(code, subject(difference), message);
        Some(
            defect
                .at(&difference.span, label)
                .help("delete this `[[difference]]`"),
        )
    }

    /// Returns whether its parameter, resource, suite or attribute is declared in any environment.
    fn named(&self, difference: &Difference) -> Presence {
        let names = self.names.get_or_init(|| names(self.definition));
        let is_there = if difference.is_pattern() {
            names.iter().any(|name| difference.covers(name))
        } else {
            names.contains(&difference.at)
        };
        if is_there {
            Presence::There
        } else {
            Presence::Nothing
        }
    }

    fn expiry(&self, difference: &Difference) -> Option<Defect> {
        let Difference { at, expires, .. } = difference;
        let (code, message, label) = if *expires <= self.now {
            (
                &codes::EXPIRED,
                format!("the difference at `{at}` expired on {}", expires.date()),
                "over",
            )
        } else if expires.since(self.now) <= SOON {
            (
                &codes::EXPIRES_SOON,
                format!("the difference at `{at}` expires on {}", expires.date()),
                "expires soon",
            )
        } else {
            return None;
        };
        Some(
            Defect::new(code, subject(difference), message)
                .at(&difference.expires_span, label)
                .help(format!(
                    "remove it, or ask {} to declare it again",
                    difference.owner
                )),
        )
    }

    fn over_broad(&self, difference: &Difference) -> Option<Defect> {
        let at = &difference.at;
        let reason = match &difference.place {
            DifferencePlace::Named(_) if difference.is_pattern() => {
                Some(format!("`{at}` would cover unexpected places"))
            }
            DifferencePlace::Document(_, Some(pattern)) if pattern.is_boundless() => {
                Some(format!("`{at}` would cover everything below"))
            }
            DifferencePlace::Document(_, Some(pattern)) if !pattern.names_something() => {
                Some(format!("`{at}` names nothing"))
            }
            _ => None,
        };
        let reason = reason.or_else(|| self.unbounded(difference))?;
        Some(
            Defect::new(&codes::OVER_BROAD, subject(difference), reason)
                .at(&difference.span, "allows too much")
                .help("name the places, and bound the value of each environment"),
        )
    }

    /// Reports a side without bounds.
    fn unbounded(&self, difference: &Difference) -> Option<String> {
        let Difference { at, bounds, .. } = difference;
        if bounds.len() < 2 && !difference.is_relative() {
            let unbounded: Vec<&str> = self
                .definition
                .path
                .iter()
                .filter(|name| !bounds.contains_key(*name))
                .map(EnvironmentName::as_str)
                .collect();
            return Some(format!(
                "the difference at `{at}` has no bound for {}",
                list(&unbounded, "and")
            ));
        }
        let is_absent_somewhere = bounds.values().any(|bound| matches!(bound, Bound::Absent));
        bounds.iter().find_map(|(environment, bound)| match bound {
            Bound::Matches(expression) if expression.is_boundless() => Some(format!(
                "the difference at `{at}` allows anything in {environment}"
            )),
            Bound::Present if !is_absent_somewhere => Some(format!(
                "the difference at `{at}` allows anything in {environment}, and it is absent from no other environment"
            )),
            _ => None,
        })
    }
}

fn subject(difference: &Difference) -> String {
    format!("difference at {}", difference.at)
}

/// Whether two declarations share an environment.
fn overlap(one: &Difference, two: &Difference) -> bool {
    one.bounds.keys().any(|name| two.bounds.contains_key(name))
        || one.is_relative()
        || two.is_relative()
}

fn twice(first: &Difference, again: &Difference) -> Defect {
    let message = if first.at == again.at {
        format!("`{}` is declared twice", again.at)
    } else {
        format!(
            "`{}` covers a place that `{}` covers too",
            again.at, first.at
        )
    };
    Defect::new(&codes::DUPLICATE, subject(again), message)
        .at(&again.span, "declared again")
        .at(&first.span, "declared first here")
}

/// Returns the names of everything that any environment declares: parameters, resources, suites, and their attributes.
fn names(definition: &Definition) -> BTreeSet<String> {
    let mut names: BTreeSet<String> = definition
        .parameters
        .keys()
        .map(|name| format!("parameter.{name}"))
        .collect();
    for environment in &definition.path {
        let resources = definition.resources_of(environment).into_iter();
        let resources = resources.map(|(address, block)| (address.to_string(), block));
        let suites = definition.suites_of(environment).into_iter();
        let suites = suites.map(|(name, block)| (format!("suite.{name}"), block));
        for (name, block) in resources.chain(suites) {
            for attribute in &block.attributes {
                names.insert(format!("{name}.{}", attribute.name));
            }
            names.insert(name);
        }
    }
    names
}
