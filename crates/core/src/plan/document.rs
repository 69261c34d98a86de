//! Plan: immutable, identified by the digest of its stored form (see `stored`).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::stored::StoredPlan;
use crate::kind::StepWords;
use evenkeel_host::Action;
use evenkeel_ledger::record::Verb;
use evenkeel_model::{Digest, EnvironmentName, Instance};

/// Version of this format.
pub const FORMAT: u32 = 1;

/// Planned changes of one environment, with their inputs.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Version of this format.
    pub format: u32,
    /// Version of evenkeel that made it.
    pub tool: String,
    /// The system.
    pub system: String,
    /// Lineage of the ledger: a plan of another project is rejected.
    pub lineage: String,
    /// The environment.
    pub environment: EnvironmentName,
    /// Environment-free half: one digest in staging and in production.
    pub recipe: Digest,
    /// Environment's half: values (secrets by their seal), targets, artifacts.
    pub binding: Digest,
    /// Digest of the definition files, and of the files they name.
    pub definitions: Digest,
    /// Digest of the observation; `None` if it is incomplete.
    pub observation: Option<Digest>,
    /// Digest of the last applied state in the ledger.
    pub applied: Digest,
    /// Steps, in the order of their instances, with their dependencies.
    pub steps: Vec<Step>,
    /// Number of resources in sync.
    pub unchanged: usize,
    /// Unobservable resources. A plan with any cannot be applied.
    pub unseen: Vec<Unseen>,
    /// Digests of the observed resources, to explain a stale plan.
    pub observed: BTreeMap<Instance, Digest>,
}

/// Step.
#[derive(Clone, Debug)]
pub struct Step {
    /// The resource on its host.
    pub instance: Instance,
    /// Its target.
    pub on: Arc<str>,
    /// Change.
    pub verb: Verb,
    /// Reason.
    pub reason: Cow<'static, str>,
    /// Changed attributes, without secrets. Shared with the report.
    pub changes: Arc<[Change]>,
    /// Actions of the target, in order. Empty if the change is only recorded.
    pub actions: Vec<Action>,
    /// Steps that must be done before it.
    pub after: Arc<[Instance]>,
    /// Resource and its symbolic definition: the same in all environments with one recipe.
    pub shape: Digest,
    /// Whether it may take long.
    pub slow: bool,
    /// For a removal: the declared resource that takes or holds the place. Without actions, only the record is removed.
    pub successor: Option<Instance>,
}

impl Step {
    /// Returns its word: `create`, or `start` for a running program.
    #[must_use]
    pub fn word(&self) -> &'static str {
        let kind = self.instance.address.kind();
        let facts = crate::kind::KINDS.iter().find(|facts| facts.name == kind);
        let words = facts.map_or(StepWords::THING, |facts| facts.traits.words);
        match self.verb {
            Verb::Create => words.create,
            Verb::Update => "update",
            Verb::Replace => words.replace,
            Verb::Remove if self.actions.is_empty() => "forget",
            Verb::Remove => words.remove,
            Verb::Record => "record",
        }
    }

    /// Returns the path that it changes.
    #[must_use]
    pub fn path(&self) -> Option<&str> {
        use evenkeel_host::subsystem::Subject as _;
        let kind = self.instance.address.kind();
        let facts = crate::kind::KINDS.iter().find(|facts| facts.name == kind)?;
        // Of a running program, only its record has a path.
        let is_thing = facts.traits.words == StepWords::THING;
        let subject = self.actions.last()?.subject();
        (is_thing && subject.starts_with('/')).then_some(subject)
    }

    /// Whether it removes something that no declared resource replaces.
    #[must_use]
    pub fn is_removal(&self) -> bool {
        self.verb == Verb::Remove && self.successor.is_none()
    }
}

// Serde's form is the report's; a saved plan has another.
/// Changed attribute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Change {
    /// Attribute.
    pub attribute: Cow<'static, str>,
    /// Current value.
    pub before: Cow<'static, str>,
    /// New value.
    pub after: Cow<'static, str>,
    /// Unified difference of texts.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub difference: Option<String>,
}

// Serde's form is the report's; a saved plan has another.
/// Unobservable resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Unseen {
    /// The resource.
    #[serde(rename = "address")]
    #[schemars(with = "String")]
    pub instance: Instance,
    /// Reason.
    pub reason: String,
}

impl Plan {
    /// Returns the digest that identifies it in approvals, evidence and the ledger.
    #[must_use]
    pub fn digest(&self) -> Digest {
        StoredPlan::from(self).digest()
    }

    /// Whether there is nothing to do and everything was observed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty() && self.unseen.is_empty()
    }

    /// Returns the number of removals.
    #[must_use]
    pub fn removals(&self) -> usize {
        self.steps.iter().filter(|step| step.is_removal()).count()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Serialize;

    use super::{FORMAT, Plan, Step, Unseen};
    use crate::plan::stored::StoredStep;
    use evenkeel_ledger::record::Verb;
    use evenkeel_model::{Address, Digest, EnvironmentName, Instance};

    /// Record that a plan's digest is computed from.
    #[derive(Serialize)]
    struct Header<'a> {
        format: u32,
        tool: &'a str,
        system: &'a str,
        lineage: &'a str,
        environment: &'a EnvironmentName,
        recipe: Digest,
        binding: Digest,
        definitions: Digest,
        observation: Option<Digest>,
        applied: Digest,
        steps: Vec<Digest>,
        unchanged: usize,
        unseen: &'a [Unseen],
        observed: &'a BTreeMap<Instance, Digest>,
    }

    #[test]
    fn the_digest_is_that_of_the_whole_record() {
        let instance = |name: &str| Instance::from(Address::new("file", name));
        let plan = Plan {
            format: FORMAT,
            tool: "evenkeel \"0\"".into(),
            system: "guestbook".into(),
            lineage: "lineage".into(),
            environment: EnvironmentName::new("staging"),
            recipe: Digest::of(b"recipe"),
            binding: Digest::of(b"binding"),
            definitions: Digest::of(b"definitions"),
            observation: None,
            applied: Digest::of(b"applied"),
            steps: ["a", "b"]
                .map(|name| Step {
                    instance: instance(name),
                    on: "web".into(),
                    verb: Verb::Create,
                    reason: "not there yet".into(),
                    changes: [].into(),
                    actions: Vec::new(),
                    after: [instance("c")].into(),
                    shape: Digest::of(name.as_bytes()),
                    slow: false,
                    successor: None,
                })
                .into(),
            unchanged: 3,
            unseen: vec![Unseen {
                instance: instance("d"),
                reason: "dark".into(),
            }],
            observed: [(instance("a"), Digest::of(b"a"))].into(),
        };
        let whole = Header {
            format: plan.format,
            tool: &plan.tool,
            system: &plan.system,
            lineage: &plan.lineage,
            environment: &plan.environment,
            recipe: plan.recipe,
            binding: plan.binding,
            definitions: plan.definitions,
            observation: plan.observation,
            applied: plan.applied,
            steps: plan
                .steps
                .iter()
                .map(|step| Digest::of_record("evenkeel step 1", &StoredStep::from(step)))
                .collect(),
            unchanged: plan.unchanged,
            unseen: &plan.unseen,
            observed: &plan.observed,
        };
        assert_eq!(plan.digest(), Digest::of_record("evenkeel plan 1", &whole));
        let mut other = plan.clone();
        other.observation = Some(Digest::of(b"observation"));
        assert_ne!(other.digest(), plan.digest());
    }
}
