//! Definitions as written: every value with its place, references still symbolic.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use evenkeel_model::defect::Severity;
use evenkeel_model::source::{SourceFile, Span};
use evenkeel_model::{Address, EnvironmentName, Value};

use super::{Difference, DocumentRules, Layered, Placed, Policy};
use evenkeel_comparison::Pattern;
use evenkeel_signature::Approvers;

/// A system and its environments, as written.
#[derive(Debug, Default)]
pub struct Definition {
    /// Name of the system.
    pub system: String,
    /// Environments in the order of promotion, siblings in sequence.
    pub path: Vec<EnvironmentName>,
    /// The same in stages; siblings share one and have no order.
    pub stages: Vec<Vec<EnvironmentName>>,
    /// The files, in the order they were read.
    pub files: Vec<Arc<SourceFile>>,
    /// Parameters.
    pub parameters: BTreeMap<Arc<str>, Parameter>,
    /// Artifacts built by CI.
    pub artifacts: BTreeMap<Arc<str>, Artifact>,
    /// The store of artifacts, if declared.
    pub artifact_store: Option<StoreOfArtifacts>,
    /// Targets of the system.
    pub targets: BTreeMap<Arc<str>, Arc<Block>>,
    /// Resources of the system.
    pub resources: BTreeMap<Address, Arc<Block>>,
    /// The system's suites.
    pub suites: BTreeMap<Arc<str>, Arc<Block>>,
    /// The system's documents.
    pub documents: BTreeMap<Arc<str>, Arc<Block>>,
    /// Rules for comparing documents, by name: the same for all environments.
    pub document_rules: BTreeMap<Arc<str>, DocumentRules>,
    /// Surveys of hosts.
    pub surveys: BTreeMap<Arc<str>, Survey>,
    /// Scopes of hosts whose things all belong to the definitions.
    pub scopes: BTreeMap<Arc<str>, Scope>,
    /// The ledger that a team shares; `None` for the one in the project's directory.
    pub ledger: Option<SharedLedger>,
    /// Hooks that are called with outcomes.
    pub hooks: Vec<Hook>,
    /// Globs of files that look like pairs and are not compared.
    pub ignored_pairs: Vec<String>,
    /// Configured severities of differences between environments, by code.
    pub severities: BTreeMap<String, GivenSeverity>,
    /// The release policy.
    pub policy: Policy,
    /// The people who may approve a release; `None` without a file, and then accounts approve.
    pub approvers: Option<ApproversFile>,
    /// Declared differences of `differences.toml`, which contains nothing else.
    pub differences: Vec<Difference>,
    /// Environments by name.
    pub environments: BTreeMap<EnvironmentName, EnvironmentDefinition>,
}

/// `[survey.NAME]`: facts of a target's hosts that are compared between environments.
#[derive(Debug, Clone)]
pub struct Survey {
    /// Name.
    pub name: Arc<str>,
    /// Place of its declaration.
    pub span: Span,
    /// The target.
    pub on: Arc<str>,
    /// Place of the target's name.
    pub on_span: Span,
    /// The groups of facts.
    pub groups: Vec<String>,
    /// Places of facts that are not compared.
    pub except: Vec<Pattern>,
}

/// `[exclusive.NAME]`: classes of things on a target's hosts that all belong to the definitions.
#[derive(Debug, Clone)]
pub struct Scope {
    /// Name.
    pub name: Arc<str>,
    /// Place of its declaration.
    pub span: Span,
    /// The target.
    pub on: Arc<str>,
    /// Place of the target's name.
    pub on_span: Span,
    /// The classes, in the order of reports.
    pub classes: Vec<&'static str>,
    /// Patterns of accepted things, each with its class.
    pub except: Vec<(&'static str, String)>,
    /// The file of the baseline, beside the definitions, and the place of its name.
    pub baseline: Option<(Arc<str>, Span)>,
}

/// The file of approvers.
#[derive(Debug)]
pub struct ApproversFile {
    /// The file.
    pub file: Arc<SourceFile>,
    /// Its people; none if the file has an error.
    pub people: Approvers,
}

/// One environment's file, as written.
#[derive(Debug)]
pub struct EnvironmentDefinition {
    /// The file.
    pub file: Arc<SourceFile>,
    /// Values by parameter.
    pub values: BTreeMap<Arc<str>, GivenValue>,
    /// Targets, merged over the system's attributes.
    pub targets: BTreeMap<Arc<str>, Arc<Block>>,
    /// Resources added or overridden here: complete, merged over the system's attributes.
    pub resources: BTreeMap<Address, Arc<Block>>,
    /// Suites added or overridden here.
    pub suites: BTreeMap<Arc<str>, Arc<Block>>,
    /// Documents added or overridden here: complete, merged over the system's attributes.
    pub documents: BTreeMap<Arc<str>, Arc<Block>>,
    /// Declared differences.
    pub differences: Vec<Difference>,
}

/// A table of attributes.
#[derive(Debug, Clone)]
pub struct Block {
    /// Place of its declaration: the name in its header.
    pub span: Span,
    /// Its attributes, by key.
    pub attributes: Vec<Attribute>,
}

/// One attribute as written.
#[derive(Debug, Clone)]
pub struct Attribute {
    /// Its key.
    pub name: &'static str,
    /// Written value.
    pub value: Placed,
}

impl Block {
    /// Returns the attribute with a key.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Placed> {
        self.attributes
            .iter()
            .find(|attribute| attribute.name == name)
            .map(|attribute| &attribute.value)
    }

