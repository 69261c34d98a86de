//! Fills one environment in: values for parameters, attributes for references, contents for files.
//!
//! Parameters and targets are here; resources and what their attributes become have files of their own in this folder.

mod fill;
mod resources;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use super::contents::{self, Templates};
use super::definition::{ValueSource, Varies};
use super::expansion::{Excess, Expansion};
use super::secrets::Secrets;
use super::suite::Suite;
use super::{
    Block, ClaimedElsewhere, Definition, DocumentDeclaration, Files, KeptMaterials, codes, document,
};
use crate::kind::{self, ArtifactFacts, Attributes, Content, Declared};
use evenkeel_model::defect::Defect;
use evenkeel_model::source::Span;
use evenkeel_model::{Address, Digest, EnvironmentName, FastMap, Instance, Sealer, Value};

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
    /// What other environments claim on the same machines.
    pub elsewhere: ClaimedElsewhere,
}

impl Resolved {
    /// The instances of its resources, in order: one for each resource, since a target is one machine.
    pub fn instances(&self) -> impl Iterator<Item = (Instance, &ResolvedResource)> {
        self.resources
            .iter()
            .map(|(address, resource)| (Instance::from(address.clone()), resource))
    }
}

/// Returns the digest of the definition files and of the files that an environment uses, each under the path that
/// people know it by.
///
/// The files of suites are not part of it: a plan runs no suite, and evidence is bound to the digest of its suite.
#[must_use]
pub fn definitions_digest(
    definition: &Definition,
    resolved: &Resolved,
    shown: &dyn Fn(&str) -> String,
) -> Digest {
    let mut files: BTreeMap<String, Digest> = definition
        .files
        .iter()
        .map(|file| (file.path.clone(), Digest::of(file.text.as_bytes())))
        .collect();
    for (path, digest) in &resolved.files {
        files.insert(shown(path), *digest);
    }
    Digest::of_record("evenkeel definitions 1", &files)
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
    let expansion = Expansion::default();
    let mut resolver = Resolver {
        definition,
        name,
        surroundings,
        materials: KeptMaterials::new(surroundings.sealer.clone(), name.clone()),
        parameters: Arc::default(),
        resources: BTreeMap::new(),
        filled: Arc::default(),
        files: BTreeMap::new(),
        templates: &templates,
        expansion: &expansion,
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
        parameters: Arc::unwrap_or_clone(resolver.parameters),
        targets,
        resources: resolver.resources,
        suites,
        documents,
        artifacts: surroundings
            .artifacts
            .iter()
            .map(|(name, facts)| (Arc::clone(name), facts.digest))
            .collect(),
        materials: resolver.materials,
        files: resolver.files,
        elsewhere: ClaimedElsewhere::default(),
    })
}

/// The state of filling in.
pub(super) struct Resolver<'a> {
    pub(super) definition: &'a Definition,
    pub(super) name: &'a EnvironmentName,
    pub(super) surroundings: &'a Surroundings<'a>,
    pub(super) materials: KeptMaterials,
    pub(super) parameters: Arc<BTreeMap<Arc<str>, Value>>,
    resources: BTreeMap<Address, ResolvedResource>,
    /// The resources that others refer to, with their attributes.
    filled: Arc<FastMap<Address, (Declared, Attributes)>>,
    pub(super) files: BTreeMap<String, Digest>,
    pub(super) templates: &'a Templates<'a>,
    /// How much references and templates expanded to.
    expansion: &'a Expansion,
    /// Contents of `source` files, by path: many resources may have the same.
    pub(super) sources: HashMap<String, Content>,
    /// Places in templates that were complained about.
    pub(super) told: HashSet<(String, usize)>,
    /// What could not be resolved.
    pub(super) gaps: BTreeSet<String>,
    pub(super) complaints: Vec<Defect>,
}

impl Resolver<'_> {
    /// A resolver for some of the resources of a wave: it knows what this one knows, and gathers for itself.
    fn part(&self) -> Resolver<'_> {
        Resolver {
            materials: self.materials.clone(),
            parameters: Arc::clone(&self.parameters),
            resources: BTreeMap::new(),
            filled: Arc::clone(&self.filled),
            files: BTreeMap::new(),
            sources: self.sources.clone(),
            told: HashSet::new(),
            gaps: BTreeSet::new(),
            complaints: Vec::new(),
            ..*self
        }
    }

    fn parameters(&mut self) {
        let Some(environment) = self.definition.environments.get(self.name) else {
            return;
        };
        let mut values = BTreeMap::new();
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
            values.insert(Arc::clone(name), value);
        }
        self.parameters = Arc::new(values);
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

    /// Counts a text that was expanded; `None` with a complaint when it is too long, by itself or with all others.
    pub(super) fn expanded(&mut self, length: usize, subject: &str, span: &Span) -> Option<()> {
        let counted = self.expansion.add(length);
        self.within(counted, subject, || span.clone())
    }

    /// The complaint about what goes beyond a limit. Its place is only looked for where there is one.
    fn within(
        &mut self,
        counted: Result<(), Excess>,
        subject: &str,
        place: impl FnOnce() -> Span,
    ) -> Option<()> {
        let message = match counted {
            Ok(()) => return Some(()),
            Err(Excess::Again) => return None,
            Err(Excess::Text(message) | Excess::Sum(message)) => message,
        };
        self.complaints.push(
            Defect::new(&codes::TOO_LARGE, subject, format!("{subject}: {message}"))
                .within(self.name)
                .at(&place(), message),
        );
        None
    }

    pub(super) fn complain(
        &mut self,
        code: &'static evenkeel_model::defect::Code,
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
}
