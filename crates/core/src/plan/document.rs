//! The plan: immutable, known by the digest of its stored form (see `stored`).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::stored::StoredPlan;
use crate::kind::StepWords;
use evenkeel_host::Action;
use evenkeel_ledger::record::Verb;
use evenkeel_model::{Digest, EnvironmentName, Instance};

/// The version of this format.
pub const FORMAT: u32 = 1;

/// What is to be done to one environment, and what that was decided on.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The version of this format.
    pub format: u32,
    /// The version of evenkeel that made it.
    pub tool: String,
    /// The system.
    pub system: String,
    /// The ledger it was made from: a plan of another project is refused.
    pub lineage: String,
    /// The environment.
    pub environment: EnvironmentName,
    /// The environment-free half: the same digest in staging and in production.
    pub recipe: Digest,
    /// The environment's half: values (secrets by their seal), targets, artifacts.
    pub binding: Digest,
    /// The definition files, and the files they name.
    pub definitions: Digest,
    /// What was observed; `None` when something could not be.
    pub observation: Option<Digest>,
    /// What the ledger said was applied.
    pub applied: Digest,
    /// The steps, in the order of their instances; what waits for what is in each.
    pub steps: Vec<Step>,
    /// How many resources are as declared.
    pub unchanged: usize,
    /// What could not be seen. A plan with such cannot be applied.
    pub unseen: Vec<Unseen>,
    /// Digests of the observed resources: for saying what changed when the plan is stale.
    pub observed: BTreeMap<Instance, Digest>,
}

/// One step.
#[derive(Clone, Debug)]
pub struct Step {
    /// The resource on its host.
    pub instance: Instance,
    /// Its target.
    pub on: Arc<str>,
    /// What is done to it.
    pub verb: Verb,
    /// Why, for people.
    pub reason: Cow<'static, str>,
    /// What changes, attribute by attribute; without secrets. Shared with the report.
    pub changes: Arc<[Change]>,
    /// What the target is asked to do, one after the other. Empty when there is only something to record.
    pub actions: Vec<Action>,
    /// The steps that must be done before it.
    pub after: Arc<[Instance]>,
    /// The resource and what it is brought to, symbolically: the same in all environments with one recipe.
    pub shape: Digest,
    /// Whether it may take long.
    pub slow: bool,
    /// Of a step that removes: the declared resource that it makes room for, or that holds the place now. Without
    /// actions, only the record goes.
    pub successor: Option<Instance>,
}

impl Step {
    /// What it is called: `create`, and `start` for a thing that runs.
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

    /// The path that it changes; none where it changes none.
    #[must_use]
    pub fn path(&self) -> Option<&str> {
        use evenkeel_host::subsystem::Subject as _;
        let kind = self.instance.address.kind();
        let facts = crate::kind::KINDS.iter().find(|facts| facts.name == kind)?;
        // Of what runs, only its record has a path.
        let is_thing = facts.traits.words == StepWords::THING;
        let subject = self.actions.last()?.subject();
        (is_thing && subject.starts_with('/')).then_some(subject)
    }

    /// Whether it takes something away that no declared resource follows.
    #[must_use]
    pub fn is_removal(&self) -> bool {
        self.verb == Verb::Remove && self.successor.is_none()
    }
}

// Serde's form is the report's; a saved plan has its own.
/// One attribute that changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Change {
    /// The attribute.
    pub attribute: Cow<'static, str>,
    /// As it is.
    pub before: Cow<'static, str>,
    /// As it will be.
    pub after: Cow<'static, str>,
    /// The unified difference of texts.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub difference: Option<String>,
}

// Serde's form is the report's; a saved plan has its own.
/// What could not be seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Unseen {
    /// The resource.
    #[serde(rename = "address")]
    #[schemars(with = "String")]
    pub instance: Instance,
    /// Why.
    pub reason: String,
}

impl Plan {
    /// The digest that names it: approvals, evidence and the ledger speak of it by this.
    #[must_use]
    pub fn digest(&self) -> Digest {
        StoredPlan::from(self).digest()
    }

    /// Whether there is nothing to do and everything was seen.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty() && self.unseen.is_empty()
    }

    /// How many steps remove something.
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

    /// The record that a plan's digest is of.
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
