//! Checks of references against declarations, in every environment.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use rayon::prelude::*;

use super::definition::Varies;
use super::expression::{Reference, part_of, place_of};
use super::resolve::{REVERT_BOUNDS, texts};
use super::rollout::Batch;
use super::ssh_host::{HostList, SshHost, add_host};
use super::{Block, Definition, Layered, codes};
use crate::kind;
use evenkeel_model::defect::Defect;
use evenkeel_model::source::Span;
use evenkeel_model::text::{list, nearest};
use evenkeel_model::{Address, EnvironmentName, Value};

/// Attributes of an artifact that references can name.
pub const ARTIFACT_ATTRIBUTES: &[&str] = &["digest", "path"];

/// Reports every reference to nothing, and undeclared targets, artifacts and `after` entries.
///
/// A line shared by all environments is reported once; a defect in some of them names these.
pub fn check(definition: &Definition, complaints: &mut Vec<Defect>) {
    let mut found = Found::default();
    for name in &definition.path {
        let Some(environment) = definition.environments.get(name) else {
            continue;
        };
        let scope = Scope::new(definition, name);
        found.environment = Some(name);
        let resources: Vec<(&Address, &Arc<Block>)> = scope.resources.into_iter().collect();
        // Resources are the most frequent, and mostly correct.
        let mut wrong: Vec<Defect> = resources
            .par_iter()
            .flat_map_iter(|(address, block)| {
                let mut wrong = Vec::new();
                check_block(&scope, address.as_str(), block, &mut wrong);
                check_names(&scope, address, block, &mut wrong);
                wrong
            })
            .collect();
        for (suite, block) in definition.suites_of(name) {
            let subject = format!("suite.{suite}");
            check_block(&scope, &subject, block, &mut wrong);
            if !["http", "run", "load"]
                .iter()
                .any(|key| block.get(key).is_some())
            {
                wrong.push(
                    Defect::new(
                        &codes::MISSING_KEY,
                        &subject,
                        format!("{subject} does nothing"),
                    )
                    .at(&block.span, "expected `http`, `run` or `load`"),
                );
            }
        }
        check_moved(&scope, &mut wrong);
        for (document, block) in definition.documents_of(name) {
            check_document(&scope, &format!("document.{document}"), block, &mut wrong);
        }
        let mut targets: BTreeMap<&Arc<str>, &Arc<Block>> = definition.targets.iter().collect();
        targets.extend(&environment.targets);
        for (target, block) in targets {
            check_target(&scope, &format!("target.{target}"), block, &mut wrong);
        }
        found.complain_all(wrong);
    }
    let mut wrong = Vec::new();
    check_sources(definition, &mut wrong);
    found.environment = None;
    found.complain_all(wrong);
    found.tell(definition.environments.len(), complaints);
}

/// Defects by place and message, with their environments.
#[derive(Default)]
struct Found<'a> {
    environment: Option<&'a EnvironmentName>,
    complaints: Vec<(Defect, Vec<&'a EnvironmentName>)>,
    known: HashMap<(String, usize, String), usize>,
}

impl Found<'_> {
    fn complain_all(&mut self, defects: Vec<Defect>) {
        for defect in defects {
            self.complain(defect);
        }
    }

    fn complain(&mut self, defect: Defect) {
        let (path, start) = defect.labels.first().map_or((String::new(), 0), |label| {
            (label.span.file.path.clone(), label.span.start())
        });
        let number = *self
            .known
            .entry((path, start, defect.message.clone()))
            .or_insert_with(|| {
                self.complaints.push((defect, Vec::new()));
                self.complaints.len() - 1
            });
        if let (Some((_, environments)), Some(environment)) =
            (self.complaints.get_mut(number), self.environment)
            && environments.last() != Some(&environment)
        {
            environments.push(environment);
        }
    }

    fn tell(self, all: usize, complaints: &mut Vec<Defect>) {
        for (mut defect, environments) in self.complaints {
            let some = !environments.is_empty() && environments.len() < all;
            if some && defect.environment.is_none() {
                let names: Vec<&str> = environments.iter().map(|name| name.as_str()).collect();
                defect.message = format!("{} in {}", defect.message, list(&names, "and"));
                if let [only] = environments.as_slice() {
                    defect = defect.within(only);
                }
            }
            complaints.push(defect);
        }
    }
}

