//! Definitions as written: every value with its place, references still symbolic.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use evenkeel_model::defect::Severity;
use evenkeel_model::source::{SourceFile, Span};
use evenkeel_model::{Address, EnvironmentName, Value};

use super::{Difference, DocumentRules, Layered, Placed, Policy};

/// A system and its environments, as written.
#[derive(Debug, Default)]
pub struct Definition {
    /// The system's name.
    pub system: String,
    /// The environments in the order of promotion, siblings one after the other.
    pub path: Vec<EnvironmentName>,
    /// The same in stages: siblings stand in one, and none of them comes before another.
    pub stages: Vec<Vec<EnvironmentName>>,
    /// The files, in the order they were read.
    pub files: Vec<Arc<SourceFile>>,
    /// What environments fill in.
    pub parameters: BTreeMap<Arc<str>, Parameter>,
    /// What CI built.
    pub artifacts: BTreeMap<Arc<str>, Artifact>,
    /// What the system says of targets.
    pub targets: BTreeMap<Arc<str>, Arc<Block>>,
    /// What the system declares.
    pub resources: BTreeMap<Address, Arc<Block>>,
    /// The system's suites.
    pub suites: BTreeMap<Arc<str>, Arc<Block>>,
    /// The system's documents.
    pub documents: BTreeMap<Arc<str>, Arc<Block>>,
    /// How documents are compared, by name: the same for all environments.
    pub document_rules: BTreeMap<Arc<str>, DocumentRules>,
    /// Globs of files that look like pairs and are not compared.
    pub ignored_pairs: Vec<String>,
    /// How grave differences between environments are, by code, where the system says it.
    pub severities: BTreeMap<String, GivenSeverity>,
    /// The release policy.
    pub policy: Policy,
    /// The declared differences of `differences.toml`, the file that holds nothing else.
    pub differences: Vec<Difference>,
    /// What each environment says, by name.
    pub environments: BTreeMap<EnvironmentName, EnvironmentDefinition>,
}

/// One environment's file, as written.
#[derive(Debug)]
pub struct EnvironmentDefinition {
    /// The file.
    pub file: Arc<SourceFile>,
    /// Values by parameter.
    pub values: BTreeMap<Arc<str>, GivenValue>,
    /// Targets, with the system's attributes beneath.
    pub targets: BTreeMap<Arc<str>, Arc<Block>>,
    /// Resources that are added or overridden here: whole, with the system's attributes beneath.
    pub resources: BTreeMap<Address, Arc<Block>>,
    /// Suites that are added or overridden here.
    pub suites: BTreeMap<Arc<str>, Arc<Block>>,
    /// Documents that are added or overridden here: whole, with the system's attributes beneath.
    pub documents: BTreeMap<Arc<str>, Arc<Block>>,
    /// Declared differences.
    pub differences: Vec<Difference>,
}

/// A table of attributes.
#[derive(Debug, Clone)]
pub struct Block {
    /// Where it is declared: the name in its header.
    pub span: Span,
    /// Its attributes, by key.
    pub attributes: Vec<Attribute>,
}

/// One attribute as written.
#[derive(Debug, Clone)]
pub struct Attribute {
    /// Its key.
    pub name: &'static str,
    /// What is written.
    pub value: Placed,
}

impl Block {
    /// The attribute with a key.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Placed> {
        self.attributes
            .iter()
            .find(|attribute| attribute.name == name)
            .map(|attribute| &attribute.value)
    }

    /// The place of an attribute; the block's own when it has none.
    #[must_use]
    pub fn place(&self, name: &str) -> &Span {
        self.get(name).map_or(&self.span, |placed| &placed.span)
    }

    /// This block's attributes over those of `base`.
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

/// How a parameter's values may differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Varies {
    /// They must be equal.
    Never,
    /// Each environment has its own.
    Identity,
    /// In size, not in class.
    Scale,
    /// Each has its own, and nobody sees it.
    Secret,
}

/// The class of a size: none, one or many. Sizes of one class behave alike.
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

