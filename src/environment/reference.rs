//! Holds references against what is declared, in every environment.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::expression::{Reference, place_of};
use super::{Block, Definition, codes};
use crate::defect::Defect;
use crate::kind;
use crate::model::{Address, EnvironmentName};
use crate::source::Span;
use crate::text::{list, nearest};

/// Attributes an artifact has for references.
pub const ARTIFACT_ATTRIBUTES: &[&str] = &["digest", "path"];

/// Complains about every reference to nothing, and about targets, artifacts and `after` entries that nobody declared.
pub fn check(definition: &Definition, complaints: &mut Vec<Defect>) {
    let mut seen: BTreeSet<(String, usize)> = BTreeSet::new();
    let mut complain = |defect: Defect| {
        let place = defect.labels.first().map_or((String::new(), 0), |label| {
            (label.span.file.path.clone(), label.span.start())
        });
        if seen.insert(place) {
            complaints.push(defect);
        }
    };
    for name in definition.environments.keys() {
        let scope = Scope::new(definition, name);
        for (address, block) in &scope.resources {
            check_block(&scope, address.as_str(), block, &mut complain);
            check_names(&scope, address, block, &mut complain);
        }
        for (suite, block) in definition.suites_of(name) {
            check_block(&scope, &format!("suite.{suite}"), block, &mut complain);
        }
        if let Some(environment) = definition.environments.get(name) {
            for (target, block) in &environment.targets {
                check_block(&scope, &format!("target.{target}"), block, &mut complain);
            }
        }
    }
    check_policy(definition, complaints);
}

/// What can be referred to in one environment.
pub struct Scope<'a> {
    definition: &'a Definition,
    environment: &'a EnvironmentName,
    resources: BTreeMap<&'a Address, &'a Arc<Block>>,
}

impl<'a> Scope<'a> {
    /// Everything one environment has.
    #[must_use]
    pub fn new(definition: &'a Definition, environment: &'a EnvironmentName) -> Self {
        Self {
            definition,
            environment,
            resources: definition.resources_of(environment),
        }
    }
}

fn check_block(scope: &Scope<'_>, subject: &str, block: &Block, complain: &mut dyn FnMut(Defect)) {
    for attribute in &block.attributes {
        attribute.value.references(&mut |reference, span| {
            if let Some((message, hint)) = dangling(scope, reference) {
                complain(
                    Defect::new(&codes::DANGLING, subject, message)
                        .attribute(attribute.name)
                        .at(&place_of(reference, span), hint),
                );
            }
        });
    }
}

/// What is wrong with a reference, and what to say at its place.
pub fn dangling(scope: &Scope<'_>, reference: &Reference) -> Option<(String, String)> {
    let definition = scope.definition;
    let not_declared = |what: &str, name: &str, known: &[&str]| {
        let hint = match nearest(name, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if known.is_empty() => "none are declared".to_owned(),
            None if known.len() > 12 => "not declared".to_owned(),
            None => format!("declared: {}", list(known, "and")),
        };
        Some((
            format!("`{reference}` refers to {what} `{name}`, which is not declared"),
            hint,
        ))
    };
    match reference {
        Reference::Environment | Reference::System => None,
        Reference::Parameter(name) => {
            if definition.parameters.contains_key(name) {
                return None;
            }
            let known: Vec<&str> = definition.parameters.keys().map(|name| &**name).collect();
            not_declared("the parameter", name, &known)
        }
        Reference::Artifact(name, attribute) => {
            if !definition.artifacts.contains_key(name) {
                let known: Vec<&str> = definition.artifacts.keys().map(|name| &**name).collect();
                return not_declared("the artifact", name, &known);
            }
            if ARTIFACT_ATTRIBUTES.contains(&&**attribute) {
                return None;
            }
            Some((
                format!("`{reference}`: an artifact has no `{attribute}`"),
                format!("it has {}", list(ARTIFACT_ATTRIBUTES, "and")),
            ))
        }
        Reference::Resource(address, attribute) => {
            let Some(facts) = kind::facts(address.kind()) else {
                let known: Vec<&str> = kind::KINDS.iter().map(|kind| kind.name).collect();
                return not_declared("the kind", address.kind(), &known);
            };
            let resources = &scope.resources;
            let Some(block) = resources.get(address) else {
                let known: Vec<&str> = resources
                    .keys()
                    .filter(|known| known.kind() == address.kind())
                    .map(|known| known.as_str())
                    .collect();
                return not_declared("the resource", address.as_str(), &known);
            };
            let is_output = facts.outputs.iter().any(|(name, _)| *name == &**attribute);
            if is_output || block.get(attribute).is_some() {
                return None;
            }
            let known: Vec<&str> = facts
                .outputs
                .iter()
                .map(|(name, _)| *name)
                .chain(block.attributes.iter().map(|attribute| attribute.name))
                .collect();
            Some((
                format!("`{reference}`: {address} has no `{attribute}`"),
                match nearest(attribute, known.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("it has {}", list(&known, "and")),
                },
            ))
        }
    }
}