/// Names that can be referenced in one environment.
pub struct Scope<'a> {
    definition: &'a Definition,
    environment: &'a EnvironmentName,
    resources: Layered<'a, Address>,
    /// Suggestions for unknown names, by expected kind and name: one renamed thing may be referenced everywhere.
    hints: Mutex<HashMap<(String, String), String>>,
}

impl<'a> Scope<'a> {
    /// Collects everything of one environment.
    #[must_use]
    pub fn new(definition: &'a Definition, environment: &'a EnvironmentName) -> Self {
        Self {
            definition,
            environment,
            resources: definition.resources_of(environment),
            hints: Mutex::default(),
        }
    }

    /// Returns the hint at the place of an unknown name.
    fn hint<'k, I: Iterator<Item = &'k str>>(
        &self,
        what: &str,
        name: &str,
        known: impl Fn() -> I,
    ) -> String {
        let mut hints = self.hints.lock().unwrap_or_else(PoisonError::into_inner);
        let hint = hints
            .entry((what.to_owned(), name.to_owned()))
            .or_insert_with(|| {
                if let Some(near) = nearest(name, known()) {
                    return format!("did you mean `{near}`?");
                }
                let known: Vec<&str> = known().take(13).collect();
                match known.len() {
                    0 => "none are declared".to_owned(),
                    13.. => "not declared".to_owned(),
                    _ => format!("declared: {}", list(&known, "and")),
                }
            });
        hint.clone()
    }
}

fn check_block(scope: &Scope<'_>, subject: &str, block: &Block, wrong: &mut Vec<Defect>) {
    for attribute in &block.attributes {
        attribute.value.references(&mut |reference, span| {
            if let Some((message, hint)) = dangling(scope, reference) {
                wrong.push(
                    Defect::new(&codes::DANGLING, subject, message)
                        .attribute(attribute.name)
                        .at(&place_of(reference, span), hint),
                );
            }
        });
    }
}

/// Checks a target. It is resolved before resources, so it cannot reference one.
fn check_target(scope: &Scope<'_>, subject: &str, block: &Block, wrong: &mut Vec<Defect>) {
    check_block(scope, subject, block, wrong);
    for attribute in &block.attributes {
        attribute.value.references(&mut |reference, span| {
            if matches!(reference, Reference::Resource(..) | Reference::Artifact(..)) {
                wrong.push(
                    Defect::new(
                        &codes::DANGLING,
                        subject,
                        format!("`{reference}`: a target cannot depend on its resources"),
                    )
                    .attribute(attribute.name)
                    .at(
                        &place_of(reference, span),
                        "only parameters, `environment` and `system` are allowed here",
                    ),
                );
            }
        });
    }
    check_reach(subject, block, wrong);
    check_rollout(scope, subject, block, wrong);
}

/// Checks that a rollout has hosts, that its batch is a share, and that its suite is declared.
fn check_rollout(scope: &Scope<'_>, subject: &str, block: &Block, wrong: &mut Vec<Defect>) {
    let Some(placed) = block.get("rollout") else {
        return;
    };
    let mut report = |code, message: String, expected: String| {
        let defect = Defect::new(code, subject, message).attribute("rollout");
        wrong.push(defect.at(&placed.span, expected));
    };
    // The system's file may declare it for the hosts of each environment.
    let own = scope.definition.environments.get(scope.environment);
    let is_own = own.is_some_and(|own| own.file.path == placed.span.file.path);
    let is_one = ["ssh", "local"].iter().any(|key| block.get(key).is_some());
    if is_own && is_one {
        report(
            &codes::MEANINGLESS,
            format!("{subject}: `rollout` needs hosts"),
            "a target with one machine is changed at once".to_owned(),
        );
    }
    let Some(Value::Table(table)) = placed.expression.plain() else {
        return;
    };
    if let Some(Value::Text(text)) = table.get("batch")
        && Batch::percent(text).is_none()
    {
        report(
            &codes::WRONG_FORM,
            format!("{subject}: `rollout`: `{text}` is no size of a batch"),
            "expected a number of hosts, or a share such as \"25%\"".to_owned(),
        );
    }
    if let Some(Value::Text(suite)) = table.get("check") {
        let name = suite.strip_prefix("suite.").unwrap_or(suite);
        let suites = scope.definition.suites_of(scope.environment);
        if !suites.keys().any(|known| **known == *name) {
            let known = || suites.keys().map(|name| &**name);
            let hint = scope.hint("suite", name, known);
            let message = format!("{subject}: `rollout` checks the unknown suite `{name}`");
            report(&codes::DANGLING, message, hint);
        }
    }
}

