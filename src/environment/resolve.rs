//! Fills one environment in: values for parameters, attributes for references, contents for files.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use super::check::shortened;
use super::contents::{self, Templates};
use super::definition::{Attribute, ValueSource, Varies};
use super::expression::{Expression, Piece, Placed, Reference, place_of};
use super::reference::{addresses, plain_text};
use super::secrets::Secrets;
use super::suite::Suite;
use super::{
    Block, Definition, DocumentDeclaration, Files, KeptMaterials, claims, codes, document,
};
use crate::defect::Defect;
use crate::kind::{self, ArtifactFacts, Attributes, Content, Context, Declared};
use crate::model::{Address, Digest, EnvironmentName, Sealer, Secret, Value, order};
use crate::source::{Field, Span};

/// What resolving needs from around the definitions.
pub struct Surroundings<'a> {
    /// The files beside the definitions.
    pub files: &'a dyn Files,
    /// The project's directory, absolute: where relative paths begin unless a target says otherwise.
    pub root: &'a Path,
    /// The directory of the definitions, absolute.
    pub directory: &'a Path,
    /// The project's key.
    pub sealer: &'a Sealer,
    /// Secrets.
    pub secrets: &'a dyn Secrets,
    /// The artifacts that could be read.
    pub artifacts: &'a BTreeMap<Arc<str>, ArtifactFacts>,
}

/// One environment, understood.
#[derive(Debug)]
pub struct Resolved {
    /// Its name.
    pub name: EnvironmentName,
    /// Values by parameter.
    pub parameters: BTreeMap<Arc<str>, Value>,
    /// Its targets.
    pub targets: BTreeMap<Arc<str>, TargetPlace>,
    /// Its resources.
    pub resources: BTreeMap<Address, ResolvedResource>,
    /// Its suites, by name.
    pub suites: Vec<Suite>,
    /// Its documents, by name.
    pub documents: Vec<DocumentDeclaration>,
    /// The artifacts its resources use.
    pub artifacts: BTreeMap<Arc<str>, Digest>,
    /// What its actions are made with.
    pub materials: KeptMaterials,
    /// The files beside the definitions that it uses, by their path from there, with their digests.
    pub files: BTreeMap<String, Digest>,
}

/// Where a target is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetPlace {
    /// Where relative paths begin, absolute.
    pub base: String,
    /// Where evenkeel keeps its own records, absolute.
    pub state: String,
}

impl TargetPlace {
    /// The machine it is on: targets may have names of their own and still be one machine.
    #[must_use]
    pub fn machine(&self) -> &'static str {
        "this machine"
    }
}

/// One resource, understood.
#[derive(Clone, Debug)]
pub struct ResolvedResource {
    /// Its target.
    pub on: Arc<str>,
    /// What was written.
    pub block: Arc<Block>,
    /// What it means.
    pub declared: Declared,
    /// The resources that must be in place before it.
    pub after: Box<[Address]>,
}

/// Fills an environment in.
///
/// # Errors
///
/// Everything that is wrong; the definition itself must have been read without errors.
pub fn resolve(
    definition: &Definition,
    name: &EnvironmentName,
    surroundings: &Surroundings<'_>,
) -> Result<Resolved, Vec<Defect>> {
    let sources = contents::read_templates(definition, name, surroundings.files);
    let templates = contents::understand_templates(&sources);
    let mut resolver = Resolver {
        definition,
        name,
        surroundings,
        materials: KeptMaterials::new(surroundings.sealer.clone()),
        parameters: BTreeMap::new(),
        resources: BTreeMap::new(),
        filled: HashMap::new(),
        files: BTreeMap::new(),
        templates: &templates,
        sources: HashMap::new(),
        told: HashSet::new(),
        gaps: BTreeSet::new(),
        complaints: Vec::new(),
    };
    resolver.parameters();
    let targets = resolver.targets();
    resolver.resources(&targets);
    let suites = super::suites::resolve(&mut resolver);
    let documents = document::declarations(definition, name).unwrap_or_else(|complaints| {
        resolver.complaints.extend(complaints);
        Vec::new()
    });
    for (artifact, facts) in surroundings.artifacts {
        if let Some(declared) = definition.artifacts.get(artifact) {
            resolver
                .materials
                .keep_artifact(facts.digest, surroundings.directory.join(&declared.path));
        }
    }
    // Nothing is ever left out in silence, whatever the reason.
    if resolver.complaints.is_empty() && !resolver.gaps.is_empty() {
        for subject in std::mem::take(&mut resolver.gaps) {
            resolver.complaints.push(
                Defect::new(
                    &codes::DANGLING,
                    &subject,
                    format!("{subject} cannot be resolved in {name}"),
                )
                .within(name),
            );
        }
    }
    if !resolver.complaints.is_empty() {
        return Err(resolver.complaints);
    }
    Ok(Resolved {
        name: name.clone(),
        parameters: resolver.parameters,
        targets,
        // Of a list, a map is made without gaps.
        resources: resolver.resources.into_iter().collect(),
        suites,
        documents,
        artifacts: surroundings
            .artifacts
            .iter()
            .map(|(name, facts)| (Arc::clone(name), facts.digest))
            .collect(),
        materials: resolver.materials,
        files: resolver.files,
    })
}