/// What environments fill in.
#[derive(Debug)]
pub struct Parameter {
    /// How its values may differ.
    pub varies: Varies,
    /// The value where an environment gives none.
    pub default: Option<(Value, Span)>,
    /// Where it is declared.
    pub span: Span,
}

/// A value as an environment gives it.
#[derive(Debug, Clone)]
pub struct GivenValue {
    /// The value, or where a secret is to be had.
    pub source: ValueSource,
    /// Where it is written.
    pub span: Span,
}

/// A value, or where a secret is to be had.
#[derive(Debug, Clone)]
pub enum ValueSource {
    /// Written out.
    Plain(Value),
    /// In an environment variable.
    Variable(String),
    /// In a file beside the definitions.
    File(String),
    /// Printed by a command.
    Command(Vec<String>),
}

/// How grave a code's defects are, as a system says it.
#[derive(Debug, Clone)]
pub struct GivenSeverity {
    /// How grave.
    pub severity: Severity,
    /// Where the code is written.
    pub span: Span,
}

/// What CI built.
#[derive(Debug, Clone)]
pub struct Artifact {
    /// Relative to the definitions.
    pub path: String,
    /// The command that builds it.
    pub build: Vec<String>,
    /// Where it is declared.
    pub span: Span,
}

impl Definition {
    /// The last environment of the path; none where several siblings come last.
    #[must_use]
    pub fn production(&self) -> Option<&EnvironmentName> {
        match self.stages.last()?.as_slice() {
            [only] => Some(only),
            _ => None,
        }
    }

    /// Whether an environment comes last on the path, by itself or with siblings.
    #[must_use]
    pub fn is_last(&self, environment: &EnvironmentName) -> bool {
        let last = self.stages.last();
        last.is_some_and(|stage| stage.contains(environment))
    }

    /// Which stage of the path an environment stands in, from zero.
    #[must_use]
    pub fn stage_of(&self, environment: &EnvironmentName) -> Option<usize> {
        self.stages
            .iter()
            .position(|stage| stage.contains(environment))
    }

    /// Whether two environments stand beside each other on the path.
    #[must_use]
    pub fn are_siblings(&self, one: &EnvironmentName, two: &EnvironmentName) -> bool {
        one != two && self.stage_of(one).is_some() && self.stage_of(one) == self.stage_of(two)
    }

    /// The pairs of environments to compare, the earlier one first, and whether they are siblings: each of a stage with
    /// each of the next one, and each sibling with the next one beside it. What is equal in all of them is equal
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

    /// All resources of an environment: the system's, with the environment's over them.
    #[must_use]
    pub fn resources_of(&self, environment: &EnvironmentName) -> Layered<'_, Address> {
        let own = self.environments.get(environment);
        Layered::new(&self.resources, own.map(|own| &own.resources))
    }

    /// Whether anything is to be brought anywhere.
    #[must_use]
    pub fn has_resources(&self) -> bool {
        let mut own = self.environments.values();
        !self.resources.is_empty() || own.any(|environment| !environment.resources.is_empty())
    }

    /// All suites of an environment.
    #[must_use]
    pub fn suites_of(&self, environment: &EnvironmentName) -> Layered<'_, Arc<str>> {
        let own = self.environments.get(environment);
        Layered::new(&self.suites, own.map(|own| &own.suites))
    }

    /// All documents of an environment.
    #[must_use]
    pub fn documents_of(&self, environment: &EnvironmentName) -> Layered<'_, Arc<str>> {
        let own = self.environments.get(environment);
        Layered::new(&self.documents, own.map(|own| &own.documents))
    }

    /// The names of all documents that any environment has.
    pub fn document_names(&self) -> BTreeSet<&Arc<str>> {
        let own = self.environments.values();
        let own = own.flat_map(|environment| environment.documents.keys());
        self.documents.keys().chain(own).collect()
    }

    /// The value of a parameter in an environment, where it is written out: no secret.
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

    /// All declared differences, in the order of the path and of the files; those of `differences.toml` last.
    pub fn differences(&self) -> impl Iterator<Item = &Difference> {
        self.path
            .iter()
            .filter_map(|name| self.environments.get(name))
            .flat_map(|environment| environment.differences.iter())
            .chain(&self.differences)
    }
}