/// Keys of a target that lead to hosts: it has at most one of them.
const REACHES: [&str; 4] = ["ssh", "hosts", "inventory", "inventory-command"];

/// Checks that a target is this machine or hosts, and that what it says about them has a meaning.
fn check_reach(subject: &str, block: &Block, wrong: &mut Vec<Defect>) {
    if let Some((text, span)) = plain_text(block, "revert-after")
        && let Some(time) = evenkeel_model::duration::parse(text)
        && !REVERT_BOUNDS.contains(&time)
    {
        let message = format!("{subject}: `revert-after` is `{text}`");
        wrong.push(
            Defect::new(&codes::WRONG_FORM, subject, message)
                .attribute("revert-after")
                .at(span, "expected 1 second to 1 day".to_owned()),
        );
    }
    let mut without_effect = |attribute: &'static str, message: String, expected: &str| {
        if let Some(placed) = block.get(attribute) {
            wrong.push(
                Defect::new(&codes::MEANINGLESS, subject, message)
                    .attribute(attribute)
                    .at(&placed.span, expected.to_owned()),
            );
        }
    };
    let local = block
        .get("local")
        .map(|placed| placed.expression.plain() != Some(&Value::Boolean(false)));
    let reaches: Vec<&'static str> = REACHES
        .into_iter()
        .filter(|key| block.get(key).is_some())
        .collect();
    let more = reaches.iter().skip(1);
    match (local, reaches.first()) {
        (Some(false), None) => without_effect(
            "local",
            format!("{subject}: `local` is false and the target has no host"),
            "expected `true`",
        ),
        (Some(_), Some(reach)) => without_effect(
            "local",
            format!("{subject}: `local` and `{reach}` exclude each other"),
            "a target with hosts is another machine",
        ),
        _ => {}
    }
    if reaches.is_empty() {
        without_effect(
            "become",
            format!("{subject}: `become` needs a host"),
            "this machine is changed by the account that runs evenkeel",
        );
    }
    if reaches.is_empty() && local == Some(true) {
        without_effect(
            "revert-after",
            format!("{subject}: `revert-after` needs a host"),
            "no connection can be cut to this machine",
        );
    }
    for key in more {
        let first = reaches.first().copied().unwrap_or_default();
        without_effect(
            key,
            format!("{subject}: `{first}` and `{key}` exclude each other"),
            "a target has one of them",
        );
    }
    let mut no_host = |attribute: &'static str, place: &Span, reason: String, expected: &str| {
        let message = format!("{subject}: `{attribute}` is not a host: {reason}");
        wrong.push(
            Defect::new(&codes::WRONG_FORM, subject, message)
                .attribute(attribute)
                .at(place, expected.to_owned()),
        );
    };
    if let Some((text, span)) = plain_text(block, "ssh")
        && let Err(reason) = SshHost::parse(text)
    {
        let expected = "expected `HOST`, `ACCOUNT@HOST` or `ssh://ACCOUNT@HOST:PORT`";
        no_host("ssh", span, reason.to_owned(), expected);
    }
    if let Some(placed) = block.get("hosts") {
        let mut hosts = HostList::new();
        for text in placed.expression.plain().into_iter().flat_map(texts) {
            if let Err(reason) = add_host(&mut hosts, text, false) {
                let place = part_of(text, &placed.span);
                let expected = "expected `DESTINATION` or `NAME=DESTINATION`";
                no_host("hosts", &place, reason, expected);
            }
        }
    }
}

