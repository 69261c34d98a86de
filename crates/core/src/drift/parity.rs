//! Parity: environments compared symbolically. If the expressions are equal, so are the environments; variation comes
//! only from parameters, whose values are then checked against their rule.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::codes;
use crate::environment::definition::{Parameter, ValueSource, Varies, size_class};
use crate::environment::{Block, Definition, Layered, Resolved};
use evenkeel_model::defect::Defect;
use evenkeel_model::source::Span;
use evenkeel_model::{EnvironmentName, Value};

/// Difference of two environments at one place, before declarations are applied.
#[derive(Debug, Clone)]
pub struct Disparity {
    /// Place as in a `[[difference]]`: `file.config.mode`.
    pub place: String,
    /// The two environments, the earlier one on the path first.
    pub between: (EnvironmentName, EnvironmentName),
    /// Values for checking bounds.
    pub values: (Option<Value>, Option<Value>),
    /// Document and path, if it is one of a document.
    pub document: Option<(Arc<str>, evenkeel_comparison::Path)>,
    /// Defect if it is not declared.
    pub defect: Defect,
}

/// Compares the environments of each stage with those of the next one, and siblings with each other; values that must
/// not be shared are compared between all of them. Secrets are compared if both were resolved.
#[must_use]
pub fn parity(
    definition: &Definition,
    resolved: &BTreeMap<EnvironmentName, Resolved>,
) -> Vec<Disparity> {
    let mut disparities = Vec::new();
    let pairs = definition.pairs();
    for (one, two, siblings) in &pairs {
        let pair = Pair {
            definition,
            one,
            two,
            siblings: *siblings,
        };
        pair.blocks(
            definition.resources_of(one),
            definition.resources_of(two),
            "",
            &mut disparities,
        );
        pair.blocks(
            definition.suites_of(one),
            definition.suites_of(two),
            "suite.",
            &mut disparities,
        );
        pair.parameters(resolved, false, &mut disparities);
    }
    let compared: BTreeSet<(&EnvironmentName, &EnvironmentName)> =
        pairs.iter().map(|(one, two, _)| (one, two)).collect();
    for (position, one) in definition.path.iter().enumerate() {
        for two in definition.path.iter().skip(position + 1) {
            if compared.contains(&(one, two)) {
                continue;
            }
            let pair = Pair {
                definition,
                one,
                two,
                siblings: definition.are_siblings(one, two),
            };
            pair.parameters(resolved, true, &mut disparities);
        }
    }
    disparities
}

struct Pair<'a> {
    definition: &'a Definition,
    one: &'a EnvironmentName,
    two: &'a EnvironmentName,
    /// Whether they are siblings, so that neither must be the smaller one.
    siblings: bool,
}

