//! Fills one environment in: values for parameters, attributes for references, contents for files.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use super::definition::{ValueSource, Varies};
use super::expression::{Expression, Piece, Placed, Reference, place_of};
use super::reference::{addresses, plain_text};
use super::secrets::Secrets;
use super::suite::Suite;
use super::template::Template;
use super::{Block, Definition, Files, KeptMaterials, codes};
use crate::defect::Defect;
use crate::kind::{self, ArtifactFacts, Attributes, Content, Context, Declared};
use crate::model::{Address, Digest, EnvironmentName, Sealer, Secret, Value, order};
use crate::source::{SourceFile, Span};

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
    pub after: Vec<Address>,
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
    let mut resolver = Resolver {
        definition,
        name,
        surroundings,
        materials: KeptMaterials::new(surroundings.sealer.clone()),
        parameters: BTreeMap::new(),
        done: HashMap::new(),
        filled: HashMap::new(),
        files: BTreeMap::new(),
        read: HashMap::new(),
        complaints: Vec::new(),
        place: Span::start_of(&SourceFile::new("", "")),
    };
    resolver.parameters();
    let targets = resolver.targets();
    let resources = resolver.resources(&targets);
    let suites = super::suites::resolve(&mut resolver);
    for (artifact, facts) in surroundings.artifacts {
        if let Some(declared) = definition.artifacts.get(artifact) {
            resolver
                .materials
                .keep_artifact(facts.digest, surroundings.directory.join(&declared.path));
        }
    }
    if !resolver.complaints.is_empty() {
        return Err(resolver.complaints);
    }
    Ok(Resolved {
        name: name.clone(),
        parameters: resolver.parameters,
        targets,
        resources,
        suites,
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
    materials: KeptMaterials,
    pub(super) parameters: BTreeMap<Arc<str>, Value>,
    done: HashMap<Address, Declared>,
    filled: HashMap<Address, Attributes>,
    pub(super) files: BTreeMap<String, Digest>,
    read: HashMap<String, Option<Arc<SourceFile>>>,
    pub(super) complaints: Vec<Defect>,
    place: Span,
}

impl Resolver<'_> {
    fn parameters(&mut self) {
        let Some(environment) = self.definition.environments.get(self.name) else {
            return;
        };
        for (name, parameter) in &self.definition.parameters {
            let subject = format!("parameter.{name}");
            let value = match environment.values.get(name) {
                Some(given) => match &given.source {
                    ValueSource::Plain(value) => value.clone(),
                    source => match self.surroundings.secrets.get(source) {
                        Ok(secret) => {
                            let seal = self.surroundings.sealer.seal(secret.reveal().as_bytes());
                            Value::Secret(secret, seal)
                        }
                        Err(reason) => {
                            self.complaints.push(
                                Defect::new(
                                    &codes::SECRET,
                                    &subject,
                                    format!("the secret `{name}` of {}: {reason}", self.name),
                                )
                                .within(self.name)
                                .at(&given.span, reason.clone()),
                            );
                            continue;
                        }
                    },
                },
                None => {
                    if let Some((value, _)) = &parameter.default {
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
                    }
                }
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

    fn resources(
        &mut self,
        targets: &BTreeMap<Arc<str>, TargetPlace>,
    ) -> BTreeMap<Address, ResolvedResource> {
        let blocks = self.definition.resources_of(self.name);
        let numbered: Vec<(&Address, &Arc<Block>)> = blocks.into_iter().collect();
        let numbers: HashMap<&Address, usize> = numbered
            .iter()
            .enumerate()
            .map(|(number, (address, _))| (*address, number))
            .collect();
        let mut waits_for: Vec<Vec<usize>> = Vec::with_capacity(numbered.len());
        for (address, block) in &numbered {
            let mut others: Vec<usize> = self
                .wants(address, block)
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
                return BTreeMap::new();
            }
        };
        let mut resources = BTreeMap::new();
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
            if let Some(resource) = self.resource(address, block, targets, after) {
                resources.insert((*address).clone(), resource);
            }
        }
        self.claims(&resources);
        resources
    }

    /// The resources that must be understood, and in place, before one: those it refers to, in attributes and in its
    /// template, and those it names in `after` and `restart-on`.
    fn wants(&mut self, address: &Address, block: &Block) -> Vec<Address> {
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
        if address.kind() == "file"
            && let Some((path, span)) = plain_text(block, "template")
            && let Some(file) = self.file(path, address, span)
            && let Ok(template) = Template::new(&file)
        {
            wants.extend(template.names.iter().filter_map(|name| {
                let mut parts = name.splitn(3, '.');
                let (kind, name) = (parts.next()?, parts.next()?);
                kind::facts(kind).map(|_| Address::new(kind, name))
            }));
        }
        wants
    }

    fn resource(
        &mut self,
        address: &Address,
        block: &Arc<Block>,
        targets: &BTreeMap<Arc<str>, TargetPlace>,
        after: Vec<Address>,
    ) -> Option<ResolvedResource> {
        let before = self.complaints.len();
        let mut attributes = Attributes::default();
        for attribute in &block.attributes {
            if let Some(value) = self.fill(&attribute.value, address.as_str()) {
                attributes.0.push((attribute.name, value));
            }
        }
        self.recheck(address, block, &attributes);
        let on: Arc<str> = attributes.text("on").unwrap_or_default().into();
        let place = targets.get(&on);
        let content = if address.kind() == "file" {
            self.content(address, block, &attributes)
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
        let (place, true) = (place?, self.complaints.len() == before) else {
            return None;
        };
        let mut triggers = BTreeMap::new();
        for (other, _) in addresses(block, "restart-on") {
            let record = self
                .done
                .get(&other)
                .and_then(|declared| declared.record().ok())?;
            triggers.insert(other.to_string(), Digest::of(record.as_bytes()));
        }
        let context = Context {
            address,
            environment: self.name,
            base: &place.base,
            state: &place.state,
            content: content.as_ref(),
            artifact: artifact.as_ref(),
            triggers,
            seal: &self.materials,
        };
        match Declared::new(address.kind(), &context, &attributes) {
            Ok(declared) => {
                self.done.insert(address.clone(), declared.clone());
                self.filled.insert(address.clone(), attributes);
                Some(ResolvedResource {
                    on,
                    block: Arc::clone(block),
                    declared,
                    after,
                })
            }
            Err(wrong) => {
                for each in wrong {
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

    /// Values that references became must have the form of their keys too.
    fn recheck(&mut self, address: &Address, block: &Block, attributes: &Attributes) {
        let Some(facts) = kind::facts(address.kind()) else {
            return;
        };
        for (name, value) in &attributes.0 {
            let Some(placed) = block.get(name) else {
                continue;
            };
            if placed.expression.plain().is_some() {
                continue;
            }
            let field = facts
                .fields
                .iter()
                .chain(super::fields::RESOURCE)
                .find(|field| field.name == *name);
            if let Some(field) = field
                && !field.form.admits(value)
            {
                let expected = field.form.expected();
                let found = value.to_string();
                self.complaints.push(
                    Defect::of(
                        &codes::WRONG_FORM,
                        address,
                        format!(
                            "{address}: `{name}` became {found} in {}, expected {expected}",
                            self.name
                        ),
                    )
                    .within(self.name)
                    .attribute(*name)
                    .at(&placed.span, format!("expected {expected}"))
                    .expected_found(expected, found),
                );
            }
        }
    }

    fn content(
        &mut self,
        address: &Address,
        block: &Block,
        attributes: &Attributes,
    ) -> Option<Content> {
        let given: Vec<&str> = ["content", "source", "template"]
            .into_iter()
            .filter(|key| attributes.get(key).is_some())
            .collect();
        let [only] = given.as_slice() else {
            if given.len() > 1 {
                let span = block
                    .place(given.last().copied().unwrap_or_default())
                    .clone();
                self.complain(
                    &codes::WRONG_FORM,
                    address.as_str(),
                    &span,
                    format!(
                        "{address}: `{}` exclude each other",
                        crate::text::list(&given, "and")
                    ),
                );
            }
            return None;
        };
        match *only {
            "content" => {
                let value = attributes.get("content")?;
                let (text, sealed): (Arc<str>, bool) = match value {
                    Value::Secret(secret, _) => (secret.reveal().into(), true),
                    value => (value.as_text()?.into(), false),
                };
                Some(self.keep(text, sealed))
            }
            "source" => {
                let path = attributes.text("source")?.to_owned();
                let span = block.place("source").clone();
                let bytes = self.bytes(&path, address, &span)?;
                let text: Option<Arc<str>> = std::str::from_utf8(&bytes).ok().map(Into::into);
                let digest = self.materials.keep(bytes.into(), false);
                Some(Content {
                    digest,
                    sealed: false,
                    text,
                })
            }
            _ => self.render(address, block, attributes.text("template")?),
        }
    }

    fn keep(&self, text: Arc<str>, sealed: bool) -> Content {
        let digest = self.materials.keep(Arc::from(text.as_bytes()), sealed);
        Content {
            digest,
            sealed,
            text: (!sealed).then_some(text),
        }
    }

    fn render(&mut self, address: &Address, block: &Block, path: &str) -> Option<Content> {
        let span = block.place("template").clone();
        let file = self.file(path, address, &span)?;
        let mut sensitive = false;
        let rendered = Template::new(&file).and_then(|template| {
            let mut values = serde_json::Map::new();
            for name in &template.names {
                let reference = named(name);
                if let Some(value) = reference.and_then(|reference| self.look_up(&reference)) {
                    sensitive |= value.is_sensitive();
                    place(&mut values, name, revealed(&value));
                }
            }
            template.render(&file, &serde_json::Value::Object(values))
        });
        match rendered {
            Ok(text) => Some(self.keep(text.into(), sensitive)),
            Err(problem) => {
                let mut complaint = Defect::of(
                    &codes::TEMPLATE,
                    address,
                    format!(
                        "{address}: the template {} cannot be rendered for {}: {}",
                        file.path, self.name, problem.message
                    ),
                )
                .within(self.name)
                .attribute("template")
                .at(&problem.span, problem.message);
                complaint = complaint.at(&span, "used here");
                self.complaints.push(complaint);
                None
            }
        }
    }

    /// Reads a text file beside the definitions, once.
    fn file(&mut self, path: &str, address: &Address, span: &Span) -> Option<Arc<SourceFile>> {
        if let Some(read) = self.read.get(path) {
            return read.clone();
        }
        let file = self.bytes(path, address, span).and_then(|bytes| {
            if let Ok(text) = String::from_utf8(bytes) {
                Some(SourceFile::new(self.surroundings.files.shown(path), text))
            } else {
                self.complain(
                    &codes::UNREADABLE,
                    address.as_str(),
                    span,
                    format!("{path} is not UTF-8"),
                );
                None
            }
        });
        self.read.insert(path.to_owned(), file.clone());
        file
    }

    /// Reads a file beside the definitions and notes its digest.
    fn bytes(&mut self, path: &str, address: &Address, span: &Span) -> Option<Vec<u8>> {
        let shown = self.surroundings.files.shown(path);
        match self.surroundings.files.read(path) {
            Ok(Some(bytes)) => {
                self.files.insert(path.to_owned(), Digest::of(&bytes));
                Some(bytes)
            }
            Ok(None) => {
                self.complain(
                    &codes::UNREADABLE,
                    address.as_str(),
                    span,
                    format!("{address}: {shown} is not there"),
                );
                None
            }
            Err(reason) => {
                self.complain(
                    &codes::UNREADABLE,
                    address.as_str(),
                    span,
                    format!("{address}: {shown} cannot be read: {reason}"),
                );
                None
            }
        }
    }

    pub(super) fn complain(
        &mut self,
        code: &'static crate::defect::Code,
        subject: &str,
        span: &Span,
        message: String,
    ) {
        self.complaints.push(
            Defect::new(code, subject, message.clone())
                .within(self.name)
                .at(span, message),
        );
    }

    /// Fills a value in. `None` when something in it could not be had; that has been complained about.
    pub(super) fn fill(&mut self, placed: &Placed, subject: &str) -> Option<Value> {
        self.place = placed.span.clone();
        match &placed.expression {
            Expression::Plain(value) => Some(value.clone()),
            Expression::Whole(reference) => self.look_up(reference),
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
                Piece::Reference(reference) => match self.look_up(reference)? {
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
            Value::Secret(Secret::new(text), seal)
        } else {
            Value::text(&text)
        })
    }

    /// The value of a reference. `None` when what it refers to is itself wrong, which was said at its own place.
    fn look_up(&self, reference: &Reference) -> Option<Value> {
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
                let declared = self.done.get(address)?;
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

    /// Two resources at one place would undo each other.
    fn claims(&mut self, resources: &BTreeMap<Address, ResolvedResource>) {
        let mut claimed: HashMap<(&str, &str), &Address> = HashMap::new();
        let mut complaints = Vec::new();
        for (address, resource) in resources {
            for path in resource.declared.paths() {
                // An installation lives inside a directory that may well be declared.
                if address.kind() == "installation" {
                    continue;
                }
                if let Some(other) = claimed.insert((&resource.on, path), address) {
                    let mut complaint = Defect::of(
                        &codes::CONFLICT,
                        address,
                        format!(
                            "{address} and {other} both claim {path} on `{}` in {}",
                            resource.on, self.name
                        ),
                    )
                    .within(self.name)
                    .at(&resource.block.span, "claims it here");
                    if let Some(first) = resources.get(other) {
                        complaint = complaint.at(&first.block.span, "claimed here too");
                    }
                    complaints.push(complaint);
                }
            }
        }
        self.complaints.extend(complaints);
    }
}

/// What a template's name refers to.
fn named(name: &str) -> Option<Reference> {
    let mut parts = name.splitn(3, '.');
    match (parts.next()?, parts.next(), parts.next()) {
        ("environment", None, None) => Some(Reference::Environment),
        ("system", None, None) => Some(Reference::System),
        ("artifact", Some(artifact), Some(attribute)) => {
            Some(Reference::Artifact(artifact.into(), attribute.into()))
        }
        (kind, Some(resource), Some(attribute)) => kind::facts(kind)
            .map(|_| Reference::Resource(Address::new(kind, resource), attribute.into())),
        (parameter, _, _) => Some(Reference::Parameter(parameter.into())),
    }
}

/// Puts a value where a template looks for it: `directory.home.path` is three tables deep.
fn place(
    values: &mut serde_json::Map<String, serde_json::Value>,
    name: &str,
    value: serde_json::Value,
) {
    let deep = named(name).is_some_and(|reference| {
        matches!(reference, Reference::Resource(..) | Reference::Artifact(..))
    });
    let Some((head, rest)) = name.split_once('.').filter(|_| deep) else {
        values.insert(name.split('.').next().unwrap_or(name).to_owned(), value);
        return;
    };
    let inner = values
        .entry(head.to_owned())
        .or_insert_with(|| serde_json::Value::Object(serde_json::Map::new()));
    if let serde_json::Value::Object(inner) = inner {
        match rest.split_once('.') {
            Some((middle, last)) => {
                let entry = inner
                    .entry(middle.to_owned())
                    .or_insert_with(|| serde_json::Value::Object(serde_json::Map::new()));
                if let serde_json::Value::Object(entry) = entry {
                    entry.insert(last.to_owned(), value);
                }
            }
            None => {
                inner.insert(rest.to_owned(), value);
            }
        }
    }
}

/// A value with its secrets in the open: for rendering only.
fn revealed(value: &Value) -> serde_json::Value {
    match value {
        Value::Secret(secret, _) => secret.reveal().into(),
        Value::List(items) => items.iter().map(revealed).collect(),
        Value::Table(entries) => entries
            .iter()
            .map(|(key, value)| (key.to_string(), revealed(value)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        plain => serde_json::to_value(plain).unwrap_or_default(),
    }
}