/// The state of filling in.
pub(super) struct Resolver<'a> {
    pub(super) definition: &'a Definition,
    pub(super) name: &'a EnvironmentName,
    pub(super) surroundings: &'a Surroundings<'a>,
    pub(super) materials: KeptMaterials,
    pub(super) parameters: BTreeMap<Arc<str>, Value>,
    resources: BTreeMap<Address, ResolvedResource>,
    /// The attributes of resources that others refer to.
    filled: HashMap<Address, Attributes>,
    pub(super) files: BTreeMap<String, Digest>,
    pub(super) templates: &'a Templates<'a>,
    /// Contents of `source` files, by path: many resources may have the same.
    pub(super) sources: HashMap<String, Content>,
    /// Places in templates that were complained about.
    pub(super) told: HashSet<(String, usize)>,
    /// What could not be resolved.
    pub(super) gaps: BTreeSet<String>,
    pub(super) complaints: Vec<Defect>,
}

impl Resolver<'_> {
    fn parameters(&mut self) {
        let Some(environment) = self.definition.environments.get(self.name) else {
            return;
        };
        for (name, parameter) in &self.definition.parameters {
            let subject = format!("parameter.{name}");
            let value = if let Some(given) = environment.values.get(name) {
                let got = match &given.source {
                    ValueSource::Plain(value) => Ok(value.clone()),
                    source => self.surroundings.secrets.get(source).map(|secret| {
                        let seal = self.surroundings.sealer.seal(secret.reveal().as_bytes());
                        Value::Secret(secret, seal.into())
                    }),
                };
                match got {
                    Ok(value) => value,
                    Err(reason) => {
                        self.complaints.push(
                            Defect::new(
                                &codes::SECRET,
                                &subject,
                                format!("the secret `{name}` of {}: {reason}", self.name),
                            )
                            .within(self.name)
                            .at(&given.span, reason),
                        );
                        continue;
                    }
                }
            } else if let Some((value, _)) = &parameter.default {
                value.clone()
            } else {
                self.complaints.push(
                    Defect::new(
                        &codes::NO_VALUE,
                        &subject,
                        format!("{} gives no value for the parameter `{name}`", self.name),
                    )
                    .within(self.name)
                    .at(
                        &Span::start_of(&environment.file),
                        format!("add `{name} = …` to `[values]`"),
                    )
                    .at(&parameter.span, "declared here"),
                );
                continue;
            };
            debug_assert!(parameter.varies == Varies::Secret || !value.is_sensitive());
            self.parameters.insert(Arc::clone(name), value);
        }
    }

    fn targets(&mut self) -> BTreeMap<Arc<str>, TargetPlace> {
        let root = self.surroundings.root.to_string_lossy().into_owned();
        let own = self
            .definition
            .environments
            .get(self.name)
            .map(|own| &own.targets);
        let mut blocks: BTreeMap<&Arc<str>, &Arc<Block>> = self.definition.targets.iter().collect();
        blocks.extend(own.into_iter().flatten());
        let mut targets = BTreeMap::new();
        for (target, block) in blocks {
            let path = |resolver: &mut Self, key: &str, default: String| match block.get(key) {
                Some(placed) => match resolver.fill_text(placed, &format!("target.{target}")) {
                    Some(text) => kind::absolute(&root, &text).unwrap_or_else(|message| {
                        resolver.complain(
                            &codes::WRONG_FORM,
                            &format!("target.{target}"),
                            &placed.span,
                            message,
                        );
                        default
                    }),
                    None => default,
                },
                None => default,
            };
            let base = path(self, "base", root.clone());
            let state = path(
                self,
                "state",
                format!("{root}/.evenkeel/targets/{}/{target}", self.name),
            );
            targets.insert(Arc::clone(target), TargetPlace { base, state });
        }
        targets
    }

    fn resources(&mut self, targets: &BTreeMap<Arc<str>, TargetPlace>) {
        let blocks = self.definition.resources_of(self.name);
        let numbered: Vec<(&Address, &Arc<Block>)> = blocks.into_iter().collect();
        let numbers: HashMap<&Address, usize> = numbered
            .iter()
            .enumerate()
            .map(|(number, (address, _))| (*address, number))
            .collect();
        let mut waits_for: Vec<Vec<usize>> = Vec::with_capacity(numbered.len());
        for (_, block) in &numbered {
            let mut others: Vec<usize> = self
                .wants(block)
                .iter()
                .filter_map(|other| numbers.get(other).copied())
                .collect();
            others.sort_unstable();
            others.dedup();
            waits_for.push(others);
        }
        let order = match order::order(&waits_for) {
            Ok(order) => order,
            Err(circle) => {
                self.complain_circle(&circle, &numbered);
                return;
            }
        };
        let mut wanted = vec![false; numbered.len()];
        for other in waits_for.iter().flatten() {
            if let Some(wanted) = wanted.get_mut(*other) {
                *wanted = true;
            }
        }
        for number in order {
            let (Some((address, block)), Some(others)) =
                (numbered.get(number), waits_for.get(number))
            else {
                continue;
            };
            let after = others
                .iter()
                .filter_map(|other| numbered.get(*other).map(|(address, _)| (*address).clone()))
                .collect();
            match self.resource(address, block, targets, after) {
                Some((resource, attributes)) => {
                    if wanted.get(number) == Some(&true) {
                        self.filled.insert((*address).clone(), attributes);
                    }
                    self.resources.insert((*address).clone(), resource);
                }
                None => {
                    self.gaps.insert(address.to_string());
                }
            }
        }
        let conflicts = claims::conflicts(self.name, &self.resources, targets);
        self.complaints.extend(conflicts);
    }

    /// The resources that must be understood, and in place, before one: those it refers to, in attributes and in its
    /// template, and those it names in `after` and `restart-on`.
    fn wants(&self, block: &Block) -> Vec<Address> {
        let mut wants = Vec::new();
        for attribute in &block.attributes {
            attribute.value.references(&mut |reference, _| {
                if let Reference::Resource(other, _) = reference {
                    wants.push(other.clone());
                }
            });
        }
        for key in ["after", "restart-on"] {
            wants.extend(addresses(block, key).into_iter().map(|(other, _)| other));
        }
        if let Some((path, _)) = plain_text(block, "template")
            && let Some(Ok(template)) = self.templates.get(path)
        {
            wants.extend(template.resources().cloned());
        }
        wants
    }

    fn resource(
        &mut self,
        address: &Address,
        block: &Arc<Block>,
        targets: &BTreeMap<Arc<str>, TargetPlace>,
        after: Box<[Address]>,
    ) -> Option<(ResolvedResource, Attributes)> {
        let before = self.complaints.len();
        let facts = kind::facts(address.kind())?;
        let fields = || facts.fields.iter().chain(super::fields::RESOURCE);
        let attributes = self.attributes(address.as_str(), block, fields);
        // The target's own name, so that every resource on it shares one.
        let on = attributes.as_ref().and_then(|it| it.text("on"));
        let (on, place) = targets.get_key_value(on.unwrap_or_default()).unzip();
        let attributes = attributes?;
        let written = if address.kind() == "file" {
            let content = self.content(address, block, &attributes);
            let keys = ["content", "source", "template"];
            if content.is_none() && keys.iter().any(|key| attributes.get(key).is_some()) {
                return None;
            }
            content
        } else {
            None
        };
        let artifact = match attributes.text("artifact") {
            Some(name) if address.kind() == "installation" => {
                let facts = self.surroundings.artifacts.get(name).cloned();
                if facts.is_none() {
                    let span = block.place("artifact").clone();
                    self.complain(
                        &codes::ARTIFACT,
                        address.as_str(),
                        &span,
                        format!("the artifact `{name}` could not be read"),
                    );
                }
                facts
            }
            _ => None,
        };
        let (on, place, true) = (on?, place?, self.complaints.len() == before) else {
            return None;
        };
        let mut triggers = BTreeMap::new();
        for (other, _) in addresses(block, "restart-on") {
            let trigger = self.resources.get(&other)?;
            let record = trigger.declared.record().ok()?;
            triggers.insert(other.to_string(), Digest::of(record.as_bytes()));
        }
        let context = Context {
            address,
            environment: self.name,
            base: &place.base,
            state: &place.state,
            content: written.as_ref(),
            artifact: artifact.as_ref(),
            triggers,
            seal: &self.materials,
        };
        match Declared::new(address.kind(), &context, &attributes) {
            Ok(declared) => {
                let resource = ResolvedResource {
                    on: Arc::clone(on),
                    block: Arc::clone(block),
                    declared,
                    after,
                };
                Some((resource, attributes))
            }
            Err(reasons) => {
                for each in reasons {
                    let span = block.place(each.attribute).clone();
                    self.complaints.push(
                        Defect::of(
                            &codes::WRONG_FORM,
                            address,
                            format!("{address}: {}", each.message),
                        )
                        .within(self.name)
                        .attribute(each.attribute)
                        .at(&span, "here"),
                    );
                }
                None
            }
        }
    }

    /// Fills in all attributes of a table, and holds what references became against the forms of their keys. `None`
    /// when one of them could not be had or has another form; that has been complained about.
    pub(super) fn attributes<'f, I: Iterator<Item = &'f Field>>(
        &mut self,
        subject: &str,
        block: &Block,
        fields: impl Fn() -> I,
    ) -> Option<Attributes> {
        let mut attributes = Attributes(Vec::with_capacity(block.attributes.len()));
        let mut whole = true;
        for Attribute {
            name,
            value: placed,
        } in &block.attributes
        {
            let Some(mut value) = self.fill(placed, subject) else {
                whole = false;
                continue;
            };
            let field = fields().find(|field| field.name == *name);
            if let Some(field) = field.filter(|_| placed.expression.plain().is_none()) {
                value = field.form.fit(value);
                let problem = if !field.form.admits(&value) {
                    let expected = field.form.expected();
                    let found = shortened(value.to_string());
                    Some((
                        format!(
                            "{subject}: `{name}` became {found} in {}, expected {expected}",
                            self.name
                        ),
                        format!("expected {expected}"),
                    ))
                } else if value.is_sensitive() && !field.may_be_secret {
                    Some((
                        format!("{subject}: there is a secret in `{name}`"),
                        "it is shown in plans, reports and lists of processes".to_owned(),
                    ))
                } else {
                    None
                };
                if let Some((message, label)) = problem {
                    whole = false;
                    self.complaints.push(
                        Defect::new(&codes::WRONG_FORM, subject, message)
                            .within(self.name)
                            .attribute(*name)
                            .at(&placed.span, label),
                    );
                }
            }
            attributes.0.push((name, value));
        }
        whole.then_some(attributes)
    }

    pub(super) fn complain(
        &mut self,
        code: &'static crate::defect::Code,
        subject: &str,
        span: &Span,
        message: String,
    ) {
        self.complaints.push(
            Defect::new(code, subject, message)
                .within(self.name)
                .at(span, "here"),
        );
    }

    /// Fills a value in. `None` when something in it could not be had; that has been complained about.
    pub(super) fn fill(&mut self, placed: &Placed, subject: &str) -> Option<Value> {
        match &placed.expression {
            Expression::Plain(value) => Some(value.clone()),
            Expression::Whole(reference) => self.have(reference, &placed.span, subject),
            Expression::Joined(pieces) => self.join(pieces, placed, subject),
            Expression::List(items) => {
                let items: Vec<Option<Value>> =
                    items.iter().map(|item| self.fill(item, subject)).collect();
                items
                    .into_iter()
                    .collect::<Option<Vec<Value>>>()
                    .map(Value::List)
            }
            Expression::Table(entries) => {
                let entries: Vec<(Arc<str>, Option<Value>)> = entries
                    .iter()
                    .map(|(key, item)| (Arc::clone(key), self.fill(item, subject)))
                    .collect();
                entries
                    .into_iter()
                    .map(|(key, value)| value.map(|value| (key, value)))
                    .collect::<Option<BTreeMap<_, _>>>()
                    .map(Value::Table)
            }
        }
    }

    /// Fills in what must become plain text.
    pub(super) fn fill_text(&mut self, placed: &Placed, subject: &str) -> Option<String> {
        match self.fill(placed, subject)? {
            Value::Text(text) => Some(text.to_string()),
            Value::Integer(number) => Some(number.to_string()),
            other => {
                self.complain(
                    &codes::WRONG_FORM,
                    subject,
                    &placed.span,
                    format!("expected text, and this became {}", other.type_name()),
                );
                None
            }
        }
    }

    fn join(&mut self, pieces: &[Piece], placed: &Placed, subject: &str) -> Option<Value> {
        let mut text = String::new();
        let mut sensitive = false;
        for piece in pieces {
            match piece {
                Piece::Text(plain) => text.push_str(plain),
                Piece::Reference(reference) => match self.have(reference, &placed.span, subject)? {
                    Value::Text(value) => text.push_str(&value),
                    Value::Secret(secret, _) => {
                        sensitive = true;
                        text.push_str(secret.reveal());
                    }
                    value @ (Value::Boolean(_) | Value::Integer(_) | Value::Float(_)) => {
                        text.push_str(&value.to_string());
                    }
                    other => {
                        self.complain(
                            &codes::WRONG_FORM,
                            subject,
                            &place_of(reference, &placed.span),
                            format!("{} cannot stand within text", other.type_name()),
                        );
                        return None;
                    }
                },
            }
        }
        Some(if sensitive {
            let seal = self.surroundings.sealer.seal(text.as_bytes());
            Value::Secret(Secret::new(text), seal.into())
        } else {
            Value::text(&text)
        })
    }

    /// The value of a reference, with a complaint where nobody else complains that there is none.
    fn have(&mut self, reference: &Reference, span: &Span, subject: &str) -> Option<Value> {
        let value = self.look_up(reference);
        if let (None, Reference::Artifact(artifact, _)) = (&value, reference) {
            self.complain(
                &codes::ARTIFACT,
                subject,
                &place_of(reference, span),
                format!("{subject}: the artifact `{artifact}` could not be read"),
            );
        }
        value
    }

    /// The value of a reference. `None` when what it refers to is itself wrong, which was said at its own place.
    pub(super) fn look_up(&self, reference: &Reference) -> Option<Value> {
        match reference {
            Reference::Environment => Some(Value::text(self.name.as_str())),
            Reference::System => Some(Value::text(&self.definition.system)),
            Reference::Parameter(name) => self.parameters.get(name).cloned(),
            Reference::Artifact(name, attribute) => match &**attribute {
                "digest" => self
                    .surroundings
                    .artifacts
                    .get(name)
                    .map(|facts| Value::text(&facts.digest.to_string())),
                _ => self.definition.artifacts.get(name).map(|artifact| {
                    Value::text(
                        &self
                            .surroundings
                            .directory
                            .join(&artifact.path)
                            .to_string_lossy(),
                    )
                }),
            },
            Reference::Resource(address, attribute) => {
                let declared = &self.resources.get(address)?.declared;
                if let Some(output) = declared.output(attribute) {
                    return Some(output);
                }
                // A path is given as what it became, not as it was written.
                if matches!(&**attribute, "path" | "into")
                    && let Some(path) = declared.paths().first()
                {
                    return Some(Value::text(path));
                }
                self.filled.get(address)?.get(attribute).cloned()
            }
        }
    }

    fn complain_circle(&mut self, circle: &[usize], numbered: &[(&Address, &Arc<Block>)]) {
        let members: Vec<(&Address, &Arc<Block>)> = circle
            .iter()
            .filter_map(|number| numbered.get(*number).copied())
            .collect();
        let mut path: Vec<&str> = members
            .iter()
            .map(|(address, _)| address.as_str())
            .collect();
        path.extend(members.first().map(|(address, _)| address.as_str()));
        let subject = path.first().copied().unwrap_or_default().to_owned();
        let mut complaint = Defect::new(
            &codes::CYCLE,
            subject,
            format!("resources wait for each other: {}", path.join(" → ")),
        );
        for ((_, block), next) in members.iter().zip(path.iter().skip(1)) {
            complaint = complaint.at(&block.span, format!("waits for {next}"));
        }
        self.complaints.push(complaint);
    }
}