impl Pair<'_> {
    fn disparity(
        &self,
        place: String,
        values: (Option<Value>, Option<Value>),
        defect: Defect,
    ) -> Disparity {
        Disparity {
            place,
            between: (self.one.clone(), self.two.clone()),
            values,
            document: None,
            defect: defect.within(self.two),
        }
    }

    fn blocks<K: Ord + std::fmt::Display>(
        &self,
        ones: Layered<'_, K>,
        twos: Layered<'_, K>,
        prefix: &str,
        disparities: &mut Vec<Disparity>,
    ) {
        for name in ones.may_differ(&twos) {
            let subject = || format!("{prefix}{name}");
            match (ones.get(name), twos.get(name)) {
                (Some(one), Some(two)) if !Arc::ptr_eq(one, two) => {
                    self.attributes(&subject(), one, two, disparities);
                }
                (Some(block), None) => {
                    disparities.push(self.only_in(&subject(), self.one, self.two, block));
                }
                (None, Some(block)) => {
                    disparities.push(self.only_in(&subject(), self.two, self.one, block));
                }
                _ => {}
            }
        }
    }

    fn only_in(
        &self,
        subject: &str,
        there: &EnvironmentName,
        absent: &EnvironmentName,
        block: &Block,
    ) -> Disparity {
        let defect = Defect::new(
            &codes::ONLY_IN,
            subject,
            format!("{subject}: declared in {there}, missing in {absent}"),
        )
        .attribute("presence")
        .at(&block.span, format!("declared for {there} only"))
        .help("declare it in system.toml for all environments, or declare the difference");
        let is = |environment: &EnvironmentName| Some(Value::Boolean(environment == there));
        self.disparity(subject.to_owned(), (is(self.one), is(self.two)), defect)
    }

    fn attributes(
        &self,
        subject: &str,
        one: &Block,
        two: &Block,
        disparities: &mut Vec<Disparity>,
    ) {
        let names: BTreeSet<&str> = one
            .attributes
            .iter()
            .chain(&two.attributes)
            .map(|attribute| attribute.name)
            .collect();
        for name in names {
            let (left, right) = (one.get(name), two.get(name));
            if left.map(|placed| &placed.expression) == right.map(|placed| &placed.expression) {
                continue;
            }
            let shown = |placed: Option<&crate::environment::Placed>| {
                placed.map_or("nothing".to_owned(), |placed| placed.expression.to_string())
            };
            let (expected, found) = (shown(left), shown(right));
            let mut defect = Defect::new(
                &codes::ATTRIBUTE,
                subject,
                format!(
                    "{subject}: {name} is {found} in {} and {expected} in {}",
                    self.two, self.one
                ),
            )
            .attribute(name)
            .expected_found(expected, found)
            .help("delete the override, or declare the difference");
            // The override is the likely mistake, so its place comes first.
            let mut places: Vec<(&Span, &EnvironmentName)> = Vec::new();
            places.extend(right.map(|placed| (&placed.span, self.two)));
            places.extend(left.map(|placed| (&placed.span, self.one)));
            let system = self.definition.files.first();
            places.sort_by_key(|(span, _)| {
                system.is_some_and(|system| Arc::ptr_eq(system, &span.file))
            });
            for (span, environment) in places {
                defect = defect.at(span, format!("{environment} has this"));
            }
            let value = |placed: Option<&crate::environment::Placed>| {
                placed.map(|placed| match placed.expression.plain() {
                    Some(value) => value.clone(),
                    None => Value::text(&placed.expression.to_string()),
                })
            };
            disparities.push(self.disparity(
                format!("{subject}.{name}"),
                (value(left), value(right)),
                defect,
            ));
        }
    }

    /// Checks the values of parameters against their rule. `shared` checks only values that must not be shared:
    /// equality is transitive along the path, and difference is not.
    fn parameters(
        &self,
        resolved: &BTreeMap<EnvironmentName, Resolved>,
        shared: bool,
        disparities: &mut Vec<Disparity>,
    ) {
        let (one, two) = (resolved.get(self.one), resolved.get(self.two));
        for (name, parameter) in &self.definition.parameters {
            if shared && !matches!(parameter.varies, Varies::Identity | Varies::Secret) {
                continue;
            }
            let (Some((left, left_span)), Some((right, right_span))) = (
                self.value(self.one, name, parameter, one),
                self.value(self.two, name, parameter, two),
            ) else {
                continue;
            };
            let subject = format!("parameter.{name}");
            let (code, message) = match parameter.varies {
                Varies::Never if left != right => (
                    &codes::VALUE,
                    format!(
                        "{subject}: {right} in {} and {left} in {}",
                        self.two, self.one
                    ),
                ),
                Varies::Identity if left == right => (
                    &codes::IDENTITY,
                    format!(
                        "{subject}: {left} in both {} and {}, expected different values",
                        self.one, self.two
                    ),
                ),
                Varies::Secret if left == right => (
                    &codes::SHARED_SECRET,
                    format!(
                        "{subject}: the same secret in {} and {}",
                        self.one, self.two
                    ),
                ),
                Varies::Scale if left != right => match (left.as_number(), right.as_number()) {
                    (Some(small), Some(large)) if size_class(small) != size_class(large) => (
                        &codes::CLASS,
                        format!(
                            "{subject}: {left} in {} and {right} in {}: {} and {} behave differently",
                            self.one,
                            self.two,
                            size_class(small),
                            size_class(large)
                        ),
                    ),
                    (Some(small), Some(large)) if small > large && !self.siblings => (
                        &codes::INVERTED,
                        format!(
                            "{subject}: {left} in {} and only {right} in {}",
                            self.one, self.two
                        ),
                    ),
                    (Some(_), Some(_)) => continue,
                    _ => (
                        &codes::VALUE,
                        format!(
                            "{subject}: varies in scale, but {left} and {right} are not both numbers"
                        ),
                    ),
                },
                _ => continue,
            };
            let defect = Defect::new(code, &subject, message)
                .expected_found(left.to_string(), right.to_string())
                .at(&right_span, format!("{} has this", self.two))
                .at(&left_span, format!("{} has this", self.one));
            disparities.push(self.disparity(subject, (Some(left), Some(right)), defect));
        }
    }

    fn value(
        &self,
        environment: &EnvironmentName,
        name: &Arc<str>,
        parameter: &Parameter,
        resolved: Option<&Resolved>,
    ) -> Option<(Value, Span)> {
        let given = self
            .definition
            .environments
            .get(environment)
            .and_then(|environment| environment.values.get(name));
        match given {
            Some(given) => {
                let value = match &given.source {
                    ValueSource::Plain(value) => value.clone(),
                    _ => resolved?.parameters.get(name)?.clone(),
                };
                Some((value, given.span.clone()))
            }
            None => parameter.default.clone(),
        }
    }
}
