//! Resolution of one environment: values of parameters, attributes of references, contents of files.
//!
//! Parameters are resolved here; targets, resources and their attributes in files of this folder.

mod fill;
mod resources;
mod scopes;
mod targets;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use super::contents::{self, Templates};
use super::definition::{ValueSource, Varies};
use super::expansion::{Excess, Expansion};
use super::inventories::Inventories;
use super::secrets::Secrets;
use super::suite::Suite;
use super::{
    Block, ClaimedElsewhere, Definition, DocumentDeclaration, Files, KeptMaterials, codes, document,
};
use crate::kind::{ArtifactFacts, Attributes, Content, Declared};
use evenkeel_model::defect::Defect;
use evenkeel_model::source::Span;
use evenkeel_model::{
    Address, Digest, EnvironmentName, FastMap, HostName, Instance, Member, Sealer, Value,
};

pub use scopes::ResolvedScope;
pub(crate) use targets::REVERT_BOUNDS;
pub(super) use targets::texts;
pub use targets::{TargetHosts, TargetPlace};

/// Surroundings of the definitions that resolving needs.
pub struct Surroundings<'a> {
    /// The files beside the definitions.
    pub files: &'a dyn Files,
    /// Project directory, absolute: base of relative paths unless a target sets another.
    pub root: &'a Path,
    /// The directory of the definitions, absolute.
    pub directory: &'a Path,
    /// Directory of this machine for a system whose ledger is shared: its targets are the same for every checkout.
    /// `None` where the ledger is in the checkout, and so are the targets' records.
    pub machine: Option<&'a Path>,
    /// The project's key.
    pub sealer: &'a Sealer,
    /// Secrets.
    pub secrets: &'a dyn Secrets,
    /// Printed inventories.
    pub inventories: &'a dyn Inventories,
    /// Readable artifacts.
    pub artifacts: &'a BTreeMap<Arc<str>, ArtifactFacts>,
}

/// Resolved environment.
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
    /// Its scopes of hosts whose things all belong to the definitions, by name.
    pub scopes: Vec<ResolvedScope>,
    /// Its suites, by name.
    pub suites: Vec<Suite>,
    /// Its documents, by name.
    pub documents: Vec<DocumentDeclaration>,
    /// Artifacts used by its resources.
    pub artifacts: BTreeMap<Arc<str>, Digest>,
    /// Materials of its actions.
    pub materials: KeptMaterials,
    /// Files beside the definitions that it uses, by their path from there, with their digests.
    pub files: BTreeMap<String, Digest>,
    /// Claims of other environments on the same machines.
    pub elsewhere: ClaimedElsewhere,
}

impl Resolved {
    /// Returns the instances of its resources, in order: one for each resource on each machine of its target.
    pub fn instances(&self) -> impl Iterator<Item = (Instance, &ResolvedResource)> {
        self.resources.iter().flat_map(|(address, resource)| {
            let members = self.targets.get(&resource.on).into_iter();
            members.flat_map(TargetPlace::members).map(move |host| {
                let instance = Instance {
                    address: address.clone(),
                    host: host.cloned(),
                };
                (instance, resource)
            })
        })
    }

    /// Returns the machines of all targets, in order.
    pub fn members(&self) -> impl Iterator<Item = (Member, &TargetPlace)> {
        self.targets.iter().flat_map(|(name, place)| {
            place
                .members()
                .map(move |host| (Member::new(name, host), place))
        })
    }

    /// Returns the resource of an instance, if its target has the instance's host.
    #[must_use]
    pub fn resource_of(&self, instance: &Instance) -> Option<&ResolvedResource> {
        let resource = self.resources.get(&instance.address)?;
        self.machine(&resource.on, instance.host.as_ref())?;
        Some(resource)
    }

    /// Returns the machine of a target; `None` if it has no such host.
    #[must_use]
    pub fn machine(&self, target: &str, host: Option<&HostName>) -> Option<&str> {
        self.targets.get(target)?.machine(host)
    }
}

/// Returns the digest of the definition files and of the files that an environment uses, by their displayed paths.
///
/// Files of suites are excluded: a plan runs no suite, and evidence is bound to the digest of its suite.
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

/// Resolved resource.
#[derive(Clone, Debug)]
pub struct ResolvedResource {
    /// Its target.
    pub on: Arc<str>,
    /// Written block.
    pub block: Arc<Block>,
    /// Its meaning.
    pub declared: Declared,
    /// Resources that must be applied before it.
    pub after: Box<[Address]>,
}

/// Resolves an environment.
///
/// # Errors
///
/// All defects; the definition itself must have been read without errors.
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
        reported: HashSet::new(),
        gaps: BTreeSet::new(),
        complaints: Vec::new(),
    };
    resolver.parameters();
    let targets = resolver.targets();
    resolver.resources(&targets);
    let scopes = resolver.scopes();
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
    // Every gap must be reported.
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
        scopes,
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

/// State of resolving.
pub(super) struct Resolver<'a> {
    pub(super) definition: &'a Definition,
    pub(super) name: &'a EnvironmentName,
    pub(super) surroundings: &'a Surroundings<'a>,
    pub(super) materials: KeptMaterials,
    pub(super) parameters: Arc<BTreeMap<Arc<str>, Value>>,
    resources: BTreeMap<Address, ResolvedResource>,
    /// Resources that others refer to, with their attributes.
    filled: Arc<FastMap<Address, (Declared, Attributes)>>,
    pub(super) files: BTreeMap<String, Digest>,
    pub(super) templates: &'a Templates<'a>,
    /// Expanded bytes of references and templates.
    expansion: &'a Expansion,
    /// Contents of `source` files, by path: many resources may share one.
    pub(super) sources: HashMap<String, Content>,
    /// Reported places in templates.
    pub(super) reported: HashSet<(String, usize)>,
    /// Unresolved names.
    pub(super) gaps: BTreeSet<String>,
    pub(super) complaints: Vec<Defect>,
}

impl Resolver<'_> {
    /// Returns a resolver for some resources of a wave: it shares this one's results and collects its own.
    fn part(&self) -> Resolver<'_> {
        Resolver {
            materials: self.materials.clone(),
            parameters: Arc::clone(&self.parameters),
            resources: BTreeMap::new(),
            filled: Arc::clone(&self.filled),
            files: BTreeMap::new(),
            sources: self.sources.clone(),
            reported: HashSet::new(),
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
                        format!("{} has no value for the parameter `{name}`", self.name),
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

    /// Counts an expanded text; `None` with a defect if it is too long, alone or with all others.
    pub(super) fn expanded(&mut self, length: usize, subject: &str, span: &Span) -> Option<()> {
        let counted = self.expansion.add(length);
        self.within(counted, subject, || span.clone())
    }

    /// Returns the defect of an exceeded limit. The place is located only in that case.
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