fn check_names(
    scope: &Scope<'_>,
    address: &Address,
    block: &Block,
    complain: &mut dyn FnMut(Defect),
) {
    let Scope {
        definition,
        environment,
        resources,
    } = scope;
    let own = definition.environments.get(*environment);
    if let Some((target, span)) = plain_text(block, "on") {
        let declared = definition.targets.contains_key(target)
            || own.is_some_and(|own| own.targets.contains_key(target));
        if !declared {
            let known: Vec<&str> = definition
                .targets
                .keys()
                .chain(own.iter().flat_map(|own| own.targets.keys()))
                .map(|name| &**name)
                .collect();
            complain(undeclared(address, "on", "target", target, &known, span));
        } else if !own.is_some_and(|own| {
            own.targets
                .get(target)
                .is_some_and(|block| block.get("local").is_some())
        }) && definition
            .targets
            .get(target)
            .is_none_or(|block| block.get("local").is_none())
        {
            complain(
                Defect::of(
                    &codes::MISSING_KEY,
                    address,
                    format!("{environment} does not say where the target `{target}` is"),
                )
                .at(
                    &own.map_or_else(|| span.clone(), |own| Span::start_of(&own.file)),
                    "no `[target…]` says it here",
                )
                .help(format!(
                    "add `[target.{target}]` with `local = true` to the environment's file"
                )),
            );
        }
    }
    if let Some((artifact, span)) = plain_text(block, "artifact")
        && !definition.artifacts.contains_key(artifact)
    {
        let known: Vec<&str> = definition.artifacts.keys().map(|name| &**name).collect();
        complain(undeclared(
            address, "artifact", "artifact", artifact, &known, span,
        ));
    }
    for key in ["after", "restart-on"] {
        for (other, span) in addresses(block, key) {
            if !resources.contains_key(&other) {
                let known: Vec<&str> = resources.keys().map(|known| known.as_str()).collect();
                complain(undeclared(
                    address,
                    key,
                    "resource",
                    other.as_str(),
                    &known,
                    span,
                ));
            }
        }
    }
}

fn undeclared(
    address: &Address,
    key: &'static str,
    what: &str,
    name: &str,
    known: &[&str],
    span: &Span,
) -> Defect {
    let hint = match nearest(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "not declared".to_owned(),
    };
    Defect::of(
        &codes::DANGLING,
        address,
        format!("the {what} `{name}` is not declared"),
    )
    .attribute(key)
    .at(span, hint)
}

/// A plain text attribute and its place.
pub fn plain_text<'a>(block: &'a Block, key: &str) -> Option<(&'a str, &'a Span)> {
    let placed = block.get(key)?;
    Some((placed.expression.plain()?.as_text()?, &placed.span))
}

/// The addresses in a list attribute.
pub fn addresses<'a>(block: &'a Block, key: &str) -> Vec<(Address, &'a Span)> {
    let Some(placed) = block.get(key) else {
        return Vec::new();
    };
    match placed.expression.plain() {
        Some(crate::model::Value::List(items)) => items
            .iter()
            .filter_map(|item| Some((Address::parse(item.as_text()?)?, &placed.span)))
            .collect(),
        _ => Vec::new(),
    }
}

fn check_policy(definition: &Definition, complaints: &mut Vec<Defect>) {
    let Some(file) = definition.files.first() else {
        return;
    };
    for kind in &definition.policy.require {
        let proven = definition
            .suites
            .values()
            .any(|block| plain_text(block, "kind").is_some_and(|(text, _)| text == kind));
        if !proven {
            complaints.push(
                Defect::new(
                    &codes::MISSING_KEY,
                    "release",
                    format!("the release policy requires a suite of kind `{kind}`, and none is declared"),
                )
                .at(&Span::start_of(file), "no such suite in here")
                .help(format!("declare `[suite.…]` with `kind = \"{kind}\"`, or take \"{kind}\" out of `require`")),
            );
        }
    }
    for (name, block) in &definition.suites {
        if !["http", "run", "load"]
            .iter()
            .any(|key| block.get(key).is_some())
        {
            complaints.push(
                Defect::new(
                    &codes::MISSING_KEY,
                    format!("suite.{name}"),
                    format!("suite.{name} does nothing"),
                )
                .at(&block.span, "expected `http`, `run` or `load`"),
            );
        }
    }
}