/// Checks a document. It is a file of the project, so it cannot reference resources, and a secret in its name would be
/// displayed.
fn check_document(scope: &Scope<'_>, subject: &str, block: &Block, wrong: &mut Vec<Defect>) {
    check_block(scope, subject, block, wrong);
    // Other keys were reported already, since they allow no references.
    let sources = ["path", "render", "section", "base"];
    for attribute in block
        .attributes
        .iter()
        .filter(|attribute| sources.contains(&attribute.name))
    {
        attribute.value.references(&mut |reference, span| {
            let message = match reference {
                Reference::Resource(..) | Reference::Artifact(..) => {
                    format!("`{reference}`: a document cannot depend on resources")
                }
                Reference::Parameter(name)
                    if scope
                        .definition
                        .parameters
                        .get(name)
                        .is_some_and(|parameter| parameter.varies == Varies::Secret) =>
                {
                    format!("`{reference}` is a secret, but the place of a document is displayed")
                }
                _ => return,
            };
            wrong.push(
                Defect::new(&codes::WRONG_FORM, subject, message)
                    .attribute(attribute.name)
                    .at(
                        &place_of(reference, span),
                        "only parameters that are not secret, `environment` and `system` are allowed here",
                    ),
            );
        });
    }
    if let (Some(path), Some(render)) = (block.get("path"), block.get("render")) {
        wrong.push(
            Defect::new(
                &codes::WRONG_FORM,
                subject,
                format!("{subject} has both `path` and `render`"),
            )
            .at(&render.span, "printed by a command")
            .at(&path.span, "also a file here"),
        );
    }
    if let (Some(render), Some(base)) = (block.get("render"), block.get("base")) {
        wrong.push(
            Defect::new(
                &codes::WRONG_FORM,
                subject,
                format!("{subject} has both `render` and `base`"),
            )
            .attribute("base")
            .at(&base.span, "only files have a base")
            .at(&render.span, "a command prints its combined result"),
        );
    }
}

/// Reports documents that no environment has, and time limits without a command.
fn check_sources(definition: &Definition, wrong: &mut Vec<Defect>) {
    for name in definition.document_names() {
        let subject = format!("document.{name}");
        let blocks: Vec<&Block> = definition
            .path
            .iter()
            .filter_map(|environment| definition.documents_of(environment).get(name))
            .map(|block| &**block)
            .collect();
        let renders = |block: &&&Block| block.get("render").is_some();
        let has_source = |block: &&Block| block.get("path").is_some() || renders(&block);
        if !blocks.iter().any(has_source)
            && let Some(block) = definition
                .documents
                .get(name)
                .map(|block| &**block)
                .or(blocks.first().copied())
        {
            wrong.push(
                Defect::new(
                    &codes::MISSING_KEY,
                    &subject,
                    format!("{subject} has no source"),
                )
                .at(
                    &block.span,
                    "expected `path` or `render`, here or in the environments' files",
                ),
            );
            continue;
        }
        let used: Vec<&Span> = blocks
            .iter()
            .filter(renders)
            .filter_map(|block| block.get("within"))
            .map(|placed| &placed.span)
            .collect();
        for placed in blocks.iter().filter_map(|block| block.get("within")) {
            if !used.contains(&&placed.span) {
                wrong.push(
                    Defect::new(
                        &codes::MEANINGLESS,
                        &subject,
                        format!("{subject}: `within` has no effect without `render`"),
                    )
                    .attribute("within")
                    .at(&placed.span, "takes no effect"),
                );
            }
        }
    }
}