    /// Returns the place of an attribute; the block's own if it has none.
    #[must_use]
    pub fn place(&self, name: &str) -> &Span {
        self.get(name).map_or(&self.span, |placed| &placed.span)
    }

    /// Merges this block's attributes over those of `base`.
    #[must_use]
    pub fn over(self, base: &Self) -> Self {
        let mut attributes = self.attributes;
        for attribute in &base.attributes {
            if !attributes.iter().any(|own| own.name == attribute.name) {
                attributes.push(attribute.clone());
            }
        }
        attributes.sort_by_key(|attribute| attribute.name);
        Self {
            span: self.span,
            attributes,
        }
    }
}

/// Rule of how a parameter's values may differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Varies {
    /// Equal everywhere.
    Never,
    /// Different in each environment.
    Identity,
    /// In size, not in class.
    Scale,
    /// Different in each environment, and hidden.
    Secret,
}

/// Returns the class of a size: none, one or many. Sizes of one class behave alike.
#[must_use]
pub fn size_class(number: f64) -> &'static str {
    if number <= 0.0 {
        "none"
    } else if number <= 1.0 {
        "one"
    } else {
        "many"
    }
}

/// Parameter.
#[derive(Debug)]
pub struct Parameter {
    /// Rule of how its values may differ.
    pub varies: Varies,
    /// Value of environments that set none.
    pub default: Option<(Value, Span)>,
    /// Where it is declared.
    pub span: Span,
}

/// Value of a parameter in an environment.
#[derive(Debug, Clone)]
pub struct GivenValue {
    /// Value, or source of a secret.
    pub source: ValueSource,
    /// Place.
    pub span: Span,
}

/// A ledger that a team shares.
#[derive(Debug, Clone)]
pub struct SharedLedger {
    /// Where it is.
    pub place: SharedPlace,
    /// Source of the key that seals secrets, if declared.
    pub key: Option<ValueSource>,
    /// Place of its table.
    pub span: Span,
}

/// Where a shared ledger is.
#[derive(Debug, Clone)]
pub enum SharedPlace {
    /// In a PostgreSQL database.
    Postgres {
        /// The address, without a password.
        address: String,
        /// Source of the password, if declared.
        password: Option<ValueSource>,
    },
    /// On a ref of a git remote.
    Git {
        /// Name of the remote.
        remote: String,
    },
}

/// Hook that is called with outcomes.
#[derive(Debug, Clone)]
pub struct Hook {
    /// Its name.
    pub name: String,
    /// The events that it is called with.
    pub on: Vec<String>,
    /// How it is called.
    pub call: HookCall,
    /// Source of the secret that signs its messages, if declared.
    pub secret: Option<ValueSource>,
    /// Time limit.
    pub within: Duration,
}

/// How a hook is called.
#[derive(Debug, Clone)]
pub enum HookCall {
    /// A command, with the message as its input.
    Run(Vec<String>),
    /// A POST to this URL.
    Url(String),
    /// A POST to a URL that is a secret.
    SecretUrl(ValueSource),
}

/// Value, or source of a secret.
#[derive(Debug, Clone)]
pub enum ValueSource {
    /// Written in the definition.
    Plain(Value),
    /// An environment variable.
    Variable(String),
    /// A file beside the definitions.
    File(String),
    /// The output of a command.
    Command(Vec<String>),
}

/// Configured severity of a code.
#[derive(Debug, Clone)]
pub struct GivenSeverity {
    /// Severity.
    pub severity: Severity,
    /// Place of the code.
    pub span: Span,
}