/// Returns the problem of a reference, and the hint at its place.
pub fn dangling(scope: &Scope<'_>, reference: &Reference) -> Option<(String, String)> {
    let definition = scope.definition;
    let not_declared = |what: &str, name: &str, hint: String| {
        let message = format!("`{reference}` refers to {what} `{name}`, which is not declared");
        Some((message, hint))
    };
    match reference {
        Reference::Environment | Reference::System => None,
        Reference::Parameter(name) => {
            if definition.parameters.contains_key(name) {
                return None;
            }
            let known = || definition.parameters.keys().map(|name| &**name);
            not_declared("the parameter", name, scope.hint("parameter", name, known))
        }
        Reference::Artifact(name, attribute) => {
            if !definition.artifacts.contains_key(name) {
                let known = || definition.artifacts.keys().map(|name| &**name);
                return not_declared("the artifact", name, scope.hint("artifact", name, known));
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
                let known = || kind::KINDS.iter().map(|kind| kind.name);
                let hint = scope.hint("kind", address.kind(), known);
                return not_declared("the kind", address.kind(), hint);
            };
            let resources = &scope.resources;
            let Some(block) = resources.get(address) else {
                let known = || {
                    let same = resources
                        .keys()
                        .filter(|known| known.kind() == address.kind());
                    same.map(Address::as_str)
                };
                let hint = scope.hint("resource of its kind", address.as_str(), known);
                return not_declared("the resource", address.as_str(), hint);
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

fn check_names(scope: &Scope<'_>, address: &Address, block: &Block, wrong: &mut Vec<Defect>) {
    let Scope {
        definition,
        environment,
        resources,
        ..
    } = scope;
    let own = definition.environments.get(*environment);
    if let Some((target, span)) = plain_text(block, "on") {
        let by_own = own.and_then(|own| own.targets.get(target));
        let by_system = definition.targets.get(target);
        if by_own.is_none() && by_system.is_none() {
            let known = || {
                let own = own.into_iter().flat_map(|own| own.targets.keys());
                definition.targets.keys().chain(own).map(|name| &**name)
            };
            let hint = scope.hint("target", target, known);
            wrong.push(undeclared(address, "on", "target", target, hint, span));
        } else if ![by_own, by_system].into_iter().flatten().any(|block| {
            let mut places = REACHES.into_iter().chain(["local"]);
            places.any(|key| block.get(key).is_some())
        }) {
            let place = own.map_or_else(|| span.clone(), |own| Span::start_of(&own.file));
            wrong.push(
                Defect::new(
                    &codes::MISSING_KEY,
                    format!("target.{target}"),
                    format!("{environment} does not define the target `{target}`"),
                )
                .within(environment)
                .at(&place, format!("no `[target.{target}]` here"))
                .help(format!(
                    "add `[target.{target}]` with `local = true`, `ssh = \"HOST\"` or `hosts = [\"HOST\", …]` to the environment's file"
                )),
            );
        }
    }
    if let Some((artifact, span)) = plain_text(block, "artifact")
        && !definition.artifacts.contains_key(artifact)
    {
        let known = || definition.artifacts.keys().map(|name| &**name);
        let hint = scope.hint("artifact", artifact, known);
        wrong.push(undeclared(
            address, "artifact", "artifact", artifact, hint, span,
        ));
    }
    for key in ["after", "restart-on", "reload-on"] {
        for (other, span) in addresses(block, key) {
            if resources.get(&other).is_none() {
                let known = || resources.keys().map(Address::as_str);
                let hint = scope.hint("resource", other.as_str(), known);
                let place = part_of(other.as_str(), span);
                let other = other.as_str();
                wrong.push(undeclared(address, key, "resource", other, hint, &place));
            }
        }
    }
}

/// Reports `moved` entries that name a declared resource, or one that cannot have become this one.
fn check_moved(scope: &Scope<'_>, wrong: &mut Vec<Defect>) {
    let mut reported: BTreeMap<Address, &Address> = BTreeMap::new();
    for (address, block) in scope.resources {
        for (former, span) in addresses(block, "moved") {
            let message = if scope.resources.get(&former).is_some() {
                format!("{address}: `moved` names {former}, which is still declared")
            } else if former.kind() != address.kind() {
                format!(
                    "{address}: `moved` names {former}, which is of another kind; a {} replaces it without `moved`",
                    address.kind()
                )
            } else if let Some(other) = reported.insert(former.clone(), address) {
                format!("{address}: `moved` names {former}, which {other} also names")
            } else {
                continue;
            };
            wrong.push(
                Defect::of(&codes::MOVED, address, message)
                    .attribute("moved")
                    .at(&part_of(former.as_str(), span), "named here"),
            );
        }
    }
}

fn undeclared(
    address: &Address,
    key: &'static str,
    what: &str,
    name: &str,
    hint: String,
    span: &Span,
) -> Defect {
    let message = format!("{address}: unknown {what} `{name}`");
    let mut defect = Defect::of(&codes::DANGLING, address, message)
        .attribute(key)
        .at(span, hint);
    // One missing declaration is one error, however many resources need it.
    defect.cause = Some(format!("{what} {name}"));
    defect
}

/// Returns a plain text attribute and its place.
pub fn plain_text<'a>(block: &'a Block, key: &str) -> Option<(&'a str, &'a Span)> {
    let placed = block.get(key)?;
    Some((placed.expression.plain()?.as_text()?, &placed.span))
}

/// Returns the addresses in a list attribute.
pub fn addresses<'a>(block: &'a Block, key: &str) -> Vec<(Address, &'a Span)> {
    let Some(placed) = block.get(key) else {
        return Vec::new();
    };
    match placed.expression.plain() {
        Some(evenkeel_model::Value::List(items)) => items
            .iter()
            .filter_map(|item| Some((Address::parse(item.as_text()?)?, &placed.span)))
            .collect(),
        _ => Vec::new(),
    }
}