/// Artifact built by CI.
#[derive(Debug, Clone)]
pub struct Artifact {
    /// Relative to the definitions.
    pub path: String,
    /// The command that builds it.
    pub build: Vec<String>,
    /// How it is unpacked, if it is an archive.
    pub unpack: Option<Unpack>,
    /// Where it is declared.
    pub span: Span,
}

/// How an archive becomes an artifact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unpack {
    /// The number of leading directories that are dropped from every path.
    pub strip: usize,
}

/// The store of artifacts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreOfArtifacts {
    /// Its directory, relative to the definitions.
    pub path: String,
    /// Number of releases whose artifacts are kept.
    pub keep: usize,
}

impl Definition {
    /// Returns the last environment of the path; `None` if several siblings are last.
    #[must_use]
    pub fn production(&self) -> Option<&EnvironmentName> {
        match self.stages.last()?.as_slice() {
            [only] => Some(only),
            _ => None,
        }
    }

    /// Whether an environment is last on the path, alone or with siblings.
    #[must_use]
    pub fn is_last(&self, environment: &EnvironmentName) -> bool {
        let last = self.stages.last();
        last.is_some_and(|stage| stage.contains(environment))
    }

    /// Returns the stage of an environment, from zero.
    #[must_use]
    pub fn stage_of(&self, environment: &EnvironmentName) -> Option<usize> {
        self.stages
            .iter()
            .position(|stage| stage.contains(environment))
    }

    /// Whether two environments are siblings.
    #[must_use]
    pub fn are_siblings(&self, one: &EnvironmentName, two: &EnvironmentName) -> bool {
        one != two && self.stage_of(one).is_some() && self.stage_of(one) == self.stage_of(two)
    }

    /// Returns the pairs of environments to compare, the earlier one first, and whether they are siblings: each of a
    /// stage with each of the next one, and each sibling with the next sibling. Equality of all pairs is equality
    /// everywhere.
    #[must_use]
    pub fn pairs(&self) -> Vec<(EnvironmentName, EnvironmentName, bool)> {
        let mut pairs = Vec::new();
        for (number, stage) in self.stages.iter().enumerate() {
            for beside in stage.windows(2) {
                if let [one, two] = beside {
                    pairs.push((one.clone(), two.clone(), true));
                }
            }
            for one in stage {
                for two in self.stages.get(number + 1).into_iter().flatten() {
                    pairs.push((one.clone(), two.clone(), false));
                }
            }
        }
        pairs
    }

    /// Returns all resources of an environment: the system's, overridden by the environment's.
    #[must_use]
    pub fn resources_of(&self, environment: &EnvironmentName) -> Layered<'_, Address> {
        let own = self.environments.get(environment);
        Layered::new(&self.resources, own.map(|own| &own.resources))
    }

    /// Whether any environment has resources.
    #[must_use]
    pub fn has_resources(&self) -> bool {
        let mut own = self.environments.values();
        !self.resources.is_empty() || own.any(|environment| !environment.resources.is_empty())
    }

    /// Returns all suites of an environment.
    #[must_use]
    pub fn suites_of(&self, environment: &EnvironmentName) -> Layered<'_, Arc<str>> {
        let own = self.environments.get(environment);
        Layered::new(&self.suites, own.map(|own| &own.suites))
    }

    /// Returns all documents of an environment.
    #[must_use]
    pub fn documents_of(&self, environment: &EnvironmentName) -> Layered<'_, Arc<str>> {
        let own = self.environments.get(environment);
        Layered::new(&self.documents, own.map(|own| &own.documents))
    }

    /// Returns the names of all documents of any environment.
    pub fn document_names(&self) -> BTreeSet<&Arc<str>> {
        let own = self.environments.values();
        let own = own.flat_map(|environment| environment.documents.keys());
        self.documents.keys().chain(own).collect()
    }

    /// Returns the value of a parameter in an environment, if it is written in the definition.
    #[must_use]
    pub fn plain_value(&self, environment: &EnvironmentName, parameter: &str) -> Option<&Value> {
        let own = self.environments.get(environment)?;
        match own.values.get(parameter) {
            Some(given) => match &given.source {
                ValueSource::Plain(value) => Some(value),
                _ => None,
            },
            None => {
                let parameter = self.parameters.get(parameter)?;
                parameter.default.as_ref().map(|(value, _)| value)
            }
        }
    }

    /// Returns all declared differences, in the order of the path and of the files; those of `differences.toml` last.
    pub fn differences(&self) -> impl Iterator<Item = &Difference> {
        self.path
            .iter()
            .filter_map(|name| self.environments.get(name))
            .flat_map(|environment| environment.differences.iter())
            .chain(&self.differences)
    }
}
